"""What somebody measured of a network on a board, read from a person's own TOML file.

One table a measurement. Every quantity has its unit in its name, and what is per sample says so::

    [my-board]
    chip = "loihi2"                # of `fit`
    source = "oheogulch, 2 May 2026, mean of 10,000 steps"
    samples = 625                  # that the figures are means or sums over
    steps_per_sample = 16
    power_w = 0.68                 # while it runs, static power included
    static_power_w = 0.23
    profile = "run.log"            # what the vendor's notebooks print, beside this file

At least one quantity is needed; `derived` adds what follows from the others. ``profile`` is read by
`neurodeploy.hardware.profilers`, and what it has must not stand in the table too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

import msgspec

from neurodeploy._io.documents import Count, Positive, Text, Whole, fitted, read_toml
from neurodeploy._io.files import atomic_path
from neurodeploy.errors import FileFormatError, InputError, message
from neurodeploy.hardware.names import chip_names, require_listed_chip
from neurodeploy.hardware.profilers import (
    activity_of,
    power_of,
    printed_quantities,
    run_of,
    stats_of,
    time_of,
)

WHAT = "file of measurements"

QUANTITIES = {
    "step_s": "seconds of a step, the mean",
    "least_step_s": "seconds of the shortest step",
    "peak_step_s": "seconds of the longest step",
    "sample_s": "seconds of a sample",
    "power_w": "watts while it runs, static ones included",
    "static_power_w": "watts at rest",
    "dynamic_power_w": "watts while it runs, less those at rest",
    "vdd_power_w": "watts of logic",
    "vddm_power_w": "watts of memory",
    "vddio_power_w": "watts of input and output",
    "energy_j": "joules a sample, static ones included",
    "static_energy_j": "joules a sample at rest",
    "dynamic_energy_j": "joules a sample, less those at rest",
}
"""What can be measured of a run, and what it means."""

ACTIVITY = ("syn_ops", "dendrite_updates", "axon_out", "spikes_in")
"""Counts by core, by the names that the vendor's profiler has."""

_Counts = Annotated[tuple[Whole, ...], msgspec.Meta(min_length=1)]


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One measured run.

    Parameters
    ----------
    name : str
        Of the table.
    chip : str
        Name of the chip.
    source : str
        Who measured, where and when.
    samples : int
        That the quantities are means over, and the activity sums.
    steps_per_sample : int
    quantities : mapping of str to float
        Of `QUANTITIES`, as they were measured.
    cores : int, optional
        In use.
    activity : mapping of str to tuple of int
        Of `ACTIVITY`, counts of the whole run, a core each.
    """

    name: str
    chip: str
    source: str
    samples: int
    steps_per_sample: int
    quantities: Mapping[str, float]
    cores: int | None = None
    activity: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def derived(self) -> dict[str, float]:
        """Quantities that were not measured themselves, but follow from those that were."""
        known = dict(self.quantities)
        steps = self.steps_per_sample

        def follows(name: str, *needed: str) -> bool:
            return name not in known and all(each in known for each in needed)

        if follows("sample_s", "step_s"):
            known["sample_s"] = known["step_s"] * steps
        if follows("step_s", "sample_s"):
            known["step_s"] = known["sample_s"] / steps
        if follows("power_w", "static_power_w", "dynamic_power_w"):
            known["power_w"] = known["static_power_w"] + known["dynamic_power_w"]
        if follows("dynamic_power_w", "power_w", "static_power_w"):
            known["dynamic_power_w"] = known["power_w"] - known["static_power_w"]
        for energy in ("energy_j", "static_energy_j", "dynamic_energy_j"):
            power = energy.replace("energy_j", "power_w")
            if follows(energy, power, "sample_s"):
                known[energy] = known[power] * known["sample_s"]
        return {name: known[name] for name in QUANTITIES if name in known.keys() - self.quantities}

    def to_dict(self) -> dict[str, Any]:
        """For JSON; ``activity`` by core, and ``derived`` apart from ``quantities``."""
        activity = {name: list(counts) for name, counts in self.activity.items()}
        return {
            **asdict(self),
            "quantities": dict(self.quantities),
            "activity": activity,
            "derived": self.derived,
        }


def measurement_of(
    name: str,
    *,
    chip: str,
    source: str,
    samples: int,
    steps_per_sample: int,
    power: Any = None,
    time: Any = None,
    activity: Any = None,
    profiler: Any = None,
    stats: Any = None,
) -> Measurement:
    """Take a measurement from the vendor's profilers, after the run.

    Parameters
    ----------
    name, chip, source : str
        Of the measurement, and of what it was made on. Power is that of the board that the profiler
        saw: say in ``source`` how many chips.
    samples, steps_per_sample : int
        Of the run.
    power, time, activity : optional
        ``Loihi2Power``, ``Loihi2ExecutionTime`` and ``Loihi2Activity`` of
        ``lava.utils.loihi2_profiler``.
    profiler : optional
        ``Loihi2HWProfiler`` of ``lava.utils.profiler``, with probes of time and energy.
    stats : optional
        NxSDK's ``board.energyTimeMonitor.powerProfileStats``, of Loihi 1.

    Returns
    -------
    Measurement
        `save_measurements` keeps it for ``neurodeploy energy --measured``.

    Raises
    ------
    InputError
        None is given, an object lacks what it is published to have, two give the same quantity, or
        one is not more than 0.
    """
    readers = [
        (power, power_of),
        (time, time_of),
        (profiler, lambda given: run_of(given, samples)),
        (stats, stats_of),
    ]
    quantities: dict[str, float] = {}
    for given, read in readers:
        for quantity, value in ({} if given is None else read(given)).items():
            where = f"measurement {name}: {quantity}"
            if quantity in quantities:
                raise InputError(message(where, "one profiler that gives it", "two"))
            if value <= 0:
                raise InputError(message(where, f"{QUANTITIES[quantity]}, more than 0", value))
            quantities[quantity] = value
    counts = {} if activity is None else activity_of(activity, ACTIVITY)
    if not quantities and not counts:
        raise InputError(message(f"measurement {name}", "at least one profiler", "none"))
    return Measurement(
        name=name,
        chip=chip,
        source=source,
        samples=samples,
        steps_per_sample=steps_per_sample,
        quantities=quantities,
        activity=counts,
    )


def load_measurements(path: Path | str, chips: Path | str | None = None) -> dict[str, Measurement]:
    """Read measurements, by name.

    Parameters
    ----------
    path : path
        TOML, as the module says.
    chips : path, optional
        A person's own table of chips.

    Returns
    -------
    dict of str to Measurement

    Raises
    ------
    FileFormatError
        A file is missing or no TOML, or a field is missing, unknown, given twice or out of range.
        The message names file, table and field.
    """
    path = Path(path)
    entries = read_toml(path, WHAT)
    if not entries:
        raise FileFormatError(message(f"{WHAT} {path}", "a table for each measurement", "none"))
    known = chip_names(chips)
    return {name: _measurement(path, name, entry, known) for name, entry in entries.items()}


def save_measurements(path: Path | str, measurements: Mapping[str, Measurement]) -> None:
    """Write what `load_measurements` reads, whole or not at all.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    with atomic_path(path) as draft:
        draft.write_text("\n".join(map(_written, measurements.values())), encoding="utf-8")


