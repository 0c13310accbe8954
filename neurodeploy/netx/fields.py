"""The fields of a layer in a netx file, with errors that name them, and which were read."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from neurodeploy._io.hdf5 import Group, Node
from neurodeploy.errors import FileFormatError, NetworkError, message


class Fields:
    """The arrays of one layer, with errors that name file, layer and field.

    Parameters
    ----------
    group : Group
        The layer, or a group inside it.
    where : str
        What errors call it.
    """

    def __init__(self, group: Node, where: str) -> None:
        if not isinstance(group, Group):
            found = "a dataset" if isinstance(group, np.ndarray) else group
            raise FileFormatError(message(where, "a group", found))
        self.group = group
        self.where = where
        self._taken: set[str] = set()
        self._inside: dict[str, Fields] = {}

    def __contains__(self, name: str) -> bool:
        return self.found(name) is not None

    def found(self, name: str) -> Node | None:
        """What is under a name, or under a path of two, or None."""
        outer, _, inner = name.partition("/")
        found = self.group.fields.get(outer)
        if not inner:
            return found
        return found.fields.get(inner) if isinstance(found, Group) else None

    def value(self, name: str, default: Any = None) -> Any:
        """Values of a field as an array, or a default where there is none."""
        self._taken.add(name)
        found = self.found(name)
        if isinstance(found, np.ndarray):
            return found
        if found is not None:
            words = "a group" if isinstance(found, Group) else found
            raise FileFormatError(message(f"{self.where}, {name}", "values", words))
        if default is not None:
            return default
        raise FileFormatError(
            message(self.where, f"a field '{name}'", f"only {sorted(self.group.fields)}")
        )

    def optional_vector(self, name: str) -> np.ndarray | None:
        """Values [n] of a field, or None where there is none."""
        return self.value(name).ravel() if name in self else None

    def text(self, name: str) -> str:
        """One text."""
        value = self.value(name)
        raw = value.ravel()[0] if value.size == 1 else value
        if isinstance(raw, bytes):
            return raw.decode("ascii", "replace")
        if isinstance(raw, str):
            return raw
        raise FileFormatError(message(f"{self.where}, {name}", "one text", f"{value.dtype}"))

    def shape(self, name: str = "shape") -> tuple[int, ...]:
        """Sizes, each at least 1."""
        value = self.value(name).ravel()
        if value.dtype.kind not in "iu" or value.size == 0 or value.min() < 1:
            raise FileFormatError(message(f"{self.where}, {name}", "positive sizes", value))
        return tuple(int(size) for size in value)

    def matrix(self, name: str) -> np.ndarray:
        """Weights [output, input], as many outputs as the layer has."""
        outputs = math.prod(self.shape())
        weight = self.value(name)
        if weight.ndim == 1 and weight.size % outputs == 0:
            weight = weight.reshape(outputs, -1)
        if weight.ndim != 2 or weight.shape[0] != outputs:
            raise FileFormatError(
                message(f"{self.where}, {name}", f"shape ({outputs}, input)", f"{weight.shape}")
            )
        return weight

    def require_zero(self, *names: str) -> None:
        """Refuse fields that netx does not follow, unless they are 0."""
        for name in names:
            if name in self:
                value = self.value(name)
                if value.dtype.kind not in "biuf" or value.any():
                    raise FileFormatError(
                        message(f"{self.where}, {name}", 0, value, "netx does not follow it.")
                    )

    def inside(self, name: str, called: str = "") -> Fields:
        """The fields of a group inside, which errors call by another name if there is one."""
        group = self.group.fields.get(name)
        if group is None:
            raise FileFormatError(
                message(f"{self.where}, {called or name}", f"a group '{name}'", "none")
            )
        return self._inside.setdefault(name, Fields(group, f"{self.where}, {called or name}"))

    def build(self, make: Any, **fields: Any) -> Any:
        """Make a part of the network of values; errors get the place."""
        try:
            return make(**fields)
        except NetworkError as error:
            raise FileFormatError(f"{self.where}, {error}") from error

    def left(self) -> Iterator[str]:
        """Names of the fields that nobody has read, those of groups inside with their path."""
        for name, found in self.group.fields.items():
            if name in self._inside:
                yield from (f"{name}/{field}" for field in self._inside[name].left())
            elif isinstance(found, Group):
                fields = (f"{name}/{field}" for field in found.fields)
                yield from (field for field in fields if field not in self._taken)
            elif name not in self._taken:
                yield name
