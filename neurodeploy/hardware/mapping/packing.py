"""Layers cut into parts, parts packed into cores; and the fewest cores that any packing needs.

Layers are cut from the last to the first, because a neuron takes an output axon for each part of
the next layer that it reaches. Each next run is cut to fill what an open core has left; only where
nothing worth while fits, a new core is opened. Convolutions are arranged so that they take the
least of a core. What is worth while, whether dense layers, which need memory, are spread thinly
over all cores beside others, which need compartments, and whether the finished parts are packed
anew, largest first, is tried out: the packing with the fewest cores wins, then the one with the
fewest output axons. Everything is deterministic.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from neurodeploy.hardware.chips import CORE_LIMITS, Chip
from neurodeploy.hardware.mapping.conv import ConvDemand
from neurodeploy.hardware.mapping.demand import Demand, LayerDemand
from neurodeploy.hardware.mapping.dense import DenseDemand

SUMS = ("compartments", "input_axons", "output_axons", "memory_bits")
"""Limits that demands add up to; the others are sets."""

WORTH_WHILE = (0.02, 0.1, 0.25, 0.5, 1.0)
"""Smallest runs to put beside others that are tried, as a part of what an empty core takes."""

SPREADS = (1.0, 1.05, 1.1, 1.2)
"""Numbers of cores, as multiples of the bound, that dense layers are spread over in a try."""


class Unplaceable(Exception):
    """A unit of a layer that no empty core takes."""

    def __init__(self, layer: int, resource: str, needed: int) -> None:
        super().__init__(layer, resource, needed)
        self.layer, self.resource, self.needed = layer, resource, needed


@dataclass(frozen=True, kw_only=True)
class Part:
    """Neurons of one layer that lie together in one core.

    Parameters
    ----------
    layer : int
        Place of the layer in the network.
    neurons : int array
        Flat features of the layer.
    sources, own_sources : int array
        Flat features before the layer, and neurons of the layer itself, that send to it.
    demand : Demand
        With output axons.
    """

    layer: int
    neurons: np.ndarray
    sources: np.ndarray
    own_sources: np.ndarray
    demand: Demand


@dataclass(kw_only=True)
class Core:
    """Parts in one core, and the sum of their demands."""

    parts: list[Part] = field(default_factory=list)
    used: Demand = field(default_factory=Demand)

    def add(self, part: Part) -> None:
        """Put a part in."""
        self.parts.append(part)
        self.used += part.demand


def exceeded(chip: Chip, demand: Demand) -> str | None:
    """The first limit of a core that a demand is beyond, or None."""
    for name in CORE_LIMITS:
        limit = chip.limit(name)
        if limit is not None and demand.amount(name) > limit:
            return name
    return None


def _room(chip: Chip, used: Demand, more: Demand) -> bool:
    """Whether a core takes more; the same as `exceeded` of the sum, sooner."""
    for name in SUMS:
        limit = chip.limit(name)
        if limit is not None and getattr(used, name) + getattr(more, name) > limit:
            return False
    return exceeded(chip, used + more) is None


def pack(layers: dict[int, LayerDemand], chip: Chip, enough: int = 0) -> list[Core]:
    """Cores with every neuron of the layers in one of them.

    Parameters
    ----------
    layers : dict of int to LayerDemand
        By place in the network.
    chip : Chip
        Whose cores are packed, as many as it takes.
    enough : int
        A packing into so few cores is not looked beyond; the lower bound, if it is known.

    Raises
    ------
    Unplaceable
        A neuron does not fit in an empty core.
    """
    best: list[Core] | None = None
    refused: Unplaceable | None = None
    tries = [(worth, 0) for worth in WORTH_WHILE]
    tries += [(WORTH_WHILE[0], math.ceil(more * enough)) for more in SPREADS]
    for worth, spread in tries:
        if best is not None and len(best) <= max(enough, spread):
            continue
        try:
            cores = _Cutter(layers, chip, worth, spread).cut()
        except Unplaceable as problem:
            refused = refused or problem
            continue
        found = min(cores, _repacked(cores, chip), key=_rank)
        best = found if best is None else min(best, found, key=_rank)
    if best is None:
        assert refused is not None
        raise refused
    return sorted(best, key=_place)


def _rank(cores: list[Core]) -> tuple[int, int]:
    return len(cores), sum(core.used.output_axons for core in cores)


def _place(core: Core) -> tuple[float, float]:
    """Where a core stands on the mesh: by the layers that it holds, then by where in them."""
    weights = [len(part.neurons) for part in core.parts]
    layer = np.average([part.layer for part in core.parts], weights=weights)
    return float(layer), float(np.average([p.neurons.mean() for p in core.parts], weights=weights))


def _repacked(cores: list[Core], chip: Chip) -> list[Core]:
    """The same parts, largest first, each in the core that it leaves fullest."""
    parts = [part for core in cores for part in core.parts]
    packed: list[Core] = []
    for part in sorted(parts, key=lambda part: -fullness(chip, part.demand)):
        fitting = [core for core in packed if _room(chip, core.used, part.demand)]
        if not fitting:
            fitting = [Core()]
            packed += fitting
        max(fitting, key=lambda core: fullness(chip, core.used + part.demand)).add(part)
    return packed


def fullness(chip: Chip, demand: Demand) -> float:
    """The largest part of a limit of a core that a demand takes."""
    return max(demand.amount(name) / (chip.limit(name) or np.inf) for name in SUMS)


class _Cutter:
    """Cuts layers into parts as it fills cores."""

    def __init__(
        self, layers: dict[int, LayerDemand], chip: Chip, worth: float, spread: int
    ) -> None:
        self.layers, self.chip, self.worth, self.spread = layers, chip, worth, spread
        self.entries = {at: np.zeros(layer.neurons, np.int64) for at, layer in layers.items()}
        self.cores = [Core() for _ in range(spread)]

    def cut(self) -> list[Core]:
        for at in sorted(self.layers, reverse=True):
            layer = self.layers[at]
            if isinstance(layer, ConvDemand):
                self._arrange(at, layer)
            parts = self._recurrent(at, layer) if layer.recurrent else self._fill(at, layer, 0)
            before = self.entries.get(at - 1)
            if before is not None:
                for part in parts:
                    before[part.sources] += layer.slots
        return [core for core in self.cores if core.parts]

    def _recurrent(self, at: int, layer: LayerDemand) -> list[Part]:
        """Fill with as many output axons a neuron as there turn out to be parts of the layer."""
        kept = [Core(parts=list(core.parts), used=core.used) for core in self.cores]
        number = 1
        while True:
            self.cores = [Core(parts=list(core.parts), used=core.used) for core in kept]
            parts = self._fill(at, layer, number)
            if len(parts) <= number:
                return parts
            number = len(parts)

    def _fill(self, at: int, layer: LayerDemand, own: int) -> list[Part]:
        parts = []
        for segment, units in enumerate(layer.segments):
            sent = self.entries[at][units].sum(axis=1) + own * units.shape[1]
            ends = np.concatenate([[0], np.cumsum(sent)])
            start = 0
            while start < len(units):
                core, stop, demand = self._next(at, layer, segment, start, ends)
                part = Part(
                    layer=at,
                    neurons=units[start:stop].ravel(),
                    sources=layer.sources(segment, start, stop),
                    own_sources=layer.own_sources(segment, start, stop),
                    demand=demand,
                )
                core.add(part)
                parts.append(part)
                start = stop
        return parts

    def _next(
        self, at: int, layer: LayerDemand, segment: int, start: int, ends: np.ndarray
    ) -> tuple[Core, int, Demand]:
        """A core, and the end and the demand of the run from ``start`` that it takes."""

        def demand(stop: int) -> Demand:
            sent = Demand(output_axons=int(ends[stop] - ends[start]))
            return layer.demand(segment, start, stop) + sent

        left = len(ends) - 1
        fresh = _longest(start, left, lambda stop: exceeded(self.chip, demand(stop)) is None)
        if fresh == start:
            resource = exceeded(self.chip, demand(start + 1))
            assert resource is not None
            raise Unplaceable(at, resource, demand(start + 1).amount(resource))
        spread = self.spread > 0 and isinstance(layer, DenseDemand)
        if spread:
            left = min(left, start - (-left // self.spread))
        worth = min(left, start + max(1, int(self.worth * (fresh - start))))
        for core in self.cores:
            if not _room(self.chip, core.used, demand(worth)) or (spread and _holds(core, at)):
                continue
            stop = self._fullest(core, worth, left, demand)
            return core, stop, demand(stop)
        self.cores.append(Core())
        return self.cores[-1], fresh, demand(fresh)

    def _fullest(self, core: Core, stop: int, end: int, demand: Callable[[int], Demand]) -> int:
        """The furthest end of a run that a core takes."""
        return _longest(stop, end, lambda stop: _room(self.chip, core.used, demand(stop)))

    def _arrange(self, at: int, layer: ConvDemand) -> None:
        """Choose blocks of channels and bands of rows that take the least of a core a neuron."""
        channels, rows, _ = layer.shape
        best: tuple[float, int, int] | None = None
        for block in _halves(channels):
            for band in _halves(rows):
                layer.arrange(block, band)
                price = self._price(at, layer)
                if best is None or price < best[0]:
                    best = (price, block, band)
        assert best is not None
        layer.arrange(*best[1:])

    def _price(self, at: int, layer: ConvDemand) -> float:
        """Of a neuron: its part of a core, and of the output axons that send to it."""
        units = layer.segments[0]
        start = len(units) // 2
        ends = np.concatenate([[0], np.cumsum(self.entries[at][units].sum(axis=1))])

        def fits(stop: int) -> bool:
            sent = Demand(output_axons=int(ends[stop] - ends[start]))
            return exceeded(self.chip, layer.demand(0, start, stop) + sent) is None

        stop = _longest(start, len(units), fits)
        if stop == start:
            return np.inf
        axons = self.chip.limit("output_axons") or np.inf
        sent = layer.slots * len(layer.sources(0, start, stop)) / axons
        return (1 + sent) / ((stop - start) * units.shape[1])


def _holds(core: Core, layer: int) -> bool:
    return any(part.layer == layer for part in core.parts)


def _halves(number: int) -> list[int]:
    """A number and its halves down to 1, rounded up."""
    halves = [number]
    while halves[-1] > 1:
        halves.append(-(-halves[-1] // 2))
    return halves


def _longest(start: int, end: int, fits: Callable[[int], bool]) -> int:
    """The largest stop up to ``end`` that fits, from a ``start`` that does."""
    step = 1
    while start + step <= end and fits(start + step):
        start += step
        step *= 2
    while step:
        if start + step <= end and fits(start + step):
            start += step
        step //= 2
    return start


def utilisation(cores: Sequence[Core], chip: Chip) -> dict[str, float]:
    """Part of each known limit that the cores use on average."""
    shares = {}
    for name in SUMS:
        limit = chip.limit(name)
        if limit is not None and cores:
            used = sum(core.used.amount(name) for core in cores)
            shares[name] = used / limit / len(cores)
    return shares
