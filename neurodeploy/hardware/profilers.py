"""What the vendor's profilers of Loihi chips give: objects that hold figures, and printed lines.

The profilers themselves are not public; what they are called, what they hold and in which unit is,
in the notebooks of lava-dl and in other people's scripts that use them:

* ``lava.utils.loihi2_profiler``: ``Loihi2Power`` has series and static values in watts,
  ``Loihi2ExecutionTime`` series and a mean in microseconds, ``Loihi2Activity`` counts of the whole
  run by core.
* ``lava.utils.profiler.Profiler``: ``Loihi2HWProfiler`` has watts, joules of the run, and seconds.
* NxSDK's ``board.energyTimeMonitor.powerProfileStats`` for Loihi 1: milliwatts, microseconds.
* lava-dl's benchmark notebooks print power, throughput and energy, a line each.

None of these is imported here: an object is asked for what it is published to have.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from neurodeploy._io.files import require_file
from neurodeploy.errors import FileFormatError, InputError, message

LARGEST_LOG = 64 << 20
"""Bytes of printed lines that are read."""

PRINTED: dict[str, tuple[str, str, Callable[[float], float]]] = {
    "total power": ("power_w", "W", float),
    "static power": ("static_power_w", "W", float),
    "dynamic power": ("dynamic_power_w", "W", float),
    "vdd power": ("vdd_power_w", "W", float),
    "vdd-m power": ("vddm_power_w", "W", float),
    "vdd-io power": ("vddio_power_w", "W", float),
    "time per timestep": ("step_s", "us", lambda value: 1e-6 * value),
    "throughput": ("sample_s", "fps", lambda value: 1 / value),
    "total energy per inference": ("energy_j", "mJ", lambda value: 1e-3 * value),
    "dynamic energy per inference": ("dynamic_energy_j", "mJ", lambda value: 1e-3 * value),
}
"""Lines of lava-dl's notebooks: the quantity, the unit that is printed, and how it becomes ours."""

_LINE = re.compile(r"\s*([A-Za-z][A-Za-z -]*?)\s*:\s*([-+.0-9eE]+)\s*(\w+)\b")


def printed_quantities(path: Path) -> dict[str, float]:
    """Read what lava-dl's benchmark notebooks print, by our names; other lines are passed over.

    Raises
    ------
    FileFormatError
        The file is missing, too large or no text; no line is of that kind; a line is there twice,
        in another unit, or not more than 0.
    """
    what = "printed profile"
    require_file(path, what)
    where = f"{what} {path}"
    size = path.stat().st_size
    if size > LARGEST_LOG:
        raise FileFormatError(message(where, f"at most {LARGEST_LOG:,} bytes", f"{size:,}"))
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileFormatError(message(where, "text", error)) from error
    found: dict[str, float] = {}
    for number, line in enumerate(lines, 1):
        match = _LINE.match(line)
        if match is None or match[1].lower() not in PRINTED:
            continue
        quantity, unit, ours = PRINTED[match[1].lower()]
        at = f"{where}: line {number}"
        if match[3] != unit:
            raise FileFormatError(message(at, f"{match[1]} in {unit}", match[3]))
        if quantity in found:
            raise FileFormatError(message(at, f"{match[1]} of one run", "a second one"))
        value = _number(match[2])
        if not 0 < value < math.inf:
            raise FileFormatError(message(at, f"{match[1]}, more than 0", match[2]))
        found[quantity] = ours(value)
    if not found:
        expected = "lines such as 'Total Power   : 0.679234 W', as lava-dl's notebooks print them"
        raise FileFormatError(message(where, expected, f"none in {len(lines)} lines"))
    return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def power_of(logger: Any) -> dict[str, float]:
    """Watts of a ``Loihi2Power``."""
    return {
        "power_w": _mean("power", logger, "total_power"),
        "static_power_w": _mean("power", logger, "static_total_power"),
        "vdd_power_w": _mean("power", logger, "vdd_power"),
        "vddm_power_w": _mean("power", logger, "vddm_power"),
        "vddio_power_w": _mean("power", logger, "vddio_power"),
    }


def time_of(logger: Any) -> dict[str, float]:
    """Seconds of a ``Loihi2ExecutionTime``, which has microseconds."""
    return {"step_s": 1e-6 * _mean("time", logger, "avg_time_per_step")}


def activity_of(logger: Any, names: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """Counts of a ``Loihi2Activity``, a core each."""
    return {name: tuple(int(each) for each in _values("activity", logger, name)) for name in names}


def run_of(profiler: Any, samples: int) -> dict[str, float]:
    """Seconds and joules a sample, and watts, of a ``Loihi2HWProfiler``, which has the run's."""
    names = {"power": "power_w", "static_power": "static_power_w"}
    found = {ours: _mean("profiler", profiler, its) for its, ours in names.items()}
    found["sample_s"] = sum(_values("profiler", profiler, "execution_time")) / samples
    found["energy_j"] = _mean("profiler", profiler, "energy") / samples
    found["static_energy_j"] = _mean("profiler", profiler, "static_energy") / samples
    return found


def stats_of(stats: Any) -> dict[str, float]:
    """Of NxSDK's ``powerProfileStats`` of Loihi 1: milliwatts and microseconds."""
    power = _attribute("stats", stats, "power")
    kinds = {"total": "power_w", "static": "static_power_w", "dynamic": "dynamic_power_w"}
    missing = [kind for kind in kinds if kind not in power]
    if missing:
        raise InputError(message("stats: power", f"{', '.join(kinds)} in mW", sorted(power)))
    found = {ours: 1e-3 * float(power[kind]) for kind, ours in kinds.items()}
    return {"step_s": 1e-6 * _mean("stats", stats, "timePerTimestep"), **found}


def _attribute(where: str, source: Any, name: str) -> Any:
    value = getattr(source, name, None)
    if value is None:
        expected = f"{name}, which the vendor's profiler has after the run"
        raise InputError(message(where, expected, f"none in {type(source).__name__}"))
    return value


def _values(where: str, source: Any, name: str) -> list[float]:
    """Of a series or of one number."""
    value = _attribute(where, source, name)
    try:
        series = [float(each) for each in value] if hasattr(value, "__iter__") else [float(value)]
    except (TypeError, ValueError) as error:
        raise InputError(message(f"{where}: {name}", "numbers", repr(value))) from error
    if not series or not all(math.isfinite(each) for each in series):
        raise InputError(message(f"{where}: {name}", "finite numbers, one at least", repr(value)))
    return series


def _mean(where: str, source: Any, name: str) -> float:
    series = _values(where, source, name)
    return math.fsum(series) / len(series)
