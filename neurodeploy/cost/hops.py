"""Hops between the cores of a placed network, a spike."""

from __future__ import annotations

import math

import numpy as np

from neurodeploy.engines.counts import count
from neurodeploy.errors import NetworkError, message
from neurodeploy.hardware.mapping.traffic import traffic
from neurodeploy.hardware.placement import Placement


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
