"""Counts of a run times published energies of one operation: proxies, never measurements.

A proxy says what the counted operations would cost at the figures of ``devices.toml``, where
every figure has its unit, year, source and basis. It leaves out static power, memory traffic,
input and output. Per layer and sample, with E of the device::

    synapses = (synops that add) * E_synop   (E_ac on a device that has additions, no synapses)
    graded_synapses = (synops that multiply) * E_synop                   (there, E_mac)
    neurons  = neuron_updates * E_neuron_update
    traffic  = hops between cores * E_hop    (where hops are given, and the device has a figure)
    input    = macs * E_mac                  (of the host, if the device has no multiplier)
    host     = decoder's MACs * E_mac of the host

Where the device stores a layer sparse (`neurodeploy.hardware.mapping.storage`), a spike reads the
synapses other than 0; elsewhere all of them, also those with weight 0. A device with ``mac``
alone cannot price spikes: it serves as host and in `neurodeploy.cost.ann`. Chip, traffic and host
stand together in every bill.
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

CAUSES = (
    *("synapses", "graded_synapses", "neurons", "weights", "states", "queues"),
    *("traffic", "input", "host"),
)
"""What a proxy can be made of; `neurodeploy.cost.memory` has weights, states and queues."""


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


@dataclass(frozen=True, kw_only=True)
class Bill:
    """Where the energy of a sample is spent, in joules.

    ``chip`` is synapses, neurons and input; ``traffic`` goes between cores, and is 0 where it is
    not priced; ``host`` is the decoder.
    """

    chip: float
    traffic: float
    host: float

    @property
    def total(self) -> float:
        """Of all three."""
        return self.chip + self.traffic + self.host

    def to_dict(self) -> dict[str, float]:
        """For JSON: the parts, and ``total``."""
        return {"total": self.total, **asdict(self)}


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
        `EnergyBasis`.
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
    def bill(self) -> Bill:
        """Mean of a sample, by where it is spent."""
        by_cause = dict(zip(self.basis, self.joules.sum(0).mean(1).tolist(), strict=True))
        host, traffic = by_cause.pop("host"), by_cause.pop("traffic", 0.0)
        return Bill(chip=math.fsum(by_cause.values()), traffic=traffic, host=host)

    def to_dict(self) -> dict[str, Any]:
        """For JSON: a sample by where it is spent, the batch, and both by cause and by layer."""
        layers = []
        for name, joules in zip(self.layers, self.joules[:-1], strict=True):
            causes = dict(zip(self.basis, joules.sum(1).tolist(), strict=True))
            del causes["host"]
            layers.append({"name": name, **asdict(Spread.of(joules.sum(0))), "causes": causes})
        by_cause = self.joules.sum(0)
        return {
            **self.bill.to_dict(),
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


def price(
    counts: Counts,
    *,
    devices: Mapping[str, Device],
    host_macs_per_sample: int,
    sparse: Mapping[str, np.ndarray],
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
    sparse : mapping of str to bool array [layer]
        Of each device that is ``spiking``: whether it stores a layer without weights of 0.
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
        name: _proxy(
            device, _host_mac(device, devices), counts, host_macs_per_sample, sparse[name], hops
        )
        for name, device in devices.items()
        if device.spiking
    }


def read_synops(counts: Counts, sparse: np.ndarray) -> np.ndarray:
    """Synapses that spikes read, int64 [layer, sample]; of a layer that is stored sparse, those
    other than 0.
    """
    kinds = ("effective_synops", "synops")
    effective, every = (
        np.array([getattr(layer, kind) for layer in counts.layers]) for kind in kinds
    )
    return np.where(sparse[:, None], effective, every)


def _host_mac(device: Device, devices: Mapping[str, Device]) -> Constant:
    host = devices.get(device.host)
    if host is None or "mac" not in host.constants:
        raise InputError(
            message(f"devices: host of {device.name}", f"{device.host!r} with mac", "nothing")
        )
    return host.constants["mac"]


def _proxy(
    device: Device,
    host_mac: Constant,
    counts: Counts,
    host_macs: int,
    sparse: np.ndarray,
    hops: np.ndarray | None,
) -> Proxy:
    def of(name: str) -> np.ndarray:
        return np.array([getattr(layer, name) for layer in counts.layers])

    read = read_synops(counts, sparse)
    multiplied = np.where(sparse[:, None], of("effective_macs"), of("graded_synops"))
    bill = {
        "synapses": (read - multiplied, device.synapse),
        "graded_synapses": (multiplied, device.graded_synapse),
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


def _not_negative(name: str, value: int) -> None:
    if value < 0:
        raise InputError(message(name, "0 or more", value))
