"""What to change where a network does not fit, and all that `fit` reports."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from neurodeploy.deploy.parts import Deployed
from neurodeploy.engines.counts import Counts
from neurodeploy.hardware.chips import Chip
from neurodeploy.hardware.mapping.traffic import traffic
from neurodeploy.hardware.placement import Placement, place
from neurodeploy.netx.layers import Dense
from neurodeploy.netx.magnitude import smallest
from neurodeploy.netx.network import Network

PRUNED = (0.5, 0.25, 0.1)
"""Parts of the synapses, the largest, that pruning is tried with."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """Something to change, and the cores that the network then takes.

    ``confidence`` says how sure that is, as of a `Placement`.
    """

    change: str
    cores: int
    chips: int
    fits: bool
    confidence: str


def fit_report(
    deployed: Deployed, chip: str | Chip, counts: Counts | None = None
) -> dict[str, Any]:
    """All of `Placement.to_dict`, with ``traffic``, ``advice`` and ``suggestions``, for JSON.

    Parameters
    ----------
    deployed : Network or Bundle
        What is placed.
    chip : str or Chip
        By name, or from `find_chip`.
    counts : Counts, optional
        Of a run, for the traffic; without one, every neuron spikes once.

    Raises
    ------
    InputError
        It is neither a network nor a bundle, or there is no such chip.
    """
    placement = place(deployed, chip)
    flow = traffic(placement.network, placement.cores, placement.chip, counts)
    return {
        **placement.to_dict(),
        "traffic": asdict(flow),
        "advice": [asdict(change) for change in advise(placement)],
        "suggestions": [asdict(change) for change in suggest(placement)],
    }


def suggest(placement: Placement) -> list[Change]:
    """What a better use of the same limits would give, where a chip is filled as by its compiler.

    Only a suggestion: the vendor's tools must be told so, and are not known to let layers share a
    core. That is left out where even the bound is beyond one chip, and so is what saves no core.
    """
    network, chip = placement.network, placement.chip
    if chip.placement.rule != "compiler" or not placement.cores:
        return []
    changes = []
    share = "let layers share cores"
    if _has_zeros(network):
        sparse = place(network, chip.without_zeros())
        changes.append(_change("leave weights of 0 out (netx: sparse_fc_layer=True)", sparse))
        share = f"leave weights of 0 out and {share}"
    if placement.bound <= chip.known("cores_per_chip"):
        changes.append(_change(share, place(network, chip.packed())))
    return [each for each in changes if each.cores < len(placement.cores)]


def _has_zeros(network: Network) -> bool:
    return any(
        not matrix.all()
        for layer in network.layers
        if layer.flattens
        for matrix in layer.matrices.values()
    )


def advise(placement: Placement) -> list[Change]:
    """What to change where a network does not fit, and what each change would give.

    Each change is placed anew. Changes of synapses are left out where they cannot help: where a
    layer cannot run at all, or where the neurons alone are too many.
    """
    if placement.fits:
        return []
    hopeless = {finding.resource for finding in placement.findings if finding.blocking}
    if hopeless & {"neuron", "input", "layer"}:
        return []
    changes = [] if "compartments" in placement.shortage else _synapse_changes(placement)
    if placement.chips > 1:
        split = Change(
            change=f"split over {placement.chips} chips",
            cores=len(placement.cores),
            chips=placement.chips,
            fits=not hopeless,
            confidence=placement.confidence,
        )
        changes.append(split)
    return changes


def _synapse_changes(placement: Placement) -> list[Change]:
    network, chip = placement.network, placement.chip
    changes = [_change("weights a width narrower", place(network, chip, narrower=1))]
    if any(layer.delay_matrix is not None for layer in network.layers):
        changes.append(_change("no delays", place(_without_delays(network), chip)))
    for kept in PRUNED:
        pruned = place(_pruned(network, kept), chip.without_zeros())
        changes.append(
            _change(f"prune to {kept:.0%} of the synapses and leave the others out", pruned)
        )
        if pruned.fits:
            break
    return changes


def _change(what: str, placement: Placement) -> Change:
    return Change(
        change=what,
        cores=len(placement.cores),
        chips=placement.chips,
        fits=placement.fits,
        confidence=placement.confidence,
    )


def _without_delays(network: Network) -> Network:
    layers = [
        replace(layer, delay=None) if isinstance(layer, Dense) else layer
        for layer in network.layers
    ]
    return replace(network, layers=tuple(layers))


def _pruned(network: Network, kept: float) -> Network:
    """Every matrix of synapses with the largest part of its weights; kernels stay whole."""
    layers = []
    for layer in network.layers:
        if layer.flattens:
            changes: dict[str, Any] = {
                name: np.where(smallest(matrix, _gone(matrix, kept)), 0, matrix)
                for name, matrix in layer.matrices.items()
            }
            layer = replace(layer, **changes)
        layers.append(layer)
    return replace(network, layers=tuple(layers))


def _gone(matrix: np.ndarray, kept: float) -> int:
    """Weights that go if a part is kept, or one."""
    return matrix.size - max(1, round(kept * matrix.size))
