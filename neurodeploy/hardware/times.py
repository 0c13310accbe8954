"""How long operations take on a chip, read from ``times.toml``, which says what each is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from neurodeploy._io.documents import Count, Positive, Text, fitted, read_toml
from neurodeploy.errors import FileFormatError, message
from neurodeploy.hardware.names import chip_names, require_listed_chip

TIMES_TABLE = Path(__file__).with_name("times.toml")
TimeBasis = Literal["simulated", "calibrated"]
FORMS = ("dense", "sparse", "kernel")
SECONDS = ("neuron_s", "spike_s", "message_in_s", "message_out_s", "hop_s")


@dataclass(frozen=True, kw_only=True)
class Times:
    """Seconds of each operation.

    Parameters
    ----------
    name, chip : str
        Of the device, and of the chip that it is placed on.
    basis : TimeBasis
    source, static_source : str
        Where the times, and the power, come from.
    synapse_s : mapping of str to float
        By the form in which synapses lie, of `FORMS`.
    neuron_s, spike_s, message_in_s, message_out_s, hop_s : float
        Of one operation.
    barrier_s : mapping of int to float
        By tiles in use, rising.
    cores_per_tile : int
    static_power_w : float
        Of the chip while it runs.
    """

    name: str
    chip: str
    basis: TimeBasis
    source: str
    synapse_s: Mapping[str, float]
    neuron_s: float
    spike_s: float
    message_in_s: float
    message_out_s: float
    hop_s: float
    barrier_s: Mapping[int, float]
    cores_per_tile: int
    static_power_w: float
    static_source: str

    def barrier(self, cores: int) -> float:
        """Seconds that the end of a step takes with so many cores in use."""
        tiles = -(-cores // self.cores_per_tile)
        known = [number for number in self.barrier_s if number <= tiles]
        return self.barrier_s[max(known, default=min(self.barrier_s))]


class _Forms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    dense: Positive
    sparse: Positive
    kernel: Positive


class _Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    chip: Text
    basis: TimeBasis
    source: Text
    static_power_w: Positive
    static_source: Text


class _Measured(_Head, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Times, as the table has them."""

    synapse_s: _Forms
    neuron_s: Positive
    spike_s: Positive
    message_in_s: Positive
    message_out_s: Positive
    hop_s: Positive
    barrier_s: Annotated[dict[Count, Positive], msgspec.Meta(min_length=1)]
    cores_per_tile: Count


class _Scaled(_Head, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Times of another entry, each ``scale`` times as long."""

    like: Text
    scale: Positive


def load_times(path: Path = TIMES_TABLE) -> dict[str, Times]:
    """Read a table of times, by name.

    Raises
    ------
    FileFormatError
        The file is missing or no TOML, or a field is missing, unknown or out of range.
    """
    loaded: dict[str, Times] = {}
    for name, entry in read_toml(path, "table of times").items():
        where = f"table of times {path}: {name}"
        scaled = isinstance(entry, dict) and "like" in entry
        made = _scaled(where, name, entry, loaded) if scaled else _measured(where, name, entry)
        require_listed_chip(where, made.chip, chip_names())
        loaded[name] = made
    return loaded


def _measured(where: str, name: str, given: Any) -> Times:
    entry = fitted(given, where, _Measured)
    fields = msgspec.structs.asdict(entry)
    fields["synapse_s"] = msgspec.structs.asdict(entry.synapse_s)
    fields["barrier_s"] = dict(sorted(entry.barrier_s.items()))
    return Times(name=name, **fields)


def _scaled(where: str, name: str, given: Any, loaded: Mapping[str, Times]) -> Times:
    entry = fitted(given, where, _Scaled)
    if entry.like not in loaded:
        expected = f"one of {', '.join(loaded)}, which come before"
        raise FileFormatError(message(f"{where}: like", expected, repr(entry.like)))
    other, scale = loaded[entry.like], entry.scale
    head = {field: getattr(entry, field) for field in _Head.__struct_fields__}
    return Times(
        name=name,
        **head,
        **{each: scale * getattr(other, each) for each in SECONDS},
        synapse_s={form: scale * each for form, each in other.synapse_s.items()},
        barrier_s={tiles: scale * each for tiles, each in other.barrier_s.items()},
        cores_per_tile=other.cores_per_tile,
    )
