"""Counts of a run times published energies of one operation: proxies, never measurements.

A proxy says what the counted operations would cost at the figures of ``devices.toml``, where
every figure has its unit, year, source and basis. It leaves out static power, memory traffic,
input and output. Per layer and sample, with E of the device::

    synapses = (synops - graded_synops) * E_synop
                                             (E_ac on a device that has additions, no synapses)
    graded_synapses = graded_synops * E_synop                            (there, E_mac)
    neurons  = neuron_updates * E_neuron_update
    traffic  = hops between cores * E_hop    (where hops are given, and the device has a figure)
    input    = macs * E_mac                  (of the host, if the device has no multiplier)
    host     = decoder's MACs * E_mac of the host

``synops`` counts all connections of a spike, also those with weight 0. A device with ``mac``
alone cannot price spikes: it serves as host and in `ann_equivalent`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from neurodeploy.engines.counts import Counts
from neurodeploy.errors import InputError, message
from neurodeploy.hardware.devices import Constant, Device
from neurodeploy.netx.network import Network

CAUSES = ("synapses", "graded_synapses", "neurons", "traffic", "input", "host")
"""What a proxy can be made of."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Mean, standard deviation (of the batch itself, not an estimate) and maximum of a sample."""

    per_sample_j: float
    spread_j: float
    worst_j: float

    @classmethod
    def of(cls, joules: np.ndarray) -> Spread:
        """Of one value a sample."""
        mean, deviation, worst = joules.mean(), joules.std(), joules.max()
        return cls(per_sample_j=float(mean), spread_j=float(deviation), worst_j=float(worst))


