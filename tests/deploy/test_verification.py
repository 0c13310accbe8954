from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from bundles import make, spikes

from neurodeploy.deploy.bundle import Bundle
from neurodeploy.deploy.trained_encoder import TrainedEncoder
from neurodeploy.deploy.verification import Verification, compare, verify
from neurodeploy.engines.registry import simulate
from neurodeploy.errors import InputError
from neurodeploy.model.encoder import Encoder
from neurodeploy.model.export import export_network
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.model.specs import DenseSpec
from neurodeploy.netx.layers import Conv, Dense, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron
from neurodeploy.signals.encode import SpikeInput

RNG = np.random.default_rng(5)
NEURON = CubaNeuron(current_decay=1024, voltage_decay=300, threshold=70)


def test_the_first_difference_is_the_earliest_step() -> None:
    network = Network(input_shape=(2,), layers=(Dense(weight=np.eye(2) * 4, neuron=NEURON),))
    reference = np.zeros((3, 2, 6), np.uint8)
    other = reference.copy()
    other[0, 1, 5] = other[2, 0, 3] = other[1, 1, 4] = 1
    result = compare(network, ("a", [reference]), ("b", [other]))
    assert not result.exact
    (layer,) = result.layers
    assert (layer.differing, layer.first) == (3, (2, 0, 3))


def test_slayer_and_lava_agree_on_every_kind_of_layer() -> None:
    neuron = CubaNeuron(
        current_decay=RNG.integers(0, 4097, 4), voltage_decay=RNG.integers(0, 4097, 4), threshold=90
    )
    network = Network(
        input_shape=(2, 6, 5),
        layers=(
            Conv(
                weight=2 * RNG.integers(-20, 40, (4, 1, 3, 2)),
                neuron=neuron,
                stride=(2, 1),
                padding=(1, 0),
                groups=2,
                bias=RNG.integers(-5, 30, 4),
            ),
            Dense(
                weight=2 * RNG.integers(-20, 30, (6, 48)),
                neuron=NEURON,
                bias=RNG.integers(-5, 30, 6),
                delay=RNG.integers(0, 4, 6),
            ),
        ),
    )
    result = verify(network, (RNG.random((3, 2, 6, 5, 14)) < 0.3).astype(np.uint8), ["lava"])
    assert result.exact, result.layers
    assert all(layer.spikes > 0 for layer in result.layers)


def test_real_valued_input_agrees_too() -> None:
    network = Network(
        input_shape=(6,),
        layers=(
            NeuronInput(neuron=NEURON, weight=36, bias=34),
            Dense(weight=2 * RNG.integers(-20, 40, (4, 6)), neuron=NEURON),
        ),
    )
    assert verify(network, RNG.random((2, 6, 20)), ["lava"]).exact


def test_lava_is_the_reference_where_slayer_has_no_forward() -> None:
    layer = Dense(
        weight=2 * RNG.integers(-20, 40, (4, 6)),
        neuron=NEURON,
        recurrent_weight=2 * RNG.integers(-20, 20, (4, 4)),
    )
    network = Network(input_shape=(6,), layers=(layer,))
    spikes = (RNG.random((2, 6, 20)) < 0.3).astype(np.uint8)
    result = verify(network, spikes)
    assert result.exact
    assert [(layer.reference, layer.engine) for layer in result.layers] == [("lava", "native")]
    assert result.layers[0].spikes > 0
    with pytest.raises(InputError, match="engines: expected one besides lava"):
        verify(network, spikes, ["lava"])


def trained() -> tuple[Encoder, Bundle, np.ndarray]:
    torch.manual_seed(2)
    encoder = Encoder((5,), [DenseSpec(neurons=8, weight_scale=5.0), DenseSpec(neurons=3)])
    bundle = Bundle(
        network=export_network(encoder),
        decoder=make().decoder,
        encoding=SpikeInput(steps=7),
        encoder=TrainedEncoder.of(encoder),
    )
    return encoder, bundle, spikes(steps=7)


