"""`freed_memory_kept` changes where memory comes from, and nothing else."""

import ctypes
import resource
import sys

import pytest

from neurodeploy._io.freed import freed_memory_kept

LARGE = 48 << 20
"""Bytes that glibc would map by themselves."""


def use_once() -> None:
    bytearray(b"1") * LARGE


def faults_of_a_second_use() -> int:
    """Of bytes, not of an array: for that NumPy asks for huge pages, if there are any just now."""
    use_once()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    use_once()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallopt"), reason="no glibc"
)
def test_a_large_array_has_the_pages_of_the_one_before() -> None:
    made_anew = faults_of_a_second_use()
    with freed_memory_kept():
        kept = faults_of_a_second_use()
    assert kept < made_anew / 4
    assert faults_of_a_second_use() > made_anew / 2


def test_what_fails_inside_is_not_hidden() -> None:
    with pytest.raises(KeyError), freed_memory_kept():
        raise KeyError
