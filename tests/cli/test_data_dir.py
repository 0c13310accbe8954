"""From a folder of recordings to a deployed network and its costs, by commands alone."""

from __future__ import annotations

import dataclasses
import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from neurodeploy.cli import main as cli
from neurodeploy.errors import InputError
from neurodeploy.tasks.registry import TASKS, task
from neurodeploy.tasks.shipped import DIGITS, SPOKEN_DIGITS

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spoken = dataclasses.replace(SPOKEN_DIGITS, steps=15, dt_s=0.02, hidden=(16,))
    monkeypatch.setitem(TASKS, "spoken-digits", spoken)
    monkeypatch.setitem(TASKS, "digits", dataclasses.replace(DIGITS, train=32, hidden=(8,)))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def run(*typed: object) -> str:
    result = CliRunner().invoke(cli.app, [str(word) for word in typed])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def bundle(corpora: Path) -> Path:
    """Of a short training with another readout and decoder than the task's own."""
    options = ("--readout", 8, "--decoder", "linear", "--epochs", 1, "--seed", 3)
    said = json.loads(run("train", "spoken-digits", "--data-dir", corpora, *options, "--json"))
    run_folder = Path("runs/spoken-digits/readout8-linear-seed3")
    assert Path(said["checkpoint"]).parent == run_folder
    return Path(json.loads(run("export", "spoken-digits", "--json"))["bundle"])


