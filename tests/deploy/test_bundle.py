from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from neurodeploy.deploy.bundle import Bundle, load_bundle, save_bundle
from neurodeploy.deploy.manifest import network_of
from neurodeploy.errors import FileFormatError, InputError
from neurodeploy.model.decoder import Decoder, DecoderConfig
from neurodeploy.netx.network import Dense, Network
from neurodeploy.netx.neurons import CubaNeuron
from neurodeploy.signals.encode import LatencyEncoding, RateEncoding

NEURON = CubaNeuron(current_decay=1000, voltage_decay=500, threshold=64)


def make(neurons: int = 3) -> Bundle:
    torch.manual_seed(neurons)
    weight = np.arange(1, 1 + 5 * neurons).reshape(neurons, 5) * 2
    config = DecoderConfig(
        kind="mlp", neurons=neurons, window_steps=7, heads={"label": 4, "image": 6}, hidden=11
    )
    return Bundle(
        network=Network(input_shape=(5,), layers=(Dense(weight=weight, neuron=NEURON),)),
        decoder=Decoder(config),
        encoding=RateEncoding(steps=7, max_rate=0.5),
        notes={"seed": 13},
    )


def test_round_trip_keeps_everything(tmp_path: Path) -> None:
    bundle = make()
    save_bundle(bundle, tmp_path / "b")
    again = load_bundle(tmp_path / "b")
    assert (again.network.layers[0].weight == bundle.network.layers[0].weight).all()
    assert again.encoding == bundle.encoding
    assert again.notes == {"seed": 13}
    assert again.decoder.config == bundle.decoder.config
    window = torch.rand(2, 3, 7)
    for name, logits in bundle.decoder(window).items():
        assert torch.equal(again.decoder(window)[name], logits)
    assert network_of(tmp_path / "b").output_shape == (3,)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b"]


def test_a_bundle_is_replaced_as_a_whole(tmp_path: Path) -> None:
    save_bundle(make(3), tmp_path / "b")
    (tmp_path / "b" / "stray").write_text("x")
    save_bundle(make(4), tmp_path / "b")
    assert load_bundle(tmp_path / "b").network.output_shape == (4,)
    assert not (tmp_path / "b" / "stray").exists()


def test_decoder_must_fit_the_network() -> None:
    bundle = make(3)
    with pytest.raises(InputError, match="decoder"):
        Bundle(
            network=bundle.network,
            decoder=make(4).decoder,
            encoding=LatencyEncoding(steps=7),
        )


@pytest.mark.parametrize("name", ["network.net", "decoder.safetensors", "manifest.json"])
def test_a_missing_or_changed_part_is_named(name: str, tmp_path: Path) -> None:
    save_bundle(make(), tmp_path / "b")
    part = tmp_path / "b" / name
    whole = part.read_bytes()
    part.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileFormatError, match=name):
        load_bundle(tmp_path / "b")
    part.unlink()
    with pytest.raises(FileFormatError, match=name):
        load_bundle(tmp_path / "b")


@pytest.mark.parametrize("field", ["schema_version", "network", "decoder", "encoding", "notes"])
def test_a_manifest_without_a_field_is_refused(field: str, tmp_path: Path) -> None:
    save_bundle(make(), tmp_path / "b")
    path = tmp_path / "b" / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest[field]
    path.write_text(json.dumps(manifest))
    with pytest.raises(FileFormatError, match=field):
        load_bundle(tmp_path / "b")


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="a folder"):
        load_bundle(tmp_path / "none")
