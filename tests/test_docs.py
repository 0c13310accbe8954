"""Blocks of Python in the documents run as they stand."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

import neurodeploy as nd
from neurodeploy.tasks import TASKS
from neurodeploy.tasks.shipped import DIGITS

ROOT = Path(__file__).parents[1]


def blocks(document: str) -> str:
    """All blocks of a document, one after another, as a person would run them."""
    found = re.findall(r"```python\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)
    assert found
    return "\n\n".join(found)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    "document",
    [
        *("README.md", "docs/index.md", "docs/extending.md", "docs/adopt.md", "docs/signals.md"),
        "docs/streaming.md",
        "docs/api.md",
        "docs/view.md",
    ],
)
def test_every_block_runs(document: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TASKS, "digits", DIGITS.trained_with(epochs=2))
    monkeypatch.chdir(tmp_path)
    name = f"blocks_of_{Path(document).stem.lower()}"
    (tmp_path / f"{name}.py").write_text(blocks(document))
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module(name)


def test_the_site_has_every_command_and_every_public_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "docs")
    hooks = importlib.import_module("hooks")
    commands, names = hooks.commands(), hooks.names()
    for command in ("train", "encode", "convert", "bundle sign"):
        assert f"\n## neurodeploy {command}\n" in commands
    assert "| `--profile` | The tool that wrote a NIR graph:" in commands
    assert len(re.findall(r"^::: neurodeploy\.", names, re.MULTILINE)) == len(nd.__all__)
