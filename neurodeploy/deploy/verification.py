"""Do training, engines and simulator say the same? Layer by layer, and where they first differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from neurodeploy.engines.registry import COMPLETE_ENGINES, REFERENCE_ENGINE, simulate
from neurodeploy.errors import InputError, NetworkError, message
from neurodeploy.netx.network import Network


@dataclass(frozen=True, kw_only=True)
class LayerDifference:
    """Spikes of one layer that differ from the reference.

    ``first`` is the earliest differing (sample, *feature, step), or None.
    """

    layer: str
    reference: str
    engine: str
    spikes: int
    differing: int
    first: tuple[int, ...] | None


@dataclass(frozen=True, kw_only=True)
class Verification:
    """Every comparison that was made."""

    layers: tuple[LayerDifference, ...]

    @property
    def exact(self) -> bool:
        """Whether no spike differs anywhere."""
        return all(layer.differing == 0 for layer in self.layers)

    def to_dict(self) -> dict[str, Any]:
        """A mapping for JSON."""
        return {"exact": self.exact, "layers": [asdict(layer) for layer in self.layers]}


def compare(
    network: Network,
    reference: tuple[str, Sequence[np.ndarray]],
    other: tuple[str, Sequence[np.ndarray]],
) -> Verification:
    """Compare the spikes of every layer of two runs, each given with its name.

    Parameters
    ----------
    network : Network
        What both ran.
    reference, other : (name, arrays [sample, *features, time] of each layer)
    """
    differences = []
    for name, expected, found in zip(network.names, reference[1], other[1], strict=True):
        differ = np.argwhere(np.asarray(expected) != np.asarray(found))
        earliest = differ[np.lexsort((differ[:, 0], differ[:, -1]))[0]] if len(differ) else None
        differences.append(
            LayerDifference(
                layer=name,
                reference=reference[0],
                engine=other[0],
                spikes=int(np.count_nonzero(expected)),
                differing=len(differ),
                first=None if earliest is None else tuple(int(i) for i in earliest),
            )
        )
    return Verification(layers=tuple(differences))


def verify(
    network: Network, spikes: np.ndarray, engines: Sequence[str] = COMPLETE_ENGINES
) -> Verification:
    """Run a reference and each engine on the same input and compare all layers.

    The reference is SLAYER's forward, or Lava where SLAYER's arithmetic is not replayed:
    recurrent layers, and neurons other than CUBA ones.

    Parameters
    ----------
    network : Network
        What runs.
    spikes : array [sample, *features, time]
        Its input.
    engines : sequence of str
        Each is compared with the reference.

    Raises
    ------
    InputError
        No engine is left to compare.
    """
    reference = _reference(network, spikes)
    others = [name for name in engines if name != reference[0]]
    if not others:
        expected = f"one besides {reference[0]}, which is the reference for this network"
        raise InputError(message("engines", expected, ", ".join(engines) or "none"))
    layers: list[LayerDifference] = []
    for name in others:
        layers += compare(network, reference, (name, simulate(network, spikes, name).layers)).layers
    return Verification(layers=tuple(layers))


def _reference(network: Network, spikes: np.ndarray) -> tuple[str, Sequence[np.ndarray]]:
    try:
        return "slayer", simulate(network, spikes, "slayer").layers
    except NetworkError:
        return REFERENCE_ENGINE, simulate(network, spikes, REFERENCE_ENGINE).layers
