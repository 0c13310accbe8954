from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from neurodeploy._io.lava import lava_imports
from neurodeploy.errors import FileFormatError, NetworkError
from neurodeploy.netx.layers import Average, ComplexDense, Conv, Dense, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron, RfNeuron, SdnnNeuron
from neurodeploy.netx.read import read_network
from neurodeploy.netx.write import write_network

NEURON = CubaNeuron(current_decay=700, voltage_decay=300, threshold=250)

with lava_imports():
    from lava.lib.dl import slayer


Edit = Callable[[h5py.File], object]


def put(name: str, value: Any) -> Edit:
    """Replace or add a dataset."""

    def edit(file: h5py.File) -> None:
        if name in file:
            del file[name]
        file[name] = value

    return edit


def put_attribute(name: str, value: Any) -> Edit:
    return lambda file: file["layer"].attrs.__setitem__(name, value)


def drop(name: str) -> Edit:
    return lambda file: file.__delitem__(name)


@pytest.fixture
def valid(tmp_path: Path) -> Path:
    """input, conv, flatten, dense."""
    neuron = CubaNeuron(current_decay=1001, voltage_decay=102, threshold=93)
    network = Network(
        input_shape=(2, 4, 5),
        layers=(
            Conv(weight=np.ones((3, 2, 2, 2)), neuron=neuron, bias=[1, 2, 3]),
            Dense(weight=np.ones((4, 36)), neuron=neuron, delay=[1, 2, 3, 4]),
        ),
    )
    path = tmp_path / "a.net"
    write_network(network, path)
    return path


@pytest.fixture
def varied(tmp_path: Path) -> Path:
    """input with sigma-delta neurons, dense, dense_rec, complex dense."""
    network = Network(
        input_shape=(4,),
        layers=(
            NeuronInput(neuron=SdnnNeuron(threshold=5)),
            Dense(weight=np.ones((3, 4)), neuron=SdnnNeuron(threshold=6)),
            Dense(weight=np.ones((3, 3)), neuron=NEURON, recurrent_weight=np.ones((3, 3))),
            ComplexDense(
                real_weight=np.ones((2, 3)),
                imaginary_weight=np.ones((2, 3)),
                neuron=RfNeuron(sin_decay=[1, 2], cos_decay=3, threshold=7, phase=True),
            ),
        ),
    )
    path = tmp_path / "varied.net"
    write_network(network, path)
    return path


@pytest.fixture
def edited(valid: Path) -> Callable[[Edit], Path]:
    def edit(change: Edit) -> Path:
        with h5py.File(valid, "a") as file:
            change(file)
        return valid

    return edit


def neurons(network: Network) -> list[tuple[Any, Any, int]]:
    return [
        (layer.neuron.current_decay, layer.neuron.voltage_decay, layer.neuron.threshold)
        for layer in network.layers
        if not isinstance(layer, Average)
    ]


def test_mnist(recordings: Path) -> None:
    network = read_network(recordings / "mnist.net")
    assert network.input_shape == (784,)
    assert network.shapes == ((784,), (512,), (512,), (10,))
    assert network.names == ("0-input", "1-dense", "2-dense", "3-dense")
    first = network.layers[0]
    assert isinstance(first, NeuronInput)
    assert (first.weight, first.bias) == (76, 64)
    # The last layer has no neuron: netx integrates for one step, with a threshold out of reach.
    assert neurons(network) == [(4096, 123, 80)] * 3 + [(0, 4096, 131072)]
    assert network.latency_steps == 3


def test_tiny(recordings: Path) -> None:
    network = read_network(recordings / "tiny.net")
    assert network.input_shape == (3, 16, 16)
    assert network.shapes == ((3, 16, 16), (24, 6, 6), (36, 1, 1))
    first, second, third = network.layers
    assert isinstance(first, NeuronInput)
    assert (first.weight, first.bias) == (36, 34)
    assert isinstance(second, Conv)
    assert isinstance(third, Conv)
    assert second.weight.shape == (24, 3, 5, 5)
    assert (second.stride, second.padding, second.dilation) == ((2, 2), (0, 0), (1, 1))
    assert second.bias is not None
    assert second.bias.shape == (24,)
    assert neurons(network) == [(4096, 1024, 25)] * 3


