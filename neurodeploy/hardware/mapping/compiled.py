"""Layers cut as Lava's compiler cuts them for Loihi 2, each part in a core of its own.

Inferred from what the compiler printed for five networks (`measured.toml`), whose cores and words
it gives row by row. What a core holds comes from the chip.

- A dense layer is cut into parts of one size, the last of what is left. While a part asks more
  than a core has, this size is divided by the excess, rounded up. Where the chip says ``dense_from
  = "core"``, it begins at a core's neurons, whatever the layer has, and is rounded down: 100
  neurons that need 5.1 cores are cut by 4,095, 682, 113 and 18, and, where these need 1.07, by 9;
  256 that need 1.35 by 4,095, 2,047, 1,023, 511, 255 and 127, which makes parts of 127, 127 and 2.
  Both known compilers do so. Else it begins at the layer's neurons and is rounded up: 100, 17, 9.
- A layer with rows and columns is cut into stripes of columns, with all rows and channels. A stripe
  is the widest power of two whose neurons fit. Where the kernels of all channels do not fit, the
  channels are halved before, as YOLO's table has them.
- A stripe of one column that is still too large is halved in rows; no printed table shows that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from neurodeploy.hardware.chips import CORE_LIMITS, Chip
from neurodeploy.hardware.mapping.conv import ConvDemand
from neurodeploy.hardware.mapping.demand import Demand, ImageDemand, LayerDemand
from neurodeploy.hardware.mapping.packing import Core, Part, Unplaceable, exceeded

Run = tuple[int, int, int]
"""Segment, first unit and end of the units of a part."""


def compiled(layers: dict[int, LayerDemand], chip: Chip) -> list[Core]:
    """Cores with one part each, by layer and place in it.

    Parameters
    ----------
    layers : dict of int to LayerDemand
        By place in the network.
    chip : Chip
        Whose cores are filled, as many as it takes.

    Raises
    ------
    Unplaceable
        A layer cannot be cut so that its parts fit in a core.
    """
    parts: dict[int, list[Part]] = {}
    for at in sorted(layers, reverse=True):
        layer = layers[at]
        if isinstance(layer, ImageDemand):
            runs = list(_stripes(layer, chip))
        else:
            *_, (runs, _) = cuts(layer, chip)
        sent = np.zeros(layer.neurons, np.int64)
        for part in parts.get(at + 1, []):
            sent[part.sources] += layers[at + 1].slots
        if layer.recurrent:
            sent += len(runs)
        parts[at] = [_part(at, layer, run, sent, chip) for run in runs]
    return [Core(parts=[part], used=part.demand) for at in sorted(parts) for part in parts[at]]


def _part(at: int, layer: LayerDemand, run: Run, sent: np.ndarray, chip: Chip) -> Part:
    segment, start, stop = run
    neurons = layer.segments[segment][start:stop].ravel()
    demand = layer.demand(*run) + Demand(output_axons=int(sent[neurons].sum()))
    resource = exceeded(chip, demand)
    if resource is not None:
        raise Unplaceable(at, resource, demand.amount(resource))
    return Part(
        layer=at,
        neurons=neurons,
        sources=layer.sources(*run),
        own_sources=layer.own_sources(*run),
        demand=demand,
    )


def cuts(layer: LayerDemand, chip: Chip) -> Iterator[tuple[list[Run], list[Demand]]]:
    """Cuts of a dense layer that are tried, with what each part asks; the last one is taken."""
    from_core = chip.placement.dense_from == "core"
    size = chip.known("compartments") if from_core else layer.neurons
    rounded = math.floor if from_core else math.ceil
    while True:
        runs = [
            (0, start, min(start + size, layer.neurons)) for start in range(0, layer.neurons, size)
        ]
        demands = [layer.demand(*run) for run in runs]
        yield runs, demands
        excess = max(_excess(chip, demand) for demand in demands)
        if excess <= 1 or size == 1:
            return
        size = max(rounded(size / math.ceil(excess)), 1)


def _excess(chip: Chip, demand: Demand) -> float:
    """The largest part of a limit of a core that a demand takes."""
    limits = {name: chip.limit(name) for name in CORE_LIMITS}
    return max(demand.amount(name) / limit for name, limit in limits.items() if limit)


def _stripes(layer: ImageDemand, chip: Chip) -> Iterator[Run]:
    channels, rows, columns = layer.shape
    neurons = chip.known("compartments")
    if isinstance(layer, ConvDemand):
        while channels > 1 and _kernels(layer, channels) > chip.known("memory_bits"):
            channels = math.ceil(channels / 2)
    while rows > 1 and rows * channels > neurons:
        rows = math.ceil(rows / 2)
    layer.arrange(channels, rows)
    width = 1 << (max(neurons // (rows * channels), 1).bit_length() - 1)
    for segment in range(len(layer.segments)):
        start = 0
        for top in range(0, layer.shape[1], rows):
            height = min(rows, layer.shape[1] - top)
            for left in range(0, columns, width):
                stop = start + height * min(width, columns - left)
                yield segment, start, stop
                start = stop


def _kernels(layer: ConvDemand, channels: int) -> int:
    """Memory of a column of so many channels, in the middle of the image."""
    rows = layer.shape[1]
    layer.arrange(channels, rows)
    middle = layer.shape[2] // 2 * rows
    return layer.demand(0, middle, middle + rows).memory_bits
