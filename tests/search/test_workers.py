"""Workers as they are: processes that start from nothing, which takes most of the time."""

from __future__ import annotations

from pathlib import Path

from small import plan, quietly, trained_with

from neurodeploy._io.executor import open_pool


def test_two_processes_share_a_study(tmp_path: Path) -> None:
    with open_pool(workers=2) as pool:
        points = quietly(plan(tmp_path, trials=3), pool=pool)
    assert len(trained_with(points)) == 3
    assert len(points) == 12
    assert quietly(plan(tmp_path, trials=3)) == points
