"""What was measured of a network beside what is predicted of it: apart, and never mixed.

A prediction says what it rests on. One that was fitted to a measurement, or whose rule was inferred
from one, is *calibrated*: where it agrees with that measurement it proves nothing, and elsewhere it
is as good as the fit carries.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from neurodeploy.cost.energy import read_synops
from neurodeploy.engines.counts import Counts
from neurodeploy.errors import InputError, message
from neurodeploy.hardware.chips import load_chips
from neurodeploy.hardware.confidence import grounds, least_sure
from neurodeploy.hardware.devices import Device
from neurodeploy.hardware.mapping.storage import stored_weights
from neurodeploy.hardware.measurements import Measurement
from neurodeploy.hardware.times import load_times
from neurodeploy.netx.network import Network

CALIBRATED = ("calibrated", "inferred")
"""Bases of predictions that came from measurements."""

TIMES = ("step_s", "least_step_s", "peak_step_s", "sample_s")
OFF_CHIP = ("input", "host")
"""Causes of a proxy that are not on the chip; a board that is measured does neither."""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What is predicted of one quantity.

    Parameters
    ----------
    quantity : str
        Of `QUANTITIES`, or ``cores``, ``syn_ops`` or ``dendrite_updates`` (both a sample).
    device : str
        Whose figures it is made of; empty where it has none.
    value : float
    basis : str
        Where the figures come from.
    figures_of : str
        The chip that they are of.
    """

    quantity: str
    device: str
    value: float
    basis: str
    figures_of: str


def require_same_steps(measured: Mapping[str, Measurement], steps: int) -> None:
    """Refuse a measurement of samples of other lengths: what is per sample would not compare.

    Raises
    ------
    InputError
        One is of other samples.
    """
    for name, each in measured.items():
        if each.steps_per_sample != steps:
            where = f"measurement {name}: steps_per_sample"
            raise InputError(message(where, f"{steps}, as the run has", each.steps_per_sample))


def measured_beside(
    measured: Mapping[str, Measurement],
    report: Mapping[str, Any],
    network: Network,
    counts: Counts,
    devices: Mapping[str, Device],
) -> dict[str, Any]:
    """Each measurement, and under ``compared`` what is predicted of it, for JSON.

    Parameters
    ----------
    measured : mapping of str to Measurement
        Of this network on samples like these.
    report : mapping
        ``proxies`` and ``latency`` of `cost_report`.
    network, counts
        What ran, and what it did.
    devices : mapping of str to Device
        Those of the proxies.

    Returns
    -------
    dict
        By name: `Measurement.to_dict`, and ``compared``, for each prediction its ``quantity``,
        ``device``, ``predicted``, ``measured``, ``ratio`` (of these two), whether the measured
        value is ``derived``, ``basis``, ``figures_of`` and whether it is ``calibrated``.

    Raises
    ------
    InputError
        As `require_same_steps`.
    """
    require_same_steps(measured, counts.steps)
    beside = {}
    for name, each in measured.items():
        values = _per_sample(each)
        rows = [
            _compared(prediction, values[prediction.quantity], each)
            for prediction in _predictions(each.chip, report, network, counts, devices)
            if prediction.quantity in values
        ]
        beside[name] = {**each.to_dict(), "compared": rows}
    return beside


def _per_sample(measured: Measurement) -> dict[str, float]:
    """All that was measured and can be predicted, other than 0."""
    values = {**measured.quantities, **measured.derived}
    if measured.cores is not None:
        values["cores"] = measured.cores
    for name in ("syn_ops", "dendrite_updates"):
        total = sum(measured.activity.get(name, ()))
        if total:
            values[name] = total / measured.samples
    return values


def _compared(prediction: Prediction, measured: float, source: Measurement) -> dict[str, Any]:
    row = asdict(prediction)
    predicted = row.pop("value")
    return {
        **row,
        "predicted": predicted,
        "measured": measured,
        "ratio": predicted / measured,
        "derived": prediction.quantity in source.derived,
        "calibrated": prediction.basis in CALIBRATED,
    }


def _predictions(
    chip: str,
    report: Mapping[str, Any],
    network: Network,
    counts: Counts,
    devices: Mapping[str, Device],
) -> Iterator[Prediction]:
    times = [name for name, each in load_times().items() if each.chip == chip]
    latency = {name: report["latency"][name] for name in times if name in report["latency"]}
    for name, time in latency.items():
        for quantity in TIMES:
            yield _of(quantity, name, time[quantity], time["basis"], chip)
        yield _of("static_energy_j", name, time["static_j"], time["basis"], chip)
    yield from _placed(chip, latency, network)
    yield from _operations(chip, network, counts)
    for name, proxy in report["proxies"].items():
        figures_of = devices[name].chip
        if figures_of is None:
            continue
        on_chip = [each for cause, each in proxy["causes"].items() if cause not in OFF_CHIP]
        dynamic = math.fsum(on_chip) / counts.samples
        basis = proxy["basis"]["synapses"]
        yield _of("dynamic_energy_j", name, dynamic, basis, figures_of)
        for time in latency.values():
            total = dynamic + time["static_j"]
            yield _of("energy_j", name, total, time["basis"], figures_of)


def _placed(chip: str, latency: Mapping[str, Any], network: Network) -> Iterator[Prediction]:
    """Cores, where one chip holds the network and its times are known."""
    for name, time in latency.items():
        basis = least_sure(grounds(network, load_chips()[chip]))
        yield _of("cores", name, time["cores"], basis, chip)


def _operations(chip: str, network: Network, counts: Counts) -> Iterator[Prediction]:
    """What a sample asks of the cores, as the chip stores the synapses."""
    known = load_chips().get(chip)
    sparse = np.array([stored_weights(each, known).form == "sparse" for each in network.layers])
    reads = float(read_synops(counts, sparse).sum() / counts.samples)
    updates = sum(int(layer.neuron_updates.sum()) for layer in counts.layers) / counts.samples
    yield _of("syn_ops", "", reads, "counted", chip)
    yield _of("dendrite_updates", "", updates, "counted", chip)


def _of(quantity: str, device: str, value: float, basis: str, figures_of: str) -> Prediction:
    return Prediction(
        quantity=quantity, device=device, value=value, basis=basis, figures_of=figures_of
    )
