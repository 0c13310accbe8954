"""A module of SLAYER blocks and its network send the same spikes."""

from __future__ import annotations

from collections.abc import Callable

import h5py
import numpy as np
import pytest
import torch
from slayer_modules import BLOCKS, Blocks, cuba, drawn, forward, spikes

from neurodeploy.adopt.slayer.module import adopt_module
from neurodeploy.engines.registry import simulate
from neurodeploy.errors import InputError, NetworkError
from neurodeploy.netx.read import read_network

C, RF, RF_IZ = BLOCKS.cuba, BLOCKS.rf, BLOCKS.rf_iz

pytestmark = pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")

RESONATOR = {"threshold": 1.0, "period": 7, "decay": 0.05}
MANY = {"threshold": 1.0, "period": (4.2, 20), "decay": (0.02, 0.1), "shared_param": False}

MODULES: dict[str, tuple[tuple[int, ...], Callable[[], Blocks]]] = {
    "dense": (
        (20,),
        lambda: Blocks(
            C.Dense(cuba(), 20, 30, weight_scale=2), C.Dense(cuba(), 30, 10, weight_scale=2)
        ),
    ),
    "weight norm": (
        (20,),
        lambda: Blocks(
            C.Dense(cuba(), 20, 30, weight_scale=3, weight_norm=True),
            C.Dense(cuba(), 30, 10, weight_scale=3, weight_norm=True),
        ),
    ),
    "mask": (
        (20,),
        lambda: Blocks(C.Dense(cuba(), 20, 30, weight_scale=3, mask=torch.rand(30, 20) < 0.5)),
    ),
    "delays": (
        (20,),
        lambda: Blocks(
            C.Dense(cuba(), 20, 30, weight_scale=2, delay=True),
            C.Dense(cuba(), 30, 10, weight_scale=2, delay=True),
        ),
    ),
    "delays of a convolution": (
        (2, 8, 8),
        lambda: Blocks(
            C.Conv(cuba(), 2, 6, 3, weight_scale=3, delay=True),
            C.Flatten(),
            C.Dense(cuba(), 6 * 36, 10, weight_scale=3, delay=True),
        ),
    ),
    "delays of a recurrent block": (
        (20,),
        lambda: Blocks(
            C.Recurrent(cuba(), 20, 30, weight_scale=2, delay=True),
            C.Dense(cuba(), 30, 10, weight_scale=2),
        ),
    ),
    "a decay each": (
        (20,),
        lambda: Blocks(
            C.Dense(cuba(shared_param=False, current_decay=(0.1, 0.6)), 20, 30, weight_scale=3),
            C.Dense(cuba(shared_param=False), 30, 10, weight_scale=3),
        ),
    ),
    "convolutions": (
        (1, 10, 9),
        lambda: Blocks(
            C.Conv(cuba(), 1, 8, 3, stride=2, weight_norm=True, weight_scale=4),
            C.Conv(cuba(), 8, 4, (3, 2), padding=(1, 0), groups=4, weight_scale=6),
            C.Flatten(),
            C.Dense(cuba(), 4 * 4 * 3, 6, weight_scale=6),
        ),
    ),
    "pool": (
        (2, 9, 10),
        lambda: Blocks(
            C.Conv(cuba(), 2, 4, 3, padding=1, weight_scale=3),
            C.Pool(cuba(), (3, 2), weight_scale=1.1),
            C.Flatten(),
            C.Dense(cuba(), 4 * 3 * 5, 5, weight_scale=3),
        ),
    ),
    "dense block on an image": (
        (2, 3, 4),
        lambda: Blocks(
            C.Dense(cuba(), 2, 7, weight_scale=3),
            C.Flatten(),
            C.Dense(cuba(), 7 * 12, 5, weight_scale=4),
        ),
    ),
    "dense block of an image": (
        (2, 3, 4),
        lambda: Blocks(C.Dense(cuba(), (4, 3, 2), 7, weight_scale=5)),
    ),
    "scales": (
        (20,),
        lambda: Blocks(
            C.Dense(cuba(scale=32), 20, 30, weight_scale=2),
            C.Dense(cuba(scale=16), 30, 10, weight_scale=2),
        ),
    ),
    "input block without neurons, dropout": (
        (20,),
        lambda: Blocks(
            C.Input(None, delay_shift=False),
            torch.nn.Dropout(0.5),
            C.Dense(cuba(), 20, 30, weight_scale=2),
        ),
    ),
    "resonators": (
        (20,),
        lambda: Blocks(
            RF.Dense(dict(RESONATOR), 20, 30, weight_scale=2),
            RF.Dense({**RESONATOR, "period": 9.3, "decay": 0.03}, 30, 10, weight_scale=3),
        ),
    ),
    "resonators with delays": (
        (20,),
        lambda: Blocks(
            RF.Dense(dict(RESONATOR), 20, 30, weight_scale=2, delay=True),
            C.Dense(cuba(), 30, 10, weight_scale=3),
        ),
    ),
}
"""Networks that are imported exactly, and the shape of their input."""


