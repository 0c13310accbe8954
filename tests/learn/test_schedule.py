"""Learning rate, temperature and weight of the KL term over time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from neurodeploy.errors import InputError
from neurodeploy.learn.schedule import TrainConfig


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("learning_rate", -1.0),
        ("delay_rate", -1.0),
        ("clip_norm", 0.0),
        ("anneal_fraction", -1.0),
        ("seed", -1),
    ],
)
def test_impossible_configurations_are_refused(field: str, value: float) -> None:
    with pytest.raises(InputError, match=field):
        TrainConfig(**{field: value})


def test_temperature_falls_geometrically_then_stays() -> None:
    config = TrainConfig(temperature_start=0.4, temperature_end=0.05, anneal_fraction=0.5)
    assert config.temperature(0.0) == 0.4
    assert config.temperature(0.25) == pytest.approx(math.sqrt(0.4 * 0.05))
    for progress in (0.5, 0.8, 1.0):
        assert config.temperature(progress) == pytest.approx(0.05, rel=1e-12)
    falling = [config.temperature(progress) for progress in np.linspace(0, 0.5, 20)]
    assert falling == sorted(falling, reverse=True)


def test_temperature_without_annealing() -> None:
    config = TrainConfig(temperature_start=0.4, temperature_end=0.05, anneal_fraction=0.0)
    assert config.temperature(0.0) == pytest.approx(0.05)
    constant = TrainConfig(temperature_start=0.3, temperature_end=0.3)
    assert [constant.temperature(progress) for progress in (0, 0.4, 1)] == [0.3] * 3


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"epochs": 0}, "epochs"),
        ({"batch_size": 0}, "batch_size"),
        ({"patience_epochs": 0}, "patience_epochs"),
        ({"temperature_end": 0.0}, "temperature_end"),
        ({"temperature_end": -0.1}, "temperature_end"),
        ({"temperature_end": 0.5}, "temperature_end"),
        ({"temperature_start": math.nan}, "temperature_end"),
    ],
)
def test_config_errors(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError, match=rf"TrainConfig\.{field}: expected"):
        TrainConfig(**change)