def test_ntidigits(recordings: Path) -> None:
    network = read_network(recordings / "gts" / "ntidigits" / "ntidigits.net")
    assert network.input_shape == (64,)
    assert network.shapes == ((256,), (256,), (242,), (11,))
    for layer in network.layers[:2]:
        assert isinstance(layer, Dense)
        assert layer.delay is not None
        assert layer.delay.shape == (256,)
        assert layer.delay.max() > 0
    assert isinstance(network.layers[2], Dense)
    assert network.layers[2].delay is None
    assert network.layers[3] == network.layers[-1]
    assert isinstance(network.layers[3], Average)
    assert neurons(network) == [(1024, 1024, 80)] * 3


def test_pilotnet_lif(recordings: Path) -> None:
    network = read_network(recordings / "gts" / "pilotnet_lif" / "network.net")
    assert network.input_shape == (3, 66, 200)
    assert network.shapes == (
        (3, 66, 200),
        (24, 32, 99),
        (36, 15, 49),
        (48, 7, 24),
        (64, 4, 22),
        (64, 2, 20),
        (100,),
        (50,),
        (10,),
        (1,),
    )
    fourth, last = network.layers[4], network.layers[-1]
    assert isinstance(fourth, Conv)
    assert (fourth.stride, fourth.padding) == ((2, 1), (1, 0))
    assert isinstance(last, Dense)
    assert last.weight.shape == (1, 10)
    assert neurons(network)[-1] == (4096, 0, 131071)


SIGMA_DELTA_SHAPES = {
    "network": (
        (3, 33, 100),
        (24, 16, 49),
        (36, 7, 24),
        (64, 4, 22),
        (64, 2, 20),
        (100,),
        (50,),
        (10,),
        (1,),
    ),
    "square_network": ((3, 33, 33), (24, 16, 16), (36, 7, 7), (64, 4, 4), (64, 2, 2)),
}


@pytest.mark.parametrize("name", SIGMA_DELTA_SHAPES)
def test_pilotnet_sdnn(name: str, recordings: Path) -> None:
    path = recordings / "gts" / "pilotnet_sdnn" / f"{name}.net"
    network = read_network(path)
    shapes = SIGMA_DELTA_SHAPES[name]
    assert (network.input_shape, network.shapes) == (shapes[0], shapes)
    assert network.graded == (False, *[True] * len(shapes))
    thresholds, sigma = [], []
    for layer in network.layers:
        assert isinstance(layer, NeuronInput | Conv | Dense)
        assert isinstance(layer.neuron, SdnnNeuron)
        thresholds.append(layer.neuron.threshold)
        sigma.append(layer.neuron.sigma_output)
    assert thresholds == [0, 13, 0, 0, 0, 23, 1, 6, 6][: len(shapes)]
    assert sigma == [*[False] * 8, True][: len(shapes)]
    first = network.layers[0]
    assert isinstance(first, NeuronInput)
    assert (first.weight, first.bias) == (64, 0)
    with h5py.File(path) as file:
        groups = [file[f"layer/{index}"] for index in range(len(file["layer"]))]
        synapses = [group for group in groups if "weight" in group]
        for group, layer in zip(synapses, network.layers[1:], strict=True):
            assert isinstance(layer, Conv | Dense)
            np.testing.assert_array_equal(layer.weight, group["weight"])
            assert (layer.bias is None) == ("bias" not in group)
            if layer.bias is not None:
                np.testing.assert_array_equal(layer.bias, group["bias"])
                assert layer.bias.any()


def test_the_sigma_output_of_pilotnet_has_no_bias(recordings: Path) -> None:
    network = read_network(recordings / "gts" / "pilotnet_sdnn" / "network.net")
    biased = [getattr(layer, "bias", None) is not None for layer in network.layers[1:]]
    assert biased == [True] * 7 + [False]


def test_every_recorded_network_is_tested(recordings: Path) -> None:
    assert sorted(str(path.relative_to(recordings)) for path in recordings.rglob("*.net")) == [
        "gts/ntidigits/ntidigits.net",
        "gts/pilotnet_lif/network.net",
        "gts/pilotnet_sdnn/network.net",
        "gts/pilotnet_sdnn/square_network.net",
        "mnist.net",
        "tiny.net",
    ]


