"""Does a network fit on a chip? Layers to cores, and the tightest resource.

`neurodeploy.hardware.mapping` counts what neurons ask of a core, fills cores, and says how few
would be possible; its `traffic` has what goes between them, and `advice` what to change.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from neurodeploy.deploy.parts import Deployed, network_of
from neurodeploy.hardware.chips import Chip, find_chip
from neurodeploy.hardware.confidence import Ground, grounds, least_sure
from neurodeploy.hardware.findings import PlacementFinding, unplaceable, unsupported
from neurodeploy.hardware.mapping.bounds import lower_bound
from neurodeploy.hardware.mapping.compiled import compiled
from neurodeploy.hardware.mapping.conv import ConvDemand
from neurodeploy.hardware.mapping.core_map import SEVERAL, core_map, mesh_of
from neurodeploy.hardware.mapping.demand import ImageDemand, LayerDemand
from neurodeploy.hardware.mapping.dense import DenseDemand
from neurodeploy.hardware.mapping.packing import Core, Unplaceable, fullness, pack, utilisation
from neurodeploy.netx.layers import ComplexDense, Conv, Dense, Layer
from neurodeploy.netx.network import Network

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True)
class LayerPlacement:
    """What a layer takes, over all its cores.

    ``storage`` says how its synapses lie: dense (weights of 0 kept), sparse, shared or kernel.
    """

    name: str
    cores: int
    parts: int
    compartments: int
    input_axons: int
    output_axons: int
    memory_bits: int
    synapses: int
    storage: str
    weight_bits: int
    delay_bits: int


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Placement:
    """A network in the cores of a chip.

    Parameters
    ----------
    chip : Chip
        Where it was placed.
    network : Network
        What was placed.
    cores : tuple of Core
        In their order on the mesh; each neuron of a layer that has no blocking finding is in one.
    layers : tuple of LayerPlacement
        In the network's order.
    bounds : mapping of str to float
        Cores that any packing needs, by reason (`neurodeploy.hardware.mapping.bounds`).
    findings : tuple of PlacementFinding
        Layers that do not fit, or are left out.
    """

    chip: Chip
    network: Network
    cores: tuple[Core, ...]
    layers: tuple[LayerPlacement, ...]
    bounds: Mapping[str, float]
    findings: tuple[PlacementFinding, ...]

    def __repr__(self) -> str:
        return f"Placement({self.network!r} in {len(self.cores)} cores of {self.chip.name})"

    @property
    def bound(self) -> int:
        """The fewest cores that any packing needs."""
        return math.ceil(max(self.bounds.values(), default=0.0) - 1e-6)

    @property
    def chips(self) -> int:
        """Chips that it takes."""
        synapses = sum(layer.synapses for layer in self.layers)
        limit = self.chip.limit("synapses_per_chip") or math.inf
        cores = -(-len(self.cores) // self.chip.known("cores_per_chip"))
        return max(cores, math.ceil(synapses / limit))

    @property
    def fits(self) -> bool:
        """Whether one chip holds all of the network."""
        return self.chips <= 1 and not any(finding.blocking for finding in self.findings)

    @property
    def grounds(self) -> list[Ground]:
        """What the placement rests on, the least sure first."""
        return grounds(self.network, self.chip)

    @property
    def confidence(self) -> str:
        """How sure it is, of `neurodeploy.hardware.chips.LIMIT_BASES`."""
        return least_sure(self.grounds)

    @property
    def shortage(self) -> dict[str, float]:
        """How many times what one chip has is asked at least, of each resource beyond it."""
        cores = self.chip.known("cores_per_chip")
        sums = ("compartments", "output_axons", "memory_bits")
        return {
            name: self.bounds[name] / cores for name in sums if self.bounds.get(name, 0.0) > cores
        }

    @property
    def utilisation(self) -> dict[str, float]:
        """Part of each known limit of a core that is used, on average over the cores."""
        return utilisation(self.cores, self.chip)

    @property
    def tightest(self) -> str:
        """The limit that most cores are nearest to; the first of those in doubt, "" of none."""
        names = list(self.utilisation)
        nearest = [
            max(
                names, key=lambda name: core.used.amount(name) / (self.chip.limit(name) or math.inf)
            )
            for core in self.cores
        ]
        return max(names, key=nearest.count, default="")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the cores of the chip where its mesh has them, coloured by layer.

        Each is filled as far as its tightest limit is; pale ones are free.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; new ones if not given.

        Returns
        -------
        matplotlib Axes
        """
        from neurodeploy.pictures.drawings import cores

        uses = core_map(self.cores, self.network.names, self.chip)
        shown = [(core.row, core.column, core.holds, core.full) for core in uses]
        shared = [SEVERAL] if any(core.holds == SEVERAL for core in uses) else []
        said = f"{len(self.cores):,} of {self.chip.known('cores_per_chip'):,} cores a chip"
        return cores(
            mesh_of(self.chip, self.chips),
            shown,
            [*(layer.name for layer in self.layers), *shared],
            f"{self.chip.title}: {said}, filled to the tightest limit",
            ax,
        )

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        limits = {name: msgspec.structs.asdict(limit) for name, limit in self.chip.limits.items()}
        return {
            "chip": self.chip.name,
            "fits": self.fits,
            "confidence": self.confidence,
            "grounds": [asdict(ground) for ground in self.grounds],
            "rule": self.chip.placement.rule,
            "cores": len(self.cores),
            "cores_per_chip": self.chip.known("cores_per_chip"),
            "chips": self.chips,
            "bound": self.bound,
            "bounds": dict(self.bounds),
            "tightest": self.tightest,
            "shortage": self.shortage,
            "utilisation": self.utilisation,
            "fullest_core": max((fullness(self.chip, c.used) for c in self.cores), default=0.0),
            "layers": [asdict(layer) for layer in self.layers],
            "findings": [asdict(finding) for finding in self.findings],
            "unknown": list(self.chip.unknown),
            "limits": limits,
        }


