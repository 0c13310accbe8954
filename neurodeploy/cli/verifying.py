"""The command that says whether two runs are the same: verify."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from neurodeploy._io.hdf5_process import one_reader
from neurodeploy._io.limits import DEFAULT
from neurodeploy.cli.app import command, notes, out, print_findings, print_json, print_table
from neurodeploy.cli.arguments import (
    EnginesOption,
    InputShapeOption,
    JsonOption,
    MaxMemoryOption,
    shape_of,
)
from neurodeploy.cli.convert_arguments import ProfileOption, StepSecondsOption
from neurodeploy.cli.input_arguments import (
    AgainstOption,
    DataOption,
    EncodingSeedOption,
    FileOption,
    LateOption,
    SamplesOption,
)
from neurodeploy.cli.network_arguments import NetworkArgument
from neurodeploy.engines.registry import COMPLETE_ENGINES
from neurodeploy.errors import InputError, message

if TYPE_CHECKING:
    from neurodeploy.deploy.verification import Verification


@command()
def verify(
    network: NetworkArgument,
    input_file: FileOption = None,
    data: DataOption = None,
    samples: SamplesOption = None,
    seed: EncodingSeedOption = 1,
    engine: EnginesOption = None,
    against: AgainstOption = None,
    late: LateOption = None,
    dt: StepSecondsOption = None,
    profile: ProfileOption = None,
    input_shape: InputShapeOption = None,
    limits: MaxMemoryOption = DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Compare what was trained with the engines, layer by layer.

    That is the output spikes or the NIR graph given with --against; or the training forward of the
    encoder that a bundle carries; else SLAYER's arithmetic on the file, or Lava where SLAYER has
    none, and of a NIR graph its own floats too. Exit code 1 unless spikes were compared and are
    equal.
    """
    from neurodeploy.cli.inputs import checked_spikes, is_graph, read_part, read_reference

    if late is not None and against is None:
        raise InputError(message("option --late", "--against, which is early", "none"))
    step = {name: value for name, value in (("dt_s", dt), ("profile", profile)) if value}
    shape = shape_of(input_shape)
    with one_reader():
        own = network.bundle is None and is_graph(network.path, limits)
        of_graph = own or (against is not None and is_graph(against, limits))
        if step and not of_graph:
            expected = "a NIR graph, as NETWORK or --against"
            raise InputError(message("options --dt and --profile", expected, "none"))
        part = read_part(network, shape, limits, **(step if own else {}))
        given = network.path if own and against is None else against
        reference = None if given is None else read_reference(given, samples, shape, limits, **step)
    spikes = checked_spikes(input_file, data, samples, seed, part, "SLAYER and the engines")
    from neurodeploy.deploy.trained_encoder import load_encoder
    from neurodeploy.deploy.verification import verify as run_verification

    engines = tuple(engine or COMPLETE_ENGINES)
    results = []
    if against is None:
        encoder = None if network.bundle is None else load_encoder(network.bundle)
        results.append(run_verification(part, spikes, engines, against=encoder))
        engines = engines[-1:]  # they are compared with each other by then
    if reference is not None:
        results.append(run_verification(part, spikes, engines, against=reference, late_steps=late))
    if as_json:
        print_json(_report(results))
    else:
        for result in results:
            _print(result)
        if reference is None and network.bundle is None:
            notes().print("What its author ran is compared by --against SPIKES.npy or GRAPH.nir.")
    if not all(result.exact for result in results):
        raise typer.Exit(1)


def _report(results: Sequence[Verification]) -> dict[str, Any]:
    """The last comparison, and the one of its integers that came before it."""
    *before, last = (result.to_dict() for result in results)
    return last | ({"integers": before[0]} if before else {})


def _print(result: Verification) -> None:
    rows = [
        (
            d.layer,
            f"{d.reference} / {d.engine}",
            " / ".join(f"{n:,}" for n in dict.fromkeys((d.spikes, d.engine_spikes))),
            f"{d.differing:,}",
            f"{100 * d.counts_apart:.2g} %" if d.counts_apart else "",
            "" if d.first is None else str(d.first),
            f"{late:+d}" if (late := d.later_steps) else "",
        )
        for d in result.layers
    ]
    first = "first at (sample, feature, step)"
    heads = ("layer", "compared", "spikes", "differing", "counts differ", first, "steps late")
    print_table("spike for spike", heads, rows)
    print_findings(result.to_dict()["findings"])
    said = f"{result.verdict[0].upper()}{result.verdict[1:]}: {result.compared}"
    out().print(said, markup=False, highlight=False, soft_wrap=True)
