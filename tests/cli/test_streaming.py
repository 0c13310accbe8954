"""The command `stream` and its sources: an array, lines of standard input or a socket, events."""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.cli.main import app

FEATURES, STEPS = 6, 5
SAMPLES = (np.random.default_rng(1).random((3, FEATURES, STEPS)) < 0.6).astype(np.uint8)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    neuron = nd.CubaNeuron(current_decay=4096, voltage_decay=100, threshold=25)
    layer = nd.Dense(weight=np.random.default_rng(0).integers(0, 12, (2, FEATURES)), neuron=neuron)
    network = nd.Network(input_shape=(FEATURES,), layers=(layer,))
    nd.save_bundle(nd.counting_bundle(network, nd.SpikeInput(steps=STEPS)), tmp_path / "bundle")
    return tmp_path / "bundle"


def lines(samples: np.ndarray) -> bytes:
    text = ""
    for number, sample in enumerate(samples):
        for step, column in enumerate(sample.T):
            spikes = np.flatnonzero(column).tolist()
            text += json.dumps({"sample": number, "step": step, "spikes": spikes}) + "\n"
    return text.encode()


def stream(capsys: pytest.CaptureFixture[str], *arguments: Any) -> list[dict[str, Any]]:
    app([*map(str, ("stream", *arguments, "--json"))], standalone_mode=False)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def said(answers: list[dict[str, Any]]) -> list[tuple[int, int, list[int]]]:
    return [(a["sample"], a["step"], a["spikes"]) for a in answers]


@pytest.fixture
def expected(bundle: Path) -> list[tuple[int, int, list[int]]]:
    run = nd.simulate(nd.load_bundle(bundle), SAMPLES).spikes
    assert run.any()
    return [
        (sample, step, np.flatnonzero(run[sample, :, step]).tolist())
        for sample in range(len(SAMPLES))
        for step in range(STEPS)
    ]


