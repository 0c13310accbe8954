"""Training from the command line: going on, going on further, and fine-tuning, each on purpose."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import pytest
from typer.testing import CliRunner

from neurodeploy.cli import main as cli
from neurodeploy.errors import InputError
from neurodeploy.tasks import TASKS
from neurodeploy.tasks.shipped import DIGITS

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    digits = dataclasses.replace(DIGITS, train=96, validation=32, test=32, hidden=(16,))
    monkeypatch.setitem(TASKS, "digits", digits)


def train(folder: Path, *options: str | Path) -> list[int]:
    """Epochs of the metrics that are there afterwards."""
    arguments = ["train", "digits", "--out", folder, "--json", *options]
    result = CliRunner().invoke(cli.app, [str(a) for a in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line)["epoch"] for line in lines]


def test_more_epochs_are_a_thing_to_ask_for(tmp_path: Path) -> None:
    assert train(tmp_path, "--epochs", "1") == [1]
    with pytest.raises(InputError, match="epochs: 1 -> 3"):
        train(tmp_path, "--epochs", "3")
    assert train(tmp_path, "--epochs", "3", "--extend") == [1, 2, 3]


def test_another_price_of_information_is_another_training(tmp_path: Path) -> None:
    train(tmp_path, "--epochs", "1")
    with pytest.raises(InputError, match=r"beta: 0\.003 -> 0\.5"):
        train(tmp_path, "--epochs", "1", "--beta", "0.5")


def test_fine_tuning_starts_from_a_checkpoint_and_is_resumed(tmp_path: Path) -> None:
    train(tmp_path / "first", "--epochs", "1")
    best = tmp_path / "first" / "best.safetensors"
    tuned = tmp_path / "tuned"
    assert train(tuned, "--epochs", "2", "--from", best) == [1, 2]
    assert train(tuned, "--epochs", "2", "--from", best) == [1, 2]
    with pytest.raises(InputError, match="from: "):
        train(tuned, "--epochs", "2")


def test_the_table_is_of_the_best_epoch_in_the_units_of_the_epochs(
    tmp_path: Path,
) -> None:
    words = ["train", "digits", "--epochs", "2", "--out", str(tmp_path)]
    shown = CliRunner().invoke(cli.app, words).stdout
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    best = min(lines, key=lambda line: line["objective"])
    assert f"best of 2 epochs: {best['epoch']}" in shown
    assert f"{best['information_nats'] / math.log(2):.4g}" in shown
    assert "information, bits a sample" in shown
    assert f"{best['log_loss']:.4g}" in shown
    found = json.loads(CliRunner().invoke(cli.app, [*words, "--json"]).stdout)
    assert set(found["validation"]) == {
        *("log_loss", "information_nats", "firing_rate", "accuracy", "silent")
    }
