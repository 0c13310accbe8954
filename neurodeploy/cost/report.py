"""All that a run of a network costs, in one report: metrics, proxies, traffic, ANN, latency.

`neurodeploy.cost.metrics` counts, `neurodeploy.cost.energy` prices; here both come together with
where the layers lie on a chip, the decoder on the host, and how long a step takes. What is assumed
or left out is said in the report.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from neurodeploy.cost.energy import (
    Proxy,
    ann_equivalent,
    break_even_rate,
    dense_macs,
    energy_proxies,
)
from neurodeploy.cost.metrics import layer_metrics, network_metrics
from neurodeploy.deploy.parts import ChipPart, Deployed, network_of
from neurodeploy.engines.counts import Counts, count
from neurodeploy.errors import InputError, NetworkError, message
from neurodeploy.hardware.devices import Device, load_devices
from neurodeploy.hardware.mapping.traffic import traffic
from neurodeploy.hardware.placement import Placement
from neurodeploy.netx.network import Network


@dataclass(frozen=True, kw_only=True)
class Host:
    """What the decoder asks of the host: operations of one answer, and bytes of its tensors."""

    macs_per_sample: int = 0
    footprint_bytes: int = 0

    @classmethod
    def of(cls, deployed: Deployed, steps: int) -> Host:
        """Of a bundle's decoder after so many steps; nothing of a network alone.

        The bytes are NeuroBench's footprint of it.

        Raises
        ------
        InputError
            The decoder's operations cannot be counted; see `Decoder.macs`.
        """
        if isinstance(deployed, Network | ChipPart):
            return cls()
        decoder = deployed.decoder
        tensors = itertools.chain(decoder.parameters(), decoder.buffers())
        size = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
        return cls(macs_per_sample=decoder.macs_after(steps), footprint_bytes=size)


def energy_report(
    deployed: Deployed,
    counts: Counts,
    *,
    devices: Mapping[str, Device] | None = None,
) -> dict[str, Any]:
    """Counts and proxies of a run, for JSON.

    Parameters
    ----------
    deployed : Network or Bundle
        What ran. A bundle's decoder, once a sample on the host, is in what is per sample.
    counts : Counts
        Of the run.
    devices : mapping of str to Device, optional
        As in `energy_proxies`; the package's table if not given.

    Returns
    -------
    dict
        ``layers``, ``samples`` and ``steps`` of `Counts.totals`; ``host``, what the decoder asks
        for; and ``proxies`` by device, as `Proxy.to_dict`. `cost_report` has more.

    Raises
    ------
    InputError
        As `energy_proxies`; it is neither a network nor a bundle, or the counts are of another
        one; the decoder's operations cannot be counted.
    """
    _require_counts_of(network_of(deployed), counts)
    host = Host.of(deployed, counts.steps)
    proxies = energy_proxies(
        counts,
        devices=load_devices() if devices is None else devices,
        host_macs_per_sample=host.macs_per_sample,
    )
    return {
        **counts.totals(),
        "host": asdict(host),
        "proxies": {name: proxy.to_dict() for name, proxy in proxies.items()},
    }


def _require_counts_of(network: Network, counts: Counts) -> None:
    found = [layer.name for layer in counts.layers]
    if found != list(network.names):
        raise InputError(message("counts", f"of a run of layers {list(network.names)}", found))


def hops_per_spike(placement: Placement) -> np.ndarray:
    """Hops between cores that a spike of each layer takes, float64 [layer].

    The mean over its neurons, on the mesh of `neurodeploy.hardware.mapping.traffic`. Spikes of the
    input come from outside it.

    Raises
    ------
    NetworkError
        A layer could not be placed.
    """
    for finding in placement.findings:
        if finding.blocking:
            expected = "layers that it can hold, for the traffic"
            raise NetworkError(message(f"chip {placement.chip.name}", expected, finding))
    network = placement.network
    silent = [np.zeros((1, *shape, 1)) for shape in (network.input_shape, *network.shapes)]
    hops = []
    for index, layer in enumerate(silent[1:]):
        layer[:] = 1
        flow = traffic(network, placement.cores, placement.chip, count(network, silent))
        layer[:] = 0
        hops.append(flow.hops / math.prod(network.shapes[index]))
    return np.array(hops)


def cost_report(
    deployed: Deployed,
    counts: Counts,
    *,
    devices: Mapping[str, Device],
    placement: Placement | None = None,
    step_time_s: float | None = None,
    membrane_updates: Mapping[str, np.ndarray] | None = None,
) -> dict[str, Any]:
    """What a run cost, for JSON.

    Parameters
    ----------
    deployed : Network or Bundle
        What ran; a bundle's decoder is priced on the host, once a sample.
    counts : Counts
        Of the run.
    devices : mapping of str to Device
        From `load_devices`.
    placement : Placement, optional
        Of the network on a chip, for the traffic.
    step_time_s : float, optional
        Seconds of a time step.
    membrane_updates : mapping of str to int array [sample], optional
        From `count_membrane_updates`.

    Returns
    -------
    dict
        ``layers`` (totals over the batch, with `layer_metrics`), ``samples``, ``steps``;
        ``metrics`` (`network_metrics`); ``proxies`` by device (`Proxy.to_dict`); ``ann``, the
        equal ANN; ``host``; ``traffic``, or None; ``latency``; ``assumptions``, sentences.

    Raises
    ------
    InputError
        As `energy_report`; or the step time is not positive.
    NetworkError
        As `hops_per_spike`.
    """
    network = network_of(deployed)
    _require_counts_of(network, counts)
    host = Host.of(deployed, counts.steps)
    report: dict[str, Any] = counts.totals()
    for layer, more in zip(report["layers"], layer_metrics(network, counts), strict=True):
        layer.update(more)
        if membrane_updates is not None:
            layer["membrane_updates"] = int(membrane_updates[layer["name"]].sum())
    metrics = network_metrics(network, counts)
    if membrane_updates is not None:
        updates = sum(int(layer.sum()) for layer in membrane_updates.values())
        metrics["membrane_updates"] = updates / counts.samples
    hops = None
    if placement is not None:
        sent = np.array([layer.output_spikes for layer in counts.layers])
        hops = hops_per_spike(placement)[:, None] * sent
    proxies = energy_proxies(
        counts, devices=devices, host_macs_per_sample=host.macs_per_sample, hops=hops
    )
    report |= {
        "metrics": metrics,
        "proxies": {name: proxy.to_dict() for name, proxy in proxies.items()},
        "ann": _ann(network, counts, devices, proxies),
        "host": asdict(host),
        "traffic": None if placement is None or hops is None else _traffic(placement, hops),
        "latency": latency(network, counts.steps, step_time_s),
    }
    return {**report, "assumptions": _assumptions(report, devices)}


def latency(network: Network, steps: int, step_time_s: float | None = None) -> dict[str, Any]:
    """Proxy of the time from a sample's first step to the last one that it can change.

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


