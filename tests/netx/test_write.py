from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from neurodeploy.errors import InputError
from neurodeploy.netx.network import Average, Conv, CubaNeuron, Dense, Network, NeuronInput
from neurodeploy.netx.read import read_network
from neurodeploy.netx.write import write_network
from neurodeploy.quiet import hushed

with hushed():
    from lava.lib.dl import netx


def plain(value: Any) -> Any:
    """A network as nested dicts and lists, for ``==``."""
    if dataclasses.is_dataclass(value):
        fields = {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"class": type(value).__name__, **fields}
    if isinstance(value, np.ndarray):
        return {"dtype": str(value.dtype), "values": value.tolist()}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value


WEIGHTS = st.integers(-(2**31) + 1, 2**31 - 1)


@st.composite
def neurons(draw: st.DrawFn, count: int) -> CubaNeuron:
    """Decays and threshold that all differ, for one neuron or for each."""
    current, voltage, threshold = draw(
        st.lists(st.integers(0, 4096), min_size=3, max_size=3, unique=True)
    )
    each = draw(st.booleans())
    return CubaNeuron(
        current_decay=draw(arrays(np.int32, count, elements=st.integers(0, 4096)))
        if each and count > 1
        else current,
        voltage_decay=voltage,
        threshold=threshold + draw(st.sampled_from([0, 1 << 17])),
    )


@st.composite
def dense_layers(draw: st.DrawFn, inputs: int) -> Dense:
    outputs = draw(st.integers(1, 4))
    shape = draw(st.sampled_from([None, (outputs,), (inputs,), (outputs, inputs)]))
    return Dense(
        weight=draw(arrays(np.int32, (outputs, inputs), elements=WEIGHTS)),
        neuron=draw(neurons(outputs)),
        bias=draw(st.none() | arrays(np.int32, outputs, elements=WEIGHTS)),
        delay=None if shape is None else draw(arrays(np.int32, shape, elements=st.integers(0, 90))),
    )