def test_older_spellings_are_read(edited: Callable[[Edit], Path]) -> None:
    def age(file: h5py.File) -> None:
        conv, dense = file["layer/1"], file["layer/3"]
        put("neuron/type", "LOIHI")(conv)
        put("neuron/wgtExp", 0)(conv)
        put("neuron/theta", 1600)(conv)
        put("weight", np.ones((3, 2, 2, 2, 1), np.float32))(conv)
        put("stride", 1)(conv)
        put("bias", np.array([[4.0], [5.0], [6.0]]))(conv)
        put("weight", np.arange(4 * 36, dtype=np.float32))(dense)
        put("shape", [4, 1, 1])(dense)
        put("bias", [7.0])(dense)
        del dense["neuron"]

    network = read_network(edited(age))
    conv, dense = network.layers
    assert isinstance(conv, Conv)
    assert isinstance(dense, Dense)
    assert (conv.weight.shape, conv.stride) == ((3, 2, 2, 2), (1, 1))
    assert conv.bias is not None
    assert dense.bias is not None
    assert conv.bias.tolist() == [4, 5, 6]
    assert dense.bias.tolist() == [7, 7, 7, 7]
    np.testing.assert_array_equal(dense.weight, np.arange(4 * 36).reshape(4, 36))
    assert neurons(network)[1] == (0, 4096, 1 << 17)


def test_without_an_input_layer_a_dense_one_tells_the_size(tmp_path: Path) -> None:
    path = tmp_path / "a.net"
    with h5py.File(path, "w") as file:
        layer = file.create_group("layer/0")
        layer["type"], layer["shape"], layer["weight"] = "dense", [2], np.ones((2, 3))
    assert read_network(str(path)).input_shape == (3,)


@pytest.mark.parametrize("shape", [(7, 1, 1), (1, 1, 7), (7,)])
def test_a_vector_may_be_written_as_an_image(
    tmp_path: Path, shape: tuple[int, ...], valid: Path
) -> None:
    with h5py.File(valid, "a") as file:
        for index in "123":
            del file["layer"][index]
        put("layer/0/shape", shape)(file)
        layer = file.create_group("layer/1")
        layer["type"], layer["shape"], layer["weight"] = "dense", [2], np.ones((2, 7))
    assert read_network(valid).input_shape == (7,)


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.touch(), "an empty file"),
        (lambda path: path.mkdir(), "a folder"),
        (lambda path: path.write_text("layer: 1\n" * 100), "a netx HDF5 file, found a text"),
        (lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n"), "whole HDF5 file"),
    ],
    ids=["missing", "empty", "folder", "text", "signature only"],
)
def test_what_is_no_file_of_this_kind(
    tmp_path: Path, make: Callable[[Path], object], found: str
) -> None:
    path = tmp_path / "a.net"
    make(path)
    with pytest.raises(FileFormatError, match=found) as raised:
        read_network(path)
    assert f"network {path}" in str(raised.value)


def test_a_truncated_file_is_refused_wherever_it_was_cut(valid: Path) -> None:
    whole = valid.read_bytes()
    for length in {1, 7, 8, 95, 96, *range(100, len(whole), 397), len(whole) - 1}:
        valid.write_bytes(whole[:length])
        with pytest.raises(FileFormatError) as raised:
            read_network(valid)
        assert str(valid) in str(raised.value)
    valid.write_bytes(whole)
    read_network(valid)


def keep_nothing(file: h5py.File) -> None:
    for index in "0123":
        del file["layer"][index]


def keep_the_convolution(file: h5py.File) -> None:
    for index in "023":
        del file["layer"][index]
    file["layer"].move("1", "0")


