"""Counts of a run times published energies of one operation: proxies, never measurements.

A proxy says what the counted operations would cost at the figures of ``devices.toml``, where
every figure has its unit, year, source and basis. It leaves out static power, memory traffic,
routing, input and output. Per sample, with E of the device::

    synapses = synops * E_synop              (E_ac on a device that has additions, no synapses)
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
from pathlib import Path
from typing import Any

import numpy as np
import tomli

from neurodeploy.engines.counts import Counts, fan_out
from neurodeploy.errors import FileFormatError, InputError, message
from neurodeploy.files import require_file
from neurodeploy.netx.network import Network

BASES = ("measured", "simulated", "assumed")
"""Where a figure can come from; ``devices.toml`` says what each means."""

OPERATIONS = ("synop", "ac", "neuron_update", "mac")
"""Operations that a device can have a figure for."""

CAUSES = ("synapses", "neurons", "input", "host")
"""What a proxy is made of."""

DEFAULT_HOST = "arm"
"""Runs the decoder of a device that names no host and has no ``mac``."""

DEVICE_TABLE = Path(__file__).with_name("devices.toml")
"""The package's table."""


@dataclass(frozen=True, kw_only=True)
class Constant:
    """Energy of one operation, and where the figure comes from.

    Parameters
    ----------
    value_j : float
        Joules an operation, not negative.
    unit : str
        What one operation is.
    year : int
        Of publication.
    source : str
        Where it was published.
    basis : str
        One of `BASES`.
    """

    value_j: float
    unit: str
    year: int
    source: str
    basis: str


@dataclass(frozen=True, kw_only=True)
class Device:
    """What operations cost on one device.

    Parameters
    ----------
    name, title : str
        Short name, and what a person reads.
    constants : mapping of str to Constant
        By operation, of `OPERATIONS`.
    host : str
        Name of the device that runs the decoder.
    notes : str
        Limits and disputes.
    """

    name: str
    title: str
    constants: Mapping[str, Constant]
    host: str
    notes: str = ""

    @property
    def spiking(self) -> bool:
        """Whether the device has figures for synapses and neurons."""
        return "neuron_update" in self.constants

    @property
    def synapse(self) -> Constant:
        """Figure for one synaptic operation, of a device that is ``spiking``."""
        return self.constants["synop" if "synop" in self.constants else "ac"]


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


def load_devices(extra: Path | str | None = None) -> dict[str, Device]:
    """Read the package's table, and a person's own over it.

    Parameters
    ----------
    extra : path, optional
        TOML in the form of the package's ``devices.toml``. A device of the same name replaces
        the package's as a whole.

    Returns
    -------
    dict of str to Device

    Raises
    ------
    FileFormatError
        The file is missing or no TOML; or a field of a device is missing, unknown or out of
        range. The message names file, device and field.
    """
    devices = _read_table(DEVICE_TABLE)
    origin = dict.fromkeys(devices, DEVICE_TABLE)
    if extra is not None:
        own = _read_table(Path(extra))
        devices |= own
        origin |= dict.fromkeys(own, Path(extra))
    for name, device in devices.items():
        if device.host not in devices:
            where = f"device table {origin[name]}: device {name}: host"
            raise FileFormatError(message(where, "a device of the table", repr(device.host)))
        if "mac" not in devices[device.host].constants:
            where = f"device table {origin[device.host]}: device {device.host}: mac"
            raise FileFormatError(
                message(where, f"a figure, because it is the host of {name}", "nothing")
            )
    return devices


def _read_table(path: Path) -> dict[str, Device]:
    require_file(path, "device table")
    try:
        table = tomli.loads(path.read_text(encoding="utf-8"))
    except (tomli.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileFormatError(message(f"device table {path}", "TOML", error)) from error
    except OSError as error:
        raise FileFormatError(
            message(f"device table {path}", "a readable file", error.strerror or error)
        ) from error
    return {name: _device(path, name, entry) for name, entry in table.items()}


def _device(path: Path, name: str, entry: Any) -> Device:
    where = f"device table {path}: device {name}"
    if not isinstance(entry, dict):
        raise FileFormatError(message(where, "a table", repr(entry)))
    _no_others(where, entry, ("title", "notes", "host", *OPERATIONS))
    constants = {
        operation: _constant(f"{where}: {operation}", entry[operation])
        for operation in OPERATIONS
        if operation in entry
    }
    synapses = [operation for operation in ("synop", "ac") if operation in constants]
    if len(synapses) == 2:
        raise FileFormatError(message(where, "one of synop and ac", "both"))
    if bool(synapses) != ("neuron_update" in constants):
        missing = "neuron_update" if synapses else "synop or ac"
        raise FileFormatError(
            message(
                f"{where}: {missing}",
                "a figure, because spikes cost both synapses and neurons",
                "nothing",
                "Give it value_j = 0.0 if the other figure includes it.",
            )
        )
    if not constants:
        raise FileFormatError(message(where, f"at least one of {', '.join(OPERATIONS)}", "none"))
    return Device(
        name=name,
        title=_text(where, entry, "title"),
        constants=constants,
        host=_text(where, entry, "host", name if "mac" in constants else DEFAULT_HOST),
        notes=_text(where, entry, "notes", ""),
    )


def _constant(where: str, entry: Any) -> Constant:
    if not isinstance(entry, dict):
        raise FileFormatError(message(where, "a table", repr(entry)))
    _no_others(where, entry, ("value_j", "unit", "year", "source", "basis"))
    value = _present(where, entry, "value_j")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value < 0:
        raise FileFormatError(message(f"{where}: value_j", "joules, 0 or more", repr(value)))
    year = _present(where, entry, "year")
    if not isinstance(year, int) or isinstance(year, bool) or not 1900 <= year <= 2100:
        raise FileFormatError(message(f"{where}: year", "a year", repr(year)))
    basis = _present(where, entry, "basis")
    if basis not in BASES:
        raise FileFormatError(message(f"{where}: basis", f"one of {', '.join(BASES)}", repr(basis)))
    return Constant(
        value_j=float(value),
        unit=_text(where, entry, "unit"),
        year=year,
        source=_text(where, entry, "source"),
        basis=basis,
    )


def _no_others(where: str, entry: dict[str, Any], known: tuple[str, ...]) -> None:
    for name in entry:
        if name not in known:
            raise FileFormatError(message(where, f"only {', '.join(known)}", repr(name)))


def _present(where: str, entry: dict[str, Any], name: str) -> Any:
    if name not in entry:
        raise FileFormatError(message(f"{where}: {name}", "a value", "nothing"))
    return entry[name]


def _text(where: str, entry: dict[str, Any], name: str, default: str | None = None) -> str:
    text = _present(where, entry, name) if default is None else entry.get(name, default)
    if not isinstance(text, str) or (default is None and not text.strip()):
        raise FileFormatError(message(f"{where}: {name}", "a text", repr(text)))
    return text


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
        "synapses": (total("synops"), device.synapse),
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

    Every connection of every dense and convolution layer once, weights of 0 too; at the edge of
    an image, padding is no connection.
    """
    shapes = (network.input_shape, *network.shapes)
    return sum(
        int(fan_out(layer, shape)[0].sum())
        for layer, shape in zip(network.layers, shapes[:-1], strict=True)
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
