"""How long operations take on a chip, read from ``times.toml``, which says what each is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurodeploy._io.toml import one_of, present, read_toml, table, text
from neurodeploy.errors import FileFormatError, message
from neurodeploy.hardware.names import chip_names

TIMES_TABLE = Path(__file__).with_name("times.toml")
TIME_BASES = ("simulated", "calibrated")
FORMS = ("dense", "sparse", "kernel")
SECONDS = ("neuron_s", "spike_s", "message_in_s", "message_out_s", "hop_s")
HEAD = ("chip", "basis", "source", "static_power_w", "static_source")


@dataclass(frozen=True, kw_only=True)
class Times:
    """Seconds of each operation.

    Parameters
    ----------
    name, chip : str
        Of the device, and of the chip that it is placed on.
    basis : str
        One of `TIME_BASES`.
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
    basis: str
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
        if isinstance(entry, dict) and "like" in entry:
            loaded[name] = _scaled(where, name, entry, loaded)
        else:
            loaded[name] = _measured(where, name, entry)
    return loaded


def _measured(where: str, name: str, entry: Any) -> Times:
    entry = table(where, entry, (*HEAD, *SECONDS, "synapse_s", "barrier_s", "cores_per_tile"))
    forms = table(f"{where}: synapse_s", present(where, entry, "synapse_s"), FORMS)
    barrier = present(where, entry, "barrier_s")
    if not isinstance(barrier, dict) or not barrier or not all(map(str.isdecimal, barrier)):
        raise FileFormatError(message(f"{where}: barrier_s", "seconds by tiles", barrier))
    tiles = {int(number): _positive(f"{where}: barrier_s", barrier, number) for number in barrier}
    seconds: dict[str, Any] = {each: _positive(where, entry, each) for each in SECONDS}
    return Times(
        name=name,
        **_head(where, entry),
        **seconds,
        synapse_s={form: _positive(f"{where}: synapse_s", forms, form) for form in FORMS},
        barrier_s=dict(sorted(tiles.items())),
        cores_per_tile=int(_positive(where, entry, "cores_per_tile")),
    )


def _scaled(where: str, name: str, entry: Any, loaded: Mapping[str, Times]) -> Times:
    """Times of another entry, each ``scale`` times as long."""
    entry = table(where, entry, (*HEAD, "like", "scale"))
    other, scale = (
        loaded[one_of(where, entry, "like", list(loaded))],
        _positive(where, entry, "scale"),
    )
    return Times(
        name=name,
        **_head(where, entry),
        **{each: scale * getattr(other, each) for each in SECONDS},
        synapse_s={form: scale * each for form, each in other.synapse_s.items()},
        barrier_s={tiles: scale * each for tiles, each in other.barrier_s.items()},
        cores_per_tile=other.cores_per_tile,
    )


def _head(where: str, entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "chip": one_of(where, entry, "chip", chip_names()),
        "basis": one_of(where, entry, "basis", TIME_BASES),
        "source": text(where, entry, "source"),
        "static_power_w": _positive(where, entry, "static_power_w"),
        "static_source": text(where, entry, "static_source"),
    }


def _positive(where: str, entry: dict[str, Any], name: str) -> float:
    value = present(where, entry, name)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 < value < math.inf:
        raise FileFormatError(message(f"{where}: {name}", "a number, more than 0", repr(value)))
    return float(value)