BROKEN: dict[str, tuple[Edit, list[str]]] = {
    "no layer group": (drop("layer"), ["'layer'"]),
    "layer is a dataset": (put("layer", 3), ["'layer'"]),
    "no layers": (keep_nothing, ["layer"]),
    "gap in numbers": (drop("layer/2"), ["layer", "['0', '1', '3']"]),
    "extra name": (lambda file: file.create_group("layer/x"), ["layer", "'x'"]),
    "conv without input": (keep_the_convolution, ["input layer", "convolution"]),
    "unknown type": (put("layer/2/type", "unpool"), ["layer 2, type", "unpool"]),
    "recurrent without its weights": (
        put("layer/3/type", "dense_rec"),
        ["layer 3", "a field 'weight_rec'"],
    ),
    "recurrent weights of another layer": (
        lambda file: (
            put("layer/3/type", "dense_rec")(file),
            put("layer/3/weight_rec", np.ones((4, 36)))(file),
        ),
        ["layer 3, recurrent_weight", "(4, 4)", "(4, 36)"],
    ),
    "recurrent weights with fewer rows": (
        lambda file: (
            put("layer/3/type", "dense_rec")(file),
            put("layer/3/weight_rec", np.ones((3, 4)))(file),
        ),
        ["layer 3, weight_rec", "(4, input)", "(3, 4)"],
    ),
    "type not a text": (put("layer/1/type", 7), ["layer 1, type", "text"]),
    "type missing": (drop("layer/3/type"), ["layer 3", "'type'"]),
    "layer is a number": (put("layer/1", 3), ["layer 1", "group"]),
    "shape missing": (drop("layer/0/shape"), ["layer 0", "'shape'"]),
    "shape zero": (put("layer/0/shape", [2, 0, 4]), ["layer 0, shape", "0"]),
    "shape real": (put("layer/0/shape", [2.0, 4.0, 5.0]), ["layer 0, shape"]),
    "dense weight missing": (drop("layer/3/weight"), ["layer 3", "'weight'"]),
    "conv weight missing": (drop("layer/1/weight"), ["layer 1", "'weight'"]),
    "stride missing": (drop("layer/1/stride"), ["layer 1", "'stride'"]),
    "padding missing": (drop("layer/1/padding"), ["layer 1", "'padding'"]),
    "dilation missing": (drop("layer/1/dilation"), ["layer 1", "'dilation'"]),
    "groups missing": (drop("layer/1/groups"), ["layer 1", "'groups'"]),
    "neuron missing": (drop("layer/1/neuron"), ["layer 1", "'neuron'"]),
    "neuron a number": (put("layer/1/neuron", 3), ["layer 1, neuron", "group"]),
    "neuron type missing": (drop("layer/3/neuron/type"), ["layer 3, neuron", "'type'"]),
    "iDecay missing": (drop("layer/3/neuron/iDecay"), ["layer 3, neuron", "'iDecay'"]),
    "vDecay missing": (drop("layer/3/neuron/vDecay"), ["layer 3, neuron", "'vDecay'"]),
    "vThMant missing": (drop("layer/1/neuron/vThMant"), ["layer 1, neuron", "'vThMant'"]),
    "fractional weight": (
        put("layer/3/weight", np.full((4, 36), 0.5)),
        ["layer 3, weight", "whole numbers", "0.5"],
    ),
    "weight NaN": (put("layer/1/weight", np.full((3, 2, 2, 2), np.nan)), ["layer 1, weight"]),
    "weight a text": (put("layer/1/weight", "abc"), ["layer 1, weight", "whole numbers"]),
    "weight a group": (
        lambda file: (drop("layer/1/weight")(file), file.create_group("layer/1/weight")),
        ["layer 1, weight", "group"],
    ),
    "conv weight of 3 axes": (put("layer/1/weight", np.ones((3, 2, 2))), ["layer 1, weight"]),
    "complex weight and CUBA": (
        lambda file: (
            drop("layer/3/weight")(file),
            put("layer/3/weight/real", np.ones((4, 36)))(file),
            put("layer/3/weight/imag", np.ones((4, 36)))(file),
            drop("layer/3/delay")(file),
        ),
        [
            "layer 3, neuron, type",
            "RF_PHASE or RF_IZHIKEVICH, found CUBA",
            "Complex weights need resonate-and-fire neurons.",
        ],
    ),
    "complex weight and no neuron": (
        lambda file: (
            drop("layer/3/weight")(file),
            put("layer/3/weight/real", np.ones((4, 36)))(file),
            put("layer/3/weight/imag", np.ones((4, 36)))(file),
            drop("layer/3/delay")(file),
            drop("layer/3/neuron")(file),
        ),
        ["layer 3, neuron", "a group 'neuron'"],
    ),
    "fewer rows than shape": (
        put("layer/3/weight", np.ones((3, 36))),
        ["layer 3, weight", "(4, input)", "(3, 36)"],
    ),
    "flat weight does not divide": (
        put("layer/3/weight", np.ones(35)),
        ["layer 3, weight", "(35,)"],
    ),
    "decay 5000": (put("layer/3/neuron/iDecay", 5000), ["layer 3, neuron", "Decay", "5000"]),
    "decay negative": (put("layer/1/neuron/vDecay", -1), ["layer 1, neuron", "-1"]),
    "decays of another layer": (
        put("layer/1/neuron/iDecay", [1, 2]),
        ["layer 1", "decay", "3 channels"],
    ),
    "threshold of 19 bits": (put("layer/3/neuron/vThMant", 1 << 18), ["layer 3, neuron"]),
    "graded spikes": (
        put("layer/3/neuron/gradedSpike", True),
        ["layer 3, neuron, gradedSpike", "True"],
    ),
    "weight exponent": (put("layer/1/neuron/wgtExp", 2), ["layer 1, neuron, wgtExp", "2"]),
    "message bits": (put("layer/3/neuron/messageBits", 8), ["layer 3, neuron, messageBits", "8"]),
    "sigma-delta of other activation": (
        lambda file: (
            put("layer/3/neuron/type", "SDNN")(file),
            put("layer/3/neuron/activation", "tanh")(file),
        ),
        ["layer 3, neuron, activation", "relu", "tanh"],
    ),
    **{
        f"{kind} with real weights": (
            put("layer/3/neuron/type", kind),
            ["layer 3, neuron, type", "CUBA, LOIHI or SDNN", kind, "RF needs complex weights."],
        )
        for kind in ("RF_PHASE", "RF_IZHIKEVICH")
    },
    **{
        f"{kind} neurons": (
            put("layer/1/neuron/type", kind),
            ["layer 1, neuron, type", "CUBA, LOIHI or SDNN", kind, "netx has no such one."],
        )
        for kind in ("ALIF", "ADRF_PHASE", "ADRF_IZHIKEVICH", "RF", "cuba", "")
    },
    **{
        f"{bits} input bits": (put_attribute("input_message_bits", bits), ["input_bits", str(bits)])
        for bits in (-1, 25, 1.5)
    },
    "input bits a text": (put_attribute("input_message_bits", "many"), ["input_bits"]),
    "negative delay": (put("layer/3/delay", [0, 0, 0, -1]), ["layer 3, delay", "-1"]),
    "delay of another shape": (put("layer/3/delay", [1, 2]), ["layer 3, delay", "(2,)"]),
    "bias of another shape": (put("layer/3/bias", [1, 2]), ["layer 3, bias", "(2,)"]),
    "stride zero": (put("layer/1/stride", [1, 0]), ["layer 1, stride"]),
    "groups do not divide": (put("layer/1/groups", 2), ["layer 1, groups", "2"]),
}

