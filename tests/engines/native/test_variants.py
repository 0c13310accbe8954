"""Other kernels, chosen by environment variables, do the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from digests import digests

from neurodeploy.engines.native.compiling import chosen_kernels
from neurodeploy.errors import EngineError


def test_plain_loops_that_check_their_bounds_do_the_same() -> None:
    """An index past an end would raise."""
    environment = {"NEURODEPLOY_KERNELS": "plain", "NEURODEPLOY_BOUNDSCHECK": "1"}
    folder = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, folder / "digests.py"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == digests()


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
