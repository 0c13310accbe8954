"""What a file says and nothing runs is harmless by its value, or a finding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from neurodeploy.netx.check import check
from neurodeploy.netx.describe import describe_network
from neurodeploy.netx.layers import Conv, Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron
from neurodeploy.netx.read import read_network
from neurodeploy.netx.write import write_network

NEURON = CubaNeuron(current_decay=1024, voltage_decay=100, threshold=25)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """input, conv, flatten, dense."""
    network = Network(
        input_shape=(2, 4, 4),
        layers=(
            Conv(weight=np.full((4, 1, 2, 2), 30), neuron=NEURON, groups=2),
            Dense(weight=np.full((3, 36), 2), neuron=NEURON),
        ),
    )
    write_network(network, tmp_path / "a.net")
    return tmp_path / "a.net"


def put(path: Path, name: str, value: Any) -> None:
    with h5py.File(path, "a") as file:
        if name in file:
            del file[name]
        file[name] = value


def said(path: Path) -> list[tuple[str, str, str]]:
    findings = check(read_network(path))
    return [(finding.code, finding.layer, finding.field) for finding in findings]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("layer/1/neuron/refDelay", 1),
        ("layer/1/neuron/theta", 25 * 64),
        ("layer/1/neuron/weight_exp", [0.0]),
        ("layer/1/neuron/wgtExp", 0),
        ("layer/1/inChannels", 2),
        ("layer/1/kernelSize", [2, 2]),
        ("layer/3/inFeatures", 36),
        ("simulation/Ts", 1),
    ],
)
def test_a_value_that_changes_nothing_is_harmless(path: Path, name: str, value: Any) -> None:
    put(path, name, value)
    assert said(path) == []


@pytest.mark.parametrize(
    ("name", "value", "layer"),
    [
        ("layer/1/neuron/refDelay", 3, "0-conv"),
        ("layer/1/neuron/theta", 25, "0-conv"),
        ("layer/3/neuron/weight_exp", 2.0, "1-dense"),
        ("layer/1/inChannels", 1, "0-conv"),
        ("layer/1/outChannels", 5, "0-conv"),
        ("layer/1/kernelSize", [2, 3], "0-conv"),
        ("layer/3/inFeatures", 35, "1-dense"),
        ("layer/3/weight_mask", np.ones((3, 36)), "1-dense"),
        ("layer/3/neuron/thDecay", 7, "1-dense"),
        ("layer/3/neuron/nested/more", 7, "1-dense"),
        ("layer/2/order", b"F", "file layer 2"),
        ("layer/0/scale", 0.5, "file layer 0"),
        ("layer/1/inChannels", b"two", "0-conv"),
        ("layer/1/inChannels", [2, 2], "0-conv"),
        ("simulation/Ts", 2, "file"),
        ("decoder/weight", np.ones(3), "file"),
    ],
)
def test_anything_else_is_a_finding(path: Path, name: str, value: Any, layer: str) -> None:
    put(path, name, value)
    (finding,) = describe_network(read_network(path))["findings"]
    assert (finding["code"], finding["layer"], finding["exact"]) == ("ignored-field", layer, False)
    expected = name.split("/")[0] if layer == "file" else name.split("/", 2)[2]
    assert finding["field"] == expected


def test_what_shapes_only_the_training_is_said_once_a_layer(path: Path) -> None:
    put(path, "layer/1/neuron/tauRho", 0.5)
    put(path, "layer/1/neuron/scaleRho", 10.0)
    (finding,) = check(read_network(path))
    assert (finding.code, finding.exact) == ("training-field", True)
    assert finding.field == "neuron/scaleRho, neuron/tauRho"


def test_a_layer_without_a_neuron_is_named(path: Path) -> None:
    with h5py.File(path, "a") as file:
        del file["layer/3/neuron"]
    assert ("no-neuron", "1-dense", "neuron") in said(path)


def test_a_link_to_nowhere_is_a_field_too(path: Path) -> None:
    with h5py.File(path, "a") as file:
        file["layer/1/gone"] = h5py.SoftLink("/nowhere")
    assert said(path) == [("ignored-field", "0-conv", "gone")]


def test_a_long_value_is_shortened(path: Path) -> None:
    put(path, "layer/1/mask", np.arange(1000))
    (finding,) = check(read_network(path))
    assert len(finding.reason) < 120