BROKEN |= {
    "dense reads more": (put("layer/3/weight", np.ones((4, 37))), ["layer 3", "36", "37"]),
    "conv reads more": (
        put("layer/1/weight", np.ones((3, 4, 2, 2))),
        ["layer 1", "(4, height, width)", "(2, 4, 5)"],
    ),
    "conv larger than its input": (put("layer/0/shape", [2, 1, 5]), ["layer 1", "(2, 1, 5)"]),
    "conv reads a vector": (put("layer/0/shape", [40]), ["layer 1", "(40,)"]),
    "average does not divide": (
        lambda file: (put("layer/3/type", "average")(file), put("layer/3/shape", [7])(file)),
        ["layer 3", "shape", "7"],
    ),
}


@pytest.mark.parametrize("case", BROKEN, ids=lambda name: name.replace(" ", "-"))
def test_a_broken_field_is_named(edited: Callable[[Edit], Path], case: str) -> None:
    change, said = BROKEN[case]
    path = edited(change)
    with pytest.raises(FileFormatError) as raised:
        read_network(path)
    text = str(raised.value)
    assert text.startswith(f"network {path}")
    for part in said:
        assert part.lower() in text.lower()


VARIED: dict[str, tuple[Edit, list[str]]] = {
    "sigma-delta message bits": (
        put("layer/1/neuron/messageBits", 8),
        ["layer 1, neuron, messageBits", "8"],
    ),
    "sigma-delta message bits of the input": (
        put("layer/0/neuron/messageBits", 24),
        ["layer 0, neuron, messageBits", "24"],
    ),
    "sigma-delta weight exponent": (
        put("layer/1/neuron/wgtExp", 1),
        ["layer 1, neuron, wgtExp", "1"],
    ),
    "sigma-delta threshold missing": (drop("layer/1/neuron/vThMant"), ["layer 1, neuron"]),
    "sigma-delta threshold of 20 bits": (
        put("layer/1/neuron/vThMant", 1 << 19),
        ["layer 1, neuron, threshold", "524288"],
    ),
    "activation": (put("layer/0/neuron/activation", "unit"), ["layer 0, neuron", "relu", "unit"]),
    "activation a number": (put("layer/0/neuron/activation", 3), ["layer 0, neuron, activation"]),
    "bits of a real input": (
        put_attribute("input_message_bits", 3),
        ["input_bits", "3 before an input layer"],
    ),
    "real part missing": (drop("layer/3/weight/real"), ["layer 3", "'weight/real'"]),
    "imaginary part missing": (drop("layer/3/weight/imag"), ["layer 3", "'weight/imag'"]),
    "imaginary part a group": (
        lambda file: (drop("layer/3/weight/imag")(file), file.create_group("layer/3/weight/imag")),
        ["layer 3, weight/imag", "a group"],
    ),
    "imaginary part of another shape": (
        put("layer/3/weight/imag", np.ones((2, 4))),
        ["layer 3, imaginary_weight", "(2, 3)", "(2, 4)"],
    ),
    "fewer complex rows": (
        put("layer/3/weight/real", np.ones((1, 3))),
        ["layer 3, weight/real", "(2, input)", "(1, 3)"],
    ),
    "fractional imaginary part": (
        put("layer/3/weight/imag", np.full((2, 3), 0.5)),
        ["layer 3, imaginary_weight", "0.5"],
    ),
    "both parts too wide": (
        lambda file: (
            put("layer/3/weight/real", np.ones((2, 4)))(file),
            put("layer/3/weight/imag", np.ones((2, 4)))(file),
        ),
        ["layer 3", "3 features", "(2, 4)"],
    ),
    "complex bias": (put("layer/3/bias", [0, 1]), ["layer 3, bias", "netx does not follow it."]),
    "complex delay": (put("layer/3/delay", [1, 0]), ["layer 3, delay", "netx does not follow it."]),
    "sine missing": (drop("layer/3/neuron/sinDecay"), ["layer 3, neuron", "'sinDecay'"]),
    "cosine missing": (drop("layer/3/neuron/cosDecay"), ["layer 3, neuron", "'cosDecay'"]),
    "resonator threshold missing": (drop("layer/3/neuron/vThMant"), ["layer 3, neuron"]),
    "sine beyond unity": (
        put("layer/3/neuron/sinDecay", -4097),
        ["layer 3, neuron, sin_decay", "-4097"],
    ),
    "sines of another layer": (
        put("layer/3/neuron/sinDecay", [1, 2, 3]),
        ["layer 3, neuron/sin_decay", "2 neurons"],
    ),
    **{
        f"{kind} with complex weights": (
            put("layer/3/neuron/type", kind),
            ["layer 3, neuron, type", "RF_PHASE or RF_IZHIKEVICH", kind],
        )
        for kind in ("CUBA", "SDNN", "ADRF_PHASE", "ADRF_IZHIKEVICH", "RF")
    },
    "graded resonators": (
        put("layer/3/neuron/gradedSpike", True),
        ["layer 3, neuron, gradedSpike", "True"],
    ),
    "complex and recurrent": (
        lambda file: (
            put("layer/3/type", "dense_rec")(file),
            put("layer/3/weight_rec", np.ones((2, 2)))(file),
        ),
        ["layer 3", "dense_rec"],
    ),
}


