"""Where a training lives, and how export finds it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from test_train import small  # noqa: F401  every training here is of a few digits
from typer.testing import CliRunner

from neurodeploy.cli import main as cli
from neurodeploy.cli.runs import default_name, epochs_done, forget, run_folder, trained_checkpoint
from neurodeploy.errors import InputError

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "default"),
        ({"epochs": 3}, "default"),
        ({"learning_rate": 0.001, "seed": 3}, "lr0.001-seed3"),
        ({"seed": 0}, "seed0"),
        ({"batch_size": 32, "beta": 0.5}, "beta0.5-batch32"),
    ],
)
def test_a_name_is_made_of_what_changes_the_training(changes: dict[str, object], name: str) -> None:
    assert default_name(changes) == name


def test_a_name_says_what_is_fine_tuned() -> None:
    start = Path("runs/digits/first/best.safetensors")
    assert default_name({"seed": 3}, start) == "seed3-from-first"


def test_an_option_that_is_the_tasks_own_is_not_in_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = ("--lr", "0.002", "--decoder", "mlp", "--readout", "48", "--seed", "0")
    report = json.loads(call("train", "digits", "--epochs", "1", *own, "--beta", "0.5", "--json"))
    assert report["checkpoint"] == "runs/digits/beta0.5/best.safetensors"


def test_a_task_of_ones_own_has_a_folder() -> None:
    assert run_folder("spoken.task:TASK", "a") == Path("runs/spoken.task.TASK/a")


def test_the_newest_run_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="neurodeploy train digits"):
        trained_checkpoint("digits", None)
    for age, name in enumerate(("new", "old")):
        path = run_folder("digits", name) / "best.safetensors"
        path.parent.mkdir(parents=True)
        path.write_text("x")
        os.utime(path, (1e9 - age, 1e9 - age))
    assert trained_checkpoint("digits", None).parent.name == "new"
    assert trained_checkpoint("digits", "old").parent.name == "old"
    with pytest.raises(InputError, match="run runs/digits/other: "):
        trained_checkpoint("digits", "other")


def test_what_is_saved_is_counted(tmp_path: Path) -> None:
    assert epochs_done(tmp_path / "none") == "No epoch was finished"
    (tmp_path / "metrics.jsonl").write_text("{}\n{}\n")
    assert epochs_done(tmp_path) == f"2 epochs of training are saved in {tmp_path}"


def call(*arguments: str) -> str:
    result = CliRunner().invoke(cli.app, list(arguments))
    if result.exception is not None:
        raise result.exception
    return result.stdout


def test_train_then_export_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = ("--epochs", "1", "--lr", "0.004", "--batch-size", "48", "--threads", "2")
    report = json.loads(call("train", "digits", *options, "--json"))
    run = Path("runs/digits/lr0.004-batch48")
    assert report["checkpoint"] == str(run / "best.safetensors")
    assert list(run.glob("events.out.tfevents.*"))  # TensorBoard calls it digits/lr0.004-batch48
    call("train", "digits", "--epochs", "1", "--name", "other")
    shown = call("export", "digits")
    assert "Checkpoint: runs/digits/other/best.safetensors" in shown
    assert "Next: neurodeploy energy runs/digits/other/bundle" in shown
    exported = json.loads(call("export", "digits", "--name", run.name, "--json"))
    assert exported["bundle"] == str(run / "bundle")
    training = json.loads((run / "bundle" / "manifest.json").read_text())["notes"]["training"]
    assert (training["learning_rate"], training["batch_size"]) == (0.004, 48)


def test_fresh_takes_away_what_a_training_wrote_and_nothing_else(tmp_path: Path) -> None:
    written = ["best.safetensors", "last.safetensors", "metrics.jsonl", "events.out.tfevents.1.x"]
    for name in (*written, "notes.txt"):
        (tmp_path / name).write_text("")
    (tmp_path / "bundle").mkdir()
    forget(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt", "bundle"}


def test_a_device_that_is_not_here_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"device: expected one that PyTorch has here, .*cuda:77"):
        call("train", "digits", "--device", "cuda:77")
