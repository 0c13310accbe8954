"""Layers with whatever matters to a test."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurodeploy.netx.layers import ComplexDense, Conv, Dense
from neurodeploy.netx.neurons import CubaNeuron, RfNeuron, SdnnNeuron

NEURON = CubaNeuron(current_decay=700, voltage_decay=300, threshold=250)
RESONATOR = RfNeuron(sin_decay=900, cos_decay=3900, threshold=60, phase=True)
SIGMA_DELTA = SdnnNeuron(threshold=5)


def neuron(**changes: Any) -> CubaNeuron:
    return CubaNeuron(**{"current_decay": 1024, "voltage_decay": 128, "threshold": 80, **changes})


def dense(outputs: int, inputs: int, **changes: Any) -> Dense:
    weight = np.arange(outputs * inputs).reshape(outputs, inputs)
    return Dense(**{"weight": weight, "neuron": neuron(), **changes})


def conv(*shape: int, **changes: Any) -> Conv:
    weight = np.arange(np.prod(shape)).reshape(shape)
    return Conv(**{"weight": weight, "neuron": neuron(), **changes})


def complex_dense(outputs: int, inputs: int, **changes: Any) -> ComplexDense:
    real = np.arange(outputs * inputs).reshape(outputs, inputs)
    return ComplexDense(
        **{"real_weight": real, "imaginary_weight": -real, "neuron": RESONATOR, **changes}
    )