@pytest.mark.parametrize("case", VARIED, ids=lambda name: name.replace(" ", "-"))
def test_a_broken_field_of_the_newer_kinds_is_named(varied: Path, case: str) -> None:
    read_network(varied)
    change, said = VARIED[case]
    with h5py.File(varied, "a") as file:
        change(file)
    with pytest.raises(FileFormatError) as raised:
        read_network(varied)
    text = str(raised.value)
    assert text.startswith(f"network {varied}")
    for part in said:
        assert part.lower() in text.lower()


def test_other_spellings_of_the_newer_kinds_are_read(varied: Path) -> None:
    with h5py.File(varied, "a") as file:
        for name in ("gradedSpike", "messageBits", "wgtExp"):
            put(f"layer/1/neuron/{name}", 0)(file)
        drop("layer/1/neuron/activation")(file)
        put("layer/1/neuron/sigma_output", False)(file)  # to be there is enough for netx
        put("layer/2/weight", np.arange(9.0))(file)
        put("layer/2/weight_rec", np.arange(9.0, 18.0))(file)
        put("layer/3/weight/real", np.arange(6.0))(file)
        put("layer/3/weight/imag", np.arange(6.0, 12.0))(file)
        put("layer/3/bias", [0.0, 0])(file)
        put("layer/3/delay", 0)(file)
        put("layer/3/neuron/type", "RF_IZHIKEVICH")(file)
        put("layer/3/neuron/sinDecay", [9])(file)
    _, sigma, recurrent, resonating = read_network(varied).layers
    assert isinstance(sigma, Dense)
    assert isinstance(sigma.neuron, SdnnNeuron)
    assert (sigma.neuron.threshold, sigma.neuron.sigma_output) == (6, True)
    assert isinstance(recurrent, Dense)
    assert recurrent.weight.tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert recurrent.recurrent_weight is not None
    assert recurrent.recurrent_weight.tolist() == [[9, 10, 11], [12, 13, 14], [15, 16, 17]]
    assert isinstance(resonating, ComplexDense)
    assert resonating.real_weight.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert resonating.imaginary_weight.tolist() == [[6, 7, 8], [9, 10, 11]]
    neuron = resonating.neuron
    assert (neuron.sin_decay, neuron.cos_decay, neuron.threshold, neuron.phase) == (9, 3, 7, False)


