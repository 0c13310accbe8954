"""One object for one thing: what a function that takes a network or a bundle finds in it.

A bundle's part for the chip is a network and its number of steps; it needs neither the decoder nor
torch. Functions that need the decoder take a bundle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from neurodeploy._io.limits import DEFAULT, Limits
from neurodeploy.deploy.manifest import NETWORK_FILE, require_network
from neurodeploy.deploy.opening import BundlePath, is_bundle, open_bundle
from neurodeploy.errors import InputError, message
from neurodeploy.netx.network import Network
from neurodeploy.netx.read import read_network
from neurodeploy.signals.encode import Encoding, encoding_from_dict

if TYPE_CHECKING:
    from neurodeploy.deploy.bundle import Bundle


@dataclass(frozen=True, kw_only=True, eq=False)
class ChipPart:
    """What runs on the chip, and for how long.

    Parameters
    ----------
    network : Network
        What runs.
    step_limit : int, optional
        Steps of a sample that are run, the first ones. None for all that are given: of a network
        alone, and of a bundle that takes as many steps as its encoding makes.
    encoding : Encoding, optional
        How a signal becomes its input, of a bundle.
    notes : mapping
        What a bundle says of its data.
    """

    network: Network
    step_limit: int | None = None
    encoding: Encoding | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def task(self) -> str:
        """By which name a bundle's data are found; empty where nobody said."""
        return str(self.notes.get("task", ""))

    def first_steps(self, spikes: np.ndarray) -> np.ndarray:
        """The steps of [..., time] that are run."""
        return np.asarray(spikes)[..., : self.step_limit]


Deployed: TypeAlias = "Network | Bundle | ChipPart"
"""What is deployed: a network alone, or a bundle."""


def chip_part(deployed: Deployed) -> ChipPart:
    """The part that runs on the chip.

    Raises
    ------
    InputError
        It is neither a network nor a bundle.
    """
    if isinstance(deployed, ChipPart):
        return deployed
    if isinstance(deployed, Network):
        return ChipPart(network=deployed)
    from neurodeploy.deploy.bundle import Bundle

    if isinstance(deployed, Bundle):
        return ChipPart(
            network=deployed.network,
            step_limit=deployed.step_limit,
            encoding=deployed.encoding,
            notes=deployed.notes,
        )
    raise _wrong("a Network or a Bundle", deployed)


def network_of(deployed: Deployed) -> Network:
    """The network that runs on the chip.

    Raises
    ------
    InputError
        As `chip_part`.
    """
    return chip_part(deployed).network


def bundle_of(deployed: Deployed) -> Bundle:
    """A bundle as it is, where its decoder is needed.

    Raises
    ------
    InputError
        It is none.
    """
    from neurodeploy.deploy.bundle import Bundle

    if isinstance(deployed, Bundle):
        return deployed
    raise _wrong("a Bundle, for its decoder", deployed)


def read_chip_part(
    path: BundlePath, *, input_shape: Sequence[int] | None = None, limits: Limits = DEFAULT
) -> ChipPart:
    """Read a ``.net`` file, or what runs on the chip of a bundle.

    Parameters
    ----------
    path : path or OpenBundle
        Of either; a bundle is a folder, packed, or open.
    input_shape, limits : optional
        As in `read_network`.

    Raises
    ------
    FileFormatError, NetworkError
        As `open_bundle` and `read_network`.
    """
    if isinstance(path, Path | str) and not is_bundle(path):
        return ChipPart(network=read_network(path, input_shape=input_shape, limits=limits))
    with open_bundle(path) as opened:
        file = opened.folder / NETWORK_FILE
        network = read_network(file, input_shape=input_shape, limits=limits)
    require_network(opened.manifest, network, f"bundle {opened.path}")
    return ChipPart(
        network=network,
        step_limit=opened.manifest.step_limit,
        encoding=encoding_from_dict(opened.manifest.encoding),
        notes=opened.manifest.notes,
    )


def _wrong(expected: str, found: object) -> InputError:
    remedy = "Read it with nd.read_network or nd.load_bundle." if _is_path(found) else ""
    return InputError(message("what is deployed", expected, _named(found), remedy))


def _is_path(found: object) -> bool:
    return isinstance(found, str | Path)


def _named(found: object) -> str:
    return repr(found) if _is_path(found) else f"a {type(found).__name__}"
