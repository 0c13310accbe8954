"""Measure a bundle on its test part, once, for a report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy._io.lava import installed
from neurodeploy.cost.report import cost_report
from neurodeploy.deploy.bundle import Bundle
from neurodeploy.deploy.manifest import require_decoder
from neurodeploy.deploy.parts import chip_part
from neurodeploy.deploy.verification import Verification, verify
from neurodeploy.engines.base import Run
from neurodeploy.engines.counts import count
from neurodeploy.errors import InputError, NetworkError, message
from neurodeploy.hardware.advice import fit_report
from neurodeploy.hardware.chips import Chip, find_chip
from neurodeploy.hardware.devices import load_devices
from neurodeploy.hardware.mapping.core_map import core_map, mesh_of
from neurodeploy.hardware.placement import Placement, place
from neurodeploy.model.decoder import Decoder
from neurodeploy.netx.network import Network
from neurodeploy.report.facts import facts
from neurodeploy.report.measured import Agreement, ChipMap, Measured, Weights
from neurodeploy.report.picked import Picked
from neurodeploy.report.pieces import Piece
from neurodeploy.report.provenance import provenance
from neurodeploy.report.tally import Tally, all_of
from neurodeploy.tasks.base import Task

COSTED = 500
"""Samples whose spikes are kept, for what they cost."""

COMPARED = 8
"""Samples on which engines are compared; Lava takes its time."""

BARS = 41
"""Of a histogram of weights, at most."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a person may choose of a report.

    Parameters
    ----------
    device, chip : str
        That prices a sample, and where the network is placed.
    devices, chips : path, optional
        TOML tables of a person's own, beside the package's.
    shown, failures : int
        Samples of each kind that can be looked at.
    engine : str
        That runs the test part.
    seed : int
        Of its encoding.
    """

    device: str = "loihi"
    chip: str = "loihi1"
    devices: Path | None = None
    chips: Path | None = None
    shown: int = 12
    failures: int = 12
    engine: str = "native"
    seed: int = 1


def gather(
    bundle: Bundle,
    task: Task[Any],
    splits: Any,
    pieces: Iterable[Piece],
    *,
    name: str,
    commands: Sequence[str],
    choice: Choice | None = None,
    network_sha256: str = "",
    history: Sequence[Mapping[str, float]] = (),
    agreement: Agreement | None = None,
) -> Measured:
    """Everything that a report says of a bundle.

    Parameters
    ----------
    bundle : Bundle
        What is deployed.
    task, splits
        Whose test part the pieces are of.
    pieces : iterable of Piece
        As `run_pieces` gives them, or one that ran elsewhere.
    name : str
        By which runs are told apart.
    commands : sequence of str
        That train the bundle's network and make the report, for the record.
    choice : Choice, optional
    network_sha256 : str, optional
        Checksum of the network as it lies in a bundle.
    history : sequence of mappings
        Lines of ``metrics.jsonl``.
    agreement : Agreement, optional
        Where engines were compared before; else they are here, on a few samples.

    Raises
    ------
    InputError
        There is no sample, no decoder, or no such chip or device.
    """
    chosen = choice or Choice()
    network, decoder = bundle.network, require_decoder(bundle.decoder)
    classes = decoder.config.heads.get("label", 0)
    tally: Tally | None = None
    kept: list[Piece] = []
    for piece in pieces:
        if tally is None:
            images = _image_shapes(network, piece)
            classes = classes if piece.asked is not None else 0
            tally = Tally(network, classes)
            picked = Picked(chosen.shown, chosen.failures, classes, images[1])
        tally.add(piece)
        picked.add(piece)
        if sum(map(len, kept)) < COSTED:
            kept.append(piece)
    if tally is None:
        raise InputError(message("test part", "at least one sample", "none"))
    activity = all_of(kept)
    table = load_devices(chosen.devices)
    chip = find_chip(chosen.chip, chosen.chips)
    placement = place(bundle, chip)
    run = Run(layers=activity[1:], counts=count(network, activity))
    placed = placement if placement.cores else None
    return Measured(
        name=name,
        task=task.name or type(task).__name__,
        dataset=str(bundle.notes.get("dataset", "")),
        what=_words(bundle, decoder),
        facts=facts(bundle),
        engine=chosen.engine,
        provenance=provenance(
            bundle.notes,
            network_sha256=network_sha256,
            engine=chosen.engine,
            seed=chosen.seed,
            commands=commands,
        ),
        samples=tally.samples,
        available=len(task.sources(splits).test),
        steps=activity[0].shape[-1],
        latency_steps=network.latency_steps,
        classes=_class_names(splits, classes),
        accuracy=tally.accuracy(task.streaming),
        reconstruction=tally.reconstruction(),
        image_shape=images[0],
        input_image=images[1],
        shown=tuple(picked.shown),
        failures=tuple(picked.failures),
        layers=tally.layers(),
        weights=tuple(_weights(network)),
        cost=cost_report(bundle, activity[0], run, devices=table, placement=placed),
        costed=len(activity[0]),
        device=chosen.device,
        chip=_chip_map(placement, chip, fit_report(bundle, chip, run.counts)),
        agreement=agreement or _agreement(bundle, activity[0][:COMPARED]),
        history=history,
    )


def _image_shapes(
    network: Network, piece: Piece
) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
    """Height and width of reconstructions, and of the input, where they are images."""
    pixels = np.prod(piece.targets["image"].shape[1:]) if piece.draws else 0
    side = int(np.sqrt(pixels))
    drawn = (side, side) if side and side * side == pixels else None
    shape = network.input_shape
    if len(shape) == 3 and min(shape[1:]) > 1:
        return drawn, (shape[1], shape[2])
    return drawn, drawn if np.prod(shape) == pixels else None


def _class_names(splits: Any, classes: int) -> tuple[str, ...]:
    names = getattr(splits, "classes", None)
    if isinstance(names, tuple) and len(names) == classes:
        return tuple(map(str, names))
    return tuple(map(str, range(classes)))


def _words(bundle: Bundle, decoder: Decoder) -> str:
    """The sizes of the network, and its decoder."""
    shapes = (bundle.network.input_shape, *bundle.network.shapes)
    sizes = " → ".join("×".join(map(str, shape)) for shape in shapes)
    return f"{sizes} neurons, {bundle.steps} time steps, {decoder.config.name} decoder"


def _weights(network: Network) -> Iterable[Weights]:
    for name, layer in zip(network.names, network.layers, strict=True):
        if not layer.has_synapses:
            continue
        values = np.concatenate([matrix.ravel() for matrix in layer.matrices.values()])
        low, high = int(values.min()), int(values.max())
        wide = max(1, -(-(high - low + 1) // BARS))
        edges = np.arange(low, high + wide + 1, wide) - 0.5
        yield Weights(
            name=name,
            number=values.size,
            zero=int((values == 0).sum()),
            low=low,
            high=high,
            edges=edges,
            counts=np.histogram(values, edges)[0],
        )


def _chip_map(placement: Placement, chip: Chip, fit: Mapping[str, Any]) -> ChipMap:
    rows, columns = mesh_of(chip, placement.chips)
    cores = core_map(placement.cores, placement.network.names, chip)
    return ChipMap(title=chip.title, fit=fit, cores=cores, rows=rows, columns=columns)


def _agreement(bundle: Bundle, spikes: np.ndarray) -> Agreement:
    """Compare the engines that are installed with what was trained, or with SLAYER's arithmetic."""
    if not (installed("lava-nc") and installed("lava-dl")):
        note = "Only the native engine is installed here, so nothing was compared with it."
        return Agreement(samples=len(spikes), note=note)
    try:
        result: Verification = verify(bundle, chip_part(bundle).first_steps(spikes))
    except NetworkError as error:
        return Agreement(samples=len(spikes), note=f"Not every engine runs this network: {error}")
    return Agreement(samples=len(spikes), note="", result=result)
