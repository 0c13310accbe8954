"""Blocks by which a signal enters, and those that are read: voltages and sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from slayer_modules import BLOCKS, Blocks, cuba, forward, sigma_delta, spikes

import neurodeploy as nd
from neurodeploy.adopt.slayer.module import adopt_module
from neurodeploy.engines.native import NativeEngine
from neurodeploy.engines.registry import simulate
from neurodeploy.errors import NetworkError

C, SD = BLOCKS.cuba, BLOCKS.sigma_delta


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def test_a_signal_enters_at_neurons_a_step_earlier_than_in_slayer() -> None:
    module = Blocks(
        C.Input(cuba(), weight=1, bias=0),
        C.Conv(cuba(), 2, 6, 3, stride=2, padding=1, weight_scale=2),
        C.Conv(cuba(), 6, 4, 2, groups=2, weight_scale=3),
    )
    image = np.repeat(np.random.default_rng(0).random((2, 2, 9, 8, 1)), 40, -1)
    rounded = module.blocks[0].pre_hook_fx(torch.from_numpy(image)).numpy()
    adopted = adopt_module(module, input_shape=(2, 9, 8), signal=rounded)
    assert adopted.late_steps == -1
    codes = [note.code for note in adopted.notes]
    assert codes == ["rounded-signal", "step-removed", "compared"]
    expected = forward(module, image)
    found = simulate(adopted.network, rounded, "native").spikes
    assert expected.sum() > 100
    np.testing.assert_array_equal(found[..., :-1], expected[..., 1:])


def test_the_shape_of_an_input_block_that_ran_is_taken() -> None:
    module = Blocks(C.Input(cuba()), C.Conv(cuba(), 2, 6, 3, weight_scale=2))
    forward(module, np.zeros((1, 2, 5, 6, 3)))
    assert adopt_module(module).network.input_shape == (2, 5, 6)


def test_sigma_delta_blocks_send_whole_numbers_of_slayers_fractions() -> None:
    module = Blocks(
        SD.Input(sigma_delta()),
        SD.Dense(sigma_delta(), 20, 30, weight_scale=2),
        SD.Output(sigma_delta(), 30, 5, weight_scale=2),
    )
    walk = (0.1 * torch.randn(2, 20, 40)).cumsum(-1)
    rounded = module.blocks[0].pre_hook_fx(walk).numpy()
    adopted = adopt_module(module, signal=rounded)
    assert (adopted.late_steps, adopted.output_scale) == (2, 1 << 18)
    assert adopted.notes[-1].code == "compared"
    found = simulate(adopted.network, rounded, "native").spikes
    expected = forward(module, rounded)
    assert np.count_nonzero(expected) > 100
    np.testing.assert_array_equal(found[..., 2:], expected[..., :-2] * adopted.output_scale)
    result = nd.verify(adopted.network, rounded, ["native"], against=module)
    assert [layer.unit for layer in result.layers] == [4096, 4096, 1 << 18]
    assert result.shift_steps == 2
    assert "a 1 of the reference counts as 4096 or 262144: the output is equal 2" in result.compared


def test_graded_spikes_may_enter_at_synapses() -> None:
    module = Blocks(
        SD.Conv(sigma_delta(), 2, 4, 3, padding=1, weight_scale=3),
        SD.Pool(sigma_delta(), 2),
        SD.Flatten(),
        SD.Dense(sigma_delta(), 4 * 9, 5, weight_scale=3, delay_shift=True),
    )
    walk = (0.1 * torch.randn(2, 2, 6, 6, 30)).cumsum(-1)
    graded = (torch.floor(walk * 64) / 64).numpy()
    adopted = adopt_module(module, input_shape=(2, 6, 6), signal=graded)
    assert (adopted.input_scale, adopted.late_steps) == (4096, 2)
    assert adopted.notes[-1].code == "compared"


def test_a_bias_of_sigma_delta_neurons_is_not_lost() -> None:
    """SLAYER's export leaves it out."""
    module = Blocks(SD.Input(sigma_delta()), SD.Dense(sigma_delta(), 20, 30, weight_scale=2))
    module.blocks[1].neuron.set_bias(torch.randint(-60, 60, (30,)) / 64)
    walk = module.blocks[0].pre_hook_fx((0.1 * torch.randn(2, 20, 40)).cumsum(-1)).numpy()
    note = adopt_module(module, signal=walk).notes[-1]
    assert note.code == "differs"
    assert "and in 0 with the step between layers where Lava has it" in note.reason


@pytest.mark.parametrize("dynamics", [True, False])
def test_the_voltage_of_an_affine_block_is_read_by_a_probe(dynamics: bool) -> None:
    module = Blocks(
        C.Dense(cuba(), 20, 30, weight_scale=2),
        C.Affine(cuba(), 30, 5, weight_scale=2, dynamics=dynamics),
    )
    adopted, signal = adopt_module(module), spikes(3, 20, 40)
    expected = forward(module, signal)
    with NativeEngine(adopted.network) as engine:
        voltage = engine.probe(signal, ["1-dense"])["1-dense"]["voltage"]
    assert np.count_nonzero(expected) > 100
    np.testing.assert_array_equal(voltage[..., 1:] / 4096, expected[..., :-1])


REFUSED: dict[str, tuple[Any, str]] = {
    "resonating input": (
        lambda: BLOCKS.rf.Input({"threshold": 1.0, "period": 7, "decay": 0.05}),
        "one real signal",
    ),
    "activation": (
        lambda: SD.Dense(sigma_delta(activation=torch.sigmoid), 4, 4),
        "found sigmoid",
    ),
    "summed error": (lambda: SD.Dense(sigma_delta(cum_error=True), 4, 4), "cum_error"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_netx_lacks_is_refused(name: str) -> None:
    make, said = REFUSED[name]
    with pytest.raises(NetworkError, match=said):
        adopt_module(Blocks(make()), input_shape=(4,))


def test_nothing_may_follow_what_is_read() -> None:
    module = Blocks(C.Affine(cuba(), 4, 4), C.Dense(cuba(), 4, 4))
    with pytest.raises(NetworkError, match=r"block 1 \(Dense\)"):
        adopt_module(module)
