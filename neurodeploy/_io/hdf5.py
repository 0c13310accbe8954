"""HDF5 files from anywhere, read by a process that may crash and hang in our place.

No byte of a file reaches the HDF5 library here: a child (`hdf5_child.py` says what it checks and
refuses) opens it with limits of time and memory, and sends plain arrays back.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from neurodeploy._io.hdf5_process import Died, Late, reader
from neurodeploy._io.limits import DEFAULT, MIB, Limits
from neurodeploy.errors import FileFormatError, message

BYTES_PER_S = 32 * MIB
"""Of a file, beyond the seconds that any may take."""

PARTS = ("fields", "attributes")
DTYPE = re.compile(r"[<>|](b1|[iu][1248]|f[248])|\|S\d{1,4}")


@dataclass(frozen=True)
class Unread:
    """What stands in a file where no array can be had, in words."""

    words: str

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of numbers of any length: all of them behind each other, and where each ends."""

    values: np.ndarray
    ends: np.ndarray

    def __str__(self) -> str:
        return "rows of numbers"

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, place: int) -> np.ndarray:
        start = self.ends[place - 1] if place else 0
        row: np.ndarray = self.values[start : self.ends[place]]
        return row


@dataclass(frozen=True, eq=False)
class Group:
    """Arrays, groups, and what was not read, by name; and the attributes of the group."""

    fields: Mapping[str, Node]
    attributes: Mapping[str, Node] = field(default_factory=dict)


Node: TypeAlias = "Group | np.ndarray | Rows | Unread"


def read_hdf5(path: Path, what: str, limits: Limits = DEFAULT) -> Group:
    """Read a file whole.

    Parameters
    ----------
    path : path
        An HDF5 file; `neurodeploy._io.signature` says whether it is one.
    what : str
        What errors call it.
    limits : Limits
        Of memory and time.

    Returns
    -------
    Group
        The root. Numbers have the type that is stored, in this machine's byte order, and texts
        are ``S``.

    Raises
    ------
    FileFormatError
        It is damaged, leads out of itself, or exceeds the limits.
    EngineError
        No process can be started here.
    """
    where = f"{what} {path}"
    seconds = limits.seconds + path.stat().st_size / BYTES_PER_S
    request = asdict(limits) | {"path": str(path.absolute()), "seconds": seconds}
    with reader() as process:
        try:
            head = process.ask(request, seconds)
            return _group(head, process.arrays(_size(head, where, limits)))
        except Late as error:
            expected = f"an HDF5 file that is read within {seconds:.3g} s"
            raise FileFormatError(message(where, expected, "one that takes longer")) from error
        except (Died, ValueError, KeyError, TypeError, AttributeError) as error:
            found = f"one at which the HDF5 library fails ({error})"
            raise FileFormatError(message(where, "a whole HDF5 file", found)) from error


def _size(head: Any, where: str, limits: Limits) -> int:
    """Bytes of the arrays that follow a head, which holds no objection."""
    if "failed" in head:
        raise FileFormatError(message(where, "a whole HDF5 file", head["failed"]))
    if "refused" in head:
        inside, expected, found = head["refused"]
        raise FileFormatError(message(_inside(where, inside), expected, found))
    if "needs" in head:
        inside, needed = head["needs"]
        limits.require_memory(needed, _inside(where, inside))
    size = sum(_dtype(leaf).itemsize * math.prod(leaf["shape"]) for leaf in _arrays(head))
    limits.require_memory(size, where)
    return size


def _inside(where: str, path: str) -> str:
    return f"{where}, {path}" if path else where


def _arrays(head: Any) -> Iterator[Any]:
    """The places of arrays, in the order of their bytes."""
    if "dtype" in head:
        yield head
    if "values" in head:
        yield from (head["values"], head["lengths"])
    for part in PARTS:
        for leaf in head.get(part, {}).values():
            yield from _arrays(leaf)


def _dtype(leaf: Any) -> np.dtype:
    if not DTYPE.fullmatch(leaf["dtype"]):
        raise ValueError(f"a type {leaf['dtype']}")
    return np.dtype(leaf["dtype"])


def _group(head: Any, values: bytearray) -> Group:
    at = 0

    def array(part: Any) -> np.ndarray:
        nonlocal at
        dtype, count = _dtype(part), math.prod(part["shape"])
        found = np.frombuffer(values, dtype, count, at).reshape(part["shape"])
        at += found.nbytes
        return found

    def built(part: Any) -> Node:
        if "unread" in part:
            return Unread(str(part["unread"]))
        if "values" in part:
            return Rows(array(part["values"]), np.cumsum(array(part["lengths"])))
        if "dtype" in part:
            return array(part)
        return Group(*({n: built(each) for n, each in part[kind].items()} for kind in PARTS))

    root = built(head)
    if not isinstance(root, Group):
        raise ValueError("no group")
    return root
