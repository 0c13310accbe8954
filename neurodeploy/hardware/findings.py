"""Why a layer is not placed: it does not run on the chip, no core takes it, or the host has it."""

from __future__ import annotations

from dataclasses import dataclass

from neurodeploy.hardware.chips import Chip
from neurodeploy.hardware.confidence import WORDS
from neurodeploy.hardware.mapping.demand import LayerDemand
from neurodeploy.hardware.mapping.packing import Unplaceable
from neurodeploy.netx.layers import Layer, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import SdnnNeuron


@dataclass(frozen=True, kw_only=True)
class PlacementFinding:
    """Why a layer does not fit, or what was left out.

    Parameters
    ----------
    layer : str
        Name of the layer.
    resource : str
        Of `neurodeploy.hardware.chips.CORE_LIMITS`, or "neuron", "input" or "layer", which no
        change of its synapses helps.
    problem : str
        What was asked, and what there is.
    remedy : str
        What to change.
    blocking : bool
        Whether the network does not fit because of it.
    """

    layer: str
    resource: str
    problem: str
    remedy: str
    blocking: bool = True

    def __str__(self) -> str:
        return f"layer {self.layer}: {self.problem}. {self.remedy}"


def unsupported(network: Network, chip: Chip) -> list[PlacementFinding]:
    """Layers that a chip cannot run, and those that are left to the host."""
    findings = []
    if network.input_bits and not chip.graded_spikes:
        problem = f"its input is graded, spikes of {chip.name} carry no value"
        remedy = "Encode the input in spikes of 1."
        name = network.names[0]
        findings.append(
            PlacementFinding(layer=name, resource="input", problem=problem, remedy=remedy)
        )
    for at, (name, layer) in enumerate(zip(network.names, network.layers, strict=True)):
        if layer.neuron is None:
            last = at == len(network.layers) - 1
            problem = "averages are computed on the host"
            remedy = "It is left out." if last else "Make it the last layer, or a dense one."
            findings.append(
                PlacementFinding(
                    layer=name,
                    resource="layer",
                    problem=problem,
                    remedy=remedy,
                    blocking=not last,
                )
            )
        elif _delta_encoder(layer) and layer.neuron.kind in chip.states:
            findings.append(
                PlacementFinding(
                    layer=name,
                    resource="layer",
                    problem="it only encodes the input in differences, which the host does, as in "
                    "lava-dl's runs on Loihi 2",
                    remedy="It is left out.",
                    blocking=False,
                )
            )
        elif layer.neuron.kind not in chip.states:
            problem = f"does not fit: neuron {layer.neuron.kind} does not run on {chip.name}"
            remedy = f"Take one of {', '.join(chip.states)}, or another chip."
            findings.append(
                PlacementFinding(layer=name, resource="neuron", problem=problem, remedy=remedy)
            )
    return findings


def _delta_encoder(layer: Layer) -> bool:
    return isinstance(layer, NeuronInput) and isinstance(layer.neuron, SdnnNeuron)


def unplaceable(problem: Unplaceable, layer: LayerDemand, chip: Chip) -> PlacementFinding:
    """A layer of which no empty core takes a neuron."""
    resource = problem.resource
    limit = chip.limits[resource]
    remedies = {
        "input_axons": "Give its neurons fewer inputs: prune, pool, or put a layer between.",
        "output_axons": "Its neurons reach too many cores: make the next layer smaller, or prune.",
        "memory_bits": "Give its neurons fewer synapses: prune, or take narrower weights.",
    }
    return PlacementFinding(
        layer=layer.name,
        resource=resource,
        problem=f"does not fit: a neuron asks {problem.needed:,} {WORDS[resource]}, "
        f"a core has {limit.value:,}",
        remedy=remedies.get(resource, "Share parameters among its neurons."),
    )