def test_without_an_input_layer_complex_weights_tell_the_size(varied: Path) -> None:
    with h5py.File(varied, "a") as file:
        for index in "012":
            del file["layer"][index]
        file["layer"].move("3", "0")
    assert read_network(varied).input_shape == (3,)


def test_bits_of_the_input_are_read(valid: Path) -> None:
    assert read_network(valid).input_bits == 0
    with h5py.File(valid, "a") as file:
        put_attribute("input_message_bits", np.uint8(7))(file)
    assert read_network(valid).input_bits == 7


RESONATING = {"threshold": 1, "period": 9, "decay": 0.1}
LEAKY = {"threshold": 1, "current_decay": 0.25, "voltage_decay": 0.1}
WEIGHTS = {"weight": "weight", "threshold": "neuron/vThMant"}
COMPLEX = {
    "real_weight": "weight/real",
    "imaginary_weight": "weight/imag",
    "sin_decay": "neuron/sinDecay",
    "cos_decay": "neuron/cosDecay",
    "threshold": "neuron/vThMant",
}
SLAYER_BLOCKS: dict[str, tuple[Callable[[], Any], dict[str, str]]] = {
    "recurrent": (
        lambda: slayer.block.cuba.Recurrent(LEAKY, 4, 3),
        {**WEIGHTS, "recurrent_weight": "weight_rec", "current_decay": "neuron/iDecay"},
    ),
    "sigma-delta": (
        lambda: slayer.block.sigma_delta.Dense(
            {"threshold": 0.5, "activation": torch.nn.functional.relu}, 4, 3, weight_scale=9
        ),
        WEIGHTS,
    ),
    "phase": (lambda: slayer.block.rf.Dense(RESONATING, 4, 3, weight_scale=9), COMPLEX),
    "Izhikevich": (lambda: slayer.block.rf_iz.Dense(RESONATING, 4, 3, weight_scale=9), COMPLEX),
}


