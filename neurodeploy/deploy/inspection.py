"""What is in a netx file or a bundle, as one mapping."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from neurodeploy._io.limits import DEFAULT, Limits
from neurodeploy.deploy.manifest import NETWORK_FILE
from neurodeploy.deploy.opening import BundlePath, is_bundle, open_bundle
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


def describe(
    path: BundlePath, *, input_shape: Sequence[int] | None = None, limits: Limits = DEFAULT
) -> dict[str, Any]:
    """Layers, shapes, sizes and findings of a network; with encoding and decoder of a bundle.

    Parameters
    ----------
    path : path or OpenBundle
        A ``.net`` file or a bundle.
    input_shape, limits : optional
        As in `read_network`.

    Raises
    ------
    FileFormatError, NetworkError
        It cannot be read.
    """
    if isinstance(path, Path | str) and not is_bundle(path):
        network = read_network(path, input_shape=input_shape, limits=limits)
        return {"path": str(path), **describe_network(network)}
    with open_bundle(path) as opened:
        file = opened.folder / NETWORK_FILE
        network = read_network(file, input_shape=input_shape, limits=limits)
    manifest = msgspec.to_builtins(opened.manifest)
    parts = ("schema_version", "steps", "encoding", "decoder", "notes")
    return {
        "path": str(opened.path),
        **describe_network(network),
        **{part: manifest[part] for part in parts},
    }
