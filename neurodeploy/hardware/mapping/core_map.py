"""The cores in use as a map: where each lies, how full it is, and what it holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from neurodeploy.hardware.chips import Chip
from neurodeploy.hardware.mapping.packing import Core, fullness
from neurodeploy.hardware.mapping.traffic import positions

SEVERAL = "several layers"
"""What a core is said to hold that is shared."""


@dataclass(frozen=True, kw_only=True)
class CoreUse:
    """A core of a chip.

    Parameters
    ----------
    row, column : int
        Where it lies.
    full : float
        Part of its tightest limit that is used.
    layers : mapping of str to int
        Neurons of each layer that it holds.
    """

    row: int
    column: int
    full: float
    layers: Mapping[str, int]

    @property
    def holds(self) -> str:
        """The name of its layer, or `SEVERAL`."""
        return next(iter(self.layers)) if len(self.layers) == 1 else SEVERAL


def core_map(cores: Sequence[Core], names: Sequence[str], chip: Chip) -> list[CoreUse]:
    """Each core in use, in the order on the mesh; ``names`` are those of the layers."""
    uses = []
    places = positions(len(cores), chip).tolist()
    for core, (row, column) in zip(cores, places, strict=True):
        layers: Counter[str] = Counter()
        for part in core.parts:
            layers[names[part.layer]] += len(part.neurons)
        full = fullness(chip, core.used)
        uses.append(CoreUse(row=row, column=column, full=full, layers=layers))
    return uses


def mesh_of(chip: Chip, chips: int) -> tuple[int, int]:
    """Rows and columns of the meshes of so many chips, side by side."""
    columns = chip.known("mesh_columns")
    return -(-chip.known("cores_per_chip") // columns), columns * max(1, chips)
