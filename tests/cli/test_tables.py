"""Tables keep every number and every name, however narrow the terminal is."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.cli.app import out, print_table
from neurodeploy.cli.main import app

HEADS = ("layer", "input spikes", "output spikes", "synops", "effective synops", "neuron updates")
ROWS = [
    ("0-dense", "1,234,567", "234,567", "740,740,200", "740,740,199", "19,200,000"),
    ("1-dense", "234,567", "45,678", "60,049,152", "60,049,100", "8,192,000"),
]
NUMBERS = [number for row in ROWS for number in row[1:]]
PROSE = "Nobody has measured this one yet, so it limits nothing here and is left as it was."


def shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int, *typed: str
) -> str:
    """What a command, or else the table above, prints on so many columns."""
    monkeypatch.setenv("COLUMNS", str(width))
    if typed:
        app(typed, standalone_mode=False)
    else:
        print_table("totals", HEADS, ROWS)
    return capsys.readouterr().out


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """Two layers that update neurons a hundred million times in the spikes beside it."""
    rng = np.random.default_rng(0)
    neuron = nd.CubaNeuron(current_decay=4096, voltage_decay=512, threshold=3000)
    layers = tuple(
        nd.Dense(weight=2 * rng.integers(-9, 60, shape), neuron=neuron)
        for shape in ((2000, 16), (5, 2000))
    )
    nd.write_network(nd.Network(input_shape=(16,), layers=layers), tmp_path / "net.net")
    np.save(tmp_path / "in.npy", (rng.random((40, 16, 1536)) < 0.02).astype(np.uint8))
    np.save(tmp_path / "few.npy", (rng.random((2, 16, 9)) < 0.5).astype(np.uint8))
    return tmp_path / "net.net"


@pytest.mark.parametrize("width", [120, 80, 60, 40])
def test_every_number_is_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    text = shown(capsys, monkeypatch, width)
    assert max(map(len, text.splitlines())) <= width
    assert re.findall(r"\d[\d,]{3,}", text) == NUMBERS
    assert "…" not in text


def test_a_narrow_terminal_gets_a_line_for_each_number(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = shown(capsys, monkeypatch, 40).splitlines()
    assert lines[:3] == ["totals", "0-dense", "  input spikes: 1,234,567"]
    assert "━" in shown(capsys, monkeypatch, 80)


@pytest.mark.parametrize(
    "typed",
    [
        "simulate net.net --input in.npy --output out.npy",
        "energy net.net --input in.npy --chip loihi2",
        "fit net.net --chip loihi1",
        "verify net.net --input few.npy --engine native",
        "inspect net.net",
    ],
)
def test_every_terminal_shows_the_same_numbers_and_names(
    typed: str,
    network: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(network.parent)
    wide, *narrow = (shown(capsys, monkeypatch, width, *typed.split()) for width in (500, 80, 60))
    for text in narrow:
        assert not numbers(wide) - numbers(text)
        assert "…" not in text
        if typed.startswith("simulate"):
            assert numbers(text)["122,880,000"] == 1
        if typed.startswith("energy"):
            assert re.findall(r"spinnaker\b", text)


def numbers(text: str) -> Counter[str]:
    """Numbers and names with one, such as 0-dense and cmos45, and how often they stand there."""
    return Counter(word.rstrip(":") for word in re.findall(r"[^\s│┃]*\d[^\s│┃]*", text))


def test_a_pipe_is_as_wide_as_what_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    rows = [(f"layer {place}", *["1,234,567,890"] * 12) for place in range(2)]
    print_table("totals", ("", *(f"the {place}th column" for place in range(12))), rows)
    out().print(PROSE * 3)
    _, top, heads, rule, *body, bottom, prose = capsys.readouterr().out.splitlines()
    assert len({len(line) for line in (top, heads, rule, *body, bottom)}) == 1
    assert len(body) == 2
    assert "the 11th column" in heads
    assert prose == PROSE * 3


def test_prose_folds_before_numbers_and_names_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    print_table("", ("what", "of it", "found"), [("left out", "12.5 MB", PROSE), ("b", "", "no")])
    text = capsys.readouterr().out
    assert "│ left out │ 12.5 MB │ " in text
    monkeypatch.delenv("COLUMNS")
    print_table("", ("what", "of it", "found"), [("left out", "12.5 MB", PROSE), ("b", "", "no")])
    assert max(map(len, capsys.readouterr().out.splitlines())) < 80


def test_brackets_are_no_markup(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for width in ("80", "9"):
        monkeypatch.setenv("COLUMNS", width)
        print_table("[a]", ("what", "say"), [("conv[b]", "'it[c]'")])
        text = capsys.readouterr().out
        assert all(word in text for word in ("[a]", "conv[b]", "'it[c]'"))
