"""Workers as they are: processes that start from nothing, which takes most of the time."""

from __future__ import annotations

from pathlib import Path

from small import plan, quietly, trained_with


def test_two_processes_share_a_study(tmp_path: Path) -> None:
    points = quietly(plan(tmp_path, trials=3), workers=2)
    assert len(trained_with(points)) == 3
    assert len(points) == 12
    assert quietly(plan(tmp_path, trials=3)) == points
