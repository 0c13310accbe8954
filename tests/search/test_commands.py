from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from small import TASK
from typer.testing import CliRunner

from neurodeploy import tasks
from neurodeploy.cli import main as cli
from neurodeploy.deploy.bundle import Bundle, load_bundle, save_bundle
from neurodeploy.errors import InputError


@pytest.fixture(autouse=True)
def small_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tasks.TASKS, "digits", dataclasses.replace(TASK, train=96))


def call(*arguments: str | Path | int) -> str:
    result = CliRunner().invoke(cli.app, [str(a) for a in arguments])
    if result.exception is not None:
        raise result.exception
    return result.stdout


def test_tune_then_pick(tmp_path: Path) -> None:
    options = ("--trials", 2, "--epochs", 1, "--settings", 5, "--loss", 1, "--json")
    report = json.loads(call("tune", "digits", *options, "--out", tmp_path / "tune"))
    assert report["front"][0]["test"]["accuracy"] >= 0
    assert Path(report["picture"]).exists()
    assert (report["device"], report["chip"], report["ann_j"]) == ("loihi", "loihi1", None)
    assert len(json.loads(Path(report["points"]).read_text())["points"]) == 10
    assert json.loads(call("tune", "digits", *options, "--out", tmp_path / "tune")) == report
    text = call("pick", tmp_path / "tune", 0, "--out", tmp_path / "picked")
    levers = report["front"][0]["levers"]
    assert f"the first {levers['steps']} steps" in text
    assert load_bundle(tmp_path / "picked").notes["levers"] == levers


def test_levers_of_a_bundle(bundle: Bundle, tmp_path: Path) -> None:
    save_bundle(bundle, tmp_path / "bundle")
    text = call(
        *("levers", "digits", tmp_path / "bundle", "--settings", 5, "--device", "cmos45_integer"),
        *("--out", tmp_path / "levers"),
    )
    assert "at rest: 8 steps" in text
    assert "equal ANN" in text
    assert "Next: neurodeploy pick" in text
    with pytest.raises(InputError, match="point: expected 0 to"):
        call("pick", tmp_path / "levers", 99)
