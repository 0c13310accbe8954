"""The processes that open HDF5 files: when they start, what they may take, and how they end."""

from __future__ import annotations

import atexit
import contextlib
import json
import math
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from neurodeploy.errors import EngineError, message

START_S = 60
"""For Python and h5py to be loaded, on a machine that is busy."""

MOST_HEAD = 64 << 20
"""Bytes of an answer beside its arrays."""


ENVIRONMENT = {
    "HDF5_PLUGIN_PRELOAD": "::",  # no filter is loaded from a plugin
    "OPENBLAS_NUM_THREADS": "1",  # numpy starts as many otherwise
}


class Late(Exception):
    """No answer in time."""


class Died(Exception):
    """The process ended; its text says how."""


class Reader:
    """A child process that answers requests, as ``hdf5_child.py`` says.

    Raises
    ------
    EngineError
        It cannot be started.
    """

    def __init__(self) -> None:
        script = Path(__file__).with_name("hdf5_child.py")
        # -S leaves out what an environment runs at start; it gets the places of packages instead
        command = [sys.executable, "-I", "-S", str(script), json.dumps(sys.path)]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                env={**os.environ, **ENVIRONMENT},
            )
        except OSError as error:
            raise EngineError(message("reader of HDF5 files", "a process", error)) from error
        self._in, self._out = _both(self._process)
        self._ready = self.at_rest = False
        self._deadline = time.monotonic() + START_S

    def wait_until_ready(self) -> None:
        """Wait for the first byte, which says that it takes requests.

        Raises
        ------
        EngineError
            It does not start.
        """
        if self._ready:
            return
        try:
            self._take(1)
        except (Late, Died) as error:
            expected = "a Python with h5py that starts"
            raise EngineError(message("reader of HDF5 files", expected, error)) from error
        self._ready = True

    def ask(self, request: dict[str, Any], seconds: float) -> Any:
        """The head of an answer.

        Raises
        ------
        Late, Died
            There is none within so many seconds.
        """
        self._deadline, self.at_rest = time.monotonic() + seconds, False
        try:
            self._in.write(json.dumps(request).encode() + b"\n")
        except OSError:
            raise Died(self._end_in_words()) from None
        length = int.from_bytes(self._take(8), "little")
        if length > MOST_HEAD:
            raise Died("an endless answer")
        head = json.loads(self._take(length))
        self.at_rest = "fields" not in head
        return head

    def arrays(self, size: int) -> bytearray:
        """The bytes that follow the head.

        Raises
        ------
        Late, Died
            They do not, within the seconds of the question.
        """
        values = self._take(size)
        self.at_rest = True
        return values

    def end(self) -> None:
        """Kill it; it holds nothing that could be lost."""
        self._process.kill()
        self._process.wait()
        self._in.close()
        self._out.close()

    def _take(self, count: int) -> bytearray:
        """So many bytes of its output."""
        poll = select.poll()
        poll.register(self._out, select.POLLIN)
        taken = bytearray(count)
        with memoryview(taken) as view:
            have = 0
            while have < count:
                left = self._deadline - time.monotonic()
                if left <= 0 or not poll.poll(math.ceil(1000 * left)):
                    raise Late("no answer in time")
                got = os.readv(self._out.fileno(), [view[have:]])
                if got == 0:
                    raise Died(self._end_in_words())
                have += got
        return taken

    def _end_in_words(self) -> str:
        try:
            code = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return "no more output"
        if code == -signal.SIGXCPU:
            raise Late("no answer in time")
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _both(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout


_waiting: list[Reader] = []
_kept = [False]


def start_reader() -> None:
    """Start the process that reads the next file now, to be ready when it is needed."""
    if not _waiting:
        _waiting.append(Reader())


@contextlib.contextmanager
def one_reader() -> Iterator[None]:
    """Read the files of a block by one process, one after another, where there are thousands."""
    before, _kept[0] = _kept[0], True
    try:
        yield
    finally:
        _kept[0] = before
        if not before:
            _end_waiting()


@contextlib.contextmanager
def reader() -> Iterator[Reader]:
    """A process for one file, ready; ended with the block."""
    mine = _waiting.pop() if _waiting else Reader()
    try:
        mine.wait_until_ready()
        yield mine
    finally:
        if mine.at_rest and _kept[0]:
            _waiting.append(mine)
        else:
            mine.end()


def _end_waiting() -> None:
    while _waiting:
        _waiting.pop().end()


atexit.register(_end_waiting)
os.register_at_fork(after_in_child=_waiting.clear)