def _written(measured: Measurement) -> str:
    fields = {
        "chip": _quoted(measured.chip),
        "source": _quoted(measured.source),
        "samples": measured.samples,
        "steps_per_sample": measured.steps_per_sample,
        **({} if measured.cores is None else {"cores": measured.cores}),
        **measured.quantities,
    }
    lines = [f"[{_quoted(measured.name)}]", *(f"{name} = {each}" for name, each in fields.items())]
    if measured.activity:
        lines += ["", f"[{_quoted(measured.name)}.activity]"]
        lines += [f"{name} = {list(counts)}" for name, counts in measured.activity.items()]
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    """A basic string of TOML."""
    safe = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in safe) + '"'


class _Activity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Counts of the whole run, one a core."""

    syn_ops: _Counts | None = None
    dendrite_updates: _Counts | None = None
    axon_out: _Counts | None = None
    spikes_in: _Counts | None = None


class _Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A run, as the table has it, beside its quantities."""

    chip: Text
    source: Text
    samples: Count
    steps_per_sample: Count
    cores: Count | None = None
    profile: Text | None = None
    activity: _Activity = _Activity()


_Entry = msgspec.defstruct(
    "_Entry",
    [(name, Positive | None, None) for name in QUANTITIES],
    bases=(_Head,),
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
)
"""A whole table."""


def _measurement(path: Path, name: str, given: Any, chips: list[str]) -> Measurement:
    where = f"{WHAT} {path}: {name}"
    entry: Any = fitted(given, where, _Entry)
    require_listed_chip(where, entry.chip, chips)
    quantities = {each: float(getattr(entry, each)) for each in QUANTITIES if getattr(entry, each)}
    if entry.profile is not None:
        log = path.parent / entry.profile
        for quantity, value in printed_quantities(log).items():
            if quantity in quantities:
                found = f"{quantity} here and in {log}"
                raise FileFormatError(message(f"{where}: {quantity}", "it once", found))
            quantities[quantity] = value
    activity = {
        name: counts for name, counts in msgspec.structs.asdict(entry.activity).items() if counts
    }
    if len({len(values) for values in activity.values()}) > 1:
        has = {name: len(values) for name, values in activity.items()}
        expected = "as many cores in each list"
        raise FileFormatError(message(f"{where}: activity", expected, has))
    if not quantities and not activity:
        expected = f"at least one of {', '.join(QUANTITIES)}"
        raise FileFormatError(message(where, expected, "none"))
    _require_consistent(where, quantities)
    return Measurement(
        name=name,
        chip=entry.chip,
        source=entry.source,
        samples=entry.samples,
        steps_per_sample=entry.steps_per_sample,
        quantities=quantities,
        cores=entry.cores,
        activity=activity,
    )


def _require_consistent(where: str, quantities: Mapping[str, float]) -> None:
    """A part is not more than the whole."""
    pairs = [("least_step_s", "step_s"), ("step_s", "peak_step_s"), ("step_s", "sample_s")]
    for kind in ("static_", "dynamic_"):
        pairs += [(f"{kind}{whole}", whole) for whole in ("power_w", "energy_j")]
    for part, whole in pairs:
        if quantities.get(part, 0) > quantities.get(whole, math.inf):
            expected = f"at most {whole}, {quantities[whole]:g}"
            raise FileFormatError(message(f"{where}: {part}", expected, f"{quantities[part]:g}"))
