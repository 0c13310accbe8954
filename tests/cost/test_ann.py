"""The equal ANN: its own decoder, and its zeros as a run shows them, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurodeploy.cost.ann import equal_ann
from neurodeploy.cost.host import DecoderWork
from neurodeploy.deploy.bundle import Bundle
from neurodeploy.model.decoder import Decoder, DecoderConfig
from neurodeploy.netx.layers import Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron
from neurodeploy.signals.encode import SpikeInput

NEURON = CubaNeuron(current_decay=1024, voltage_decay=128, threshold=80)
STEPS = 4


def deployed(kind: str) -> Bundle:
    weight = np.array([[1, 0, 2], [3, 4, 0]])
    recurrent = np.array([[0, 1], [1, 1]])
    layer = Dense(weight=weight, recurrent_weight=recurrent, neuron=NEURON)
    config = DecoderConfig(
        kind=kind, neurons=2, window_steps=STEPS, heads={"label": 3, "image": 4}, hidden=5
    )
    torch.manual_seed(0)
    network = Network(input_shape=(3,), layers=(layer,))
    return Bundle(network=network, decoder=Decoder(config), encoding=SpikeInput(steps=STEPS))


def activity() -> list[np.ndarray]:
    """Inputs 0 and 2 spike in the first sample, none in the second; so does neuron 1."""
    inputs, sent = np.zeros((2, 3, STEPS), np.uint8), np.zeros((2, 2, STEPS), np.uint8)
    inputs[0, 0, :3] = inputs[0, 2, 1] = 1
    sent[0, 1, 1:] = 1
    return [inputs, sent]


@pytest.mark.parametrize(
    ("kind", "dense", "effective"),
    [
        # 2 neurons to 7 outputs, of which one of four (two in two samples) ever spiked.
        ("linear", 14, 14 / 4),
        ("counts", 14, 14 / 4),
    ],
)
def test_what_never_spikes_is_an_activation_of_zero(
    kind: str, dense: int, effective: float
) -> None:
    bundle, run = deployed(kind), activity()
    ann = equal_ann(bundle.network, run, DecoderWork.of(bundle, run[-1]))
    # Inputs 0 and 2 have 2 and 1 weights other than 0, neuron 1 two; the second sample has none.
    assert (ann.network_dense, ann.network_effective) == (6 + 4, (2 + 1 + 2) / 2)
    assert (ann.decoder_dense, ann.decoder_effective) == (dense, effective)
    assert ann.dense_macs == 10 + dense
    assert ann.effective_macs == 2.5 + effective


def test_behind_the_first_layer_of_the_decoder_zeros_are_the_networks_own() -> None:
    bundle, run = deployed("mlp"), activity()
    work = DecoderWork.of(bundle, run[-1])
    window = torch.from_numpy(run[-1]).float()
    hidden = float((bundle.decoder.reader(window) != 0).sum()) / 2
    # 3 spikes in two samples reach 5 hidden units, which reach 7 outputs.
    assert work.effective_macs == pytest.approx(5 * 3 / 2 + 7 * hidden)
    assert work.ann_macs == 2 * 5 + 5 * 7
    assert work.ann_effective_macs == pytest.approx(2 * 5 / 4 + 7 * hidden)


def test_what_a_recurrent_unit_multiplies_counts_in_full() -> None:
    bundle, run = deployed("recurrent"), activity()
    work = DecoderWork.of(bundle, run[-1])
    assert work.effective_macs == bundle.decoder.macs  # a state is never exactly 0
    assert work.ann_macs == 3 * (2 * 5 + 5 * 5) + 5 * 7 == work.ann_effective_macs
    assert work.eight_bits == {}


def test_a_network_alone_has_no_decoder_and_neither_has_its_ann() -> None:
    network, run = deployed("linear").network, activity()
    work = DecoderWork.of(network, run[-1])
    assert work == DecoderWork()
    assert equal_ann(network, run, work).dense_macs == 10
