"""Which kernels the environment chooses; `make kernels` holds that all do the same."""

from __future__ import annotations

import pytest

from neurodeploy.engines.native.variants import chosen_kernels
from neurodeploy.errors import EngineError


def test_simd_is_the_default_on_little_endian() -> None:
    assert chosen_kernels({}, "little") == "simd"


def test_plain_kernels_take_any_byte_order() -> None:
    assert chosen_kernels({"NEURODEPLOY_KERNELS": "plain"}, "big") == "plain"


@pytest.mark.parametrize(
    ("environment", "order"), [({}, "big"), ({"NEURODEPLOY_KERNELS": "avx"}, "little")]
)
def test_other_kernels_are_refused(environment: dict[str, str], order: str) -> None:
    with pytest.raises(EngineError, match="expected"):
        chosen_kernels(environment, order)
