"""Commands that run or describe a network: simulate, inspect, verify."""

from __future__ import annotations

from typing import Any

import typer

from neurodeploy._io.limits import DEFAULT
from neurodeploy.cli.app import (
    command,
    first_steps,
    out,
    print_findings,
    print_json,
    print_layers,
    print_table,
)
from neurodeploy.cli.arguments import (
    EngineOption,
    EnginesOption,
    InputShapeOption,
    JsonOption,
    MaxMemoryOption,
    OutputOption,
    shape_of,
)
from neurodeploy.cli.input_arguments import (
    AgainstOption,
    DataOption,
    EncodingSeedOption,
    FileOption,
    SamplesOption,
)
from neurodeploy.cli.network_arguments import NetworkArgument
from neurodeploy.engines.registry import COMPLETE_ENGINES, DEFAULT_ENGINE


@command("the {engine} engine")
def simulate(
    network: NetworkArgument,
    output: OutputOption,
    input_file: FileOption = None,
    data: DataOption = None,
    samples: SamplesOption = None,
    seed: EncodingSeedOption = 1,
    engine: EngineOption = DEFAULT_ENGINE,
    input_shape: InputShapeOption = None,
    limits: MaxMemoryOption = DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Run spikes through a network; each sample starts from rest."""
    from neurodeploy._io.arrays import save_array
    from neurodeploy.cli.inputs import input_spikes, read_part
    from neurodeploy.deploy.run import simulate as run_batch

    part = read_part(network, shape_of(input_shape), limits)
    spikes = first_steps(part, input_spikes(input_file, data, samples, seed, part))
    run = run_batch(part, spikes, engine)
    save_array(output, run.spikes)
    report = {"engine": engine, "output": str(output), **run.counts.totals()}
    if as_json:
        print_json(report)
    else:
        print_layers(report)
        out().print(f"Output spikes {list(run.spikes.shape)}: {output}")


@command()
def inspect(
    network: NetworkArgument,
    input_shape: InputShapeOption = None,
    limits: MaxMemoryOption = DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Say what is in a network or bundle, and what netx and Lava would make of it."""
    from neurodeploy.cli.inputs import read_part
    from neurodeploy.deploy.inspection import describe
    from neurodeploy.netx.describe import describe_network

    shape = shape_of(input_shape)
    if network.bundle is None:
        found = describe_network(read_part(network, shape, limits).network)
        report = {"path": str(network.path), **found}
    else:
        report = describe(network.bundle, input_shape=shape, limits=limits)
    if as_json:
        print_json(report)
        return
    heads = ("layer", "output shape", "neurons", "synapses", "parameters", "weights")
    rows = [
        (
            layer["name"],
            " x ".join(map(str, layer["output_shape"])),
            f"{layer['neurons']:,}",
            f"{layer['synapses']:,}",
            f"{layer['parameters']:,}",
            f"{layer['weight_min']} to {layer['weight_max']}" if "weight_min" in layer else "",
        )
        for layer in report["layers"]
    ]
    print_table(
        f"{network.path}: input {report['input_shape']}, latency {report['latency_steps']} steps",
        heads,
        rows,
    )
    print_findings(report["findings"])
    if all(finding["exact"] for finding in report["findings"]):
        out().print("Lava runs this network exactly as it is written.")


@command("SLAYER and the engines")
def verify(
    network: NetworkArgument,
    input_file: FileOption = None,
    data: DataOption = None,
    samples: SamplesOption = None,
    seed: EncodingSeedOption = 1,
    engine: EnginesOption = None,
    against: AgainstOption = None,
    input_shape: InputShapeOption = None,
    limits: MaxMemoryOption = DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Compare what was trained with the engines, layer by layer.

    That is the output given with --against; or the training forward of the encoder that a bundle
    carries; else SLAYER's arithmetic on the file, or Lava where SLAYER has none. Exit code 1
    unless spikes were compared and are equal.
    """
    from neurodeploy._io.arrays import load_array
    from neurodeploy.cli.inputs import input_spikes, read_part
    from neurodeploy.deploy.trained_encoder import load_encoder
    from neurodeploy.deploy.verification import verify as run_verification

    part = read_part(network, shape_of(input_shape), limits)
    if against is not None:
        reference: Any = load_array(against, "reference")
    else:
        reference = None if network.bundle is None else load_encoder(network.bundle)
    result = run_verification(
        part,
        first_steps(part, input_spikes(input_file, data, samples, seed, part)),
        engine or COMPLETE_ENGINES,
        against=reference,
    )
    if as_json:
        print_json(result.to_dict())
    else:
        rows = [
            (
                d.layer,
                f"{d.reference} / {d.engine}",
                f"{d.spikes:,}",
                f"{d.differing:,}",
                "" if d.first is None else str(d.first),
                "" if d.shift_steps is None else f"{d.shift_steps:+d}",
            )
            for d in result.layers
        ]
        first = "first at (sample, feature, step)"
        heads = ("layer", "compared", "spikes", "differing", first, "steps late")
        print_table("spike for spike", heads, rows)
        print_findings(result.to_dict()["findings"])
        said = "Exact: " if result.exact else "Not exact: "
        out().print(said + result.compared, markup=False, highlight=False, soft_wrap=True)
    if not result.exact:
        raise typer.Exit(1)
