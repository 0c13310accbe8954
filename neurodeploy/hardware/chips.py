"""Chips and what they hold, read from TOML and validated."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from neurodeploy._io.toml import is_whole, one_of, present, read_toml, table, text, year
from neurodeploy.errors import FileFormatError, InputError, message
from neurodeploy.hardware.names import CHIP_TABLE, require_chip
from neurodeploy.netx.neurons import Neuron

LIMIT_BASES = ("published", "inferred", "assumed", "unknown")
"""Where a figure can come from, the surest first; ``chips.toml`` says what each means."""

CORE_LIMITS = (
    "compartments",
    "input_axons",
    "output_axons",
    "memory_bits",
    "compartment_configs",
    "threshold_configs",
    "synapse_configs",
)
"""What a core can run out of."""

LIMITS = ("cores_per_chip", *CORE_LIMITS, "synapses_per_chip", "mesh_columns")
"""Limits that every chip states."""

COSTS = (
    "word_bits",
    "header_bits",
    "block_synapses",
    "index_bits",
    "dense_index_bits",
    "tag_bits",
    "population_slots",
    "population_base",
)
"""What synapses and axons take, as every chip states it."""

NEURONS = tuple(neuron.kind for neuron in get_args(Neuron))
"""Neuron models of netx, by their short names."""

SHARINGS = ("population", "kernel", "none")
"""How a convolution can be stored; ``chips.toml`` says what each means."""

RULES = ("compiler", "packed")
"""How layers go to cores; ``chips.toml`` says what each means."""

NEEDED = ("cores_per_chip", "compartments", "memory_bits", "mesh_columns")
"""Limits without which there is nothing to pack into."""


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A figure of a chip, and where it comes from.

    Parameters
    ----------
    value : int or None
        None if it is not known: it then limits or costs nothing.
    unit : str
        What is counted.
    year : int
        Of publication.
    source : str
        Where it was published, or searched for.
    basis : str
        One of `LIMIT_BASES`.
    note : str
        Doubts, and how an assumed value was derived.
    """

    value: int | None
    unit: str
    year: int
    source: str
    basis: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class PlacementRule:
    """How layers go to the cores of a chip, and where that comes from.

    Parameters
    ----------
    rule : str
        One of `RULES`.
    zeros_kept : bool
        Whether dense layers are stored with their weights of 0, always; else where that is less.
    year, source, basis, note
        As of a `Limit`.
    """

    rule: str
    zeros_kept: bool
    year: int
    source: str
    basis: str
    note: str = ""


