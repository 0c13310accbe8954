"""How long a step and a sample take on a placed network: a model, with times from a table.

A step takes what its slowest core takes, then what the busiest link of the mesh takes, then the
barrier at which all cores wait for each other. A core updates its neurons, reads the synapses of
each spike that arrives, and takes and sends messages. A sample takes its steps, and a step of
nothing but neurons for each layer of latency, in which its last spikes go through.

Spikes of a layer are spread evenly over its neurons, and those that arrive over the synapses of the
parts that they reach, as `neurodeploy.hardware.mapping.traffic` has it. Left out: the host's link,
whose load at the peak is said.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from neurodeploy.errors import InputError, message
from neurodeploy.hardware.chips import find_chip
from neurodeploy.hardware.mapping.storage import stored_weights
from neurodeploy.hardware.mapping.traffic import positions
from neurodeploy.hardware.placement import Placement, one_chip_may_do, place
from neurodeploy.hardware.times import Times, load_times
from neurodeploy.netx.layers import Layer
from neurodeploy.netx.network import Network

CAUSES = ("neurons", "synapses", "messages", "mesh", "barrier")
Link = tuple[int, int, int, int]
"""Row and column of a core, and of the next one."""


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Time of a network on a chip.

    Parameters
    ----------
    step_s, least_step_s, peak_step_s : float
        Of a step: the mean over a run, the shortest and the longest.
    sample_s : float
        Of a sample, the mean.
    bound_by : str
        What takes most of a step, of `CAUSES`.
    shares : mapping of str to float
        Part of the mean step of each cause.
    cores : int
    throughput_per_s : float
        Samples a second, one after another.
    static_j : float
        Static power times the time of a sample, of the whole chip.
    peak_in, peak_out : int
        Most spikes of a step that enter from the host, and that leave for it.
    basis, source : str
        Of the times.
    """

    step_s: float
    least_step_s: float
    peak_step_s: float
    sample_s: float
    bound_by: str
    shares: dict[str, float]
    cores: int
    throughput_per_s: float
    static_j: float
    peak_in: int
    peak_out: int
    basis: str
    source: str

    def to_dict(self) -> dict[str, Any]:
        """A mapping for JSON."""
        return asdict(self)


def latency(placement: Placement, times: Times, activity: Sequence[np.ndarray]) -> Latency:
    """Model a run.

    Parameters
    ----------
    placement : Placement
        Without blocking findings.
    times : Times
        Of its chip.
    activity : sequence of arrays [sample, *features, time]
        The input, then the spikes of each layer.
    """
    sent = np.array([_by_step(spikes) for spikes in activity])
    work = _core_seconds(placement, times, sent)
    slowest = np.sum(list(work.values()), axis=0).argmax(0)[None]
    mesh = times.hop_s * _busiest_link(placement, sent)
    barrier = times.barrier(len(placement.cores))
    spent = {
        **{name: np.take_along_axis(each, slowest, 0)[0] for name, each in work.items()},
        "mesh": mesh,
        "barrier": np.full(mesh.shape, barrier),
    }
    step = np.asarray(sum(spent.values()))
    idle = max(_neurons(placement)) * times.neuron_s + barrier
    sample_s = float(step.sum(1).mean()) + placement.network.latency_steps * idle
    mean = float(step.mean())
    shares = {name: float(each.mean()) / mean for name, each in spent.items()}
    return Latency(
        step_s=mean,
        least_step_s=float(step.min()),
        peak_step_s=float(step.max()),
        sample_s=sample_s,
        bound_by=max(shares, key=lambda name: shares[name]),
        shares=shares,
        cores=len(placement.cores),
        throughput_per_s=1 / sample_s,
        static_j=times.static_power_w * sample_s,
        peak_in=int(sent[0].max()),
        peak_out=int(sent[-1].max()),
        basis=times.basis,
        source=times.source,
    )


def latencies(
    network: Network, placement: Placement | None, activity: Sequence[np.ndarray]
) -> dict[str, Any]:
    """`Latency` of a run by device that has times, where one chip holds the network, for JSON.

    Parameters
    ----------
    network : Network
        What ran.
    placement : Placement or None
        Taken for the device of its chip; others are made.
    activity : sequence of arrays [sample, *features, time]
        The input, then the spikes of each layer.
    """
    found = {}
    for name, times in load_times().items():
        placed = placement
        if placed is None or placed.chip.name != times.chip:
            chip = find_chip(times.chip)
            if not one_chip_may_do(network, chip):
                continue
            placed = place(network, chip)
        if placed.fits:
            found[name] = latency(placed, times, activity).to_dict()
    return found


