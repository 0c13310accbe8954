"""A checkout of its own for each test, since units refuse code that is not committed."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs git in a fresh checkout with one committed file, ``code``, the working directory."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    monkeypatch.chdir(checkout)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    who = ["-c", "user.name=test", "-c", "user.email=test@example.org"]

    def run(*arguments: str) -> str:
        command = ["git", *who, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    run("init", "--quiet")
    Path("code").write_text("1")
    run("add", "code")
    run("commit", "--quiet", "--message", "code")
    return run
