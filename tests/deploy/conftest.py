"""A bundle folder, for what is done to bundles as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.netx.layers import Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron

NEURON = CubaNeuron(current_decay=4096, voltage_decay=100, threshold=25)
NETWORK = Network(input_shape=(6,), layers=(Dense(weight=np.full((2, 6), 10), neuron=NEURON),))


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    nd.save_bundle(nd.counting_bundle(NETWORK, nd.SpikeInput(steps=5)), folder)
    return folder
