"""The layers of netx; each says its own matrices, fan-out and number of neurons."""

from neurodeploy.netx.layers.average import Average
from neurodeploy.netx.layers.conv import Conv
from neurodeploy.netx.layers.dense import MAX_DELAY_STEPS, ComplexDense, Dense
from neurodeploy.netx.layers.input import NeuronInput

__all__ = [
    "MAX_DELAY_STEPS",
    "Average",
    "ComplexDense",
    "Conv",
    "Dense",
    "Layer",
    "NeuronInput",
]

Layer = Dense | ComplexDense | Conv | NeuronInput | Average
