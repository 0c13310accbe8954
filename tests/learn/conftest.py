from __future__ import annotations

import pytest
from digit_training import Clock

import neurodeploy.learn.trainer


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """What the trainer takes for the time."""
    stands = Clock()
    monkeypatch.setattr(neurodeploy.learn.trainer, "time", stands)
    return stands
