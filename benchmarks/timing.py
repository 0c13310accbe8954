"""Wall times, and where they were taken."""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

LEAST_S = 0.05
"""A measurement calls its work as often as fits, so that what ran before has left the caches."""


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def seconds_warm(work: Callable[[], object], times: int) -> float:
    """Mean wall time of some calls in a row."""

    def often() -> None:
        for _ in range(times):
            work()

    return seconds(often) / times


def alternating(works: Sequence[Callable[[], object]], rounds: int) -> list[tuple[float, ...]]:
    """Mean wall times of all, round by round, after one call of each that does not count."""
    for work in works:
        work()
    times = [max(1, round(LEAST_S / seconds(work))) for work in works]
    return [
        tuple(seconds_warm(work, count) for work, count in zip(works, times, strict=True))
        for _ in range(rounds)
    ]


def paired(first: Callable[[], object], second: Callable[[], object], pairs: int) -> list[float]:
    """Median times of both, and of the ratio second / first, from alternating measurements."""
    times = alternating([first, second], pairs)
    return [
        statistics.median(pair[0] for pair in times),
        statistics.median(pair[1] for pair in times),
        statistics.median(pair[1] / pair[0] for pair in times),
    ]


def machine() -> str:
    """Processor, cores that we may use, and operating system."""
    models = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return f"{models[0]}, {len(models)} cores, {platform.platform()}"