@st.composite
def conv_layers(draw: st.DrawFn, input_shape: tuple[int, ...]) -> Conv:
    groups = draw(st.sampled_from([g for g in (1, 2, 3) if input_shape[0] % g == 0]))
    outputs = groups * draw(st.integers(1, 2))
    padding = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    kernel, dilation = [], []
    for size, pad in zip(input_shape[1:], padding, strict=True):
        kernel.append(draw(st.integers(1, min(3, size + 2 * pad))))
        room = (size + 2 * pad - 1) // max(kernel[-1] - 1, 1)
        dilation.append(draw(st.integers(1, max(1, min(3, room)))))
    weight_shape = (outputs, input_shape[0] // groups, *kernel)
    if kernel[0] == 1:
        dilation[0] = 1
    if kernel[1] == 1:
        dilation[1] = 1
    return Conv(
        weight=draw(arrays(np.int32, weight_shape, elements=WEIGHTS)),
        neuron=draw(neurons(outputs)),
        stride=draw(st.tuples(st.integers(1, 3), st.integers(1, 3))),
        padding=padding,
        dilation=tuple(dilation),
        groups=groups,
        bias=draw(st.none() | arrays(np.int32, outputs, elements=WEIGHTS)),
        delay=draw(st.none() | arrays(np.int32, outputs, elements=st.integers(0, 90))),
    )


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """A vector or an image, perhaps input neurons, convolutions, dense layers, an average."""
    image = draw(st.booleans())
    sizes = st.integers(2, 6)
    input_shape = draw(st.tuples(st.integers(1, 3), sizes, sizes) if image else st.tuples(sizes))
    layers: list[Any] = []
    if draw(st.booleans()):
        weight, bias = draw(st.lists(WEIGHTS, min_size=2, max_size=2, unique=True))
        layers.append(NeuronInput(neuron=draw(neurons(1)), weight=weight, bias=bias))
    shape = tuple(input_shape)
    for _ in range(draw(st.integers(0, 2)) if image else 0):
        layers.append(draw(conv_layers(shape)))
        shape = layers[-1].output_shape(shape)
    for _ in range(draw(st.integers(0 if layers else 1, 2))):
        layers.append(draw(dense_layers(int(np.prod(shape)))))
        shape = layers[-1].output_shape(shape)
    if draw(st.booleans()):
        layers.append(Average(outputs=1))
    return Network(input_shape=input_shape, layers=tuple(layers))


@settings(max_examples=150, deadline=None)
@given(networks())
def test_a_network_comes_back_equal(tmp_path_factory: Any, network: Network) -> None:
    path = tmp_path_factory.mktemp("round") / "a.net"
    write_network(network, path)
    assert plain(read_network(path)) == plain(network)


def pair(**changes: Any) -> Network:
    """A convolution and a dense layer, no two values alike."""
    neuron = CubaNeuron(current_decay=1001, voltage_decay=102, threshold=93)
    second = CubaNeuron(current_decay=1004, voltage_decay=105, threshold=96)
    return Network(
        input_shape=(2, 5, 6),
        layers=(
            Conv(
                weight=2 * np.arange(-20, 28).reshape(4, 2, 3, 2),
                neuron=neuron,
                stride=(2, 1),
                padding=(1, 2),
                bias=[11, 12, 13, 14],
            ),
            Dense(
                weight=2 * (np.arange(3 * 108).reshape(3, 108) % 101 - 50),
                neuron=second,
                bias=[21, 22, 23],
                delay=[0, 1, 2],
                **changes,
            ),
        ),
    )


def test_netx_builds_what_was_written(tmp_path: Path) -> None:
    network = pair()
    assert network.shapes == ((4, 3, 9), (3,))
    path = tmp_path / "a.net"
    write_network(network, path)
    built = netx.hdf5.Network(net_config=str(path))
    built.net_config.f.close()
    conv, dense = built.layers
    assert conv.inp.shape == (6, 5, 2)
    assert conv.out.shape == (9, 3, 4)
    assert dense.inp.shape == (108,)
    assert dense.out.shape == (3,)
    kernels = network.layers[0].weight[:, :, ::-1, ::-1].transpose(0, 3, 2, 1)
    np.testing.assert_array_equal(conv.synapse.weight.init, kernels)
    np.testing.assert_array_equal(conv.synapse.stride.init, [1, 2])
    np.testing.assert_array_equal(conv.synapse.padding.init, [2, 1])
    np.testing.assert_array_equal(conv.synapse.dilation.init, [1, 1])
    assert conv.synapse.groups.init == 1
    scale = 2.0 ** dense.synapse.proc_params["weight_exp"]
    np.testing.assert_array_equal(dense.synapse.weights.init * scale, network.layers[1].weight)
    np.testing.assert_array_equal(
        dense.synapse.delays.init, np.repeat([[0], [1], [2]], 108, axis=1)
    )
    np.testing.assert_array_equal(conv.neuron.bias_mant.init[4, 1], [11, 12, 13, 14])
    np.testing.assert_array_equal(dense.neuron.bias_mant.init, [21, 22, 23])
    for block, layer in zip(built.layers, network.layers, strict=True):
        assert block.neuron.du.init == layer.neuron.current_decay - 1
        assert block.neuron.dv.init == layer.neuron.voltage_decay
        assert block.neuron.vth.init == layer.neuron.threshold


def test_netx_builds_an_input_layer(tmp_path: Path) -> None:
    neuron = CubaNeuron(current_decay=4096, voltage_decay=102, threshold=93)
    network = Network(
        input_shape=(2, 3, 4), layers=(NeuronInput(neuron=neuron, weight=76, bias=-5),)
    )
    write_network(network, tmp_path / "a.net")
    built = netx.hdf5.Network(net_config=str(tmp_path / "a.net"))
    built.net_config.f.close()
    assert built.in_layer.transform == {"weight": 76, "bias": -5}
    assert built.in_layer.neuron.a_in.shape == (4, 3, 2)


def test_the_layout_is_that_of_lava_dl(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.net"
    write_network(pair(), str(path))
    with h5py.File(path, "r") as file:
        types = [file[f"layer/{i}/type"][0].decode() for i in range(4)]
        assert types == ["input", "conv", "flatten", "dense"]
        assert [file[f"layer/{i}/shape"][()].tolist() for i in range(4)] == [
            [2, 5, 6],
            [4, 3, 9],
            [108],
            [3],
        ]
        conv, dense = file["layer/1"], file["layer/3"]
        found = {name: np.asarray(conv[name]).tolist() for name in conv if name != "neuron"}
        del found["type"], found["weight"]
        assert found == {
            "shape": [4, 3, 9],
            "bias": [11, 12, 13, 14],
            "inChannels": 2,
            "outChannels": 4,
            "kernelSize": [3, 2],
            "stride": [2, 1],
            "padding": [1, 2],
            "dilation": [1, 1],
            "groups": 1,
        }
        assert (dense["inFeatures"][()], dense["outFeatures"][()]) == (108, 3)
        neuron = {name: dense["neuron"][name][()] for name in dense["neuron"]}
        assert neuron == {
            "type": b"CUBA",
            "iDecay": 1004,
            "vDecay": 105,
            "vThMant": 96,
            "refDelay": 1,
            "gradedSpike": False,
        }


def test_a_path_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match=r"output .*a\.net: expected a folder"):
        write_network(pair(), tmp_path / "file" / "a.net")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_old_file_stays_if_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.net"
    write_network(pair(), path)
    before = path.read_bytes()

    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("neurodeploy.netx.write._write_neuron", fail)
    with pytest.raises((OSError, InputError), match="No space left"):
        write_network(pair(), path)
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["a.net"]


def test_writing_again_replaces(tmp_path: Path) -> None:
    path = tmp_path / "a.net"
    path.write_text("no network")
    write_network(pair(), path)
    assert plain(read_network(path)) == plain(pair())
    assert [found.name for found in tmp_path.iterdir()] == ["a.net"]