@dataclass(frozen=True, kw_only=True, repr=False)
class Chip:
    """What one chip holds.

    Parameters
    ----------
    name, title : str
        Short name, and what a person reads.
    limits, costs : mapping of str to Limit
        By name, of `LIMITS` and `COSTS`.
    states : mapping of str to Limit
        Bits of state by neuron model, of `NEURONS`; a model that is missing does not run.
    placement : PlacementRule
        How layers go to cores.
    sharing : str
        One of `SHARINGS`.
    weight_widths : tuple of int
        Bits that a weight can have, rising.
    graded_spikes : bool
        Whether spikes can carry values.
    notes : str
        Doubts about the whole.
    """

    name: str
    title: str
    limits: Mapping[str, Limit]
    costs: Mapping[str, Limit]
    states: Mapping[str, Limit]
    placement: PlacementRule
    sharing: str
    weight_widths: tuple[int, ...]
    graded_spikes: bool
    notes: str = ""

    def packed(self) -> Chip:
        """The same chip where layers share cores, filled as full as we can."""
        return self._placed(rule="packed", zeros_kept=False)

    def without_zeros(self) -> Chip:
        """The same chip where weights of 0 are left out."""
        return self._placed(zeros_kept=False) if self.placement.zeros_kept else self

    def _placed(self, **changes: Any) -> Chip:
        """With another rule than its table's, which is therefore assumed."""
        source = "neurodeploy: no published placement shows it"
        rule = replace(self.placement, basis="assumed", source=source, note="", **changes)
        return replace(self, placement=rule)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Names of the limits and costs that are not known."""
        figures = {**self.limits, **self.costs}
        return tuple(name for name, figure in figures.items() if figure.value is None)

    def __repr__(self) -> str:
        return f"Chip({self.name}: {self.title})"

    def limit(self, name: str) -> int | None:
        """Value of a limit, None if it is not known."""
        return self.limits[name].value

    def known(self, name: str) -> int:
        """Value of a limit of `NEEDED`."""
        value = self.limits[name].value
        if value is None:
            raise InputError(message(f"chip {self.name}: {name}", "a value", "unknown"))
        return value

    def cost(self, name: str, unknown: int = 0) -> int:
        """Value of a cost, ``unknown`` if it is not known."""
        value = self.costs[name].value
        return unknown if value is None else value


def load_chips(extra: Path | str | None = None) -> dict[str, Chip]:
    """Read the package's table, and a person's own over it.

    Parameters
    ----------
    extra : path, optional
        TOML in the form of the package's ``chips.toml``. A chip of the same name replaces the
        package's as a whole.

    Returns
    -------
    dict of str to Chip

    Raises
    ------
    FileFormatError
        The file is missing or no TOML; or a field of a chip is missing, unknown or out of range.
        The message names file, chip and field.
    """
    return _own_table() | ({} if extra is None else _read_table(Path(extra)))


def find_chip(name: str, extra: Path | str | None = None) -> Chip:
    """One chip of `load_chips`.

    Raises
    ------
    InputError
        There is none of that name.
    FileFormatError
        As `load_chips`.
    """
    chips = load_chips(extra)
    return chips[require_chip(name, extra)]


@functools.cache
def _own_table() -> dict[str, Chip]:
    return _read_table(CHIP_TABLE)


def _read_table(path: Path) -> dict[str, Chip]:
    entries = read_toml(path, "chip table")
    return {
        name: _chip(f"chip table {path}: chip {name}", name, entry)
        for name, entry in entries.items()
    }


def _chip(where: str, name: str, entry: Any) -> Chip:
    parts = ("limits", "costs", "states", "placement")
    known = ("title", "notes", "sharing", "weight_widths", "graded_spikes", *parts)
    entry = table(where, entry, known)
    sharing = one_of(where, entry, "sharing", SHARINGS)
    limits = _figures(f"{where}: limits", present(where, entry, "limits"), LIMITS)
    _all_of(f"{where}: limits", limits, LIMITS)
    for needed in NEEDED:
        if not limits[needed].value:
            raise FileFormatError(message(f"{where}: limits: {needed}", "1 or more", "nothing"))
    costs = _figures(f"{where}: costs", present(where, entry, "costs"), COSTS)
    _all_of(f"{where}: costs", costs, COSTS)
    for size in ("word_bits", "block_synapses", "population_base"):
        if costs[size].value == 0:
            raise FileFormatError(message(f"{where}: costs: {size}", "1 or more", 0))
    return Chip(
        name=name,
        title=text(where, entry, "title"),
        limits=limits,
        costs=costs,
        states=_figures(f"{where}: states", present(where, entry, "states"), NEURONS),
        placement=_rule(f"{where}: placement", present(where, entry, "placement")),
        sharing=sharing,
        weight_widths=_widths(f"{where}: weight_widths", present(where, entry, "weight_widths")),
        graded_spikes=_flag(where, entry, "graded_spikes"),
        notes=text(where, entry, "notes", ""),
    )


def _rule(where: str, entry: Any) -> PlacementRule:
    entry = table(where, entry, ("rule", "zeros_kept", "year", "source", "basis", "note"))
    return PlacementRule(
        rule=one_of(where, entry, "rule", RULES),
        zeros_kept=_flag(where, entry, "zeros_kept"),
        year=year(where, entry),
        source=text(where, entry, "source"),
        basis=one_of(where, entry, "basis", LIMIT_BASES),
        note=text(where, entry, "note", ""),
    )


def _flag(where: str, entry: dict[str, Any], name: str) -> bool:
    value = present(where, entry, name)
    if not isinstance(value, bool):
        raise FileFormatError(message(f"{where}: {name}", "true or false", repr(value)))
    return value


def _figures(where: str, entry: Any, known: tuple[str, ...]) -> dict[str, Limit]:
    return {
        name: _limit(f"{where}: {name}", value)
        for name, value in table(where, entry, known).items()
    }


def _all_of(where: str, figures: dict[str, Limit], names: tuple[str, ...]) -> None:
    for name in names:
        if name not in figures:
            remedy = 'Give it basis = "unknown" if it is not published.'
            raise FileFormatError(message(f"{where}: {name}", "a figure", "nothing", remedy))


def _limit(where: str, entry: Any) -> Limit:
    entry = table(where, entry, ("value", "unit", "year", "source", "basis", "note"))
    basis = one_of(where, entry, "basis", LIMIT_BASES)
    value = entry.get("value")
    if (value is None) != (basis == "unknown"):
        expected = "no value, because its basis is unknown" if value is not None else "a value"
        raise FileFormatError(message(f"{where}: value", expected, repr(value)))
    if value is not None and not is_whole(value, 0, 2**62):
        raise FileFormatError(message(f"{where}: value", "a whole number, 0 or more", repr(value)))
    return Limit(
        value=value,
        unit=text(where, entry, "unit"),
        year=year(where, entry),
        source=text(where, entry, "source"),
        basis=basis,
        note=text(where, entry, "note", ""),
    )


def _widths(where: str, value: Any) -> tuple[int, ...]:
    whole = isinstance(value, list) and value and all(is_whole(each, 1, 32) for each in value)
    if not whole or value != sorted(set(value)):
        raise FileFormatError(message(where, "rising numbers of bits, 1 to 32", repr(value)))
    return tuple(value)
