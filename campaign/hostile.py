"""Mutants read in processes with little memory and time; whatever is not our error is a finding."""

from __future__ import annotations

import os
import resource
import select
import signal
import tempfile
import time
import traceback
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import numpy as np
from readers import Reader, readers

from neurodeploy._io.hdf5_process import one_reader
from neurodeploy.errors import NeurodeployError

MEMORY_BYTES = 1 << 30
"""More than the process has when it begins."""

SECONDS = 5.0
GRACE_S = 5.0
"""After which a process that does not hear its alarm is killed."""

READ, REFUSED = "read", "refused"


class Late(BaseException):
    """A mutant took too long."""


def mutant(reader: Reader, name: str, index: int) -> bytes:
    """The same bytes for the same name and index."""
    rng = np.random.default_rng([zlib.crc32(name.encode()), index])
    content = reader.seeds[int(rng.integers(0, len(reader.seeds)))]
    mutate = reader.mutations[int(rng.integers(0, len(reader.mutations)))]
    try:
        return mutate(content, rng)
    except Exception:
        return content[: int(rng.integers(0, len(content)))]  # what HDF5 itself would not write


def outcomes(name: str, first: int, count: int) -> Iterator[tuple[int, str]]:
    """Read mutants of one kind, each in a process that may die; yield (index, outcome).

    An outcome is `READ`, `REFUSED`, or what is wrong in one line.
    """
    index = first
    while index < first + count:
        receive, send = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(receive)
            _child(name, index, first + count, send)
        os.close(send)
        for at, said in _heard(receive, child, index):
            yield at, said
            index = at + 1
        os.close(receive)


def _heard(receive: int, child: int, index: int) -> Iterator[tuple[int, str]]:
    """Lines of a child until it ends; one that dies or hangs took the mutant that it was at."""
    text = b""
    while True:
        ready, _, _ = select.select([receive], [], [], SECONDS + GRACE_S + 30 * (not text))
        part = os.read(receive, 1 << 16) if ready else b""
        text += part
        *lines, text = text.split(b"\n")
        for line in lines:
            yield index, line.decode()
            index += 1
        if not part:
            break
    if not ready:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if not ready:
        yield index, f"killed after {SECONDS + GRACE_S:g} s"
    elif os.WIFSIGNALED(status):
        yield index, f"crash: {signal.Signals(os.WTERMSIG(status)).name}"
    elif status:
        yield index, f"the process ended with {os.WEXITSTATUS(status)}"


def _child(name: str, first: int, end: int, send: int) -> None:
    """Read mutants and say of each what became of it, a line each; never return."""
    try:
        _read_all(name, first, end, send)
    except BaseException:
        os._exit(1)
    os._exit(0)


def _read_all(name: str, first: int, end: int, send: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        room = Path(folder)
        (room / "good").mkdir()
        reader = readers(room / "good")[name]
        path = room / f"mutant{reader.suffix}"
        errors = (room / "stderr").open("w")
        os.dup2(errors.fileno(), 2)
        os.dup2(errors.fileno(), 1)
        signal.signal(signal.SIGALRM, _late)
        now = _virtual_bytes()
        resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY_BYTES, now + MEMORY_BYTES))
        with one_reader():
            for index in range(first, end):
                path.write_bytes(mutant(reader, name, index))
                os.write(send, f"{one(reader, path)}\n".encode())


def one(reader: Reader, path: Path) -> str:
    """What becomes of a mutant."""
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    began = time.monotonic()
    try:
        reader.read(path)
        said = READ
    except NeurodeployError as error:
        said = REFUSED if str(error).isprintable() else f"message that is not printable: {error!r}"
    except Late:
        said = f"late: more than {SECONDS:g} s"
    except BaseException as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}:{last.lineno}"
        said = f"{type(error).__name__} at {where}: {str(error)[:150]!r}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    if time.monotonic() - began > SECONDS:
        said = f"late: {time.monotonic() - began:.1f} s"
    return said.replace("\n", " ")


def _late(number: int, frame: FrameType | None) -> None:
    raise Late


def _virtual_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def show(name: str, index: int, output: Path) -> None:
    """Write a mutant, for a person to look at and for a test."""
    with tempfile.TemporaryDirectory() as folder:
        output.write_bytes(mutant(readers(Path(folder))[name], name, index))
