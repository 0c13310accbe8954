from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from neurodeploy.errors import FileFormatError, NetworkError
from neurodeploy.netx.network import Average, Conv, CubaNeuron, Dense, Network, NeuronInput
from neurodeploy.netx.read import read_network
from neurodeploy.netx.write import write_network
from neurodeploy.quiet import hushed

NEURON = CubaNeuron(current_decay=700, voltage_decay=300, threshold=250)

with hushed():
    from lava.lib.dl import netx

# The lava-dl wheel installs its tests beside the package: networks that were not written by us.
RECORDED = Path(netx.__file__).parents[4] / "tests" / "lava" / "lib" / "dl" / "netx"

Edit = Callable[[h5py.File], object]


def put(name: str, value: Any) -> Edit:
    """Replace or add a dataset."""

    def edit(file: h5py.File) -> None:
        if name in file:
            del file[name]
        file[name] = value

    return edit


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


def test_mnist() -> None:
    network = read_network(RECORDED / "mnist.net")
    assert network.input_shape == (784,)
    assert network.shapes == ((784,), (512,), (512,), (10,))
    assert network.names == ("0-input", "1-dense", "2-dense", "3-dense")
    first = network.layers[0]
    assert isinstance(first, NeuronInput)
    assert (first.weight, first.bias) == (76, 64)
    # The last layer has no neuron: netx integrates for one step, with a threshold out of reach.
    assert neurons(network) == [(4096, 123, 80)] * 3 + [(0, 4096, 131072)]
    assert network.latency_steps == 3


def test_tiny() -> None:
    network = read_network(RECORDED / "tiny.net")
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


def test_ntidigits() -> None:
    network = read_network(RECORDED / "gts" / "ntidigits" / "ntidigits.net")
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


def test_pilotnet_lif() -> None:
    network = read_network(RECORDED / "gts" / "pilotnet_lif" / "network.net")
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


@pytest.mark.parametrize("name", ["network", "square_network"])
def test_sigma_delta_networks_are_refused_by_name(name: str) -> None:
    path = RECORDED / "gts" / "pilotnet_sdnn" / f"{name}.net"
    with pytest.raises(FileFormatError, match=r"layer 0, neuron, type: .*SDNN") as raised:
        read_network(path)
    assert str(path) in str(raised.value)


def test_every_recorded_network_is_tested() -> None:
    assert sorted(str(path.relative_to(RECORDED)) for path in RECORDED.rglob("*.net")) == [
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
        (lambda path: path.write_text("layer: 1\n" * 100), "whole netx HDF5 file"),
        (lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n"), "whole netx HDF5 file"),
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
    "unknown type": (put("layer/2/type", "pool"), ["layer 2, type", "pool"]),
    "recurrent": (put("layer/3/type", "dense_rec"), ["layer 3, type", "dense_rec"]),
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
    "complex weight": (
        lambda file: (
            drop("layer/3/weight")(file),
            put("layer/3/weight/real", np.ones((4, 36)))(file),
            put("layer/3/weight/imag", np.ones((4, 36)))(file),
        ),
        ["layer 3, weight", "complex"],
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
    "resonate and fire": (put("layer/3/neuron/type", "RF"), ["layer 3, neuron, type", "RF"]),
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
    rng = np.random.default_rng(seed)
    raw = bytearray(path.read_bytes())
    for at in rng.integers(0, len(raw), 3):
        raw[at] = int(rng.integers(256))
    path.write_bytes(bytes(raw))


def test_a_damaged_file_is_read_or_refused(tmp_path: Path) -> None:
    layer = Conv(weight=np.arange(1, 9).reshape(2, 1, 2, 2), neuron=NEURON, bias=[1, 2])
    for seed in range(300):
        write_network(Network(input_shape=(1, 5, 6), layers=(layer,)), tmp_path / "a.net")
        flipped(tmp_path / "a.net", seed)
        with contextlib.suppress(FileFormatError, NetworkError):
            read_network(tmp_path / "a.net")


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