def test_a_bundle_with_its_encoder_is_compared_with_the_training_forward() -> None:
    encoder, bundle, signal = trained()
    result = verify(bundle, signal)
    assert result.exact
    assert [(d.layer, d.engine) for d in result.layers] == [
        (name, engine) for engine in ("lava", "native") for name in bundle.network.names
    ]
    with torch.no_grad():
        said = encoder(torch.from_numpy(signal).float(), temperature=0.0)
    sent = int(said.hidden[0].sum() + said.spikes.sum())
    assert result.compared_spikes == 2 * sent > 0
    assert result.compared == (
        "lava and native against the training forward at temperature 0 of the encoder in the "
        f"bundle, in 0-dense, 1-dense: {sent} spikes compared with each, 0 differ."
    )
    report = result.to_dict()
    assert set(report) == {
        *("exact", "reference", "compared", "compared_spikes", "differing", "shift_steps"),
        *("layers", "findings"),
    }
    assert report["shift_steps"] is None
    for model in (encoder, HybridModel(encoder, bundle.decoder)):
        given = verify(bundle.network, signal, ["native"], against=model)
        assert given.exact
        assert given.reference.endswith("temperature 0 of the encoder that was given")


def test_a_file_that_is_not_what_was_trained_is_found_out() -> None:
    """Against our own reading of the file alone, this passes."""
    encoder, bundle, signal = trained()
    first, last = bundle.network.layers
    weight = first.weight.copy()  # type: ignore[union-attr]
    weight[:4] += 60
    damaged = Network(input_shape=(5,), layers=(dataclasses.replace(first, weight=weight), last))
    assert verify(damaged, signal, ["native"]).exact
    assert "not the training forward" in verify(damaged, signal, ["native"]).reference
    found = verify(dataclasses.replace(bundle, network=damaged), signal, ["native"])
    assert not found.exact
    assert found.layers[0].differing > 0
    assert found.layers[0].shift_steps is None
    assert not verify(damaged, signal, ["native"], against=encoder).exact


class Stock(torch.nn.Module):
    """What a person trained; its forward gives the output spikes only."""

    def __init__(self, output: np.ndarray) -> None:
        super().__init__()
        self.output = torch.from_numpy(output).float()

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        assert signal.dtype == torch.float32
        assert not self.training
        return self.output


def test_a_module_or_spikes_are_compared_in_the_output() -> None:
    _, bundle, signal = trained()
    layers = simulate(bundle.network, signal).layers
    module = Stock(layers[-1])
    for against, words in (
        (module, "the output spikes of the Stock that was given"),
        (layers[-1], "the output spikes that were given"),
        (list(layers), "the spikes of layers that were given"),
    ):
        result = verify(bundle, signal, ["native"], against=against)
        assert result.exact
        assert result.reference == words
        assert len(result.layers) == (2 if isinstance(against, list) else 1)
    assert module.training


@pytest.mark.parametrize("shift", [1, 2, -1])
def test_a_shift_that_explains_all_is_said(shift: int) -> None:
    _, bundle, signal = trained()
    signal[..., :2] = 0
    output = simulate(bundle.network, signal).spikes
    given = np.roll(output, -shift, axis=-1)
    given[..., slice(-shift, None) if shift > 0 else slice(None, -shift)] = 0
    result = verify(bundle.network, signal, ["native"], against=given)
    assert not result.exact
    assert result.layers[0].shift_steps == result.shift_steps == shift
    said = {1: "one step later", 2: "2 steps later", -1: "one step earlier"}[shift]
    assert f"the output is equal {said}" in result.compared
    assert f"as --late {shift} (late_steps={shift}) accepts" in result.compared
    spikes_of_each = given.sum()
    assert f"{spikes_of_each} spikes of the reference" in result.compared
    accepted = verify(bundle.network, signal, ["native"], against=given, late_steps=shift)
    assert accepted.exact
    assert accepted.verdict == f"exact, {said}"
    assert accepted.compared.endswith(f": {spikes_of_each} spikes compared, 0 differ.")
    given[0, 0, 3] ^= 1
    assert verify(bundle.network, signal, ["native"], against=given).layers[0].shift_steps is None


def test_each_layer_may_be_late_by_its_own_steps() -> None:
    _, bundle, signal = trained()
    signal[..., :2] = 0
    early = [
        np.concatenate([layer[..., steps:], np.zeros_like(layer[..., :steps])], -1)
        for steps, layer in enumerate(simulate(bundle.network, signal).layers, 1)
    ]
    result = verify(bundle.network, signal, ["native"], against=early)
    assert "as late_steps=(1, 2) accepts" in result.compared
    assert verify(bundle.network, signal, ["native"], against=early, late_steps=(1, 2)).exact
    wrong = verify(bundle.network, signal, ["native"], against=early, late_steps=1)
    assert not wrong.exact
    assert (wrong.layers[0].differing, wrong.layers[1].shift_steps) == (0, 2)