@pytest.fixture
def standard_input(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """What is written to it is read on standard input."""
    read, write = os.pipe()
    with open(read) as source, open(write, "wb", buffering=0) as sink:  # noqa: PTH123
        monkeypatch.setattr(sys, "stdin", source)
        yield sink


def test_a_sample_that_says_its_end_gets_its_answer(
    bundle: Path, standard_input: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    standard_input.write(b'{"spikes": [1]}\n{"spikes": [2], "last": true}\n{"spikes": [1]}\n')
    standard_input.write(b'{"spikes": [], "last": true}\n')
    standard_input.close()
    answers = stream(capsys, bundle, "--input", "-", "--every", 100)
    assert [(a["sample"], a["step"]) for a in answers] == [(0, 1), (1, 1)]


def test_so_many_samples_at_most(
    bundle: Path,
    expected: list[tuple[int, int, list[int]]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    np.save(tmp_path / "in.npy", SAMPLES)
    found = said(stream(capsys, bundle, "--input", tmp_path / "in.npy", "--samples", 1))
    assert found == [each for each in expected if each[0] == 0]
    with pytest.raises(
        nd.InputError, match="--samples: expected whole samples, found lines of steps"
    ):
        stream(capsys, bundle, "--input", "-", "--samples", 1)


def test_every_source_gives_the_same(
    bundle: Path,
    expected: list[tuple[int, int, list[int]]],
    standard_input: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    np.save(tmp_path / "in.npy", SAMPLES)
    assert said(stream(capsys, bundle, "--input", tmp_path / "in.npy")) == expected
    ahead = stream(capsys, bundle, "--input", tmp_path / "in.npy", "--queue", 2)
    assert said(ahead) == expected
    standard_input.write(lines(SAMPLES))
    standard_input.close()
    assert said(stream(capsys, bundle, "--input", "-")) == expected

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    def send() -> None:
        for _ in range(200):
            try:
                with socket.create_connection(("127.0.0.1", port)) as sender:
                    sender.sendall(lines(SAMPLES))
                return
            except ConnectionRefusedError:
                time.sleep(0.02)

    thread = threading.Thread(target=send)
    thread.start()
    assert said(stream(capsys, bundle, "--listen", port, "--stall-s", 10)) == expected
    thread.join()


def test_events_of_a_file_are_streamed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    neuron = nd.CubaNeuron(current_decay=4096, voltage_decay=100, threshold=2)
    layer = nd.Dense(weight=np.full((2, 8), 10), neuron=neuron)
    network = nd.Network(input_shape=(2, 2, 2), layers=(layer,))
    nd.write_network(network, tmp_path / "net.net")
    (tmp_path / "events.csv").write_text("t,x,y,p\n0,0,0,1\n2500,1,1,0\n")
    arguments = [tmp_path / "net.net", "--events", tmp_path / "events.csv", "--dt", 1e-3]
    arguments += ["--input-shape", "2,2,2"]
    with pytest.raises(nd.InputError, match="option --steps: expected steps of a sample"):
        stream(capsys, *arguments)
    arguments += ["--steps", 4, "--time-unit", "us", "--shape", "2,2,2"]
    found = stream(capsys, *arguments)
    spikes = np.zeros((1, 2, 2, 2, 4), np.uint8)
    spikes[0, 1, 0, 0, 0] = spikes[0, 0, 1, 1, 2] = 1  # ON at (0, 0), OFF at (1, 1)
    run = nd.simulate(network, spikes).spikes[0]
    assert run.any()
    assert [answer["spikes"] for answer in found] == [np.flatnonzero(s).tolist() for s in run.T]


@pytest.mark.parametrize(
    ("text", "answers", "error"),
    [
        (lines(SAMPLES[:1])[:-1] + b"\n{", STEPS, "sample 0, step 5: line 6: expected one JSON"),
        (lines(SAMPLES[:1, :, :3]), 3, "sample 0, step 3: expected 5 steps, found the end of the"),
        (b'{"spikes": [6]}\n', 0, "sample 0, step 0: line 1, spikes: expected features 0 to 5"),
    ],
)
def test_what_is_wrong_is_said_after_the_answers_before_it(
    bundle: Path,
    standard_input: Any,
    capsys: pytest.CaptureFixture[str],
    text: bytes,
    answers: int,
    error: str,
) -> None:
    standard_input.write(text)
    standard_input.close()
    with pytest.raises(nd.InputError, match=error):
        stream(capsys, bundle, "--input", "-")
    assert capsys.readouterr().out.count("\n") == answers


def test_a_source_that_stalls_ends_it(
    bundle: Path, standard_input: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    standard_input.write(b'{"spikes": [0]}\n')
    with pytest.raises(nd.InputError, match="sample 0, step 1: source: expected a step"):
        stream(capsys, bundle, "--input", "-", "--stall-s", 0.1)


def test_an_early_answer_is_final(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "in.npy", SAMPLES)
    every = stream(capsys, bundle, "--input", tmp_path / "in.npy")
    assert {a["heard"] for a in every} == {True, False}
    sure = stream(capsys, bundle, "--input", tmp_path / "in.npy", "--stop-at", 0.5)
    assert len(sure) < len(every)
    for sample in range(3):
        mine = [a for a in sure if a["sample"] == sample]
        assert [a["final"] for a in mine] == [*[False] * (len(mine) - 1), True]


@pytest.mark.parametrize(
    ("rule", "scores"),
    [
        ("counts", lambda run: run.sum(-1)),
        ("first-spike", lambda run: np.where(run.any(-1), 1 / (run.argmax(-1) + 1), 0)),
    ],
)
def test_a_rule_says_its_scores_and_a_decoder_its_confidence(
    bundle: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    rule: str,
    scores: Callable[[np.ndarray], np.ndarray],
) -> None:
    np.save(tmp_path / "in.npy", SAMPLES[:1])
    arguments = ["stream", str(bundle), "--input", str(tmp_path / "in.npy")]
    app(arguments, standalone_mode=False)
    assert re.search(r"spikes, confidence \d+%, label \d", capsys.readouterr().out)
    app([*arguments, "--rule", rule], standalone_mode=False)
    run = nd.simulate(nd.load_bundle(bundle), SAMPLES[:1]).spikes[0]
    most, least = sorted(scores(run), reverse=True)
    text = capsys.readouterr().out
    assert "%" not in text
    said = text.splitlines()[-1]
    assert f"spikes, {rule} {most:g} against {least:g}, label {scores(run).argmax()}" in said