def place(deployed: Deployed, chip: str | Chip, *, narrower: int = 0) -> Placement:
    """Put a network into cores of a chip, by the rule that the chip's table names.

    Parameters
    ----------
    deployed : Network or Bundle
        What is placed. Layers that the chip cannot run become findings; the others are placed.
    chip : str or Chip
        By name, or from `neurodeploy.hardware.chips.find_chip`.
    narrower : int
        Widths of weight, as the chip has them, that weights are taken narrower.

    Returns
    -------
    Placement

    Raises
    ------
    InputError
        It is neither a network nor a bundle, or there is no such chip.
    """
    network = network_of(deployed)
    if isinstance(chip, str):
        chip = find_chip(chip)
    findings = unsupported(network, chip)
    layers = _demands(network, chip, findings, narrower)
    cores: list[Core] = []
    bounds: dict[str, float] = {}
    while layers:
        bounds = lower_bound(layers, chip)
        try:
            if chip.placement.rule == "compiler":
                cores = compiled(layers, chip)
            else:
                cores = pack(layers, chip, enough=math.ceil(max(bounds.values()) - 1e-6))
            break
        except Unplaceable as problem:
            findings.append(unplaceable(problem, layers.pop(problem.layer), chip))
    return Placement(
        chip=chip,
        network=network,
        cores=tuple(cores),
        layers=tuple(_layer(layers[at], at, cores) for at in layers),
        bounds=bounds if layers else {},
        findings=tuple(findings),
    )


def one_chip_may_do(network: Network, chip: Chip) -> bool:
    """Whether no bound says that a network needs more cores than a chip has; much sooner known."""
    findings = unsupported(network, chip)
    layers = _demands(network, chip, findings)
    blocked = any(finding.blocking for finding in findings)
    cores = max(lower_bound(layers, chip).values()) if layers else 0.0
    return not blocked and cores <= chip.known("cores_per_chip")


def _demands(
    network: Network, chip: Chip, findings: Sequence[PlacementFinding], narrower: int = 0
) -> dict[int, LayerDemand]:
    """What each layer without findings asks for, by its place."""
    blocked = {finding.layer for finding in findings}
    shapes = (network.input_shape, *network.shapes)
    return {
        at: _demand(layer, name, chip, (shapes[at], shapes[at + 1]), narrower)
        for at, (name, layer) in enumerate(zip(network.names, network.layers, strict=True))
        if name not in blocked
    }


def _demand(
    layer: Layer,
    name: str,
    chip: Chip,
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
    narrower: int = 0,
) -> LayerDemand:
    match layer:
        case Conv():
            return ConvDemand(layer, name, chip, shapes, narrower)
        case Dense() | ComplexDense():
            return DenseDemand(layer, name, chip, narrower)
    striped = chip.placement.rule == "compiler" and len(shapes[1]) == 3
    kind = ImageDemand if striped else LayerDemand
    return kind(layer=layer, name=name, chip=chip, shape=shapes[1])


def _layer(layer: LayerDemand, at: int, cores: list[Core]) -> LayerPlacement:
    parts = [part for core in cores for part in core.parts if part.layer == at]
    sums = ("compartments", "input_axons", "output_axons", "memory_bits", "synapses")
    return LayerPlacement(
        name=layer.name,
        cores=sum(any(part.layer == at for part in core.parts) for core in cores),
        parts=len(parts),
        **{name: sum(part.demand.amount(name) for part in parts) for name in sums},
        storage=layer.storage,
        weight_bits=layer.weight_width,
        delay_bits=layer.delay_width,
    )
