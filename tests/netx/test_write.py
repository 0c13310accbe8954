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

from neurodeploy._io.lava import lava_imports
from neurodeploy.errors import InputError
from neurodeploy.netx.layers import Average, ComplexDense, Conv, Dense, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron, RfNeuron, SdnnNeuron
from neurodeploy.netx.read import read_network
from neurodeploy.netx.write import write_network

with lava_imports():
    from lava.lib.dl import netx
    from lava.proc.lif.process import LIF
    from lava.proc.rf.process import RF
    from lava.proc.rf_iz.process import RF_IZ
    from lava.proc.sdn.process import Delta, Sigma, SigmaDelta


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
def real_neurons(draw: st.DrawFn, count: int, of_input: bool = False) -> CubaNeuron | SdnnNeuron:
    """Of a layer with real weights."""
    if draw(st.booleans()):
        return draw(neurons(count))
    return SdnnNeuron(
        threshold=draw(st.integers(0, (1 << 19) - 1)),
        sigma_output=not of_input and draw(st.booleans()),
    )


@st.composite
def resonators(draw: st.DrawFn, count: int) -> RfNeuron:
    """A sine and a cosine for all, or for each."""

    def decays() -> Any:
        decay = st.integers(-4096, 4096)
        return draw(decay | arrays(np.int32, count, elements=decay) if count > 1 else decay)

    return RfNeuron(
        sin_decay=decays(),
        cos_decay=decays(),
        threshold=draw(st.integers(0, (1 << 17) - 1)),
        phase=draw(st.booleans()),
    )


