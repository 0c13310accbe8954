"""A pool and a convolution as one, held against PyTorch's one after the other."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from neurodeploy.adopt.nir.windows import Window, as_one
from neurodeploy.errors import NetworkError

SMALL = st.integers(1, 3)
PAIR = st.tuples(SMALL, SMALL)
PADDING = st.tuples(st.integers(0, 2), st.integers(0, 2))


def convolve(window: Window, image: torch.Tensor) -> torch.Tensor:
    taps = torch.from_numpy(window.taps)
    pool = taps.shape[:2] == (1, 1)
    return torch.nn.functional.conv2d(
        image,
        taps.expand(image.shape[1], 1, -1, -1) if pool else taps,
        groups=image.shape[1] if pool else 1,
        **window.geometry,
    )


@given(
    st.data(),
    st.booleans(),
    st.tuples(st.integers(5, 11), st.integers(5, 11)),
)
def test_both_in_one_give_what_they_give_one_after_the_other(
    data: st.DataObject, pool_first: bool, sizes: tuple[int, int]
) -> None:
    def drawn(channels: tuple[int, int], dilation: bool) -> Window:
        kernel = (*channels, *data.draw(PAIR))
        return Window(
            taps=rng.normal(size=kernel),
            stride=data.draw(PAIR),
            padding=data.draw(PADDING),
            dilation=data.draw(PAIR) if dilation else (1, 1),
        )

    rng = np.random.default_rng(0)
    pool, kernel = drawn((1, 1), False), drawn((3, 2), True)
    first, second = (pool, kernel) if pool_first else (kernel, pool)
    assume(min(first.sizes(sizes)) > 0 and min(second.sizes(first.sizes(sizes))) > 0)
    try:
        whole = as_one("a", first, second, sizes)
    except NetworkError:
        assert any(second.padding)
        return
    image = torch.from_numpy(rng.normal(size=(1, 2, *sizes)))
    torch.testing.assert_close(
        torch.nn.functional.conv2d(
            image, torch.from_numpy(whole.taps), stride=whole.stride, padding=whole.padding
        ),
        convolve(second, convolve(first, image)),
    )


def test_a_padded_convolution_behind_a_pool_that_leaves_a_rest_is_refused() -> None:
    pool = Window(taps=np.ones((1, 1, 2, 2)), stride=(2, 2))
    kernel = Window(taps=np.ones((3, 2, 3, 3)), padding=(1, 1))
    with pytest.raises(NetworkError, match="node conv, padding: expected 0, or a pool that divid"):
        as_one("conv", pool, kernel, (7, 8))
