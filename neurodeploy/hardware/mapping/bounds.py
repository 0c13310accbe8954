"""The fewest cores that any packing of a network needs.

Three kinds of bound, each true whatever the packing:

- *sums*: what all neurons ask at least of one resource, over what a core has of it. An output
  axon is asked only for the cores that a neuron's targets cannot do without.
- *layers*: the neurons of a layer over the most that an empty core could take of it.
- *configurations*: a core holds n of one layer and m of another only if their least memory fits
  together. Prices of neurons such that no core is worth more than 1 make the network's worth a
  bound (the dual of the packing's linear program, with prices found by column generation; Farley,
  A note on bounding a class of linear programming problems, Operations Research 38(5), 1990).
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import linprog

from neurodeploy.hardware.chips import Chip
from neurodeploy.hardware.mapping.demand import LayerDemand, LowerBound

GRAINS = 4096
"""Parts that a core's memory is divided into, where configurations are searched."""

ROUNDS = 40
"""Searches for prices, at most."""


def lower_bound(layers: dict[int, LayerDemand], chip: Chip) -> dict[str, float]:
    """Cores that any packing needs, by reason, before rounding up.

    Parameters
    ----------
    layers : dict of int to LayerDemand
        By place in the network.
    chip : Chip
        Whose cores are packed.
    """
    least = {at: layer.least() for at, layer in layers.items()}
    most = _most(layers, least, chip)
    sent = _sent(layers, most)
    bounds = {
        "compartments": sum(layer.neurons for layer in layers.values())
        / chip.known("compartments"),
        "memory_bits": sum(each.total_memory_bits for each in least.values())
        / chip.known("memory_bits"),
    }
    limit = chip.limit("output_axons")
    if limit:
        bounds["output_axons"] = sum(int(each.sum()) for each in sent.values()) / limit
        for at, each in sent.items():
            if each.min() > 0:
                most[at] = max(1, min(most[at], limit // int(each.min())))
    bounds["layers"] = max(layer.neurons / most[at] for at, layer in layers.items())
    sizes = {at: _largest(least[at].memory_bits[: most[at] + 1], chip) for at in layers}
    placeable = [at for at in layers if sizes[at][-1] > 0]
    if placeable:
        neurons = np.array([layers[at].neurons for at in placeable])
        bounds["configurations"] = _configurations(neurons, [sizes[at] for at in placeable])
    return bounds


def _most(
    layers: dict[int, LayerDemand], least: dict[int, LowerBound], chip: Chip
) -> dict[int, int]:
    """Neurons of each layer that an empty core could take."""
    memory, axons = chip.known("memory_bits"), chip.limit("input_axons")
    most = {}
    for at in layers:
        fits = least[at].memory_bits <= memory
        if axons is not None:
            fits &= least[at].input_axons <= axons
        most[at] = max(1, int(np.flatnonzero(fits)[-1]))
    return most


def _sent(layers: dict[int, LayerDemand], most: dict[int, int]) -> dict[int, np.ndarray]:
    """Output axons that each neuron takes at least."""
    sent = {}
    for at, layer in layers.items():
        sent[at] = layer.least_own_destinations(most[at])
        if at + 1 in layers:
            following = layers[at + 1]
            sent[at] = sent[at] + following.slots * following.least_destinations(most[at + 1])
    return sent


def _largest(memory: np.ndarray, chip: Chip) -> np.ndarray:
    """Most neurons of a layer in so many grains of a core's memory, at index 0 to `GRAINS`."""
    grains = memory * GRAINS // chip.known("memory_bits")
    return np.searchsorted(np.maximum.accumulate(grains), np.arange(GRAINS + 1), "right") - 1


def _configurations(neurons: np.ndarray, largest: list[np.ndarray]) -> float:
    columns = [np.eye(len(neurons))[at] * sizes[-1] for at, sizes in enumerate(largest)]
    best = 0.0
    for _ in range(ROUNDS):
        solved = linprog(
            np.ones(len(columns)), A_ub=-np.array(columns).T, b_ub=-neurons, method="highs"
        )
        prices = np.maximum(-solved.ineqlin.marginals, 0)
        worth, column = _worthiest(prices, largest)
        if worth > 0:
            best = max(best, float(prices @ neurons) / max(worth, 1.0))
        if worth <= 1 + 1e-9:
            break
        columns.append(column)
    return math.floor(best * 1e6) / 1e6


def _worthiest(prices: np.ndarray, largest: list[np.ndarray]) -> tuple[float, np.ndarray]:
    """The most that a core can be worth, and its neurons by layer."""
    value = np.zeros(GRAINS + 1)
    choices = []
    for price, sizes in zip(prices, largest, strict=True):
        number, grain = np.unique(sizes, return_index=True)
        after, choice = np.full(GRAINS + 1, -1.0), np.zeros(GRAINS + 1, np.int64)
        for many, grains in zip(number, grain, strict=True):
            offered = value[: GRAINS + 1 - grains] + price * many
            better = offered > after[grains:]
            after[grains:][better] = offered[better]
            choice[grains:][better] = many
        choices.append((choice, number, grain))
        value = after
    column, room = np.zeros(len(prices)), GRAINS
    for at in reversed(range(len(prices))):
        choice, number, grain = choices[at]
        column[at] = choice[room]
        room -= int(grain[np.searchsorted(number, column[at])])
    return float(value[GRAINS]), column
