"""The ``neurodeploy`` command: a thin face over the API.

Exit code 0 for success, 1 where a comparison found a difference or a network does not fit, 2 for
the user's mistake.
"""

from __future__ import annotations

import json
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table as RichTable

from neurodeploy.doctor import diagnose, python_problem
from neurodeploy.engines.registry import DEFAULT_ENGINE, ENGINES, REFERENCE_ENGINE
from neurodeploy.errors import NeurodeployError
from neurodeploy.files import load_array, save_array

app = typer.Typer(
    help="Take a spiking network from training to a neuromorphic chip.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
out = Console()
notes = Console(stderr=True)

NetworkArgument = Annotated[Path, typer.Argument(help="A netx .net file or a bundle folder.")]
InputOption = Annotated[
    Path, typer.Option("--input", help="Spikes, .npy, \\[batch, *features, time], 0 or 1.")
]
EngineOption = Annotated[str, typer.Option("--engine", help="native (fast) or lava (reference).")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
FolderOption = Annotated[Path, typer.Option("--out", help="Folder for what is written.")]
TaskArgument = Annotated[str, typer.Argument(help="mnist or digits (small and quick).")]


@app.command()
def demo(
    folder: FolderOption = Path("runs/demo"),
    task: Annotated[str, typer.Option(help="mnist or digits (small and quick).")] = "mnist",
    engine: EngineOption = REFERENCE_ENGINE,
    fresh: Annotated[bool, typer.Option("--fresh", help="Train anew.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Train, export, run, stream and report: the whole line on real digits."""
    from neurodeploy.demo import run_demo
    from neurodeploy.demo_report import summary_tables, write_demo_report
    from neurodeploy.tasks import task as find_task

    chosen = find_task(task)
    if fresh:
        shutil.rmtree(folder / "train", ignore_errors=True)
    with _progress() as progress:
        results = run_demo(chosen, folder, engine=engine, progress=progress, console=notes)
    page = write_demo_report(results, folder)
    if as_json:
        _print_json({**results.to_dict(), "report": str(page)})
        return
    for table in summary_tables(results):
        _print_table(table.title, table.heads, table.rows)
        if table.caption:
            out.print(table.caption, style="dim")
    seconds = ", ".join(f"{name} {value:g} s" for name, value in results.seconds.items())
    out.print(f"\nTime: {seconds}\nReport: {page}")


@app.command()
def train(
    task: TaskArgument,
    folder: FolderOption = Path("runs/train"),
    epochs: Annotated[int | None, typer.Option(help="Instead of the task's own.")] = None,
    beta: Annotated[float | None, typer.Option(help="Price of a nat of information.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of everything random in training.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the checkpoint.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Train a task's model with VDIB; an interrupted training goes on where it stopped."""
    import dataclasses

    from neurodeploy.learn.sources import ImageSource
    from neurodeploy.learn.trainer import evaluate
    from neurodeploy.tasks import task as find_task
    from neurodeploy.tasks import train_task

    chosen = find_task(task)
    changes = {k: v for k, v in (("epochs", epochs), ("seed", seed)) if v is not None}
    chosen = dataclasses.replace(
        chosen,
        training=dataclasses.replace(chosen.training, **changes),
        beta=chosen.beta if beta is None else beta,
    )
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    splits = chosen.splits()
    with _progress() as progress:
        model = train_task(chosen, splits, folder, progress)
    result = evaluate(
        model,
        ImageSource(splits.validation, chosen.encoding),
        chosen.objective(),
        temperature=0.0,
        seed=chosen.training.seed,
    )
    measured, checkpoint = dataclasses.asdict(result), folder / "best.safetensors"
    if as_json:
        _print_json({"task": task, "validation": measured, "checkpoint": str(checkpoint)})
    else:
        _print_table("validation, temperature 0", ("", "value"), _rows(measured))
        out.print(f"Next: neurodeploy export {task} --checkpoint {checkpoint}", soft_wrap=True)


@app.command()
def export(
    task: TaskArgument,
    checkpoint: Annotated[Path, typer.Option(help="From `neurodeploy train`.")] = Path(
        "runs/train/best.safetensors"
    ),
    folder: FolderOption = Path("runs/bundle"),
    as_json: JsonOption = False,
) -> None:
    """Export a trained model to a checked bundle: netx network, decoder, manifest."""
    from neurodeploy.bundle import save_bundle
    from neurodeploy.learn.checkpoint import load_model
    from neurodeploy.netx.check import check
    from neurodeploy.tasks import task as find_task

    chosen = find_task(task)
    model = chosen.model(chosen.splits())
    load_model(model, checkpoint)
    bundle = chosen.bundle(model)
    save_bundle(bundle, folder)
    findings = [str(finding) for finding in check(bundle.network)]
    if as_json:
        _print_json({"bundle": str(folder), "findings": findings})
    else:
        for finding in findings:
            notes.print(finding, markup=False)
        out.print(f"Bundle: {folder}")


@app.command()
def simulate(
    network: NetworkArgument,
    input_file: InputOption,
    output: Annotated[Path, typer.Option("--output", help="Where the output spikes go, .npy.")],
    engine: EngineOption = DEFAULT_ENGINE,
    as_json: JsonOption = False,
) -> None:
    """Run spikes through a network; each sample starts from rest."""
    from neurodeploy.engines.registry import simulate as run_batch
    from neurodeploy.manifest import network_of

    spikes = load_array(input_file, "input")
    run = run_batch(network_of(network), spikes, engine=engine)
    save_array(output, run.spikes)
    report = {"engine": engine, "output": str(output), **run.counts.totals()}
    if as_json:
        _print_json(report)
    else:
        _print_layers(report)
        out.print(f"Output spikes {list(run.spikes.shape)}: {output}")


@app.command()
def stream(
    bundle: Annotated[Path, typer.Argument(help="A bundle folder.")],
    input_file: InputOption,
    engine: EngineOption = DEFAULT_ENGINE,
    every: Annotated[int, typer.Option(help="Answer after every so many steps.", min=1)] = 1,
    as_json: JsonOption = False,
) -> None:
    """Stream spikes step by step into the host decoder; print answers as they form.

    With --json, one JSON object a line for every answer.
    """
    from neurodeploy.bundle import load_bundle
    from neurodeploy.engines.base import check_input
    from neurodeploy.engines.registry import open_engine
    from neurodeploy.stream import stream_answers

    deployed = load_bundle(bundle)
    spikes = load_array(input_file, "input")
    check_input(deployed.network, spikes, f"input {input_file}")
    steps = spikes.shape[-1]
    with open_engine(engine, deployed.network) as running:
        for answer in stream_answers(
            running,
            deployed.decoder,
            spikes,
            wanted=lambda step: (step + 1) % every == 0 or step == steps - 1,
        ):
            if as_json:
                logits = {name: values.tolist() for name, values in answer.logits.items()}
                _print_json({"sample": answer.sample, "step": answer.step, "logits": logits})
            else:
                label = answer.logits.get("label")
                said = "" if label is None else f", label {int(label.argmax())}"
                out.print(
                    f"sample {answer.sample} step {answer.step}: "
                    f"{answer.output.spikes.sum()} spikes{said}",
                    highlight=False,
                )


@app.command()
def inspect(network: NetworkArgument, as_json: JsonOption = False) -> None:
    """Say what is in a netx file or bundle, and what netx and Lava would make of it."""
    from neurodeploy.inspection import describe
    from neurodeploy.netx.check import Finding

    report = describe(network)
    if as_json:
        _print_json(report)
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
    _print_table(
        f"{network}: input {report['input_shape']}, latency {report['latency_steps']} steps",
        heads,
        rows,
    )
    for finding in report["findings"]:
        out.print(str(Finding(**finding)), markup=False)
    if not report["findings"]:
        out.print("Lava runs this network exactly as it is written.")


@app.command()
def verify(
    network: NetworkArgument,
    input_file: InputOption,
    engine: Annotated[
        list[str] | None, typer.Option("--engine", help="Engines to compare; all by default.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare SLAYER's forward, or Lava where it has none, with the engines, layer by layer.

    Exit code 1 where they differ.
    """
    from neurodeploy.manifest import network_of
    from neurodeploy.verification import verify as run_verification

    result = run_verification(
        network_of(network), load_array(input_file, "input"), engine or ENGINES
    )
    if as_json:
        _print_json(result.to_dict())
    else:
        rows = [
            (
                d.layer,
                f"{d.reference} / {d.engine}",
                f"{d.spikes:,}",
                f"{d.differing:,}",
                "" if d.first is None else str(d.first),
            )
            for d in result.layers
        ]
        heads = ("layer", "compared", "spikes", "differing", "first at (sample, feature, step)")
        _print_table("spike for spike", heads, rows)
        out.print("Exact." if result.exact else "They differ.")
    if not result.exact:
        raise typer.Exit(1)


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
        _print_json(report)
        return
    _print_layers(report)
    rows = [
        (name, *(f"{1e6 * proxy[key]:,.3f}" for key in ("per_sample_j", "worst_j")))
        for name, proxy in report["proxies"].items()
    ]
    _print_table("energy proxy, microjoules", ("device", "per sample", "worst sample"), rows)
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
        _print_json(report)
    else:
        _print_fit(report, target.title)
    if not report["fits"]:
        raise typer.Exit(1)


@app.command()
def doctor(as_json: JsonOption = False) -> None:
    """Say what is here, what is missing, and what to do."""
    checks = diagnose()
    if as_json:
        _print_json({"checks": [vars(check) for check in checks]})
    else:
        rows = [(check.name, check.status, check.found, check.remedy) for check in checks]
        _print_table("neurodeploy doctor", ("what", "status", "found", "remedy"), rows)
    if any(check.status == "missing" for check in checks):
        raise typer.Exit(1)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=notes,
        disable=not notes.is_terminal,
    )


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def _rows(mapping: dict[str, Any]) -> list[tuple[str, str]]:
    return [(name, f"{value:.4g}") for name, value in mapping.items()]


def _print_layers(report: dict[str, Any]) -> None:
    fields = ("input_spikes", "output_spikes", "synops", "effective_synops", "neuron_updates")
    rows = [
        (layer["name"], *(f"{layer[field]:,}" for field in fields)) for layer in report["layers"]
    ]
    heads = ("layer", *(field.replace("_", " ") for field in fields))
    _print_table(f"{report['samples']} samples of {report['steps']} steps, totals", heads, rows)


def _print_fit(report: dict[str, Any], title: str) -> None:
    from neurodeploy.mapping.summary import change_rows, layer_rows, lines

    heads = ("layer", "cores", "neurons", "axons in", "axons out", "KiB", "synapses, bits")
    if report["layers"]:
        _print_table(title, heads, layer_rows(report))
    for line in lines(report):
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    if report["advice"]:
        _print_table("what to change", ("change", "cores", "chips", "fits"), change_rows(report))
    out.print("It fits." if report["fits"] else "It does not fit on one chip.")


def _print_table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = RichTable(title=title, title_justify="left", header_style="bold")
    for index, head in enumerate(heads):
        table.add_column(head, justify="left" if index == 0 else "right")
    for row in rows:
        table.add_row(*row)
    out.print(table)


def _terminate(*_: Any) -> None:
    raise SystemExit(143)


def main(run: Callable[[], Any] = app) -> None:
    """Entry point: one clear line and exit code 2 for a person's mistake, no traceback."""
    if problem := python_problem():
        sys.stderr.write(f"error: {problem}\n")
        raise SystemExit(2)
    signal.signal(signal.SIGTERM, _terminate)
    try:
        run()
    except NeurodeployError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        raise SystemExit(130) from None
