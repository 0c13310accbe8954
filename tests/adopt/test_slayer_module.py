"""A module of SLAYER blocks and its network send the same spikes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from slayer_modules import BLOCKS, Blocks, cuba, forward, spikes

from neurodeploy.adopt.slayer_module import from_slayer
from neurodeploy.engines.registry import simulate
from neurodeploy.errors import InputError, NetworkError

C = BLOCKS.cuba

pytestmark = pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")


def dense() -> Blocks:
    return Blocks(C.Dense(cuba(), 20, 30, weight_scale=2), C.Dense(cuba(), 30, 10, weight_scale=2))


def weight_normed() -> Blocks:
    return Blocks(
        C.Dense(cuba(), 20, 30, weight_scale=3, weight_norm=True),
        C.Dense(cuba(), 30, 10, weight_scale=3, weight_norm=True),
    )


def masked() -> Blocks:
    return Blocks(C.Dense(cuba(), 20, 30, weight_scale=3, mask=torch.rand(30, 20) < 0.5))


MODULES: dict[str, tuple[Callable[[], Blocks], tuple[int, ...]]] = {
    "dense": (dense, (20,)),
    "weight_normed": (weight_normed, (20,)),
    "masked": (masked, (20,)),
}


@pytest.mark.parametrize("name", MODULES)
def test_the_network_sends_what_the_module_sends(name: str) -> None:
    torch.manual_seed(0)
    make, shape = MODULES[name]
    module, signal = make(), spikes(3, *shape, 40)
    adopted = from_slayer(module, input_shape=shape)
    expected = forward(module, signal)
    assert expected.sum() > 50
    np.testing.assert_array_equal(simulate(adopted.network, signal, "native").spikes, expected)
    assert adopted.exact
    assert adopted.late_steps == 0


def test_a_module_without_blocks_is_refused() -> None:
    with pytest.raises(InputError, match="blocks"):
        from_slayer(torch.nn.Linear(2, 3))


def test_a_block_that_netx_lacks_is_refused_by_name() -> None:
    with pytest.raises(NetworkError, match=r"block 0 \(KWTA\)"):
        from_slayer(Blocks(C.KWTA(cuba(), 4, 4, 2)), input_shape=(4,))