def made(name: str) -> tuple[Blocks, tuple[int, ...], np.ndarray]:
    torch.manual_seed(0)
    shape, make = MODULES[name]
    return drawn(make(), *shape), shape, spikes(3, *shape, 40)


@pytest.mark.parametrize("name", MODULES)
def test_the_network_sends_what_the_module_sends(name: str) -> None:
    module, shape, signal = made(name)
    adopted = adopt_module(module, input_shape=shape)
    rested = made(name)[0] if "recurrent" in name else module
    expected = forward(rested, signal)
    assert expected.sum() > 40
    found = simulate(adopted.network, signal, "native").spikes
    np.testing.assert_array_equal(found.reshape(expected.shape), expected)
    assert adopted.exact
    assert adopted.late_steps == 0


@pytest.mark.parametrize("name", ["delays", "resonators"])
def test_lava_sends_it_too(name: str) -> None:
    module, shape, signal = made(name)
    network = adopt_module(module, input_shape=shape).network
    expected = forward(module, signal[:1, ..., :25])
    assert expected.sum() > 5
    found = simulate(network, signal[:1, ..., :25], "lava").spikes
    np.testing.assert_array_equal(found, expected)


def test_the_network_is_that_of_the_exported_file(tmp_path: object) -> None:
    module, _, _ = made("delays")
    network = adopt_module(module).network
    path = f"{tmp_path}/a.net"
    with h5py.File(path, "w") as file:
        layers = file.create_group("layer")
        for index, block in enumerate(module.blocks):
            block.export_hdf5(layers.create_group(str(index)))
    exported = read_network(path)
    for mine, theirs in zip(network.layers, exported.layers, strict=True):
        for field, array in theirs.arrays.items():
            np.testing.assert_array_equal(mine.arrays[field], array)
        assert mine.neuron.threshold == theirs.neuron.threshold


def test_recurrent_blocks_run_as_a_module_that_starts_from_rest() -> None:
    torch.manual_seed(0)
    module = Blocks(C.Recurrent(cuba(), 20, 30, weight_scale=2))
    adopted = adopt_module(module)
    signal = spikes(3, 20, 40)
    expected = forward(module, signal)
    np.testing.assert_array_equal(simulate(adopted.network, signal, "native").spikes, expected)
    assert (forward(module, signal) != expected).any()
    assert [note.code for note in adopted.notes] == ["persistent-state"]


def test_a_block_without_a_step_answers_a_step_earlier_than_its_layer() -> None:
    torch.manual_seed(0)
    blocks = [C.Dense(cuba(), 9, 9, weight_scale=4, delay_shift=False) for _ in range(2)]
    signal = spikes(3, 9, 40)
    adopted = adopt_module(Blocks(*blocks), signal=signal)
    assert adopted.late_steps == 2
    found = simulate(adopted.network, signal, "native").spikes
    expected = forward(Blocks(*blocks), signal)
    assert expected.sum() > 40
    np.testing.assert_array_equal(found[..., 2:], expected[..., :-2])
    assert adopted.notes[-1].code == "compared"


def test_an_average_is_left_to_the_host() -> None:
    torch.manual_seed(0)
    module = Blocks(C.Dense(cuba(), 20, 30, weight_scale=2), C.Average(5))
    adopted = adopt_module(module)
    assert [note.code for note in adopted.notes] == ["host-average"]
    signal = spikes(3, 20, 40)
    found = simulate(adopted.network, signal, "native").spikes
    np.testing.assert_array_equal(
        found.reshape(3, 5, -1, 40).astype(np.float32).mean(2), forward(module, signal)
    )


def test_resonators_that_netx_cannot_run_are_noted() -> None:
    torch.manual_seed(0)
    module = drawn(Blocks(RF_IZ.Dense(dict(MANY), 20, 200, weight_scale=2)), 20)
    notes = {note.code: note for note in adopt_module(module).notes}
    assert set(notes) <= {"resonator-decay", "resonator-reset"}
    assert not notes["resonator-reset"].exact


