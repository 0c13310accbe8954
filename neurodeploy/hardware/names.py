"""Names of chips and devices, known before the tables are read field by field. No numpy here."""

from __future__ import annotations

import functools
from pathlib import Path

from neurodeploy._io.documents import read_toml
from neurodeploy._io.imports import did_you_mean
from neurodeploy.errors import FileFormatError, InputError, message

CHIP_TABLE = Path(__file__).with_name("chips.toml")
DEVICE_TABLE = Path(__file__).with_name("devices.toml")
"""The package's tables."""


def chip_names(extra: Path | str | None = None) -> list[str]:
    """Names in the package's table of chips, and in a person's own."""
    return _names(CHIP_TABLE, "chip table", extra)


def device_names(extra: Path | str | None = None) -> list[str]:
    """Names in the package's table of devices, and in a person's own."""
    return _names(DEVICE_TABLE, "device table", extra)


def require_chip(name: str, extra: Path | str | None = None) -> str:
    """Return the name of a chip if a table has it.

    Raises
    ------
    InputError
        None has.
    FileFormatError
        A table is missing or no TOML.
    """
    return _require("chip", name, chip_names(extra))


def require_device(name: str, extra: Path | str | None = None) -> str:
    """Return the name of a device if a table has it; raises as `require_chip`."""
    return _require("device", name, device_names(extra))


def require_listed_chip(where: str, name: str, known: list[str]) -> None:
    """Raise unless the ``chip`` of a table's entry is one that a table of chips has.

    Raises
    ------
    FileFormatError
        None has.
    """
    if name not in known:
        expected = f"one of {', '.join(known)}"
        remedy = did_you_mean(name, known)
        raise FileFormatError(message(f"{where}: chip", expected, repr(name), remedy))


def _names(table: Path, what: str, extra: Path | str | None) -> list[str]:
    others = [] if extra is None else read_toml(Path(extra), what)
    return list(dict.fromkeys([*_own_names(table, what), *others]))


@functools.cache
def _own_names(table: Path, what: str) -> tuple[str, ...]:
    return tuple(read_toml(table, what))


def _require(what: str, name: str, known: list[str]) -> str:
    if name not in known:
        remedy = did_you_mean(name, known)
        raise InputError(message(what, f"one of {', '.join(known)}", name, remedy))
    return name
