"""Devices and their published energies of one operation, read from TOML and validated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from neurodeploy._io.documents import Count, NotNegative, Text, Year, fitted, read_toml
from neurodeploy.errors import FileFormatError, message
from neurodeploy.hardware.names import DEVICE_TABLE, chip_names, require_listed_chip

EnergyBasis = Literal["measured", "simulated", "assumed"]
"""Where a figure can come from; ``devices.toml`` says what each means."""

OPERATIONS = ("synop", "ac", "neuron_update", "hop", "mac")
"""Operations that a device can have a figure for."""

SRAM_WORD_BITS = 64
"""Of one access of a memory."""

DEFAULT_HOST = "arm"
"""Runs the decoder of a device that names no host and has no ``mac``."""


class Constant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
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
    basis : EnergyBasis
    """

    value_j: NotNegative
    unit: Text
    year: Year
    source: Text
    basis: EnergyBasis


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


class _Memory(Constant, frozen=True, kw_only=True, forbid_unknown_fields=True):
    size_bytes: Count


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A device, as the table has it."""

    title: Text
    notes: str = ""
    host: Text | None = None
    precision: Text = "not said"
    chip: Text | None = None
    sram: tuple[_Memory, ...] = ()
    synop: Constant | None = None
    ac: Constant | None = None
    neuron_update: Constant | None = None
    hop: Constant | None = None
    mac: Constant | None = None

    def __post_init__(self) -> None:
        synapses = self.synop or self.ac
        if self.synop and self.ac:
            raise ValueError("one of synop and ac")
        if (synapses is None) != (self.neuron_update is None):
            missing = "neuron_update" if synapses else "synop or ac"
            raise ValueError(
                f"{missing} too, because spikes cost both synapses and neurons "
                "(value_j = 0.0 if the other figure includes it)"
            )
        if self.hop and not synapses:
            raise ValueError("no hop without synop or ac")
        if self.sram and not (synapses and self.mac):
            raise ValueError("no sram without synapses and mac")
        if not (synapses or self.mac):
            raise ValueError(f"at least one of {', '.join(OPERATIONS)}")
        sizes = [each.size_bytes for each in self.sram]
        if len(sizes) == 1 or sizes != sorted({*sizes}):
            raise ValueError("an sram of two rising sizes or more, between which is interpolated")
        if not all(each.value_j for each in self.sram):
            raise ValueError("sram of more than 0 joules")


def _device(path: Path, name: str, given: Any) -> Device:
    where = f"device table {path}: device {name}"
    entry = fitted(given, where, _Entry)
    figures = {operation: getattr(entry, operation) for operation in OPERATIONS}
    if entry.chip is not None:
        require_listed_chip(where, entry.chip, chip_names())
    return Device(
        name=name,
        title=entry.title,
        constants={operation: each for operation, each in figures.items() if each},
        host=entry.host or (DEFAULT_HOST if entry.mac is None else name),
        precision=entry.precision,
        chip=entry.chip,
        sram=tuple(Sram(size_bytes=each.size_bytes, access=each) for each in entry.sram),
        notes=entry.notes,
    )
