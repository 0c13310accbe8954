"""How sure a placement is: as the least sure of the figures that it rests on."""

from __future__ import annotations

from dataclasses import dataclass

from neurodeploy.hardware.chips import CORE_LIMITS, LIMIT_BASES, Chip, Limit, PlacementRule
from neurodeploy.netx.layers import ComplexDense, Conv
from neurodeploy.netx.network import Network

WORDS = {
    "cores_per_chip": "cores of a chip",
    "compartments": "neurons",
    "input_axons": "input axons",
    "output_axons": "output axons",
    "memory_bits": "bits of synapse memory",
    "compartment_configs": "pairs of decays",
    "threshold_configs": "different thresholds",
    "synapse_configs": "synapse formats",
    "synapses_per_chip": "synapses of a chip",
    "mesh_columns": "width of the mesh",
    "word_bits": "words of memory",
    "header_bits": "headers of lists",
    "block_synapses": "synapses of a block",
    "index_bits": "indices of synapses",
    "dense_index_bits": "indices of synapses whose zeros are kept",
    "tag_bits": "tags of synapses",
    "population_slots": "output axons of a population",
    "population_base": "where a population starts",
}
"""What a person reads for a limit or a cost."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Something that a placement rests on.

    Parameters
    ----------
    what : str
        In words.
    value : int or None
        Of a limit, which can be reached; None of all else.
    basis : str
        One of `LIMIT_BASES`.
    source : str
        Where it comes from.
    """

    what: str
    value: int | None
    basis: str
    source: str


def grounds(network: Network, chip: Chip) -> list[Ground]:
    """All that a placement of a network rests on, the least sure first.

    Limits and costs that are known, the states of its neurons, the rule by which the chip is
    filled, and, where that is a compiler's, what of the network no printed placement shows. The
    mesh is left out, because it only matters for traffic.
    """
    found = [
        Ground(
            what=WORDS[name] + " of a core" * (name in CORE_LIMITS),
            value=limit.value,
            basis=limit.basis,
            source=limit.source,
        )
        for name, limit in chip.limits.items()
        if name != "mesh_columns"
    ]
    kinds = {layer.neuron.kind for layer in network.layers if layer.neuron is not None}
    others: dict[str, Limit | PlacementRule] = {
        **{WORDS[name]: cost for name, cost in chip.costs.items()},
        **{
            f"state of {kind} neurons": chip.states[kind] for kind in sorted(kinds & {*chip.states})
        },
        "how layers go to cores": chip.placement,
    }
    found += [
        Ground(what=what, value=None, basis=figure.basis, source=figure.source)
        for what, figure in others.items()
    ]
    if chip.placement.rule == "compiler":
        found += [
            Ground(what=what, value=None, basis="assumed", source="neurodeploy: no table shows it")
            for what in _new(network)
        ]
    known = [ground for ground in found if ground.basis != "unknown"]
    return sorted(known, key=lambda each: -LIMIT_BASES.index(each.basis))


def least_sure(found: list[Ground]) -> str:
    """The basis of the least sure ground."""
    return max((each.basis for each in found), key=LIMIT_BASES.index)


def _new(network: Network) -> list[str]:
    """What a network has that none of the printed placements had."""
    layers = network.layers
    has = {
        "delays are stored beside weights": any(x.delay_matrix is not None for x in layers),
        "recurrent synapses are lists as others": any(
            x.recurrent_weight is not None for x in layers
        ),
        "complex weights are two synapses": any(isinstance(x, ComplexDense) for x in layers),
        "groups of a convolution have lists of their own": any(
            isinstance(x, Conv) and x.groups > 1 for x in layers
        ),
    }
    return [what for what, there in has.items() if there]
