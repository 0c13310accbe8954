"""What a command works on: a file of a network or a bundle, which is opened and checked once.

A packed bundle lies unpacked until the program ends, also where another argument is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from neurodeploy._io.files import require_file
from neurodeploy._io.hdf5_process import start_reader
from neurodeploy.deploy.manifest import require_decoder
from neurodeploy.deploy.opening import OpenBundle, is_bundle, open_bundle
from neurodeploy.errors import InputError, message
from neurodeploy.serve.access import require_packages


@dataclass(frozen=True, kw_only=True)
class NetworkSource:
    """What a person named.

    Parameters
    ----------
    path : path
        A file of a network, or a bundle.
    bundle : OpenBundle, optional
        If it is one.
    """

    path: Path
    bundle: OpenBundle | None = None

    @property
    def task(self) -> str:
        """By which name a bundle's data are found; empty where nobody said."""
        return "" if self.bundle is None else self.bundle.task


def _network(context: typer.Context, path: Path) -> NetworkSource:
    bundle = None
    if is_bundle(path):
        bundle = context.find_root().with_resource(open_bundle(path))
    else:
        require_file(path, "network")
    start_reader()  # it is ready when the command has loaded what it needs
    return NetworkSource(path=path, bundle=bundle)


def _read_network(context: typer.Context, path: Path) -> NetworkSource:
    source = _network(context, path)
    if source.bundle is not None:
        require_decoder(source.bundle.manifest.decoder, f"bundle {path}")
    return source


def _served(context: typer.Context, path: Path) -> OpenBundle:
    require_packages()
    if path.is_file() and not is_bundle(path):
        remedy = f"Of a network: neurodeploy bundle make {path} FOLDER --steps N --counts."
        raise InputError(
            message(f"bundle {path}", "a folder, or a packed bundle", "a file", remedy)
        )
    bundle = context.find_root().with_resource(open_bundle(path))
    start_reader()
    return bundle


# ``path_type`` has typer read a path, whatever a check makes of it.
NetworkArgument = Annotated[
    NetworkSource,
    typer.Argument(
        help="A netx .net file, a bundle, or a NIR graph that `convert` takes without --dt.",
        path_type=Path,
        callback=_network,
        is_eager=True,
    ),
]
ReadNetworkArgument = Annotated[
    NetworkSource,
    typer.Argument(
        help="A netx .net file, or a bundle with a decoder.",
        path_type=Path,
        callback=_read_network,
        is_eager=True,
    ),
]
ServedArgument = Annotated[
    OpenBundle,
    typer.Argument(
        metavar="BUNDLE", help="A bundle.", path_type=Path, callback=_served, is_eager=True
    ),
]
