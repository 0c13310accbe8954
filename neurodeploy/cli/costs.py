"""Commands that say what a network costs: energy, fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from neurodeploy._io.limits import DEFAULT
from neurodeploy.cli.app import command, first_steps, out, print_json, print_table
from neurodeploy.cli.arguments import (
    AllowImportOption,
    ChipOption,
    ChipsOption,
    DevicesOption,
    EngineOption,
    InputShapeOption,
    JsonOption,
    MaxMemoryOption,
    MeasuredOption,
    StepTimeOption,
    TrafficChipOption,
    shape_of,
)
from neurodeploy.cli.input_arguments import (
    DataOption,
    EncodingSeedOption,
    FileOption,
    SamplesOption,
    TrafficInputOption,
)
from neurodeploy.cli.network_arguments import NetworkArgument
from neurodeploy.engines.registry import DEFAULT_ENGINE

if TYPE_CHECKING:
    import numpy as np

    from neurodeploy.netx.network import Network


@command("the {engine} engine")
def energy(
    network: NetworkArgument,
    input_file: FileOption = None,
    data: DataOption = None,
    samples: SamplesOption = None,
    seed: EncodingSeedOption = 1,
    engine: EngineOption = DEFAULT_ENGINE,
    chip: TrafficChipOption = None,
    chips: ChipsOption = None,
    devices: DevicesOption = None,
    step_time: StepTimeOption = None,
    measured: MeasuredOption = None,
    membrane_updates: Annotated[
        bool,
        typer.Option("--membrane-updates", help="Count those that changed a state; takes longer."),
    ] = False,
    allow_import: AllowImportOption = False,
    input_shape: InputShapeOption = None,
    limits: MaxMemoryOption = DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Count spikes and operations of a run, and give energy proxies.

    They are never a measurement; your own stands beside them with --measured.
    """
    from neurodeploy.cli.cost_report import print_costs
    from neurodeploy.cli.inputs import input_spikes, read_deployed
    from neurodeploy.cost.measured import require_same_steps
    from neurodeploy.cost.report import cost_report
    from neurodeploy.deploy.parts import chip_part
    from neurodeploy.deploy.run import simulate as run_batch
    from neurodeploy.hardware.chips import find_chip
    from neurodeploy.hardware.devices import load_devices
    from neurodeploy.hardware.measurements import load_measurements
    from neurodeploy.hardware.placement import place

    table = load_devices(devices)
    measurements = {} if measured is None else load_measurements(measured, chips)
    placed = None if chip is None else find_chip(chip, chips)
    deployed = read_deployed(network, shape_of(input_shape), allow_import, limits)
    part = chip_part(deployed)
    spikes = first_steps(part, input_spikes(input_file, data, samples, seed, part))
    require_same_steps(measurements, spikes.shape[-1])
    report = cost_report(
        deployed,
        spikes,
        run_batch(part, spikes, engine),
        devices=table,
        placement=None if placed is None else place(part, placed),
        step_time_s=step_time,
        membrane_updates=_membrane_updates(part.network, spikes) if membrane_updates else None,
        measured=measurements,
    )
    if as_json:
        print_json(report)
    else:
        print_costs(report)


def _membrane_updates(network: Network, spikes: np.ndarray) -> dict[str, np.ndarray]:
    """By the native engine, whichever ran: it can be looked into, and both do the same."""
    from neurodeploy.cost.metrics import count_membrane_updates
    from neurodeploy.engines.native import NativeEngine

    with NativeEngine(network) as engine:
        return count_membrane_updates(engine, spikes)


@command()
def fit(
    network: NetworkArgument,
    chip: ChipOption,
    input_file: TrafficInputOption = None,
    engine: EngineOption = DEFAULT_ENGINE,
    chips: ChipsOption = None,
    input_shape: InputShapeOption = None,
    limits: MaxMemoryOption = DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Map the layers to cores of a chip: does it fit, what is tightest, what to change.

    Exit code 1 where it does not fit on one chip.
    """
    from neurodeploy._io.arrays import load_array
    from neurodeploy.cli.inputs import read_part
    from neurodeploy.deploy.run import simulate as run_batch
    from neurodeploy.hardware.advice import fit_report
    from neurodeploy.hardware.chips import find_chip

    target, part = (
        find_chip(chip, chips),
        read_part(network, shape_of(input_shape), limits),
    )
    counts = None
    if input_file is not None:
        spikes = first_steps(part, load_array(input_file, "input"))
        counts = run_batch(part, spikes, engine).counts
    report = fit_report(part, target, counts)
    if as_json:
        print_json(report)
    else:
        _print_fit(report, target.title)
    if not report["fits"]:
        raise typer.Exit(1)


def _print_fit(report: dict[str, Any], title: str) -> None:
    from neurodeploy.cli.fit_report import change_rows, layer_rows, lines, verdict

    if report["layers"]:
        heads = ("layer", "cores", "neurons", "axons in", "axons out", "KiB", "synapses, bits")
        print_table(title, heads, layer_rows(report))
    for line in lines(report):
        out().print(line, markup=False, highlight=False, soft_wrap=True)
    changes = ("change", "cores", "chips", "fits", "how sure")
    if report["advice"]:
        print_table("what to change", changes, change_rows(report["advice"]))
    if report["suggestions"]:
        better = "a suggestion: the same limits, better used"
        print_table(better, changes, change_rows(report["suggestions"]))
    for line in verdict(report):
        out().print(line, markup=False, highlight=False, soft_wrap=True)
