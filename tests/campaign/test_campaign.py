"""A short campaign: some mutants of every kind, as `make campaign` reads hundreds of thousands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hostile import show
from shares import SHARES

RUN = Path(__file__).parents[2] / "campaign" / "run.py"


def campaign(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(RUN), "--workers", "1", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_only_our_errors_come_out(tmp_path: Path) -> None:
    done = campaign(tmp_path, "--inputs", "200")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert sorted(line.split(": ")[0] for line in lines) == sorted(SHARES)
    assert all("refused" in line or "read" in line for line in lines)
    kept = sorted(path.stat().st_mtime_ns for path in tmp_path.rglob("*.json"))
    assert len(kept) == len(SHARES)
    again = campaign(tmp_path, "--inputs", "200")
    assert again.stdout == done.stdout
    assert sorted(path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")) == kept


def test_a_mutant_can_be_looked_at(tmp_path: Path) -> None:
    show("points", 3, tmp_path / "first")
    show("points", 3, tmp_path / "second")
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
