"""`freed_memory_kept` changes where memory comes from, and nothing else."""

import ctypes
import subprocess
import sys

import pytest

from neurodeploy._io.freed import freed_memory_kept

COUNTED = """
import resource
from neurodeploy._io.freed import freed_memory_kept

def use_once():
    bytearray(b"1") * (48 << 20)

def faults_of_a_second_use():
    use_once()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    use_once()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

print(faults_of_a_second_use())
with freed_memory_kept():
    print(faults_of_a_second_use())
print(faults_of_a_second_use())
"""
"""Bytes that glibc would map by themselves; not an array: for that NumPy may ask for huge pages.

In a process of its own: this one's main thread may use another arena than glibc's main one.
"""


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallopt"), reason="no glibc"
)
def test_a_large_block_has_the_pages_of_the_one_before() -> None:
    command = [sys.executable, "-c", COUNTED]
    answered = subprocess.run(command, capture_output=True, text=True, check=True)
    made_anew, kept, after = map(int, answered.stdout.split())
    assert kept < made_anew / 4
    assert after > made_anew / 2


def test_what_fails_inside_is_not_hidden() -> None:
    with pytest.raises(KeyError), freed_memory_kept():
        raise KeyError
