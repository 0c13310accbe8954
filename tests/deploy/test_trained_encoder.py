from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from bundles import make

from neurodeploy.deploy.bundle import Bundle, load_bundle, save_bundle
from neurodeploy.deploy.manifest import ENCODER_FILE
from neurodeploy.deploy.trained_encoder import TrainedEncoder, load_encoder
from neurodeploy.errors import FileFormatError
from neurodeploy.model.encoder import Encoder
from neurodeploy.model.export import export_network
from neurodeploy.model.neuron import CubaParameters
from neurodeploy.model.quantization import WeightLevels
from neurodeploy.model.specs import ConvSpec, DenseSpec
from neurodeploy.signals.encode import SpikeInput

FAST = CubaParameters(threshold=0.5, voltage_decay=0.2)


def encoder() -> Encoder:
    """Convolution, bias, delays, learnt decays, fewer bits, and pruned synapses."""
    torch.manual_seed(4)
    made = Encoder(
        (2, 5, 4),
        [
            ConvSpec(channels=3, kernel_size=3, padding=1, bias=True, weight_scale=4.0),
            DenseSpec(neurons=6, delay_steps=3, levels=WeightLevels(bits=5, exponent=2)),
            DenseSpec(neurons=3, neuron=FAST, learn_decays=True),
        ],
    )
    _, middle, last = made.layers
    with torch.no_grad():
        middle.delay.delay.copy_(torch.tensor([0.0, 1.0, 2.5, 0.0, 3.0, 1.0]))  # type: ignore[union-attr]
        last.decays.fractions.copy_(torch.tensor([0.31, 0.071]))  # type: ignore[union-attr]
    last.connected = (torch.rand(last.synapse.weight.shape) < 0.7).float()
    return made


def bundle_of(made: Encoder) -> Bundle:
    return Bundle(
        network=export_network(made),
        decoder=make().decoder,
        encoding=SpikeInput(steps=7),
        encoder=TrainedEncoder.of(made),
    )


def test_the_encoder_of_a_bundle_says_what_the_trained_one_says(tmp_path: Path) -> None:
    made = encoder()
    save_bundle(bundle_of(made), tmp_path / "b")
    stored = load_bundle(tmp_path / "b").encoder
    assert stored is not None
    again = stored.build()
    spikes = (torch.rand(4, 2, 5, 4, 9) < 0.4).float()
    with torch.no_grad():
        expected, found = made(spikes, temperature=0.0), again(spikes, temperature=0.0)
    assert expected.spikes.any()
    for one, other in zip(
        (*expected.hidden, expected.spikes, expected.margin),
        (*found.hidden, found.spikes, found.margin),
        strict=True,
    ):
        assert torch.equal(one, other)
    for block, read in zip(made.layers, again.layers, strict=True):
        assert block.spec == read.spec


def test_it_is_a_copy() -> None:
    made = encoder()
    stored = TrainedEncoder.of(made)
    with torch.no_grad():
        made.layers[0].synapse.weight.zero_()
    assert stored.build().layers[0].synapse.weight.any()


def test_there_may_be_none(tmp_path: Path) -> None:
    save_bundle(make(), tmp_path / "b")
    assert load_encoder(tmp_path / "b") is None
    assert not (tmp_path / "b" / ENCODER_FILE).exists()


def test_a_changed_file_is_named(tmp_path: Path) -> None:
    save_bundle(bundle_of(encoder()), tmp_path / "b")
    TrainedEncoder.of(encoder()).save(tmp_path / "b" / ENCODER_FILE)
    load_bundle(tmp_path / "b")  # the same bytes
    (tmp_path / "b" / ENCODER_FILE).write_bytes(b"x")
    with pytest.raises(FileFormatError, match="the checksum in the manifest"):
        load_bundle(tmp_path / "b")


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"input_shape": [2], "layers": [{}]},
        {"input_shape": [2], "layers": [{"spec": "NoSpec"}]},
        {"input_shape": [2], "layers": []},
    ],
)
def test_foreign_specs_are_a_format_error(config: dict) -> None:
    stored = dataclasses.replace(TrainedEncoder.of(encoder()), config=config)
    with pytest.raises(FileFormatError, match="encoder: expected specs of its layers"):
        stored.build()