def test_what_was_trained_on_a_folder_runs_on_it(
    bundle: Path, corpora: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("simulate", bundle, "--data", corpora, "--output", "a.npy")
    assert np.load("a.npy").shape == (30, 8, 15)
    monkeypatch.setenv("NEURODEPLOY_DATA", str(corpora))
    run("simulate", bundle, "--output", "b.npy", "--samples", 4)
    assert np.array_equal(np.load("b.npy"), np.load("a.npy")[:4])
    run("simulate", bundle, "--data", "spoken-digits", "--output", "c.npy", "--samples", 4)
    assert np.array_equal(np.load("c.npy"), np.load("b.npy"))
    assert json.loads(run("energy", bundle, "--samples", 4, "--json"))["samples"] == 4
    answers = run("stream", bundle, "--samples", 2, "--every", 15, "--json").splitlines()
    assert [len(json.loads(line)["logits"]["label"]) for line in answers] == [3, 3]


def test_what_is_said_to_do_next_can_be_typed(corpora: Path) -> None:
    small = ("--readout", 8, "--decoder", "linear", "--epochs", 1)
    for where in ((), ("--out", "my run")):
        said = run("train", "spoken-digits", "--data-dir", corpora, *small, *where)
        lines = [line.partition(": neurodeploy ")[2] for line in said.splitlines()]
        typed = [shlex.split(line) for line in lines if line]
        assert [words[0] for words in typed] == ["export", "report"]
        for words in typed:
            run(*words)


def test_encode_hears_as_the_task_does(bundle: Path, corpora: Path) -> None:
    run("encode", corpora / "fsdd", "x.npy", "--steps", 15, "--task", "spoken-digits")
    run("simulate", bundle, "--data", corpora, "--output", "a.npy")
    run("simulate", bundle, "--input", "x.npy", "--output", "b.npy")
    places = task("spoken-digits").in_folder(corpora).splits().test.spikes.places
    assert np.array_equal(np.load("b.npy")[places], np.load("a.npy"))


def test_no_output_replaces_what_is_read(bundle: Path, corpora: Path) -> None:
    wav = next((corpora / "fsdd").iterdir())
    run("encode", corpora / "fsdd", "x.npy", "--steps", 15, "--task", "spoken-digits")
    before = wav.read_bytes(), (bundle / "manifest.json").read_bytes()
    encode = ("encode", corpora / "fsdd", "y.npy", "--steps", 15, "--dt", 0.02)
    for typed in (
        ("encode", corpora / "fsdd", wav, "--steps", 15, "--dt", 0.02),
        (*encode, "--labels", wav),
        ("simulate", bundle, "--input", "x.npy", "--output", bundle / "manifest.json"),
        ("simulate", bundle, "--data", corpora, "--output", wav),
    ):
        with pytest.raises(InputError, match=r"expected a file of its own, found a part of"):
            run(*typed)
    assert (wav.read_bytes(), (bundle / "manifest.json").read_bytes()) == before


def test_a_folder_may_hold_the_test_part_alone(bundle: Path, corpora: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    official = sorted((corpora / "fsdd").glob("*_[0-4].wav"))
    for path in official:
        (alone / path.name).write_bytes(path.read_bytes())
    for data, output in ((corpora, "a.npy"), (alone, "b.npy")):
        run("simulate", bundle, "--data", data, "--output", output)
    assert np.array_equal(np.load("a.npy"), np.load("b.npy"))
    with pytest.raises(InputError, match="train part: expected at least one sample"):
        run("train", "spoken-digits", "--data-dir", alone, "--epochs", 1)
    for path in alone.glob("2_*"):
        path.unlink()
    with pytest.raises(InputError, match=r"label: expected 3 classes, as the decoder .* found 2"):
        run("report", bundle, "--data", alone)


def test_a_bundle_is_tested_on_those_whom_its_training_never_heard(
    corpora: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = dataclasses.replace(TASKS["spoken-digits"], held_out="bob")
    small = ("--readout", 8, "--decoder", "linear", "--epochs", 1, "--data-dir", corpora)
    with monkeypatch.context() as changed:
        changed.setitem(TASKS, "spoken-digits", held)
        run("train", "spoken-digits", *small)
        held_bundle = json.loads(run("export", "spoken-digits", "--json"))["bundle"]
        run("simulate", held_bundle, "--data", corpora, "--output", "a.npy")
    run("simulate", held_bundle, "--data", corpora, "--output", "b.npy")
    assert np.load("a.npy").shape[0] == 24
    assert np.array_equal(np.load("a.npy"), np.load("b.npy"))
    for notes, said in (({"dataset": "other"}, "--data: expected other"), ({"folds": 1}, "folds")):
        with pytest.raises(InputError, match=said):
            held.as_noted(notes)
    with pytest.raises(InputError, match="bundle, notes: expected a split of recordings"):
        held.as_noted({"test_share": "all"})


def test_data_that_are_not_there_are_asked_for(bundle: Path, tmp_path: Path) -> None:
    for typed in (
        ("train", "spoken-digits"),
        ("train", "--data-dir", tmp_path, "spoken-digits"),
        ("simulate", bundle, "--output", "a.npy"),
        ("energy", bundle, "--data", tmp_path),
        ("stream", "--data", tmp_path, bundle),
    ):
        with pytest.raises(InputError, match=r"Free Spoken Digit Dataset: .*Fetch .*--data-dir"):
            run(*typed)
    assert not Path("a.npy").exists()
    with pytest.raises(InputError, match="--data: expected a task or a folder, found no folder"):
        run("energy", bundle, "--data", tmp_path / "nowhere")
    with pytest.raises(InputError, match="--data: no folder spoken, and task: expected one of"):
        run("energy", bundle, "--data", "spoken")
    Path("x.npy").touch()
    with pytest.raises(InputError, match=r"found the file x.npy\. Spikes of a file: --input"):
        run("energy", bundle, "--data", "x.npy")
    for command in ("energy", "report"):
        with pytest.raises(InputError, match=r"data, N-MNIST: .* found no folder named"):
            run(command, bundle, "--data", "nmnist")


def test_a_task_without_a_folder_takes_none(corpora: Path) -> None:
    with pytest.raises(InputError, match="--data-dir: expected a task that reads a folder"):
        run("train", "digits", "--data-dir", corpora)
    run("train", "digits", "--epochs", 1)
    run("export", "digits")
    bundle = Path("runs/digits/default/bundle")
    with pytest.raises(InputError, match="found one of digits"):
        run("energy", bundle, "--data", corpora)
    assert json.loads(run("energy", bundle, "--samples", 5, "--json"))["samples"] == 5
    verified = json.loads(run("verify", bundle, "--samples", 5, "--engine", "native", "--json"))
    assert verified["exact"] is True
    assert verified["layers"][0]["spikes"] > 0


def test_a_network_alone_says_nothing_of_its_data(bundle: Path, corpora: Path) -> None:
    for options in ((), ("--data", corpora)):
        with pytest.raises(InputError, match="--input and --data: expected one of them"):
            run("energy", bundle / "network.net", *options)


def test_an_unknown_decoder_is_refused_at_once(corpora: Path) -> None:
    with pytest.raises(InputError, match=r"option --decoder: .*Did you mean linear"):
        run("train", "spoken-digits", "--data-dir", corpora, "--decoder", "linaer")