@st.composite
def dense_layers(
    draw: st.DrawFn, inputs: int, weights: st.SearchStrategy[int] = WEIGHTS
) -> Dense | ComplexDense:
    outputs = draw(st.integers(1, 4))

    def matrix(columns: int) -> np.ndarray:
        return draw(arrays(np.int32, (outputs, columns), elements=weights))

    kind = draw(st.sampled_from(["dense", "dense_rec", "complex"]))
    if kind == "complex":
        return ComplexDense(
            real_weight=matrix(inputs),
            imaginary_weight=matrix(inputs),
            neuron=draw(resonators(outputs)),
        )
    shape = draw(st.sampled_from([None, (outputs,), (inputs,), (outputs, inputs)]))
    return Dense(
        weight=matrix(inputs),
        neuron=draw(real_neurons(outputs)),
        recurrent_weight=matrix(outputs) if kind == "dense_rec" else None,
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
        neuron=draw(real_neurons(outputs)),
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
        layers.append(
            NeuronInput(neuron=draw(real_neurons(1, of_input=True)), weight=weight, bias=bias)
        )
    shape = tuple(input_shape)
    for _ in range(draw(st.integers(0, 2)) if image else 0):
        layers.append(draw(conv_layers(shape)))
        shape = layers[-1].output_shape(shape)
    for _ in range(draw(st.integers(0 if layers else 1, 2))):
        layers.append(draw(dense_layers(int(np.prod(shape)))))
        shape = layers[-1].output_shape(shape)
    if draw(st.booleans()):
        layers.append(Average(outputs=1))
    graded = not isinstance(layers[0], NeuronInput)
    return Network(
        input_shape=input_shape,
        layers=tuple(layers),
        input_bits=draw(st.integers(0, 24)) if graded else 0,
    )


@settings(max_examples=400, deadline=None)
@given(networks())
def test_a_network_comes_back_equal(tmp_path_factory: Any, network: Network) -> None:
    path = tmp_path_factory.mktemp("round") / "a.net"
    write_network(network, path)
    assert plain(read_network(path)) == plain(network)


@pytest.mark.parametrize(
    "name", ["mnist", "tiny", "gts/ntidigits/ntidigits", "gts/pilotnet_sdnn/square_network"]
)
def test_networks_of_others_come_back_equal(tmp_path: Path, recordings: Path, name: str) -> None:
    network = read_network(recordings / f"{name}.net")
    write_network(network, tmp_path / "a.net")
    assert plain(read_network(tmp_path / "a.net")) == plain(dataclasses.replace(network, notes=()))


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


@st.composite
def runnable_networks(draw: st.DrawFn) -> Network:
    """Dense layers of each kind that netx scales without a change, perhaps after a convolution."""
    shape: tuple[int, ...] = (draw(st.integers(2, 4)),)
    layers: list[Any] = []
    if draw(st.booleans()):
        layers.append(NeuronInput(neuron=draw(real_neurons(1, of_input=True)), weight=3, bias=-4))
    input_shape = shape
    if draw(st.booleans()):
        input_shape = (2, 3, 4)
        weight = draw(arrays(np.int32, (3, 2, 2, 2), elements=st.integers(-256, 255)))
        layers.append(Conv(weight=weight, neuron=draw(real_neurons(3)), stride=(1, 2)))
        shape = layers[-1].output_shape(input_shape)
    for _ in range(draw(st.integers(1, 3))):
        even = st.integers(-127, 127).map(lambda half: 2 * half)
        layer = draw(dense_layers(int(np.prod(shape)), even))
        if isinstance(layer, ComplexDense):
            parts = [layer.real_weight, layer.imaginary_weight]
        else:
            takes_bias = not (layer.neuron.graded and layer.neuron.sigma_output)
            bias = layer.bias if takes_bias else None
            layer = dataclasses.replace(layer, delay=None, bias=bias)
            parts = [layer.weight]
        for part in parts:
            part[0, 0] = abs(int(part[0, 0])) or 2  # netx cannot scale what has nothing positive
        layers.append(layer)
        shape = layer.output_shape(shape)
    graded = not isinstance(layers[0], NeuronInput)
    bits = draw(st.integers(0, 24)) if graded else 0
    return Network(input_shape=input_shape, layers=tuple(layers), input_bits=bits)


def assert_same_synapse(synapse: Any, weight: np.ndarray, bits: int) -> None:
    scale = 2.0 ** synapse.proc_params["weight_exp"]
    np.testing.assert_array_equal(synapse.weights.init * scale, weight)
    assert synapse.num_message_bits.init == bits


def assert_same_synapses(block: Any, layer: Any, bits: int) -> None:
    if isinstance(layer, NeuronInput):
        assert block.transform == {"weight": layer.weight, "bias": layer.bias}
    elif isinstance(layer, ComplexDense):
        assert_same_synapse(block.real_synapse, layer.real_weight, bits)
        assert_same_synapse(block.imag_synapse, layer.imaginary_weight, bits)
    elif isinstance(layer, Conv):
        kernels = layer.weight[:, :, ::-1, ::-1].transpose(0, 3, 2, 1)
        np.testing.assert_array_equal(block.synapse.weight.init, kernels)
        assert block.synapse.num_message_bits.init == bits
    else:
        assert_same_synapse(block.synapse, layer.weight, bits)
        assert hasattr(block, "synapse_rec") == (layer.recurrent_weight is not None)
        if layer.recurrent_weight is not None:
            assert_same_synapse(block.synapse_rec, layer.recurrent_weight, bits)


def assert_same_neuron(process: Any, layer: Any) -> None:
    neuron, bias = layer.neuron, getattr(layer, "bias", None)
    bias = None if isinstance(layer, NeuronInput) else bias
    if isinstance(neuron, CubaNeuron):
        assert type(process) is LIF
        np.testing.assert_array_equal(process.du.init, np.asarray(neuron.current_decay) - 1)
        np.testing.assert_array_equal(process.dv.init, neuron.voltage_decay)
        np.testing.assert_array_equal(process.bias_mant.init, 0 if bias is None else bias)
        assert process.bias_exp.init == 6
        assert process.vth.init == neuron.threshold
    elif isinstance(neuron, RfNeuron):
        assert type(process) is (RF if neuron.phase else RF_IZ)
        sine, cosine = neuron.decays_as_run()
        assert process.vth.init == neuron.threshold << 6
        held = np.broadcast_arrays(process.sin_decay.init, process.cos_decay.init)
        np.testing.assert_array_equal(held, np.broadcast_arrays(sine, cosine))
    elif isinstance(layer, NeuronInput):
        assert type(process) is Delta
        assert process.vth.init == neuron.threshold << 12
    elif neuron.sigma_output:
        assert type(process) is Sigma
    else:
        assert type(process) is SigmaDelta
        assert process.vth.init == neuron.threshold << 12
        shifted = 0 if bias is None else bias.astype(np.int32) << 12
        np.testing.assert_array_equal(process.bias.init, shifted)


@settings(max_examples=150, deadline=None)
@given(runnable_networks())
def test_netx_holds_the_weights_thresholds_and_decays_that_were_written(
    tmp_path_factory: Any, network: Network
) -> None:
    path = tmp_path_factory.mktemp("built") / "a.net"
    write_network(network, path)
    with np.errstate(divide="ignore"):  # netx, of a sine of 0
        built = netx.hdf5.Network(net_config=str(path), input_message_bits=network.input_bits)
    built.net_config.f.close()
    assert len(built) == len(network.layers)
    for block, layer, shape, graded in zip(
        built.layers, network.layers, network.shapes, network.graded[:-1], strict=True
    ):
        assert block.out.shape == shape[::-1]
        assert (block.input_message_bits > 0) == graded
        assert_same_synapses(block, layer, int(block.input_message_bits))
        assert_same_neuron(block.neuron, layer)
    assert built.layers[0].input_message_bits == network.input_bits
    assert (built.output_message_bits > 0) == network.graded[-1]


def test_the_layout_of_the_newer_kinds_is_that_of_lava_dl(tmp_path: Path) -> None:
    resonator = RfNeuron(sin_decay=[-1, 2], cos_decay=3, threshold=4, phase=False)
    layers = (
        Dense(weight=np.ones((3, 2)), neuron=SdnnNeuron(threshold=5), recurrent_weight=np.eye(3)),
        ComplexDense(
            real_weight=np.ones((2, 3)), imaginary_weight=np.zeros((2, 3)), neuron=resonator
        ),
        Dense(weight=[[6, 7]], neuron=SdnnNeuron(threshold=8, sigma_output=True)),
    )
    path = tmp_path / "a.net"
    write_network(Network(input_shape=(2,), layers=layers, input_bits=9), path)

    def fields(group: h5py.Group) -> dict[str, Any]:
        return {name: np.asarray(group[name]).tolist() for name in group}

    with h5py.File(path, "r") as file:
        assert dict(file["layer"].attrs) == {"input_message_bits": 9}
        types = [file[f"layer/{i}/type"][0].decode() for i in range(4)]
        assert types == ["input", "dense_rec", "dense", "dense"]
        recurrent, resonating, sigma = (file[f"layer/{i}"] for i in (1, 2, 3))
        assert np.asarray(recurrent["weight_rec"]).tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
        assert fields(recurrent["neuron"]) == {"type": b"SDNN", "activation": b"relu", "vThMant": 5}
        assert set(resonating) == {"type", "shape", "weight", "neuron"}
        assert fields(resonating["weight"]) == {"real": [[1] * 3] * 2, "imag": [[0] * 3] * 2}
        assert fields(resonating["neuron"]) == {
            "type": b"RF_IZHIKEVICH",
            "sinDecay": [-1, 2],
            "cosDecay": 3,
            "vThMant": 4,
        }
        assert fields(sigma["neuron"]) == {
            "type": b"SDNN",
            "activation": b"relu",
            "sigma_output": True,
            "vThMant": 8,
        }
    write_network(Network(input_shape=(2,), layers=layers), path)
    with h5py.File(path, "r") as file:
        assert not dict(file["layer"].attrs)


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
