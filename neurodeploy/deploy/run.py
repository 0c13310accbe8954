"""The one call that runs a batch through what is deployed."""

from __future__ import annotations

import numpy as np

from neurodeploy.deploy.parts import Deployed, chip_part
from neurodeploy.engines.base import Run
from neurodeploy.engines.registry import DEFAULT_ENGINE
from neurodeploy.engines.registry import simulate as simulate_network
from neurodeploy.signals.events import numeric_array


def simulate(deployed: Deployed, spikes: np.ndarray, engine: str = DEFAULT_ENGINE) -> Run:
    """Run a batch through a network, each sample from rest.

    Parameters
    ----------
    deployed : Network or Bundle
        From `read_network`, `export_network` or `load_bundle`. A bundle with fewer steps than its
        encoding runs the first ones of each sample.
    spikes : array [batch, *features, time]
        0 or 1, features in SLAYER's order.
    engine : str
        ``native``, ours, fast; or ``lava``, the simulator that it is compared with.

    Returns
    -------
    Run
        ``.spikes``, uint8 with the output features and as many steps as were run, aligned as
        SLAYER's forward is; ``.layers``; ``.counts``.

    Raises
    ------
    InputError
        The spikes do not fit, it is neither a network nor a bundle, or there is no such engine.
    NetworkError
        The engine cannot run the network.
    EngineError
        Lava hung or died.
    """
    part = chip_part(deployed)
    return simulate_network(part.network, part.first_steps(numeric_array(spikes, "input")), engine)