@dataclass(frozen=True, kw_only=True, eq=False)
class Proxy:
    """What a batch would cost on a device at published figures; not a measurement.

    Parameters
    ----------
    device : str
        Name of the device.
    layers : tuple of str
        Names of the network's layers.
    basis : mapping of str to str
        The causes that are priced, of `CAUSES`, and where the figure of each comes from, of
        `ENERGY_BASES`.
    joules : float64 array [layer and, last, the host; cause; sample]
        The bill. Traffic is that of the spikes that a layer sends.
    """

    device: str
    layers: tuple[str, ...]
    basis: Mapping[str, str]
    joules: np.ndarray

    @property
    def causes(self) -> dict[str, float]:
        """Sum over the batch, by cause."""
        return dict(zip(self.basis, self.joules.sum((0, 2)).tolist(), strict=True))

    @property
    def energy_j(self) -> float:
        """Sum over the batch."""
        return math.fsum(self.causes.values())

    @property
    def sample(self) -> Spread:
        """A sample, the host included."""
        return Spread.of(self.joules.sum((0, 1)))

    @property
    def per_sample_j(self) -> float:
        """Mean of a sample, the host included."""
        return self.sample.per_sample_j

    @property
    def without_host_j(self) -> float:
        """Mean of a sample, the network alone."""
        return float(self.joules[:-1].sum((0, 1)).mean())

    def to_dict(self) -> dict[str, Any]:
        """For JSON: the batch, a sample, and both by cause and by layer."""
        layers = []
        for name, joules in zip(self.layers, self.joules[:-1], strict=True):
            causes = dict(zip(self.basis, joules.sum(1).tolist(), strict=True))
            del causes["host"]
            layers.append({"name": name, **asdict(Spread.of(joules.sum(0))), "causes": causes})
        by_cause = self.joules.sum(0)
        return {
            "energy_j": self.energy_j,
            **asdict(self.sample),
            "causes": self.causes,
            "basis": dict(self.basis),
            "per_cause": {
                cause: asdict(Spread.of(joules))
                for cause, joules in zip(self.basis, by_cause, strict=True)
            },
            "layers": layers,
        }


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
        Where the figure of a multiply-accumulate comes from, of `ENERGY_BASES`.
    """

    device: str
    one_pass_j: float
    all_steps_j: float
    basis: str


def energy_proxies(
    counts: Counts,
    *,
    devices: Mapping[str, Device],
    host_macs_per_sample: int = 0,
    hops: np.ndarray | None = None,
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
    hops : float array [layer, sample], optional
        Hops between cores that the spikes of each layer take. Without, there is no traffic.

    Returns
    -------
    dict of str to Proxy

    Raises
    ------
    InputError
        There is no sample, a number is negative, or a host is missing from ``devices``.
    """
    if counts.samples < 1:
        raise InputError(message("counts", "at least one sample", counts.samples))
    _not_negative("host_macs_per_sample", host_macs_per_sample)
    if hops is not None:
        _not_negative("hops", hops.min())
    return {
        name: _proxy(device, _host_mac(device, devices), counts, host_macs_per_sample, hops)
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


def _proxy(
    device: Device, host_mac: Constant, counts: Counts, host_macs: int, hops: np.ndarray | None
) -> Proxy:
    def of(name: str) -> np.ndarray:
        return np.array([getattr(layer, name) for layer in counts.layers])

    bill = {
        "synapses": (of("synops") - of("graded_synops"), device.synapse),
        "graded_synapses": (of("graded_synops"), device.graded_synapse),
        "neurons": (of("neuron_updates"), device.constants["neuron_update"]),
        "input": (of("macs"), device.constants.get("mac", host_mac)),
        "host": (np.full(counts.samples, host_macs), host_mac),
    }
    if hops is not None and "hop" in device.constants:
        bill["traffic"] = (hops, device.constants["hop"])
    causes = [cause for cause in CAUSES if cause in bill]
    joules = np.zeros((len(counts.layers) + 1, len(causes), counts.samples))
    for index, cause in enumerate(causes):
        number, each = bill[cause]
        joules[-1 if cause == "host" else slice(-1), index] = number * each.value_j
    return Proxy(
        device=device.name,
        layers=tuple(layer.name for layer in counts.layers),
        basis={cause: bill[cause][1].basis for cause in causes},
        joules=joules,
    )


def dense_macs(network: Network) -> int:
    """Multiply-accumulates of one pass through the equal ANN.

    Every connection of every dense and convolution layer once, recurrent ones and weights of 0
    too; at the edge of an image, padding is no connection.
    """
    return sum(network.connections)


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


def break_even_rate(network: Network, steps: int, device: Device) -> float | None:
    """Spikes a connection and step at which a network costs what the equal ANN costs in one pass.

    With T steps, C connections, N neurons, I features of an input layer with neurons, and E of
    the device, whose synops are graded or not by the layer::

        T * rate * sum(C * E_synop) + T * N * E_neuron_update + T * I * E_mac = sum(C) * E_mac

    Parameters
    ----------
    network : Network
        Decoder, traffic, activation functions and biases are free on both sides.
    steps : int
        Time steps of a sample.
    device : Device
        Runs both.

    Returns
    -------
    float or None
        The network is cheaper below it; over 1, it is cheaper even if every input always spikes.
        None where no rate is: the device has no figures for one of both, neurons and input alone
        cost more than the ANN, or a connection, a step or a synop costs nothing.
    """
    if not device.spiking or "mac" not in device.constants:
        return None
    figures = (device.graded_synapse if graded else device.synapse for graded in network.graded)
    bills = zip(network.connections, figures, strict=False)
    spikes_j = steps * sum(number * each.value_j for number, each in bills)
    layers = zip(network.layers, network.shapes, strict=True)
    updates = steps * sum(layer.neuron_count(shape) for layer, shape in layers)
    inputs = steps * math.prod(network.input_shape) if network.layers[0].takes_real_values else 0
    left_j = (dense_macs(network) - inputs) * device.constants["mac"].value_j
    left_j -= updates * device.constants["neuron_update"].value_j
    return left_j / spikes_j if left_j >= 0 and spikes_j > 0 else None


def _not_negative(name: str, value: int) -> None:
    if value < 0:
        raise InputError(message(name, "0 or more", value))