@pytest.mark.parametrize("late", [7, -7, (1, 2), 0.5, (1, 1, 1)])
def test_steps_that_a_sample_has_not_are_refused(late: Any) -> None:
    _, bundle, signal = trained()
    output = simulate(bundle.network, signal).spikes
    with pytest.raises(InputError, match=r"late_steps .*: expected fewer than the 7 steps"):
        verify(bundle, signal, ["native"], against=output, late_steps=late)


class Blocks(torch.nn.Module):
    """What SLAYER's tutorials train: blocks that run one after another."""

    def __init__(self, *blocks: torch.nn.Module) -> None:
        super().__init__()
        self.blocks = torch.nn.ModuleList(blocks)

    def forward(self, spikes: torch.Tensor) -> torch.Tensor:
        for block in self.blocks:
            spikes = block(spikes)
        return spikes


class Block(torch.nn.Module):
    """Sends spikes that are given, whatever arrives."""

    def __init__(self, sent: np.ndarray) -> None:
        super().__init__()
        self.sent = torch.from_numpy(sent)
        self.neuron = torch.nn.Identity()

    def forward(self, spikes: torch.Tensor) -> torch.Tensor:
        return self.sent


def test_a_module_with_blocks_is_compared_layer_by_layer() -> None:
    _, bundle, signal = trained()
    hidden, output = simulate(bundle.network, signal).layers
    result = verify(
        bundle.network, signal, ["native"], against=Blocks(Block(hidden), Block(output))
    )
    assert result.exact
    assert [layer.layer for layer in result.layers] == list(bundle.network.names)
    assert result.reference == "every layer of the Blocks that was given"
    wrong = 1 - hidden
    result = verify(bundle.network, signal, ["native"], against=Blocks(Block(wrong), Block(output)))
    assert [layer.differing > 0 for layer in result.layers] == [True, False]
    # blocks that are other layers than the network's: the output alone
    only = verify(bundle.network, signal, ["native"], against=Blocks(Block(output)))
    assert only.exact
    assert [layer.layer for layer in only.layers] == [bundle.network.names[-1]]


def test_a_sample_not_longer_than_the_latency_is_said() -> None:
    _, bundle, signal = trained()
    result = verify(bundle.network, signal[..., :2], ["native"], against=signal[:, :3, :2] * 0)
    assert not result.exact
    (finding,) = result.findings
    assert finding.code == "short-sample"
    assert "samples of 2 steps, and a latency of 2" in finding.reason


def test_what_check_says_is_part_of_the_verification() -> None:
    deaf = CubaNeuron(current_decay=1024, voltage_decay=300, threshold=7000)
    network = Network(input_shape=(2,), layers=(Dense(weight=np.eye(2) * 4, neuron=deaf),))
    result = verify(network, np.ones((1, 2, 5)), ["native"], against=np.zeros((1, 2, 5)))
    assert [finding.code for finding in result.findings] == ["silent-layer"]
    assert result.to_dict()["findings"][0]["layer"] == "0-dense"


def test_silence_shows_nothing() -> None:
    network = Network(input_shape=(2,), layers=(Dense(weight=np.eye(2) * 4, neuron=NEURON),))
    result = verify(network, np.zeros((2, 2, 5), np.uint8), ["native"])
    assert not result.exact
    assert result.compared_spikes == 0
    assert result.compared.endswith("in 0-dense: no spike occurred, which shows nothing.")
    nothing = Verification(reference="a trained network", layers=())
    assert not nothing.exact
    assert nothing.compared == "Nothing was compared with a trained network."


@pytest.mark.parametrize(
    ("against", "says"),
    [
        (np.zeros((3, 3, 6)), r"the output spikes that were given: expected \[sample, \*feat"),
        ([np.zeros((3, 3, 7))] * 3, "expected the output, or all 2 layers, found 3 layers"),
        ("out.npy", "reference: expected a model, an encoder, a torch module"),
        (torch.nn.LSTM(7, 7, batch_first=True), "reference LSTM: .* Wrap it in a module"),
    ],
)
def test_what_cannot_be_a_reference_is_refused(against: Any, says: str) -> None:
    _, bundle, signal = trained()
    with pytest.raises(InputError, match=says):
        verify(bundle, signal, ["native"], against=against)


def test_no_engine_is_an_error() -> None:
    _, bundle, signal = trained()
    with pytest.raises(InputError, match="engines: expected at least one, found none"):
        verify(bundle, signal, [])
