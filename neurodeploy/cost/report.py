"""All that a run of a network costs, in one report: metrics, proxies, traffic, ANN, latency.

`neurodeploy.cost.metrics` counts, `neurodeploy.cost.energy` prices; here both come together with
where the layers lie on a chip, the decoder on the host, and how long a step takes. What is assumed
or left out is said in the report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from neurodeploy.cost.ann import (
    AnnProxy,
    EqualAnn,
    ann_equivalent,
    break_even_rate,
    dense_macs,
    equal_ann,
)
from neurodeploy.cost.assumptions import assumptions
from neurodeploy.cost.bill import CostReport
from neurodeploy.cost.energy import Proxy, price
from neurodeploy.cost.hops import hops_per_spike
from neurodeploy.cost.host import DecoderWork, Host
from neurodeploy.cost.latency import answer_time, latencies
from neurodeploy.cost.measured import measured_beside
from neurodeploy.cost.memory import products_j, with_memory
from neurodeploy.cost.metrics import layer_metrics, network_metrics
from neurodeploy.cost.verdict import verdict
from neurodeploy.deploy.parts import Deployed, network_of
from neurodeploy.engines.base import Run
from neurodeploy.engines.counts import Counts
from neurodeploy.errors import InputError, message
from neurodeploy.hardware.chips import find_chip
from neurodeploy.hardware.devices import Device, load_devices
from neurodeploy.hardware.mapping.storage import StoredWeights, stored_weights
from neurodeploy.hardware.measurements import Measurement
from neurodeploy.hardware.placement import Placement
from neurodeploy.netx.network import Network


def energy_proxies(
    deployed: Deployed,
    counts: Counts,
    *,
    devices: Mapping[str, Device],
    hops: np.ndarray | None = None,
) -> dict[str, Proxy]:
    """What a run would cost on each device that has figures for spikes, decoder included.

    Parameters
    ----------
    deployed : Network or Bundle
        What ran. A bundle's decoder is priced on the host, once a sample.
    counts : Counts
        Of the run.
    devices : mapping of str to Device
        From `load_devices`; hosts are looked up in it. A device that is not ``spiking`` is left
        out of the result.
    hops : float array [layer, sample], optional
        Hops between cores that the spikes of each layer take. Without, there is no traffic.

    Returns
    -------
    dict of str to Proxy

    Raises
    ------
    InputError
        It is neither a network nor a bundle, or the counts are of another one; there is no
        sample, or fewer than 0 hops; a host is missing from ``devices``; the decoder's operations
        cannot be counted.
    """
    network, host = network_of(deployed), Host.of(deployed, counts.steps)
    _require_counts_of(network, counts)
    stored = stored_by_device(network, devices)
    proxies = price(
        counts,
        devices=devices,
        host_macs_per_sample=host.macs_per_sample,
        sparse={
            name: np.array([layer.form == "sparse" for layer in layers])
            for name, layers in stored.items()
        },
        hops=hops,
    )
    for name, proxy in proxies.items():
        device, runs_decoder = devices[name], devices[devices[name].host]
        if device.sram:
            macs = host.macs_per_sample
            host_j, _ = products_j(runs_decoder, macs, macs, host.weights, host.weight_bits)
            proxies[name] = with_memory(proxy, device, network, counts, stored[name], host_j)
    return proxies


def stored_by_device(
    network: Network, devices: Mapping[str, Device]
) -> dict[str, list[StoredWeights]]:
    """How each device that is ``spiking`` stores the synapses of each layer, as `fit` says."""
    spiking = {name: device.chip for name, device in devices.items() if device.spiking}
    chips = {name: None if name is None else find_chip(name) for name in spiking.values()}
    stored = {
        name: [stored_weights(layer, chip) for layer in network.layers]
        for name, chip in chips.items()
    }
    return {device: stored[chip] for device, chip in spiking.items()}


def energy_report(
    deployed: Deployed,
    counts: Counts,
    *,
    devices: Mapping[str, Device] | None = None,
) -> CostReport:
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
    CostReport
        A dict: ``layers``, ``samples`` and ``steps`` of `Counts.totals`; ``host``, what the
        decoder asks for; and ``proxies`` by device, as `Proxy.to_dict`. `cost_report` has more.

    Raises
    ------
    InputError
        As `energy_proxies`.
    """
    table = load_devices() if devices is None else devices
    proxies = energy_proxies(deployed, counts, devices=table)
    return CostReport(
        **counts.totals(),
        host=asdict(Host.of(deployed, counts.steps)),
        proxies={name: proxy.to_dict() for name, proxy in proxies.items()},
    )


def _require_counts_of(network: Network, counts: Counts) -> None:
    found = [layer.name for layer in counts.layers]
    if found != list(network.names):
        raise InputError(message("counts", f"of a run of layers {list(network.names)}", found))


