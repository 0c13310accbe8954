"""The programs of the networks that were opened last, so that a network opens at once again.

A program is built from a copy of its network that nobody else has. A network gets the program
whose copy equals it now, value by value, so one that was changed in place gets another program.
Comparing takes a twentieth of the time of a digest, and cannot be wrong.
"""

from __future__ import annotations

import copy
import dataclasses
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from threading import Lock
from typing import Any

import numpy as np

from neurodeploy.engines.native.program import Program
from neurodeploy.netx.network import Network

MOST_BYTES = 1 << 28
"""Room that the copies and their programs may take; those that were used longest ago go first."""

SAMPLED = 64
"""Values of an array by which programs are looked up, before all are compared."""


class OpenedPrograms:
    """Programs by the content of their networks; any number of threads may ask.

    Parameters
    ----------
    most_bytes : int
        Room that they may take. A network that is larger is not kept.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes = most_bytes
        self._kept: OrderedDict[Hashable, Program] = OrderedDict()
        self._lock = Lock()

    def program(self, network: Network) -> Program:
        """The program of a network: one of those kept, or a new one.

        Raises
        ------
        NetworkError
            The engine cannot run the network.
        """
        key = _key(network)
        with self._lock:
            kept = self._kept.get(key)
        if kept is None or not _equal(kept.network, network):
            kept = Program(copy.deepcopy(network))
            key = _key(kept.network)
        with self._lock:
            self._kept[key] = kept
            self._kept.move_to_end(key)
            while sum(program.nbytes for program in self._kept.values()) > self.most_bytes:
                self._kept.popitem(last=False)
        return kept


def _parts(value: Any) -> Iterator[Any]:
    """Whatever a network consists of, in order: arrays, types, and values that can be hashed."""
    if dataclasses.is_dataclass(value):
        yield type(value)
        for field in dataclasses.fields(value):
            yield from _parts(getattr(value, field.name))
    elif isinstance(value, tuple):
        yield len(value)
        for part in value:
            yield from _parts(part)
    else:
        yield value


def _arrays(network: Network) -> list[np.ndarray]:
    return [part for part in _parts(network) if isinstance(part, np.ndarray)]


def _key(network: Network) -> Hashable:
    """All but the arrays, and of each array its shape and some values."""
    return tuple(
        (part.shape, part.ravel()[:: part.size // SAMPLED + 1].tobytes())
        if isinstance(part, np.ndarray)
        else part
        for part in _parts(network)
    )


def _equal(one: Network, other: Network) -> bool:
    """Whether all arrays are equal, of networks whose keys are."""
    return all(map(np.array_equal, _arrays(one), _arrays(other)))
