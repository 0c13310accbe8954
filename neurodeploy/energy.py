"""Counts of a run times published energies of one operation: proxies, never measurements.

A proxy says what the counted operations would cost at the figures of ``devices.toml``, where
every figure has its unit, year, source and basis. It leaves out static power, memory traffic,
routing, input and output. Per sample, with E of the device::

    synapses = (synops - graded_synops) * E_synop
                                             (E_ac on a device that has additions, no synapses)
    graded_synapses = graded_synops * E_synop                            (there, E_mac)
    neurons  = neuron_updates * E_neuron_update
    input    = macs * E_mac                  (of the host, if the device has no multiplier)
    host     = decoder's MACs * E_mac of the host

``synops`` counts all connections of a spike, also those with weight 0. A device with ``mac``
alone cannot price spikes: it serves as host and in `ann_equivalent`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from neurodeploy.devices import Constant, Device, load_devices
from neurodeploy.engines.counts import Counts, synapses
from neurodeploy.errors import InputError, message
from neurodeploy.netx.network import Network

CAUSES = ("synapses", "graded_synapses", "neurons", "input", "host")
"""What a proxy is made of."""


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """What a batch would cost on a device at published figures; not a measurement.

    Parameters
    ----------
    device : str
        Name of the device.
    energy_j : float
        Sum over the batch.
    per_sample_j, spread_j, worst_j : float
        Mean, standard deviation (of the batch itself, not an estimate) and maximum of a sample.
    causes : mapping of str to float
        ``energy_j`` by cause, of `CAUSES`.
    basis : mapping of str to str
        By cause, where its figure comes from, of `BASES`.
    """

    device: str
    energy_j: float
    per_sample_j: float
    spread_j: float
    worst_j: float
    causes: Mapping[str, float] = field(default_factory=dict)
    basis: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class AnnProxy:
    """What the equal ANN would cost for one sample at published figures; not a measurement.

    Parameters
    ----------
    device : str
        Name of the device.
    one_pass_j : float
        Every connection once, as a network without time computes.
    all_steps_j : float
        Every connection in every time step, as a network that does not skip zeros computes.
    basis : str
        Where the figure of a multiply-accumulate comes from, of `BASES`.
    """

    device: str
    one_pass_j: float
    all_steps_j: float
    basis: str


def energy_proxies(
    counts: Counts, *, devices: Mapping[str, Device], host_macs_per_sample: int = 0
) -> dict[str, Proxy]:
    """What a run would cost on each device that has figures for spikes.

    Parameters
    ----------
    counts : Counts
        Of the run.
    devices : mapping of str to Device
        From `load_devices`; hosts are looked up in it. A device that is not ``spiking`` is
        left out of the result.
    host_macs_per_sample : int
        Multiply-accumulates of the decoder for one sample.

    Returns
    -------
    dict of str to Proxy

    Raises
    ------
    InputError
        There is no sample, the MACs are negative, or a host is missing from ``devices``.
    """
    if counts.samples < 1:
        raise InputError(message("counts", "at least one sample", counts.samples))
    _not_negative("host_macs_per_sample", host_macs_per_sample)
    return {
        name: _proxy(device, _host_mac(device, devices), counts, host_macs_per_sample)
        for name, device in devices.items()
        if device.spiking
    }


def _host_mac(device: Device, devices: Mapping[str, Device]) -> Constant:
    host = devices.get(device.host)
    if host is None or "mac" not in host.constants:
        raise InputError(
            message(f"devices: host of {device.name}", f"{device.host!r} with mac", "nothing")
        )
    return host.constants["mac"]


def _proxy(device: Device, host_mac: Constant, counts: Counts, host_macs: int) -> Proxy:
    def total(name: str) -> np.ndarray:
        zeros = np.zeros(counts.samples, np.int64)
        return sum((getattr(layer, name) for layer in counts.layers), start=zeros)

    bill = {
        "synapses": (total("synops") - total("graded_synops"), device.synapse),
        "graded_synapses": (total("graded_synops"), device.graded_synapse),
        "neurons": (total("neuron_updates"), device.constants["neuron_update"]),
        "input": (total("macs"), device.constants.get("mac", host_mac)),
        "host": (np.full(counts.samples, host_macs, np.int64), host_mac),
    }
    per_sample = np.sum([number * each.value_j for number, each in bill.values()], axis=0)
    causes = {cause: int(number.sum()) * each.value_j for cause, (number, each) in bill.items()}
    energy_j = math.fsum(causes.values())
    return Proxy(
        device=device.name,
        energy_j=energy_j,
        per_sample_j=energy_j / counts.samples,
        spread_j=float(per_sample.std()),
        worst_j=float(per_sample.max()),
        causes=causes,
        basis={cause: each.basis for cause, (_, each) in bill.items()},
    )


def dense_macs(network: Network) -> int:
    """Multiply-accumulates of one pass through the equal ANN.

    Every connection of every dense and convolution layer once, recurrent ones and weights of 0
    too; at the edge of an image, padding is no connection.
    """
    shapes = (network.input_shape, *network.shapes)
    return sum(
        synapses(layer, before, after)[0]
        for layer, before, after in zip(network.layers, shapes[:-1], shapes[1:], strict=True)
    )


def ann_equivalent(
    network_macs_per_pass: int, steps: int, devices: Mapping[str, Device]
) -> dict[str, AnnProxy]:
    """What the ANN of the same shape would cost for one sample, on each device with ``mac``.

    Activation functions and biases are free.

    Parameters
    ----------
    network_macs_per_pass : int
        From `dense_macs`.
    steps : int
        Time steps of a sample.
    devices : mapping of str to Device
        From `load_devices`; a device without ``mac`` is left out of the result.

    Returns
    -------
    dict of str to AnnProxy

    Raises
    ------
    InputError
        A number is negative.
    """
    _not_negative("network_macs_per_pass", network_macs_per_pass)
    _not_negative("steps", steps)
    return {
        name: AnnProxy(
            device=name,
            one_pass_j=network_macs_per_pass * device.constants["mac"].value_j,
            all_steps_j=network_macs_per_pass * steps * device.constants["mac"].value_j,
            basis=device.constants["mac"].basis,
        )
        for name, device in devices.items()
        if "mac" in device.constants
    }


def _not_negative(name: str, value: int) -> None:
    if value < 0:
        raise InputError(message(name, "0 or more", value))


def energy_report(
    counts: Counts,
    *,
    devices: Mapping[str, Device] | None = None,
    host_macs_per_sample: int = 0,
) -> dict[str, Any]:
    """Counts and proxies of a run, for JSON.

    Parameters
    ----------
    counts : Counts
        Of the run.
    devices : mapping of str to Device, optional
        As in `energy_proxies`; the package's table if not given.
    host_macs_per_sample : int
        As in `energy_proxies`.

    Returns
    -------
    dict
        ``layers``, ``samples`` and ``steps`` of `Counts.totals`, and ``proxies`` by device:
        ``energy_j``, ``per_sample_j``, ``spread_j``, ``worst_j``, ``causes`` and ``basis``.

    Raises
    ------
    InputError
        As `energy_proxies`.
    """
    proxies = energy_proxies(
        counts,
        devices=load_devices() if devices is None else devices,
        host_macs_per_sample=host_macs_per_sample,
    )
    entries = {name: asdict(proxy) for name, proxy in proxies.items()}
    for entry in entries.values():
        del entry["device"]
    return {**counts.totals(), "proxies": entries}