def answer_time(network: Network, steps: int, step_time_s: float | None = None) -> dict[str, Any]:
    """Steps from a sample's first one to the last one that it can change.

    Parameters
    ----------
    network : Network
        Its layers of synapses add a step each; delays add more, which are not counted.
    steps : int
        Of a sample.
    step_time_s : float, optional
        Seconds of a step. There is none by default: it is the chip's, and the network's on it.

    Returns
    -------
    dict
        ``sample_steps``, ``network_steps``, their sum ``steps``, and ``step_time_s`` and
        ``seconds``, None without a time.

    Raises
    ------
    InputError
        The step time is not positive.
    """
    if step_time_s is not None and not (0 < step_time_s < math.inf):
        raise InputError(message("step time", "seconds, more than 0", step_time_s))
    total = steps + network.latency_steps
    return {
        "sample_steps": steps,
        "network_steps": network.latency_steps,
        "steps": total,
        "step_time_s": step_time_s,
        "seconds": None if step_time_s is None else total * step_time_s,
    }


def _by_step(spikes: np.ndarray) -> np.ndarray:
    """Spikes other than 0 of each sample and step, int64 [sample, time]."""
    return np.count_nonzero(spikes.reshape(len(spikes), -1, spikes.shape[-1]), axis=1)


def _neurons(placement: Placement) -> list[int]:
    return [sum(len(part.neurons) for part in core.parts) for core in placement.cores]


def _core_seconds(placement: Placement, times: Times, sent: np.ndarray) -> dict[str, np.ndarray]:
    """Seconds of each core in each step, float64 [core, sample, time], by cause."""
    network = placement.network
    before = np.zeros(sent.shape)
    before[..., 1:] = sent[..., :-1]
    sizes = [math.prod(shape) for shape in (network.input_shape, *network.shapes)]
    goes_to = Counter(part.layer for core in placement.cores for part in core.parts)
    read_s = [
        _synapse_seconds(layer, placement, times, at) for at, layer in enumerate(network.layers)
    ]
    causes = {name: np.zeros((len(placement.cores), *sent.shape[1:])) for name in CAUSES[:3]}
    for at, core in enumerate(placement.cores):
        for part in core.parts:
            layer, share = part.layer, len(part.neurons) / sizes[part.layer + 1]
            fires = sent[layer + 1] * share
            causes["neurons"][at] += len(part.neurons) * times.neuron_s + fires * times.spike_s
            for senders, source, seconds in (
                (part.sources, layer, read_s[layer][0]),
                (part.own_sources, layer + 1, read_s[layer][1]),
            ):
                causes["synapses"][at] += before[source] * share * seconds
                arriving = before[source] * (len(senders) / sizes[source])
                causes["messages"][at] += arriving * times.message_in_s
            causes["messages"][at] += fires * goes_to[layer + 1] * times.message_out_s
    return causes


def _synapse_seconds(
    layer: Layer, placement: Placement, times: Times, at: int
) -> tuple[float, float]:
    """Seconds of all synapses that a spike from before, and one of the layer itself, is read by."""
    form = stored_weights(layer, placement.chip).form
    if not form:
        return 0.0, 0.0
    shape = (placement.network.input_shape, *placement.network.shapes)[at]
    every, effective = layer.synapses(shape)
    back = getattr(layer, "recurrent_weight", None)
    own = 0 if back is None else int(np.count_nonzero(back)) if form == "sparse" else back.size
    forward = (effective if form == "sparse" else every) - own
    neurons = 1 if back is None else len(back)
    return forward / math.prod(shape) * times.synapse_s[form], own / neurons * times.synapse_s[form]


def _busiest_link(placement: Placement, sent: np.ndarray) -> np.ndarray:
    """Most messages over one link in each step, float64 [sample, time]."""
    network = placement.network
    sizes = [math.prod(shape) for shape in network.shapes]
    home = [np.full(size, -1) for size in sizes]
    for at, core in enumerate(placement.cores):
        for part in core.parts:
            home[part.layer][part.neurons] = at
    where = positions(len(placement.cores), placement.chip)
    loads: dict[Link, np.ndarray] = {}
    for at, core in enumerate(placement.cores):
        for part in core.parts:
            for layer, senders in ((part.layer - 1, part.sources), (part.layer, part.own_sources)):
                if layer < 0 or not len(senders):
                    continue
                cores, number = np.unique(home[layer][senders], return_counts=True)
                for source, spikes in zip(cores.tolist(), number.tolist(), strict=True):
                    if source not in (-1, at):
                        for link in _way(where[source], where[at]):
                            load = loads.setdefault(link, np.zeros(len(sizes)))
                            load[layer] += spikes / sizes[layer]
    if not loads:
        return np.zeros(sent.shape[1:])
    flows = np.unique(np.array(list(loads.values())), axis=0)
    return np.asarray(np.tensordot(flows, sent[1:], axes=(1, 0)).max(0))


def _way(start: np.ndarray, end: np.ndarray) -> Iterator[Link]:
    """Links from one core to another, along its row and then along the other's column."""
    row, column = map(int, start)
    to_row, to_column = map(int, end)
    while (row, column) != (to_row, to_column):
        if column != to_column:
            after = (row, column + (1 if to_column > column else -1))
        else:
            after = (row + (1 if to_row > row else -1), column)
        yield (row, column, *after)
        row, column = after