def cost_report(
    deployed: Deployed,
    spikes: np.ndarray,
    run: Run,
    *,
    devices: Mapping[str, Device],
    placement: Placement | None = None,
    step_time_s: float | None = None,
    membrane_updates: Mapping[str, np.ndarray] | None = None,
    measured: Mapping[str, Measurement] | None = None,
) -> CostReport:
    """What a run cost, for JSON.

    Parameters
    ----------
    deployed : Network or Bundle
        What ran; a bundle's decoder is priced on the host, once a sample.
    spikes : array [sample, *features, time]
        Its input.
    run : Run
        What it did.
    devices : mapping of str to Device
        From `load_devices`.
    placement : Placement, optional
        Of the network on a chip, for the traffic.
    step_time_s : float, optional
        Seconds of a time step.
    membrane_updates : mapping of str to int array [sample], optional
        From `count_membrane_updates`.
    measured : mapping of str to Measurement, optional
        From `load_measurements`: what was measured of this network, to stand beside.

    Returns
    -------
    CostReport
        A dict: ``layers`` (totals over the batch, with `layer_metrics`), ``samples``, ``steps``;
        ``metrics`` (`network_metrics`); ``proxies`` by device: `Proxy.to_dict`, the bill of a
        sample if the host skips zeros too (``zero_skipping``), the equal ANN on it or its host
        (``ann``), the chip whose hops its traffic is made of (``hops_of``, None without traffic),
        and a sentence (``verdict``); ``ann``, what it multiplies, and its proxies on
        all devices; ``host``; ``traffic``, or None; ``latency`` by device that has times
        (`Latency.to_dict`; without those whose one chip is too small; ``with_proxy_j``, its proxy
        of a sample and ``static_j`` together, None where it has no proxy); ``answer``, its steps;
        ``measured``, each measurement with what was predicted of it (`measured_beside`);
        ``assumptions``, sentences.

    Raises
    ------
    InputError
        As `energy_proxies`; or the step time is not positive, or a measurement is of samples of
        other steps.
    NetworkError
        As `hops_per_spike`.
    """
    network, counts = network_of(deployed), run.counts
    hops = None
    if placement is not None:
        sent = np.array([layer.output_spikes for layer in counts.layers])
        hops = hops_per_spike(placement)[:, None] * sent
    proxies = energy_proxies(deployed, counts, devices=devices, hops=hops)
    work = DecoderWork.of(deployed, run.spikes)
    ann = equal_ann(network, (spikes, *run.layers), work)
    equal = ann_equivalent(ann.dense_macs, ann.effective_macs, ann.weights, devices)
    host = Host.of(deployed, counts.steps)
    bills: dict[str, Any] = {
        name: {
            **proxy.to_dict(),
            "zero_skipping": _zero_skipping(proxy, devices, host, work),
            "ann": _ann_beside(network, counts.steps, devices[name], devices, ann, equal),
            "hops_of": placement.chip.name if placement and "traffic" in proxy.basis else None,
        }
        for name, proxy in proxies.items()
    }
    report: dict[str, Any] = {
        **counts.totals(),
        "metrics": network_metrics(network, counts),
        "proxies": {name: {**bill, "verdict": verdict(name, bill)} for name, bill in bills.items()},
        "ann": {
            **ann.to_dict(),
            "synops_per_connection_step": _rate(network, counts),
            "proxies": {name: _without_device(each) for name, each in equal.items()},
        },
        "host": {
            **asdict(host),
            "effective_macs_per_sample": work.effective_macs,
            "eight_bits": dict(work.eight_bits),
        },
        "traffic": None if placement is None or hops is None else _traffic(placement, hops),
        "latency": {
            name: {**time, "with_proxy_j": _with_proxy(time, bills.get(name))}
            for name, time in latencies(network, placement, (spikes, *run.layers)).items()
        },
        "answer": answer_time(network, counts.steps, step_time_s),
    }
    for layer, more in zip(report["layers"], layer_metrics(network, counts), strict=True):
        layer.update(more)
    if membrane_updates is not None:
        _add_updates(report, membrane_updates)
    report["measured"] = measured_beside(measured or {}, report, network, counts, devices)
    return CostReport({**report, "assumptions": assumptions(report, devices)})


def _add_updates(report: dict[str, Any], updates: Mapping[str, np.ndarray]) -> None:
    for layer in report["layers"]:
        layer["membrane_updates"] = int(updates[layer["name"]].sum())
    every = sum(layer["membrane_updates"] for layer in report["layers"])
    report["metrics"]["membrane_updates"] = every / report["samples"]


def _zero_skipping(
    proxy: Proxy, devices: Mapping[str, Device], host: Host, work: DecoderWork
) -> dict[str, float]:
    """The bill of a sample whose host leaves products by 0 out too."""
    runs_decoder = devices[devices[proxy.device].host]
    macs = host.macs_per_sample, work.effective_macs
    _, host_j = products_j(runs_decoder, *macs, host.weights, host.weight_bits)
    return replace(proxy.bill, host=host_j).to_dict()


def _ann_beside(
    network: Network,
    steps: int,
    device: Device,
    devices: Mapping[str, Device],
    ann: EqualAnn,
    equal: Mapping[str, AnnProxy],
) -> dict[str, Any]:
    """The equal ANN on a device, or on its host where the device has no figure for it."""
    runs_on = devices[device.name if "mac" in device.constants else device.host]
    return {
        **asdict(equal[runs_on.name]),
        "precision": runs_on.precision,
        "dense_macs": ann.dense_macs,
        "effective_macs": ann.effective_macs,
        "break_even_rate": break_even_rate(network, steps, device),
    }


def _with_proxy(time: Mapping[str, Any], bill: Mapping[str, Any] | None) -> float | None:
    return None if bill is None else float(bill["total"] + time["static_j"])


def _rate(network: Network, counts: Counts) -> float | None:
    """Synops a connection and step; None without a connection."""
    every = dense_macs(network) * counts.steps * counts.samples
    return sum(int(layer.synops.sum()) for layer in counts.layers) / every if every else None


def _without_device(proxy: AnnProxy) -> dict[str, Any]:
    return {name: value for name, value in asdict(proxy).items() if name != "device"}


def _traffic(placement: Placement, hops: np.ndarray) -> dict[str, Any]:
    return {
        "chip": placement.chip.name,
        "cores": len(placement.cores),
        "hops_per_sample": float(hops.sum(0).mean()),
    }