def test_weights_that_slayer_does_not_quantise_are_rounded_and_noted() -> None:
    torch.manual_seed(0)
    module = Blocks(C.Dense(cuba(), 20, 30, weight_scale=2, pre_hook_fx=None))
    adopted = adopt_module(module)
    assert [note.code for note in adopted.notes] == ["rounded-weight"]
    weight = module.blocks[0].synapse.weight.detach().numpy().reshape(30, 20) * 64
    assert np.abs(adopted.network.layers[0].weight - weight).max() <= 1


def test_a_threshold_at_which_slayer_takes_ties_is_noted() -> None:
    neuron = cuba(threshold=70, current_decay=0.0, voltage_decay=0.0)
    torch.manual_seed(1)
    signal = spikes(3, 20, 60)
    adopted = adopt_module(Blocks(C.Dense(neuron, 20, 30, weight_scale=4)), signal=signal)
    assert [note.code for note in adopted.notes] == ["threshold-tie", "differs"]


def test_the_module_is_left_as_it_was() -> None:
    module = Blocks(C.Recurrent(cuba(), 20, 30, weight_scale=2)).train()
    signal = spikes(3, 20, 40)
    module(torch.from_numpy(signal).float())
    before = module.blocks[0].neuron.voltage_state.clone()
    adopt_module(module, signal=signal)
    assert module.training
    torch.testing.assert_close(module.blocks[0].neuron.voltage_state, before)


def test_a_module_without_blocks_is_refused() -> None:
    with pytest.raises(InputError, match="blocks"):
        adopt_module(torch.nn.Linear(2, 3))


def test_a_convolution_first_needs_the_shape_of_its_input() -> None:
    with pytest.raises(InputError, match=r"Give input_shape=\(channel, height, width\)"):
        adopt_module(Blocks(C.Conv(cuba(), 2, 3, 3)))


REFUSED = {
    "KWTA": (lambda: C.KWTA(cuba(), 4, 4, 2), (4,), r"block 0 \(KWTA\)"),
    "ConvT": (lambda: C.ConvT(cuba(), 2, 3, 3), (2, 4, 4), "ConvT, which spreads"),
    "Unpool": (lambda: C.Unpool(cuba(), 2), (2, 4, 4), "Unpool, which spreads"),
    "TimeDecimation": (lambda: C.TimeDecimation(2), (4,), "length of time"),
    "Linear": (lambda: torch.nn.Linear(2, 2), (2,), "not a block of SLAYER"),
    "ALIF": (
        lambda: BLOCKS.alif.Dense(
            {
                **cuba(),
                "threshold_step": 0.1,
                "threshold_decay": 0.1,
                "refractory_decay": 0.1,
            },
            4,
            4,
        ),
        (4,),
        "found alif, whose threshold",
    ),
    "ADRF": (
        lambda: BLOCKS.adrf.Dense(
            {
                **RESONATOR,
                "threshold_step": 0.1,
                "threshold_decay": 0.1,
                "refractory_decay": 0.1,
            },
            4,
            4,
        ),
        (4,),
        "found adrf, whose threshold",
    ),
    "graded": (lambda: C.Dense(cuba(graded_spike=True), 4, 4), (4,), "graded_spike"),
    "resonating convolution": (lambda: RF.Conv(dict(RESONATOR), 2, 3, 3), (2, 4, 4), "complex"),
    "odd pool": (lambda: C.Pool(cuba(), 2), (2, 6, 7), "sizes that divide"),
    "pool with a stride": (lambda: C.Pool(cuba(), 3, stride=2), (2, 9, 9), "mix channels"),
    "delays not drawn": (lambda: C.Dense(cuba(), 4, 4, delay=True), (4,), "Run the module once"),
    "decays not drawn": (
        lambda: C.Dense(cuba(shared_param=False), 4, 4),
        (4,),
        "Run the module once",
    ),
    "delays of the last convolution": (
        lambda: drawn(Blocks(C.Conv(cuba(), 2, 9, 3, delay=True)), 2, 4, 4).blocks[0],
        (2, 4, 4),
        "a dense layer behind",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_netx_lacks_is_refused_by_name_with_the_reason(name: str) -> None:
    make, shape, said = REFUSED[name]
    torch.manual_seed(0)
    with pytest.raises(NetworkError, match=said):
        adopt_module(Blocks(make()), input_shape=shape)
