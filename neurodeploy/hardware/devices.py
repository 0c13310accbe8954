"""Devices and their published energies of one operation, read from TOML and validated."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurodeploy._io.toml import one_of, present, read_toml, table, text, year
from neurodeploy.errors import FileFormatError, message
from neurodeploy.hardware.names import DEVICE_TABLE, chip_names

ENERGY_BASES = ("measured", "simulated", "assumed")
"""Where a figure can come from; ``devices.toml`` says what each means."""

OPERATIONS = ("synop", "ac", "neuron_update", "hop", "mac")
"""Operations that a device can have a figure for."""

FIELDS = ("title", "notes", "host", "precision", "chip", "sram")
"""What else a device can have."""

SRAM_WORD_BITS = 64
"""Of one access of a memory."""

DEFAULT_HOST = "arm"
"""Runs the decoder of a device that names no host and has no ``mac``."""


@dataclass(frozen=True, kw_only=True)
class Constant:
    """Energy of one operation, and where the figure comes from.

    Parameters
    ----------
    value_j : float
        Joules an operation, not negative.
    unit : str
        What one operation is.
    year : int
        Of publication.
    source : str
        Where it was published.
    basis : str
        One of `ENERGY_BASES`.
    """

    value_j: float
    unit: str
    year: int
    source: str
    basis: str


@dataclass(frozen=True, kw_only=True)
class Sram:
    """A memory of one size.

    Parameters
    ----------
    size_bytes : int
        What it holds.
    access : Constant
        Of `SRAM_WORD_BITS` bits, read or written.
    """

    size_bytes: int
    access: Constant


@dataclass(frozen=True, kw_only=True)
class Device:
    """What operations cost on one device.

    Parameters
    ----------
    name, title : str
        Short name, and what a person reads.
    constants : mapping of str to Constant
        By operation, of `OPERATIONS`.
    host : str
        Name of the device that runs the decoder.
    precision : str
        Of what its ``mac`` multiplies.
    chip : str, optional
        Name of the chip whose lists of synapses it has; None for a plain memory.
    sram : tuple of Sram
        By rising size, where memory is priced.
    notes : str
        Limits and disputes.
    """

    name: str
    title: str
    constants: Mapping[str, Constant]
    host: str
    precision: str = "not said"
    chip: str | None = None
    sram: tuple[Sram, ...] = ()
    notes: str = ""

    @property
    def spiking(self) -> bool:
        """Whether the device has figures for synapses and neurons."""
        return "neuron_update" in self.constants

    @property
    def multiplies_integers(self) -> bool:
        """Whether its ``mac`` is of integers of 8 bits."""
        return self.precision.startswith("8-bit integers")

    @property
    def synapse(self) -> Constant:
        """Figure for one synaptic operation, of a device that is ``spiking``."""
        return self.constants["synop" if "synop" in self.constants else "ac"]

    @property
    def graded_synapse(self) -> Constant:
        """The same for a spike that carries a value, which a device without synapses multiplies."""
        multiplies = "synop" not in self.constants and "mac" in self.constants
        return self.constants["mac"] if multiplies else self.synapse


def load_devices(extra: Path | str | None = None) -> dict[str, Device]:
    """Read the package's table, and a person's own over it.

    Parameters
    ----------
    extra : path, optional
        TOML in the form of the package's ``devices.toml``. A device of the same name replaces
        the package's as a whole.

    Returns
    -------
    dict of str to Device

    Raises
    ------
    FileFormatError
        The file is missing or no TOML; or a field of a device is missing, unknown or out of
        range. The message names file, device and field.
    """
    devices = _read_table(DEVICE_TABLE)
    origin = dict.fromkeys(devices, DEVICE_TABLE)
    if extra is not None:
        own = _read_table(Path(extra))
        devices |= own
        origin |= dict.fromkeys(own, Path(extra))
    for name, device in devices.items():
        if device.host not in devices:
            where = f"device table {origin[name]}: device {name}: host"
            raise FileFormatError(message(where, "a device of the table", repr(device.host)))
        if "mac" not in devices[device.host].constants:
            where = f"device table {origin[device.host]}: device {device.host}: mac"
            raise FileFormatError(
                message(where, f"a figure, because it is the host of {name}", "nothing")
            )
    return devices


def _read_table(path: Path) -> dict[str, Device]:
    entries = read_toml(path, "device table")
    return {name: _device(path, name, entry) for name, entry in entries.items()}


def _device(path: Path, name: str, entry: Any) -> Device:
    where = f"device table {path}: device {name}"
    entry = table(
        where, entry, ("title", "notes", "host", "precision", "chip", "sram", *OPERATIONS)
    )
    constants = {
        operation: _constant(f"{where}: {operation}", entry[operation])
        for operation in OPERATIONS
        if operation in entry
    }
    synapses = [operation for operation in ("synop", "ac") if operation in constants]
    if len(synapses) == 2:
        raise FileFormatError(message(where, "one of synop and ac", "both"))
    if bool(synapses) != ("neuron_update" in constants):
        missing = "neuron_update" if synapses else "synop or ac"
        raise FileFormatError(
            message(
                f"{where}: {missing}",
                "a figure, because spikes cost both synapses and neurons",
                "nothing",
                "Give it value_j = 0.0 if the other figure includes it.",
            )
        )
    if "hop" in constants and not synapses:
        raise FileFormatError(message(f"{where}: hop", "none without synop or ac", "a figure"))
    if "sram" in entry and not (synapses and "mac" in constants):
        raise FileFormatError(message(f"{where}: sram", "none without synapses and mac", "a table"))
    if not constants:
        raise FileFormatError(message(where, f"at least one of {', '.join(OPERATIONS)}", "none"))
    return Device(
        name=name,
        title=text(where, entry, "title"),
        constants=constants,
        host=text(where, entry, "host", name if "mac" in constants else DEFAULT_HOST),
        precision=text(where, entry, "precision", "not said"),
        chip=one_of(where, entry, "chip", chip_names()) if "chip" in entry else None,
        sram=_memories(f"{where}: sram", entry.get("sram", [])),
        notes=text(where, entry, "notes", ""),
    )


def _memories(where: str, entries: Any) -> tuple[Sram, ...]:
    """Two sizes at least, if any: what lies between them is interpolated."""
    if not isinstance(entries, list) or len(entries) == 1:
        raise FileFormatError(message(where, "a table for each of two sizes or more", entries))
    memories: list[Sram] = []
    for at, entry in enumerate(entries):
        size = entry.get("size_bytes") if isinstance(entry, dict) else None
        smallest = memories[-1].size_bytes + 1 if memories else 1
        if not isinstance(size, int) or isinstance(size, bool) or size < smallest:
            expected = f"a whole number, {smallest} or more"
            raise FileFormatError(message(f"{where} {at}: size_bytes", expected, repr(size)))
        fields = {name: value for name, value in entry.items() if name != "size_bytes"}
        access = _constant(f"{where} {at}", fields)
        if access.value_j == 0:
            raise FileFormatError(message(f"{where} {at}: value_j", "more than 0", 0))
        memories.append(Sram(size_bytes=size, access=access))
    return tuple(memories)


def _constant(where: str, entry: Any) -> Constant:
    entry = table(where, entry, ("value_j", "unit", "year", "source", "basis"))
    value = present(where, entry, "value_j")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value < 0:
        raise FileFormatError(message(f"{where}: value_j", "joules, 0 or more", repr(value)))
    return Constant(
        value_j=float(value),
        unit=text(where, entry, "unit"),
        year=year(where, entry),
        source=text(where, entry, "source"),
        basis=one_of(where, entry, "basis", ENERGY_BASES),
    )
