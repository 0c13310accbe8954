"""From a network in floats to the integers of netx."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurodeploy.adopt.calibration import calibrate_layers
from neurodeploy.adopt.floats import FloatNetwork
from neurodeploy.adopt.levels import require_bits, round_layer
from neurodeploy.adopt.report import Report, SpikeDifference, report_layer
from neurodeploy.netx.network import Network
from neurodeploy.netx.units import FULL_BITS
from neurodeploy.signals.events import check_spikes


@dataclass(frozen=True, kw_only=True, eq=False)
class Conversion:
    """A network in integers, and what became of each layer."""

    network: Network
    report: Report


def to_integers(
    floats: FloatNetwork, *, bits: int = FULL_BITS, calibrate: np.ndarray | None = None
) -> Conversion:
    """Convert a network to integers that netx, Lava and the chip run as they are written.

    Each layer gets one scale, as it has one threshold: the one at which its weights are nearest
    to their levels. Integers in SLAYER's units stay what they are. Where a bias passes a current
    that decays, it acts at once.

    Parameters
    ----------
    floats : FloatNetwork
        What is converted.
    bits : int
        Of a weight with its sign, 2 to 8.
    calibrate : array [sample, *features, time], optional
        Spikes, as the network will get them; weights are then chosen for what they do on them.

    Returns
    -------
    Conversion
        ``neurodeploy.netx.check`` finds nothing in its network that netx or Lava would change, or
        that is beyond the chip.

    Raises
    ------
    InputError
        ``bits`` is out of its bounds, or ``calibrate`` is not spikes for this network.
    NetworkError
        A layer does not fit; the message names it.
    """
    bits, floats = require_bits(bits), floats.settled()
    if calibrate is None:
        layers = [round_layer(layer, bits) for layer in floats.layers]
        differences: Sequence[SpikeDifference | None] = [None] * len(layers)
    else:
        spikes = check_spikes(calibrate, features=floats.input_shape, where="calibrate")
        layers, differences = calibrate_layers(floats, spikes, bits)
    network = Network(input_shape=floats.input_shape, layers=tuple(each.layer for each in layers))
    reports = map(report_layer, floats.layers, layers, differences)
    return Conversion(network=network, report=Report(bits=bits, layers=tuple(reports)))
