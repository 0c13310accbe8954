"""What goes between the cores of a placed network.

Cores are numbered by the layers that they hold and lie on the chip's mesh in a serpentine: the
first row from left to right, the next back. Further chips lie to the right of the first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurodeploy.engines.counts import Counts
from neurodeploy.hardware.chips import Chip
from neurodeploy.hardware.mapping.packing import Core, Part
from neurodeploy.netx.network import Network


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Messages between cores for one sample, or for one spike of every neuron.

    Parameters
    ----------
    basis : str
        Which of the two.
    messages : float
        Spikes times the parts that each goes to, in other cores.
    hops : float
        The same, times steps along the mesh.
    chip_crossings : float
        Messages whose ends are on different chips.
    input_messages : float
        Spikes of the input, and of layers that are not on the chip, times the parts that they go
        to; they come from outside the mesh.
    """

    basis: str
    messages: float
    hops: float
    chip_crossings: float
    input_messages: float


def traffic(
    network: Network, cores: Sequence[Core], chip: Chip, counts: Counts | None = None
) -> Traffic:
    """Messages and hops between cores.

    Parameters
    ----------
    network : Network
        What was placed.
    cores : sequence of Core
        In their order on the mesh.
    chip : Chip
        With the mesh.
    counts : Counts, optional
        Of a run: the mean of its samples is taken, the same for each neuron of a layer. Without
        one, every neuron and input spikes once.

    Returns
    -------
    Traffic
        The way is Manhattan's, between the cores where the mesh puts them.
    """
    shapes = (network.input_shape, *network.shapes)
    home = {at: np.full(math.prod(shape), -1) for at, shape in enumerate(shapes[1:])}
    for core, each in enumerate(cores):
        for part in each.parts:
            home[part.layer][part.neurons] = core
    where = positions(len(cores), chip)
    chip_of = np.arange(len(cores)) // chip.known("cores_per_chip")
    messages = hops = crossings = arriving = 0.0
    for core, each in enumerate(cores):
        for part in each.parts:
            rate = _rate(counts, part.layer - 1, shapes)
            if part.layer == 0:
                arriving += rate * len(part.sources)
            for layer, sources, spikes in _senders(part, rate, counts, shapes):
                others = home[layer][sources]
                arriving += spikes * int((others < 0).sum())
                others = others[(others >= 0) & (others != core)]
                messages += spikes * len(others)
                hops += spikes * float(np.abs(where[others] - where[core]).sum())
                crossings += spikes * int((chip_of[others] != chip_of[core]).sum())
    basis = "one spike of every neuron" if counts is None else "mean of a sample of the run"
    return Traffic(
        basis=basis,
        messages=messages,
        hops=hops,
        chip_crossings=crossings,
        input_messages=arriving,
    )


def _senders(
    part: Part, rate: float, counts: Counts | None, shapes: tuple[tuple[int, ...], ...]
) -> list[tuple[int, np.ndarray, float]]:
    """Layers on the chip that send to a part, their neurons, and the spikes of each."""
    senders = [(part.layer, part.own_sources, _rate(counts, part.layer, shapes))]
    if part.layer > 0:
        senders.append((part.layer - 1, part.sources, rate))
    return senders


def _rate(counts: Counts | None, layer: int, shapes: tuple[tuple[int, ...], ...]) -> float:
    """Mean spikes of a neuron of a layer in a sample; of the input, if the layer is -1."""
    if counts is None:
        return 1.0
    spikes = counts.layers[0].input_spikes if layer < 0 else counts.layers[layer].output_spikes
    return float(spikes.mean()) / math.prod(shapes[layer + 1])


def positions(cores: int, chip: Chip) -> np.ndarray:
    """Row and column of each core, the chips side by side."""
    size, columns = chip.known("cores_per_chip"), chip.known("mesh_columns")
    chips, place = np.divmod(np.arange(cores), size)
    row, column = np.divmod(place, columns)
    column = np.where(row % 2, columns - 1 - column, column)
    return np.stack([row, chips * columns + column], axis=1)
