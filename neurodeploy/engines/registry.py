"""Engines by name, imported only when asked for, and the one call that runs a batch.

A name is known, or refused, before anything of an engine is imported, numpy included.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from neurodeploy._io.imports import require_name, resolve
from neurodeploy.errors import InputError, MissingPackageError, message

if TYPE_CHECKING:
    import numpy as np

    from neurodeploy.engines.base import Engine, Run
    from neurodeploy.netx.network import Network

EngineFactory: TypeAlias = "Callable[[Network], Engine]"
"""An engine class, or a function that gives an engine."""


def _lava(network: Network) -> Engine:
    from neurodeploy.engines.lava import LavaEngine

    return LavaEngine(network)


def _native(network: Network) -> Engine:
    from neurodeploy.engines.native import NativeEngine

    return NativeEngine(network)


def _slayer(network: Network) -> Engine:
    from neurodeploy.engines.slayer import SlayerEngine

    return SlayerEngine(network)


def _loihi(network: Network) -> Engine:
    from neurodeploy.engines.loihi import LoihiEngine

    return LoihiEngine(network)


_OURS: dict[str, EngineFactory] = {
    "lava": _lava,
    "native": _native,
    "slayer": _slayer,
    "loihi": _loihi,
}

ENGINES = tuple(_OURS)
BOARD_ENGINES = ("loihi",)
"""Those that need hardware."""
COMPLETE_ENGINES = ("lava", "native")
"""Those that run every layer that netx runs."""
DEFAULT_ENGINE = "native"
REFERENCE_ENGINE = "lava"
ENTRY_POINTS = "neurodeploy.engines"


def require_engine(name: str) -> str:
    """Return a name if `open_engine` could find it; nothing of the engine is imported.

    Raises
    ------
    InputError
        Nothing can have that name.
    """
    return require_name("engine", name, _OURS, ENTRY_POINTS)


def open_engine(engine: str | EngineFactory, network: Network) -> Engine:
    """Give an engine that holds a network.

    Parameters
    ----------
    engine : str, or class or function that takes a network
        A name: ``native``, ``lava``, ``slayer`` or ``loihi``, an import path
        ``package.module:Class``, or an entry point of group ``neurodeploy.engines``. Or what such
        a name stands for.
    network : Network
        What it will run.

    Raises
    ------
    InputError
        There is no such engine, or it is none.
    NetworkError
        The engine cannot run the network.
    MissingPackageError
        A package that the engine needs is not installed.
    """
    from neurodeploy.engines.base import Engine

    where = f"engine {engine!r}"
    factory = resolve("engine", engine, _OURS, ENTRY_POINTS) if isinstance(engine, str) else engine
    if not _takes_a_network(factory, network):
        expected = "a name, or a class or function that takes a network and gives an engine"
        raise InputError(message(where, expected, repr(factory)))
    try:
        opened = factory(network)
    except MissingPackageError:
        raise
    except ImportError as error:
        remedy = "Install the package that has it."
        raise MissingPackageError(message(where, "what it imports", str(error), remedy)) from error
    if not isinstance(opened, Engine):
        raise InputError(message(where, "an Engine", f"an object of type {type(opened).__name__}"))
    return opened


def simulate(
    network: Network, spikes: np.ndarray, engine: str | EngineFactory = DEFAULT_ENGINE
) -> Run:
    """Run a batch through a network, each sample from rest.

    Parameters
    ----------
    network : Network
        From `read_network` or `export_network`.
    spikes : array [sample, *features, time]
        0 or 1, features in SLAYER's order; whole numbers or real values where the network takes
        such.
    engine : str, or class or function that takes a network
        ``native``, ours, fast; ``lava``, the simulator that it is compared with; ``slayer``,
        training's arithmetic; ``loihi``, a board; or a person's own, as `open_engine` takes it.

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
    MissingPackageError
        A package that the engine needs is not installed.
    EngineError
        Lava hung or died.
    """
    with open_engine(engine, network) as running:
        return running.run(spikes)


def _takes_a_network(factory: object, network: Network) -> bool:
    if not callable(factory):
        return False
    try:
        inspect.signature(factory).bind(network)
    except (TypeError, ValueError):  # other arguments; no signature, as built-in types
        return False
    return True
