"""Runs of a table: kept once finished, never repeated."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from neurodeploy.errors import FileFormatError, InputError
from neurodeploy.experiments.units import Unit, command, finished, machine, revision, run_units


@pytest.fixture(autouse=True)
def committed(git: Callable[..., str]) -> None:
    """Run in a checkout of committed code."""


class Work:
    """Counts how often each unit runs; one of them may fail."""

    def __init__(self, failing: str = "") -> None:
        self.failing = failing
        self.runs: list[str] = []

    def units(self, variants: int = 3, seeds: int = 2) -> Iterator[Unit]:
        for seed in range(seeds):
            for variant in range(variants):
                name = f"v{variant}"

                def run(folder: Path, name: str = name, seed: int = seed) -> Mapping[str, float]:
                    self.runs.append(f"{name}/{seed}")
                    if self.runs[-1] == self.failing:
                        raise KeyboardInterrupt
                    return {"value": 10.0 * seed}

                yield Unit(table="table", variant=name, seed=seed, run=run)


def test_an_interrupted_table_goes_on_where_it_stopped(tmp_path: Path) -> None:
    work = Work(failing="v1/1")
    with pytest.raises(KeyboardInterrupt):
        run_units(work.units(), tmp_path)
    assert work.runs == ["v0/0", "v1/0", "v2/0", "v0/1", "v1/1"]
    again = Work()
    run_units(again.units(), tmp_path)
    assert again.runs == ["v1/1", "v2/1"]
    run_units(again.units(), tmp_path)
    assert again.runs == ["v1/1", "v2/1"]


def test_a_unit_says_where_it_came_from(tmp_path: Path) -> None:
    run_units(Work().units(), tmp_path)
    unit = finished(tmp_path)["table"]["v2"][1]
    assert unit["seed"] == 1
    assert unit["numbers"]["value"] == 10.0
    assert unit["numbers"]["cpu_s"] >= 0
    assert unit["command"]
    assert unit["machine"] == machine()
    assert unit["machine"]["processor"]
    assert unit["machine"]["processors"] >= unit["machine"]["threads"] >= 1


def test_the_revision_is_the_commit(tmp_path: Path, git: Callable[..., str]) -> None:
    Path("untracked").write_text("")
    run_units(Work().units(), tmp_path)
    found = {unit["revision"] for units in finished(tmp_path)["table"].values() for unit in units}
    assert found == {git("rev-parse", "--short=12", "HEAD")}


def test_uncommitted_code_is_refused_unrun(tmp_path: Path, git: Callable[..., str]) -> None:
    run_units(Work().units(variants=1), tmp_path)
    Path("code").write_text("2")
    work = Work()
    at = git("rev-parse", "--short=12", "HEAD")
    with pytest.raises(InputError, match=f"found some since {at}. Commit first"):
        run_units(work.units(), tmp_path)
    assert work.runs == []
    run_units(work.units(variants=1), tmp_path)  # all finished: nothing to refuse


def test_a_folder_without_revisions_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert revision() == "unknown"
    with pytest.raises(InputError, match="working directory: expected a git checkout"):
        run_units(Work().units(), tmp_path / "results")
    monkeypatch.setenv("PATH", "")
    assert revision() == "unknown"


@pytest.mark.parametrize("committing", [False, True])
def test_code_that_changes_meanwhile_leaves_no_result(
    tmp_path: Path, git: Callable[..., str], committing: bool
) -> None:
    def change(folder: Path) -> Mapping[str, float]:
        Path("code").write_text("2")
        if committing:
            git("commit", "--quiet", "--all", "--message", "other")
        return {"value": 1.0}

    first = Unit(table="t", variant="before", seed=0, run=lambda folder: {"value": 0.0})
    with pytest.raises(InputError, match=r"unit t/during/0: expected revision \w+ all along"):
        run_units([first, Unit(table="t", variant="during", seed=0, run=change)], tmp_path)
    assert list(finished(tmp_path)["t"]) == ["before"]


@pytest.mark.parametrize("text", ["{", "{}", "[1]", json.dumps({"seed": 1, "numbers": {}})])
def test_a_damaged_result_is_named(tmp_path: Path, text: str) -> None:
    run_units(Work().units(), tmp_path)
    (tmp_path / "table" / "v1" / "1.json").write_text(text)
    with pytest.raises(FileFormatError, match=r"v1/1\.json.*Delete it"):
        finished(tmp_path)


def test_a_command_names_no_path_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = ["train/a.py", str(tmp_path / "data"), "--decoders", "first spike"]
    monkeypatch.setattr("sys.argv", typed)
    assert command() == "train/a.py data --decoders 'first spike'"
