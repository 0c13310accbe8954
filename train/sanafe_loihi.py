"""Runs of our networks, spike for spike, through SANA-FE's model of Loihi.

SANA-FE (Boyle et al., IEEE TCAD 2025; GPL, so it is in the benchmark environment only) gets our
placement and the spikes of our run, which its neurons send as they were recorded. So both count
the same events, and what differs is what an event costs, and where messages go.

Its Loihi reads a neuron in every step and updates those that are not at rest; a neuron that repeats
a recording is always at rest, so that here every neuron is charged an update in every step, as
SANA-FE does where it is told to force updates.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import neurodeploy as nd

SYNAPSES = {
    "dense": "loihi_dense_synapse",
    "sparse": "loihi_sparse_synapse",
    "shared": "loihi_conv_synapse",
}
"""Its unit for each form in which our placement stores synapses."""

RECORDED_NEURONS = {
    "- name: loihi_lif": "- name: loihi_lif[0..1023]",
    "model: leaky_integrate_fire": "model: input",
    "energy_access_neuron: 51.2e-12": "energy_access_neuron: 72.8e-12",
    "energy_update_neuron: 21.6e-12": "energy_update_neuron: 0.0",
    "latency_access_neuron: 6.0e-9": "latency_access_neuron: 9.7e-9",
    "latency_update_neuron: 3.7e-9": "latency_update_neuron: 0.0",
}
"""What changes in its table: neurons that send a recording; access and update in one."""

NEURONS_OF_A_CORE = 1024


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """What SANA-FE says of a run.

    Parameters
    ----------
    energy_j : dict of str to float
        "synapse", "soma" and "network".
    time_s : float
        Of all steps.
    synops, messages, hops : int
        Synapses that spikes reached, spikes times the cores that they went to, and steps of these
        between tiles of four cores.
    """

    energy_j: dict[str, float]
    time_s: float
    synops: int
    messages: int
    hops: int


def simulate(placement: nd.Placement, spikes: np.ndarray, run: nd.Run) -> Simulated:
    """Send a run through SANA-FE's Loihi.

    Parameters
    ----------
    placement : Placement
        Of the network on "loihi1". Its core i is SANA-FE's core i; the inputs get cores after them.
    spikes : uint8 array [1, *features, time]
        Its input.
    run : Run
        What it did.
    """
    import sanafe

    architecture, net = _architecture(sanafe), sanafe.Network()
    cores = architecture.cores()
    groups = [_group(net, "input", spikes, "loihi_inputs")]
    used = len(placement.cores)
    for at, neuron in enumerate(groups[0].neurons):
        core, slot = divmod(at, NEURONS_OF_A_CORE)
        neuron.set_attributes(soma_hw_name=f"loihi_inputs[{slot}]")
        neuron.map_to_core(cores[used + core])
    for name, sent, placed in zip(
        placement.network.names, run.layers, placement.layers, strict=True
    ):
        groups.append(_group(net, name, sent, "loihi_lif", SYNAPSES[placed.storage]))
    for core, each in zip(cores, placement.cores, strict=False):
        places = [(part.layer + 1, int(at)) for part in each.parts for at in part.neurons]
        for slot, (group, at) in enumerate(places):
            neuron = groups[group].neurons[at]
            neuron.set_attributes(soma_hw_name=f"loihi_lif[{slot}]")
            neuron.map_to_core(core)
    shapes = (placement.network.input_shape, *placement.network.shapes)
    for at, (layer, placed) in enumerate(
        zip(placement.network.layers, placement.layers, strict=True)
    ):
        pairs = connections(layer, shapes[at], every=placed.storage == "dense")
        groups[at].connect_neurons_sparse(
            groups[at + 1], {"weight": [0.0] * len(pairs)}, list(map(tuple, pairs.tolist()))
        )
    chip = sanafe.SpikingChip(architecture)
    chip.load(net)
    result: dict[str, Any] = chip.sim(spikes.shape[-1], perf_trace=True)
    return Simulated(
        energy_j={unit: result["energy"][unit] for unit in ("synapse", "soma", "network")},
        time_s=result["sim_time"],
        synops=result["spikes"],
        messages=result["packets_sent"],
        hops=sum(result["perf_trace"]["hops"]),
    )


def connections(layer: Any, shape: tuple[int, ...], *, every: bool) -> np.ndarray:
    """Pairs of input and neuron, int64 [connection, 2]; of a dense layer, all or those not 0."""
    if not isinstance(layer, nd.Conv):
        matrix = np.ones_like(layer.weight) if every else layer.weight
        neurons, inputs = np.nonzero(matrix)
        return np.stack([inputs, neurons], axis=1)
    channels = len(layer.weight)
    places = torch.arange(1, 1 + int(np.prod(shape)), dtype=torch.float64).reshape(1, *shape)
    under = torch.nn.functional.unfold(
        places,
        layer.weight.shape[2:],
        dilation=layer.dilation,
        padding=layer.padding,
        stride=layer.stride,
    ).numpy()[0]
    position, pixel = np.nonzero(under)
    inputs = under[position, pixel].astype(int) - 1
    neurons = np.arange(channels)[:, None] * under.shape[1] + pixel
    return np.stack([np.tile(inputs, channels), neurons.ravel()], axis=1)


def _architecture(sanafe: Any) -> Any:
    table = (Path(sanafe.__file__).parent / "examples/loihi.yaml").read_text()
    for theirs, ours in RECORDED_NEURONS.items():
        assert table.count(theirs) == 1, theirs
        table = table.replace(theirs, ours)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "loihi.yaml"
        path.write_text(table)
        return sanafe.load_arch(path)


def _group(net: Any, name: str, sent: np.ndarray, soma: str, synapse: str = "") -> Any:
    """A group whose neurons send what was recorded."""
    trains = sent[0].reshape(-1, sent.shape[-1]).astype(int)
    group = net.create_neuron_group(
        name, len(trains), soma_hw_name=f"{soma}[0]", default_synapse_hw_name=synapse
    )
    for neuron, train in zip(group.neurons, trains, strict=True):
        neuron.set_attributes(model_attributes={"spikes": train.tolist()})
    return group
