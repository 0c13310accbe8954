"""The command that takes in a network that was made elsewhere: convert."""

from __future__ import annotations

from typing import Any

from neurodeploy._io.limits import DEFAULT
from neurodeploy.cli.app import command, out, print_findings, print_json, print_table
from neurodeploy.cli.arguments import InputShapeOption, JsonOption, MaxMemoryOption, shape_of
from neurodeploy.cli.convert_arguments import (
    BitsOption,
    CalibrateOption,
    ConvertedArgument,
    NetworkSourceArgument,
    ProfileOption,
    StepSecondsOption,
    WeightsOption,
)


@command()
def convert(
    source: NetworkSourceArgument,
    output: ConvertedArgument,
    dt: StepSecondsOption = None,
    profile: ProfileOption = None,
    input_shape: InputShapeOption = None,
    limits: MaxMemoryOption = DEFAULT,
    weights: WeightsOption = None,
    calibrate: CalibrateOption = None,
    bits: BitsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Convert a network that was made elsewhere to a netx file, or a network to a NIR graph.

    A NIR graph, a netx file, or a module of SLAYER blocks as model.py:Net. What cannot be converted
    is said, and nothing is written.
    """
    from neurodeploy._io.arrays import load_array
    from neurodeploy.adopt.convert import convert as convert_network

    converted = convert_network(
        source,
        output,
        dt_s=dt,
        profile=profile,
        input_shape=shape_of(input_shape),
        limits=limits,
        weights=weights,
        calibrate=None if calibrate is None else load_array(calibrate, "calibrate"),
        bits=bits,
    )
    report = {"output": str(output), **converted.to_dict()}
    if as_json:
        print_json(report)
        return
    out().print(
        f"{output}: {' x '.join(map(str, report['input_shape']))} -> "
        f"{' x '.join(map(str, report['output_shape']))}, layers {', '.join(report['layers'])}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    if report["rounding"] is not None:
        _print_rounding(report["rounding"], report["layers"])
    print_findings(report["findings"])


def _print_rounding(rounding: dict[str, Any], names: list[str]) -> None:
    """Layers by their names in netx, as findings say them, and in the graph."""
    heads = ["layer", "node", "bits", "threshold", "weight error", "decay error"]
    rows = [
        [
            name,
            layer["name"],
            str(layer["weight_bits"]),
            str(layer["threshold"]),
            f"{100 * layer['weight_error']:.2g} %",
            f"{max(abs(layer[f'{state}_decay_error']) for state in ('current', 'voltage')):.1e}",
        ]
        for name, layer in zip(names, rounding["layers"], strict=True)
    ]
    if rounding["layers"][0]["spikes"] is not None:
        heads.append("counts that differ")
        for row, layer in zip(rows, rounding["layers"], strict=True):
            row.append(_share(layer["spikes"]["different"]))
    print_table(f"floats to integers of {rounding['bits']} bits", heads, rows)
    for name, node, *_ in rows:
        if node == rounding["loses_most"]:
            out().print(f"Most is lost in {name}, node {node}.", markup=False, highlight=False)


def _share(part: float | None) -> str:
    return "no spikes" if part is None else f"{part:.1%}"
