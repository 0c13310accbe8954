"""Whether a Loihi 2 board can be run on: the vendor's extension of Lava, and a way to a board.

Nothing of Lava is imported but its package, where the extension is looked for.
"""

from __future__ import annotations

import importlib.util
import os

from neurodeploy._io.lava import INSTALL_LAVA, LAVA_RELEASES, installed
from neurodeploy.errors import EngineError, MissingPackageError, message

EXTENSION = (
    "lava.utils.loihi2_profiler",
    "lava.magma.compiler.subcompilers.nc",
    "lava.proc.embedded_io",
)
"""Modules that the vendor's extension adds to Lava, as lava and lava-dl name them."""

GET_EXTENSION = (
    "Intel gives lava-loihi, which has them, to members of its Neuromorphic Research Community, "
    "with access to boards. It has archived Lava itself: no release will follow. Everything else "
    "runs without: --engine native."
)
REACH_BOARD = (
    "Call lava.utils.loihi.use_slurm_host or use_ethernet_host before, or set what they set: "
    "SLURM=1 (with PARTITION or BOARD), or NXSDKHOST, and LOIHI_GEN."
)


def require_board() -> str:
    """Say which way leads to a board.

    Returns
    -------
    str
        Such as "SLURM partition oheogulch" or "host 10.1.2.3". Whether a board answers is seen when
        it runs.

    Raises
    ------
    MissingPackageError
        Lava or the vendor's extension is not installed.
    EngineError
        Nothing says where a board is.
    """
    where = "engine loihi"
    for name, release in LAVA_RELEASES.items():
        found = installed(name)
        if found != release:
            text = message(f"{where}: {name}", release, found or "not installed", INSTALL_LAVA)
            raise MissingPackageError(text)
    missing = [name for name in EXTENSION if not _is_there(name)]
    if missing:
        expected = "Intel's extension of Lava for Loihi 2"
        absent = f"no {', '.join(missing)}"
        raise MissingPackageError(message(where, expected, absent, GET_EXTENSION))
    if os.environ.get("SLURM") == "1":
        named = [f"{n.lower()} {os.environ[n]}" for n in ("PARTITION", "BOARD") if n in os.environ]
        return " ".join(["SLURM", *named])
    if os.environ.get("NXSDKHOST"):
        return f"host {os.environ['NXSDKHOST']}"
    raise EngineError(message(where, "a board in reach", "neither SLURM nor a host", REACH_BOARD))


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):  # a parent is missing; a module without a specification
        return False
