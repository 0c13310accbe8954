"""A table on a real cluster of two processes, one of which is killed while it works."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from distributed import LocalCluster

from neurodeploy._io.executor import open_pool
from neurodeploy.experiments.units import Unit, run_units

STEPS = 40
KILLED = "v2"


def units(*, killing: bool) -> Iterator[Unit]:
    """Each walks at random and saves every step, as a training saves its epochs."""
    for variant in ("v0", "v1", "v2", "v3", "v4"):

        def run(folder: Path, name: str = variant) -> Mapping[str, float]:
            folder.mkdir(parents=True, exist_ok=True)
            with (folder / "processes").open("a") as file:
                file.write(f"{os.getpid()}\n")
            saved = folder / "steps.json"
            steps = json.loads(saved.read_text()) if saved.exists() else []
            while len(steps) < STEPS:
                rng = np.random.default_rng([int(name[1:]), len(steps)])
                steps.append(int(rng.integers(1000)))
                saved.write_text(json.dumps(steps))
                first = len((folder / "processes").read_text().split()) == 1
                if killing and name == KILLED and first and len(steps) == STEPS // 2:
                    os.kill(os.getpid(), signal.SIGKILL)
            return {"sum": float(sum(steps))}

        yield Unit(table="walks", variant=variant, seed=0, run=run)


def results(folder: Path) -> dict[str, float]:
    return {
        path.parent.name: json.loads(path.read_text())["numbers"]["sum"]
        for path in sorted(folder.glob("walks/*/0.json"))
    }


def test_a_worker_that_is_killed_changes_no_result(tmp_path: Path, git: Callable[..., str]) -> None:
    run_units(units(killing=False), tmp_path / "here")
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=100
        ) as cluster,
        open_pool(cluster=cluster.scheduler_address) as pool,
    ):
        assert pool.places == 2
        run_units(units(killing=True), tmp_path / "there", pool=pool)
    assert results(tmp_path / "there") == results(tmp_path / "here")
    assert len(results(tmp_path / "there")) == 5
    first, *more = (tmp_path / "there" / "walks" / KILLED / "0" / "processes").read_text().split()
    assert more  # it went on in another process
    assert first not in more
    assert str(os.getpid()) not in (first, *more)
