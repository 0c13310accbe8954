"""What is in a netx file or a bundle, as one mapping."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from neurodeploy.deploy.manifest import NETWORK_FILE, read_manifest
from neurodeploy.deploy.parts import Deployed, network_of
from neurodeploy.netx.check import Finding
from neurodeploy.netx.check import check as check_network
from neurodeploy.netx.describe import describe_network
from neurodeploy.netx.read import read_network


def check(deployed: Deployed) -> list[Finding]:
    """What netx and Lava would make of a network that it does not say.

    Parameters
    ----------
    deployed : Network or Bundle

    Raises
    ------
    InputError
        It is neither.
    """
    return check_network(network_of(deployed))


def describe(path: Path) -> dict[str, Any]:
    """Layers, shapes, sizes and findings of a network; with encoding and decoder of a bundle.

    Parameters
    ----------
    path : path
        A ``.net`` file or a bundle folder.

    Raises
    ------
    FileFormatError, NetworkError
        It cannot be read.
    """
    if not path.is_dir():
        return {"path": str(path), **describe_network(read_network(path))}
    manifest = read_manifest(path)
    parts = ("schema_version", "steps", "encoding", "decoder", "notes")
    return {
        "path": str(path),
        **describe_network(read_network(path / NETWORK_FILE)),
        **{part: manifest[part] for part in parts},
    }
