"""Chips and what they hold, read from TOML and validated."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec

from neurodeploy._io.documents import Text, Whole, Year, fitted, read_toml
from neurodeploy._io.imports import did_you_mean
from neurodeploy.errors import FileFormatError, InputError, message
from neurodeploy.hardware.names import CHIP_TABLE, require_chip
from neurodeploy.netx.neurons import Neuron

Basis = Literal["published", "inferred", "assumed", "unknown"]
LIMIT_BASES: tuple[Basis, ...] = get_args(Basis)
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

Sharing = Literal["population", "kernel", "none"]
"""How a convolution can be stored; ``chips.toml`` says what each means."""

Rule = Literal["compiler", "packed"]
"""How layers go to cores; ``chips.toml`` says what each means."""

DenseFrom = Literal["layer", "core"]
"""Where the size of a dense layer's parts begins; ``chips.toml`` says what each means."""

NEEDED = ("cores_per_chip", "compartments", "memory_bits", "mesh_columns")
"""Limits without which there is nothing to pack into."""

DIVISORS = ("word_bits", "block_synapses", "population_base")
"""Costs that something is divided by."""


class Limit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
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

    value: Whole | None = None
    unit: Text
    year: Year
    source: Text
    basis: Basis
    note: str = ""

    def __post_init__(self) -> None:
        if (self.value is None) != (self.basis == "unknown"):
            expected = "a value" if self.value is None else "no value, because its basis is unknown"
            raise ValueError(expected)


class PlacementRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How layers go to the cores of a chip, and where that comes from.

    Parameters
    ----------
    rule : Rule
    zeros_kept : bool
        Whether dense layers are stored with their weights of 0, always; else where that is less.
    dense_from : DenseFrom
        Where the compiler begins to cut them.
    year, source, basis, note
        As of a `Limit`.
    """

    rule: Rule
    zeros_kept: bool
    dense_from: DenseFrom = "layer"
    year: Year
    source: Text
    basis: Basis
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
    sharing : Sharing
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
    sharing: Sharing
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
        rule = msgspec.structs.replace(
            self.placement, basis="assumed", source=source, note="", **changes
        )
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
        package's as a whole; ``like = "loihi2"`` takes what a chip does not say from another one.

    Returns
    -------
    dict of str to Chip

    Raises
    ------
    FileFormatError
        The file is missing or no TOML; or a field of a chip is missing, unknown or out of range.
        The message names file, chip and field.
    """
    return _own_table() | ({} if extra is None else _read_table(Path(extra), CHIP_TABLE))


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


def _every(name: str, figures: tuple[str, ...]) -> type[msgspec.Struct]:
    """A class with so many figures, all of which are needed."""
    fields = [(figure, Limit) for figure in figures]
    return msgspec.defstruct(name, fields, frozen=True, kw_only=True, forbid_unknown_fields=True)


def _some(name: str, figures: tuple[str, ...]) -> type[msgspec.Struct]:
    """A class with figures that can be missing."""
    fields = [(figure, Limit | msgspec.UnsetType, msgspec.UNSET) for figure in figures]
    return msgspec.defstruct(name, fields, frozen=True, kw_only=True, forbid_unknown_fields=True)


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A chip, as the table has it."""

    title: Text
    notes: str = ""
    sharing: Sharing
    weight_widths: Annotated[
        tuple[Annotated[int, msgspec.Meta(ge=1, le=32)], ...], msgspec.Meta(min_length=1)
    ]
    graded_spikes: bool
    limits: _every("Limits", LIMITS)  # type: ignore[valid-type]
    costs: _every("Costs", COSTS)  # type: ignore[valid-type]
    states: _some("States", NEURONS)  # type: ignore[valid-type]
    placement: PlacementRule


def _read_table(path: Path, *others: Path) -> dict[str, Chip]:
    entries = read_toml(path, "chip table")
    known = {**entries}
    for other in others:
        known = {**read_toml(other, "chip table"), **known}
    chips = {}
    for name, entry in entries.items():
        where = f"chip table {path}: chip {name}"
        chips[name] = _chip(where, name, _completed(where, name, entry, known))
    return chips


def _completed(where: str, name: str, entry: Any, known: Mapping[str, Any]) -> Any:
    """An entry with what it does not say from the one that it is like."""
    if not isinstance(entry, dict) or "like" not in entry:
        return entry
    others = [each for each in known if each != name]
    like = entry["like"]
    if like not in others:
        expected = f"one of {', '.join(others)}"
        raise FileFormatError(
            message(f"{where}: like", expected, repr(like), did_you_mean(str(like), others))
        )
    first = known[like]
    if "like" in first:
        expected = "a chip that says all of itself"
        raise FileFormatError(message(f"{where}: like", expected, repr(like)))
    own = {field: value for field, value in entry.items() if field != "like"}
    parts = {
        field: {**first[field], **value}
        for field, value in own.items()
        if isinstance(value, dict) and isinstance(first.get(field), dict)
    }
    return {**first, **own, **parts}


def _chip(where: str, name: str, given: Any) -> Chip:
    entry = fitted(given, where, _Entry)
    for field, names in (("limits", NEEDED), ("costs", DIVISORS)):
        for figure in names:
            if getattr(getattr(entry, field), figure).value == 0:
                raise FileFormatError(message(f"{where}: {field}.{figure}", "1 or more", 0))
    for needed in NEEDED:
        if getattr(entry.limits, needed).value is None:
            raise FileFormatError(message(f"{where}: limits.{needed}", "1 or more", "nothing"))
    if list(entry.weight_widths) != sorted({*entry.weight_widths}):
        expected, found = "rising numbers of bits", list(entry.weight_widths)
        raise FileFormatError(message(f"{where}: weight_widths", expected, found))
    fields = msgspec.structs.asdict(entry)
    for part in ("limits", "costs", "states"):
        fields[part] = _figures(fields[part])
    return Chip(name=name, **fields)


def _figures(part: msgspec.Struct) -> dict[str, Limit]:
    figures = msgspec.structs.asdict(part)
    return {name: figure for name, figure in figures.items() if figure is not msgspec.UNSET}
