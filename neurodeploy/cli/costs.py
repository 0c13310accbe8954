"""Commands that say what a network costs: energy, fit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from neurodeploy.cli.app import (
    EngineOption,
    InputOption,
    JsonOption,
    NetworkArgument,
    app,
    out,
    print_json,
    print_layers,
    print_table,
)
from neurodeploy.engines.registry import DEFAULT_ENGINE
from neurodeploy.files import load_array


@app.command()
def energy(
    network: NetworkArgument,
    input_file: InputOption,
    engine: EngineOption = DEFAULT_ENGINE,
    devices: Annotated[Path | None, typer.Option(help="A TOML table of further devices.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Count spikes and operations of a run, and give energy proxies (never a measurement)."""
    from neurodeploy.devices import load_devices
    from neurodeploy.energy import energy_report
    from neurodeploy.engines.registry import simulate as run_batch
    from neurodeploy.manifest import network_of

    host_macs = 0
    if network.is_dir():
        from neurodeploy.bundle import load_bundle

        host_macs = load_bundle(network).decoder.macs
    table = load_devices(devices)
    run = run_batch(network_of(network), load_array(input_file, "input"), engine=engine)
    report = energy_report(run.counts, devices=table, host_macs_per_sample=host_macs)
    if as_json:
        print_json(report)
        return
    print_layers(report)
    rows = [
        (name, *(f"{1e6 * proxy[key]:,.3f}" for key in ("per_sample_j", "worst_j")))
        for name, proxy in report["proxies"].items()
    ]
    print_table("energy proxy, microjoules", ("device", "per sample", "worst sample"), rows)
    out.print("A proxy: operations counted times published energies. Not a measurement.")


@app.command()
def fit(
    network: NetworkArgument,
    chip: Annotated[str, typer.Option(help="loihi1, loihi2, or one of your own table.")],
    input_file: Annotated[
        Path | None, typer.Option("--input", help="Spikes of a run, for the traffic, .npy.")
    ] = None,
    engine: EngineOption = DEFAULT_ENGINE,
    chips: Annotated[Path | None, typer.Option(help="A TOML table of further chips.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Map the layers to cores of a chip: does it fit, what is tightest, what to change.

    Exit code 1 where it does not fit on one chip.
    """
    from neurodeploy.chips import find_chip
    from neurodeploy.engines.registry import simulate as run_batch
    from neurodeploy.manifest import network_of
    from neurodeploy.placement import fit_report, place

    target, placed = find_chip(chip, chips), network_of(network)
    counts = None
    if input_file is not None:
        counts = run_batch(placed, load_array(input_file, "input"), engine=engine).counts
    report = fit_report(place(placed, target), counts)
    if as_json:
        print_json(report)
    else:
        _print_fit(report, target.title)
    if not report["fits"]:
        raise typer.Exit(1)


def _print_fit(report: dict[str, Any], title: str) -> None:
    from neurodeploy.mapping.summary import change_rows, layer_rows, lines

    heads = ("layer", "cores", "neurons", "axons in", "axons out", "KiB", "synapses, bits")
    if report["layers"]:
        print_table(title, heads, layer_rows(report))
    for line in lines(report):
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    if report["advice"]:
        print_table("what to change", ("change", "cores", "chips", "fits"), change_rows(report))
    out.print("It fits." if report["fits"] else "It does not fit on one chip.")
