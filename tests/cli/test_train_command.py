"""The line that a report prints trains what it is about, or says that it does not."""

from __future__ import annotations

import dataclasses
import shlex
import shutil
from pathlib import Path

import pytest
from test_train import small  # noqa: F401  every training here is of a few digits
from typer.testing import CliRunner

from neurodeploy.cli import main as cli
from neurodeploy.cli.train_command import train_commands
from neurodeploy.deploy.bundle import Bundle, load_bundle, save_bundle
from neurodeploy.learn.checkpoint import load_training
from neurodeploy.learn.history import read_history
from neurodeploy.tasks import TASKS
from neurodeploy.tasks.shipped import SPOKEN_DIGITS

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def call(*words: str) -> None:
    done = CliRunner().invoke(cli.app, words)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output


def trained(*options: str, task: str = "digits") -> Path:
    """The one run, with its bundle."""
    call("train", task, "--epochs", "1", *options)
    call("export", task)
    (run,) = Path("runs").glob("*/*")
    return run


def printed(run: Path, bundle: Bundle | None = None, data: Path | None = None) -> tuple[str, ...]:
    held = bundle or load_bundle(run / "bundle")
    return train_commands(held, run.parent.name, run=run, data=data, history=read_history(run))


OPTIONS = {
    "": "--epochs 1",
    "--lr 0.002 --seed 0 --readout 48 --decoder mlp --beta 0.003 --batch-size 64": "--epochs 1",
    "--readout 12": "--readout 12 --epochs 1",
    "--decoder linear --lr 0.00012345678901": "--decoder linear --lr 0.00012345678901 --epochs 1",
    "--name mine": "--name mine --epochs 1",
    "--beta 0.1 --seed 3 --batch-size 48 --name b": "--beta 0.1 --batch-size 48 --seed 3 --name b "
    "--epochs 1",
}


@pytest.mark.parametrize("options", OPTIONS)
def test_the_line_trains_the_same_into_the_same_run(options: str) -> None:
    run = trained(*options.split())
    (line,) = printed(run)
    assert line == f"neurodeploy train digits {OPTIONS[options]}"
    identity = {
        name: load_training(run / "last.safetensors")[1][name] for name in ("training", "model")
    }
    shutil.rmtree("runs")
    call(*shlex.split(line)[1:])
    again = load_training(run / "last.safetensors")[1]
    assert {name: again[name] for name in identity} == identity
    assert [*Path("runs").glob("*/*")] == [run]


def test_an_extended_training_is_two_lines() -> None:
    options = ("--lr", "0.01", "--readout", "12")  # enough that the second epoch is the better one
    run = trained(*options)
    call("train", "digits", *options, "--epochs", "2", "--extend")
    call("export", "digits")
    first = "neurodeploy train digits --readout 12 --lr 0.01 --epochs"
    assert printed(run) == (f"{first} 1", f"{first} 2 --extend")


def test_a_fine_tuned_one_says_from_what() -> None:
    call("train", "digits", "--epochs", "1", "--out", "first")
    run = trained("--from", "first/best.safetensors")
    said, line = printed(run)
    assert line == ("neurodeploy train digits --from CHECKPOINT --name from-first --epochs 1")
    start = load_training(run / "last.safetensors")[1]["training"]["from"]
    assert said == f"# CHECKPOINT is the file whose SHA-256 begins with {start}."


def test_a_folder_of_data_is_part_of_the_line(
    corpora: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken = dataclasses.replace(SPOKEN_DIGITS, steps=15, dt_s=0.02, hidden=(16,))
    monkeypatch.setitem(TASKS, "spoken-digits", spoken)
    Path("data").symlink_to(corpora)
    run = trained("--data-dir", "data", "--readout", "8", task="spoken-digits")
    (line,) = printed(run, data=Path("data"))
    assert line == "neurodeploy train spoken-digits --data-dir data --readout 8 --epochs 1"
    call(*shlex.split(line)[1:])  # another training would be refused here
    assert [*Path("runs").glob("*/*")] == [run]
    assert "--data-dir data " in printed(run, data=Path("/somewhere/data"))[0]
    said, line = printed(run)
    assert said.startswith("# NEURODEPLOY_DATA names the folder of the Free Spoken")
    assert "--data-dir" not in line


def test_what_no_option_gives_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    run = trained("--readout", "12")
    monkeypatch.setitem(
        TASKS,
        "digits",
        dataclasses.replace(TASKS["digits"], hidden=(24,), train=100, delay_steps=3),
    )
    said, line = printed(run)
    assert line == "neurodeploy train digits --readout 12 --epochs 1"
    assert said.startswith("# This trains another network: no option of train gives ")
    for words in (
        "hidden layers 16 (but 24)",
        "train 96 (but 100)",
        "layer 2 delay steps 0 (but 3)",
    ):
        assert words in said


def test_a_bundle_that_was_changed_after_training_says_so() -> None:
    run = trained("--readout", "12", "--decoder", "linear")
    bundle = load_bundle(run / "bundle")
    levers = {"steps": 16, "dropped": 0.5, "weight_bits": [8]}
    notes = {**bundle.notes, "levers": levers, "decoder": {"kind": "linear", "learnt_epochs": 4}}
    said, line = printed(run, dataclasses.replace(bundle, notes=notes))
    assert "--readout" not in line
    assert "--decoder" not in line
    assert "changed after training steps 16, dropped 0.5, weight bits [8], decoder kind" in said


def test_of_what_was_not_opened_it_says_what_is_known() -> None:
    task = dataclasses.replace(TASKS["digits"], name="mine.task:TASK", beta=0.25)
    bundle = task.bundle(task.model(task.splits()))
    save_bundle(bundle, Path("bundle"))
    (said,) = train_commands(load_bundle("bundle"), "digits", run=Path("bundle"))
    assert said.startswith("# Trained by a program or a task that was not opened here: epochs 20")
    assert "beta 0.25" in said
    assert train_commands(dataclasses.replace(bundle, notes={}), "", run=Path("bundle")) == ()
