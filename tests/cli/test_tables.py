"""Tables keep every number, however narrow the terminal is."""

from __future__ import annotations

import re

import pytest

from neurodeploy.cli.app import out, print_table

HEADS = ("layer", "input spikes", "output spikes", "synops", "effective synops", "neuron updates")
ROWS = [
    ("0-dense", "1,234,567", "234,567", "740,740,200", "740,740,199", "19,200,000"),
    ("1-dense", "234,567", "45,678", "60,049,152", "60,049,100", "8,192,000"),
]
NUMBERS = [number for row in ROWS for number in row[1:]]


def shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    out.cache_clear()
    print_table("totals", HEADS, ROWS)
    out.cache_clear()
    return capsys.readouterr().out


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
