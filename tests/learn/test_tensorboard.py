"""TensorBoard shows what ``metrics.jsonl`` holds."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from neurodeploy.learn.data import SpikeSource
from neurodeploy.learn.objective import ConstantRate, Objective, class_loss
from neurodeploy.learn.schedule import TrainConfig
from neurodeploy.learn.tensorboard import tensorboard
from neurodeploy.learn.trainer import Trainer
from neurodeploy.model.decoder import Decoder, DecoderConfig
from neurodeploy.model.encoder import Encoder
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.model.specs import DenseSpec

LINES = [
    {"epoch": 1, "log_loss": 0.1 + 0.2, "accuracy": math.nan, "rate": 0.0},
    {"epoch": 2, "log_loss": 1e-9, "accuracy": 1 / 3, "rate": 7.0},
    {"epoch": 5, "log_loss": 12345.678, "accuracy": 0.5, "rate": 0.25},
]


def shown(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Step and value of every event, as TensorBoard reads them, by step.

    It reads files in the order of their names, which end in the process's count of writers.
    """
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder)).Reload()
    return {
        name: sorted(
            ((event.step, event.value) for event in events.Scalars(name)), key=lambda at: at[0]
        )
        for name in events.Tags()["scalars"]
    }


def as_stored(lines: list[dict[str, float]]) -> dict[str, list[tuple[int, float]]]:
    """An event holds a float32."""
    return {
        name: [(int(line["epoch"]), float(np.float32(line[name]))) for line in lines]
        for name in lines[0]
    }


def same(
    found: dict[str, list[tuple[int, float]]], expected: dict[str, list[tuple[int, float]]]
) -> bool:
    """Equal, NaN where NaN is expected."""
    return found.keys() == expected.keys() and all(
        np.array_equal(found[name], expected[name], equal_nan=True) for name in expected
    )


def trained(folder: Path, epochs: int) -> Trainer:
    torch.manual_seed(0)
    decoder = DecoderConfig(kind="linear", neurons=3, window_steps=4, heads={"label": 2})
    rng = np.random.default_rng(0)
    spikes = (rng.random((12, 5, 4)) < 0.5).astype(np.uint8)
    source = SpikeSource(spikes, {"label": rng.integers(0, 2, 12)})
    trainer = Trainer(
        HybridModel(Encoder((5,), [DenseSpec(neurons=3)]), Decoder(decoder)),
        Objective(heads={"label": (class_loss, 1.0)}, beta=0.01, prior=ConstantRate(0.1)),
        train=source,
        validation=source,
        folder=folder,
        config=TrainConfig(epochs=epochs, batch_size=6),
    )
    trainer.fit()
    return trainer


def test_events_hold_every_number_at_its_epoch(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "tensorboard"
    with tensorboard(folder) as show:
        assert not folder.exists()
        for line in LINES:
            show(line)
            assert len(shown(folder)["epoch"]) == LINES.index(line) + 1
    assert len(list(folder.iterdir())) == 1
    assert same(shown(folder), as_stored(LINES))


def test_training_shows_its_metrics(tmp_path: Path) -> None:
    trained(tmp_path, epochs=3)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    found = shown(tmp_path)
    assert {"epoch", "train_log_loss", "log_loss", "accuracy", "firing_rate"} <= found.keys()
    assert same(found, as_stored(lines))


def test_without_tensorboard_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neurodeploy.learn.tensorboard.INSTALLED", False)
    with tensorboard(tmp_path / "alone") as show:
        show(LINES[0])
    assert list(tmp_path.iterdir()) == []
    trained(tmp_path / "run", epochs=1)
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "best.safetensors",
        "last.safetensors",
        "metrics.jsonl",
    ]