def _ann(
    network: Network, counts: Counts, devices: Mapping[str, Device], proxies: Mapping[str, Proxy]
) -> dict[str, Any]:
    """The equal ANN, and the network beside it where a device runs both."""
    macs = dense_macs(network)
    every = macs * counts.steps * counts.samples
    synops = sum(int(layer.synops.sum()) for layer in counts.layers)
    entries: dict[str, Any] = {}
    for name, equal in ann_equivalent(macs, counts.steps, devices).items():
        entries[name] = asdict(equal)
        del entries[name]["device"]
        if name in proxies:
            entries[name]["snn_without_host_j"] = proxies[name].without_host_j
            rate = break_even_rate(network, counts.steps, devices[name])
            entries[name]["break_even_rate"] = rate
    return {
        "macs_per_pass": macs,
        "passes": counts.steps,
        "synops_per_connection_step": synops / every if every else None,
        "proxies": entries,
    }


def _traffic(placement: Placement, hops: np.ndarray) -> dict[str, Any]:
    return {
        "chip": placement.chip.name,
        "cores": len(placement.cores),
        "hops_per_sample": float(hops.sum(0).mean()),
    }


def _assumptions(report: Mapping[str, Any], devices: Mapping[str, Device]) -> list[str]:
    """What is assumed, and what is left out, a sentence or two each."""
    flow, priced = report["traffic"], report["proxies"]
    said = [
        "A proxy: operations counted in this run times published energies of one operation. "
        "Not a measurement.",
        "Left out: static power, memory, input and output.",
        "Charged: every connection of a spike, also with weight 0; every neuron in every step, "
        "also where nothing changes.",
    ]
    if flow is None:
        said.append("Traffic between cores is left out: no chip is given.")
    else:
        without = [name for name in priced if "hop" not in devices[name].constants]
        said.append(
            f"Traffic: hops between cores as `fit` places the layers on {flow['chip']}, the spikes "
            "of a layer spread evenly over its neurons; none from the input or to the host. Left "
            f"out, for want of a figure: {', '.join(without) or 'none'}."
        )
    if report["host"]["macs_per_sample"]:
        hosts = sorted({devices[name].host for name in priced})
        said.append(f"The decoder answers once a sample, on the device's host: {', '.join(hosts)}.")
    said += [
        "Equal ANN: the same layers, every connection once a pass; activations and biases are "
        "free. Both without the decoder.",
        "Latency: every step of a sample, and one a layer of synapses; no delays.",
    ]
    return said
