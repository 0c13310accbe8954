"""Engines by name, imported only when asked for, and the one call that runs a batch."""

from __future__ import annotations

import numpy as np

from neurodeploy.engines.base import Engine, Run
from neurodeploy.errors import InputError, message
from neurodeploy.netx.network import Network

ENGINES = ("lava", "native")
DEFAULT_ENGINE = "native"
REFERENCE_ENGINE = "lava"


def open_engine(name: str, network: Network) -> Engine:
    """Give the engine of that name, holding a network.

    Raises
    ------
    InputError
        There is no such engine.
    NetworkError
        The engine cannot run the network.
    """
    if name == "lava":
        from neurodeploy.engines.lava import LavaEngine

        return LavaEngine(network)
    if name == "native":
        from neurodeploy.engines.native import NativeEngine

        return NativeEngine(network)
    raise InputError(message("engine", f"one of {', '.join(ENGINES)}", name))


def simulate(network: Network, spikes: np.ndarray, engine: str = DEFAULT_ENGINE) -> Run:
    """Run a batch through a network, each sample from rest.

    Parameters
    ----------
    network : Network
        From `read_network` or `export_network`.
    spikes : array [batch, *features, time]
        0 or 1, features in SLAYER's order.
    engine : str
        ``native``, ours, fast; or ``lava``, the simulator that it is compared with.

    Returns
    -------
    Run
        ``.spikes``, uint8 with the output features and as many steps as the input, aligned as
        SLAYER's forward is; ``.layers``; ``.counts``.

    Raises
    ------
    InputError
        The spikes do not fit, or there is no such engine.
    NetworkError
        The engine cannot run the network.
    EngineError
        Lava hung or died.
    """
    with open_engine(engine, network) as running:
        return running.run(spikes)
