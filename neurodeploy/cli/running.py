"""Commands that run or describe a network: simulate, inspect."""

from __future__ import annotations

from neurodeploy._io.limits import DEFAULT
from neurodeploy.cli.app import (
    command,
    out,
    print_findings,
    print_json,
    print_layers,
    print_table,
)
from neurodeploy.cli.arguments import (
    EngineOption,
    InputShapeOption,
    JsonOption,
    MaxMemoryOption,
    OutputOption,
    require_apart,
    shape_of,
)
from neurodeploy.cli.input_arguments import (
    DataOption,
    EncodingSeedOption,
    FileOption,
    SamplesOption,
    folder_of,
)
from neurodeploy.cli.network_arguments import NetworkArgument
from neurodeploy.engines.registry import DEFAULT_ENGINE


@command()
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
    from neurodeploy.cli.inputs import checked_spikes, read_part

    folder = None if data is None else folder_of(data)
    require_apart(output, input_file, network.path, folder)
    part = read_part(network, shape_of(input_shape), limits)
    spikes = checked_spikes(input_file, data, samples, seed, part, f"the {engine} engine")
    from neurodeploy.deploy.run import simulate as run_batch

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