@pytest.mark.parametrize("name", SLAYER_BLOCKS)
def test_what_slayer_exports_is_read(tmp_path: Path, name: str) -> None:
    torch.manual_seed(0)
    block = SLAYER_BLOCKS[name][0]()
    block(torch.ones(1, 4, 5))
    with h5py.File(tmp_path / "a.net", "w") as file:
        group = file.create_group("layer/0")
        block.export_hdf5(group)
        arrays = {name: np.asarray(group[path]) for name, path in SLAYER_BLOCKS[name][1].items()}
    network = read_network(tmp_path / "a.net")
    assert (network.input_shape, network.output_shape) == ((4,), (3,))
    (layer,) = network.layers
    assert isinstance(layer, Dense | ComplexDense)
    for field, values in arrays.items():
        assert values.any()
        found = getattr(layer, field, None)
        np.testing.assert_array_equal(
            getattr(layer.neuron, field) if found is None else found, values
        )


def test_reading_leaves_the_file_as_it_was_and_closed(valid: Path) -> None:
    before = valid.read_bytes()
    read_network(valid)
    with h5py.File(valid, "a"):
        pass
    valid.write_bytes(before)
    read_network(valid)
    assert valid.read_bytes() == before


@pytest.mark.parametrize("shape", [(1, 1, 5), (1, 5, 1), (5, 1, 1)])
def test_an_image_of_one_row_stays_an_image(tmp_path: Path, shape: tuple[int, ...]) -> None:
    layer = Conv(weight=np.ones((1, shape[0], 1, 1)), neuron=NEURON)
    write_network(Network(input_shape=shape, layers=(layer,)), tmp_path / "a.net")
    assert read_network(tmp_path / "a.net").input_shape == shape


def flipped(path: Path, seed: int) -> None:
    """Change three bytes."""
    rng = np.random.default_rng(seed)
    raw = bytearray(path.read_bytes())
    for at in rng.integers(0, len(raw), 3):
        raw[at] = int(rng.integers(256))
    path.write_bytes(bytes(raw))


def damaged(path: Path, seeds: int) -> int:
    """Read a file with some bytes changed, again and again; how often it was refused."""
    whole, refused = path.read_bytes(), 0
    for seed in range(seeds):
        path.write_bytes(whole)
        flipped(path, seed)
        try:
            read_network(path)
        except (FileFormatError, NetworkError):
            refused += 1
    return refused


def test_a_damaged_file_is_read_or_refused(tmp_path: Path) -> None:
    layer = Conv(weight=np.arange(1, 9).reshape(2, 1, 2, 2), neuron=NEURON, bias=[1, 2])
    network = Network(input_shape=(1, 5, 6), layers=(layer,), input_bits=5)
    write_network(network, tmp_path / "a.net")
    assert damaged(tmp_path / "a.net", 300) > 10


def test_a_damaged_file_of_the_newer_kinds_is_read_or_refused(varied: Path) -> None:
    assert damaged(varied, 400) > 10


def test_sizes_whose_product_wraps_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.net"
    with h5py.File(path, "w") as file:
        layer = file.create_group("layer/0")
        layer["type"], layer["shape"] = "dense", np.array([1 << 32, 1 << 32])
        layer["weight"] = np.ones(4)
    with pytest.raises(FileFormatError, match="layer 0"):
        read_network(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("layer/1/neuron/gradedSpike", "yes"),
        ("layer/1/neuron/wgtExp", "0"),
        ("layer/1/weight", h5py.SoftLink("/nowhere")),
        ("layer/1", h5py.SoftLink("/nowhere")),
        ("layer/0/weight", 1.5),
    ],
)
def test_more_broken_fields_are_named(tmp_path: Path, name: str, value: object) -> None:
    path = tmp_path / "a.net"
    network = Network(
        input_shape=(4,),
        layers=(NeuronInput(neuron=NEURON), Dense(weight=np.ones((2, 4)), neuron=NEURON)),
    )
    write_network(network, path)
    with h5py.File(path, "a") as file:
        if name in file:
            del file[name]
        file[name] = value
    with pytest.raises(FileFormatError, match=f"layer {name.split('/')[1]}") as raised:
        read_network(path)
    assert str(path) in str(raised.value)


def test_an_error_between_layers_uses_the_number_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.net"
    layer = Dense(weight=np.ones((2, 4)), neuron=NEURON)
    write_network(Network(input_shape=(4,), layers=(layer,)), path)
    with h5py.File(path, "a") as file:
        del file["layer/1/weight"]
        file["layer/1/weight"] = np.ones((2, 5))
    with pytest.raises(FileFormatError, match="layer 1"):
        read_network(path)
