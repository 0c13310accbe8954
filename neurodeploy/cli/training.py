"""Commands that end with a trained model: demo, train, export."""

from __future__ import annotations

import math
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neurodeploy.cli.app import (
    command,
    counted,
    notes,
    out,
    print_json,
    print_table,
    resumable,
    retyped,
)
from neurodeploy.cli.arguments import (
    DataDirOption,
    EngineOption,
    FolderOption,
    JsonOption,
    TaskArgument,
    TaskOption,
)
from neurodeploy.cli.runs import CHECKPOINT, default_name, epochs_done, forget, run_folder
from neurodeploy.cli.training_arguments import (
    BatchSizeOption,
    BetaOption,
    BudgetOption,
    CheckpointOption,
    ComputeDeviceOption,
    DecoderOption,
    EpochsOption,
    NameOption,
    RateOption,
    ReadoutOption,
    RunOption,
    SeedOption,
    StartOption,
    ThreadsOption,
    TrainedNameOption,
)
from neurodeploy.engines.registry import REFERENCE_ENGINE
from neurodeploy.signals.corpora.layouts import LAYOUTS, VARIABLE
from neurodeploy.tasks.registry import TASKS

if TYPE_CHECKING:
    from neurodeploy.learn.evaluation import Evaluation


@command("PyTorch, SLAYER and the {engine} engine")
def demo(
    folder: FolderOption = Path("runs/demo"),
    task: TaskOption = "mnist",
    data_dir: DataDirOption = None,
    engine: EngineOption = REFERENCE_ENGINE,
    fresh: Annotated[bool, typer.Option("--fresh", help="Repeat what is finished.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Train, export, run, stream and report: the whole line on real digits."""
    from neurodeploy._io.progress import progress_bar
    from neurodeploy.cli.demo import run_demo
    from neurodeploy.cli.demo_kept import KEPT
    from neurodeploy.cli.demo_report import summary_tables, write_demo_report
    from neurodeploy.report.extra import REMEDY, missing_package
    from neurodeploy.tasks import task as find_task

    chosen = find_task(task)
    if data_dir is not None:
        chosen = chosen.in_folder(data_dir)
    if fresh:
        forget(folder / "train")
        for kept in KEPT:
            (folder / kept).unlink(missing_ok=True)
    with resumable(lambda: epochs_done(folder / "train")), progress_bar() as progress:
        results = run_demo(chosen, folder, engine=engine, progress=progress, console=notes())
    page = write_demo_report(results, folder, retyped())
    if as_json:
        print_json({**results.to_dict(), "report": None if page is None else str(page)})
        return
    for table in summary_tables(results):
        print_table(table.title, table.heads, table.rows)
        if table.caption:
            out().print(table.caption, style="dim")
    seconds = ", ".join(f"{name} {value:g} s" for name, value in results.seconds.items())
    out().print(f"\nTime: {seconds}", soft_wrap=True)
    if page is None:
        said = f"No page: {missing_package()} is not installed. {REMEDY}"
        then = f"Pictures are in {folder}. Then: neurodeploy report {folder}"
        out().print(f"{said}\n{then}", soft_wrap=True, markup=False)
    else:
        out().print(f"Report: {page}", soft_wrap=True)


@command("PyTorch and SLAYER")
def train(
    task: TaskArgument,
    data_dir: DataDirOption = None,
    name: NameOption = None,
    readout: ReadoutOption = None,
    decoder: DecoderOption = None,
    epochs: EpochsOption = None,
    lr: RateOption = None,
    batch_size: BatchSizeOption = None,
    beta: BetaOption = None,
    seed: SeedOption = None,
    budget_s: BudgetOption = None,
    threads: ThreadsOption = None,
    device: ComputeDeviceOption = "cpu",
    start: StartOption = None,
    extend: Annotated[
        bool, typer.Option("--extend", help="Go on to more epochs than the checkpoint was to have.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the checkpoint.")] = False,
    folder: RunOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a task's model with VDIB; an interrupted training goes on where it stopped."""
    import dataclasses

    from neurodeploy._io.progress import progress_bar
    from neurodeploy.learn.devices import on_device
    from neurodeploy.learn.evaluation import evaluate
    from neurodeploy.learn.history import best_epoch, read_history
    from neurodeploy.learn.trainer import Trainer
    from neurodeploy.tasks import task as find_task
    from neurodeploy.tasks import train_task
    from neurodeploy.tasks.options import changed, differing

    own = find_task(task)
    options = {
        **{"readout": readout, "decoder": decoder, "beta": beta, "learning_rate": lr},
        **{"batch_size": batch_size, "seed": seed, "epochs": epochs},
    }
    chosen = changed(own, options)
    folder = folder or run_folder(task, default_name(differing(chosen, own), start))
    if data_dir is not None:
        chosen = chosen.in_folder(data_dir)
    if fresh:
        forget(folder)

    def begin(trainer: Trainer) -> None:
        if start is not None:
            trainer.start_from(start)
        (trainer.extend if extend else trainer.resume)()

    splits = chosen.splits()
    with resumable(lambda: epochs_done(folder)), progress_bar() as progress:
        model = train_task(
            chosen,
            splits,
            folder,
            progress,
            model=on_device(chosen.model(splits), device),
            begin=begin,
            budget_s=math.inf if budget_s is None else budget_s,
            threads=threads,
        )
    result = evaluate(
        model,
        chosen.sources(splits).validation,
        chosen.objective(),
        temperature=0.0,
        seed=chosen.training.seed,
    )
    measured, checkpoint = dataclasses.asdict(result), folder / CHECKPOINT
    if as_json:
        print_json({"task": task, "validation": measured, "checkpoint": str(checkpoint)})
    else:
        history = read_history(folder)
        best = f"best of {counted(len(history), 'epoch')}: {best_epoch(history)}"
        print_table(f"{best}; validation, temperature 0", ("", "value"), _rows(result))
        _suggest("Next", "export", task, "--checkpoint", checkpoint)
        _suggest("See it", "report", folder, "--data", data_dir or task)


def _rows(found: Evaluation) -> list[tuple[str, str]]:
    """An evaluation in the units of the lines of epochs."""
    return [
        ("log-loss, nats a sample", f"{found.log_loss:.4g}"),
        ("information, bits a sample", f"{found.information_nats / math.log(2):.4g}"),
        ("spikes per readout neuron and step", f"{found.firing_rate:.4g}"),
        ("class accuracy", f"{found.accuracy:.4g}"),
        ("readout neurons that never spike", f"{found.silent:.4g}"),
    ]


@command("PyTorch and SLAYER")
def export(
    task: TaskArgument,
    name: TrainedNameOption = None,
    checkpoint: CheckpointOption = None,
    folder: Annotated[
        Path | None, typer.Option("--out", help="Of the bundle, instead of beside the checkpoint.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Export a trained model to a checked bundle: netx network, decoder, manifest."""
    from neurodeploy.deploy.bundle import save_bundle
    from neurodeploy.netx.check import check
    from neurodeploy.tasks import task as find_task
    from neurodeploy.tasks.training import exported

    assert checkpoint is not None  # its check finds one
    folder = folder or checkpoint.parent / "bundle"
    bundle = exported(find_task(task), checkpoint)
    save_bundle(bundle, folder)
    findings = [str(finding) for finding in check(bundle.network)]
    if as_json:
        print_json({"bundle": str(folder), "checkpoint": str(checkpoint), "findings": findings})
        return
    for finding in findings:
        notes().print(finding, markup=False)
    out().print(f"Checkpoint: {checkpoint}\nBundle: {folder}", soft_wrap=True)
    of_own = () if task in TASKS else ("--data", task)
    for command_name in ("energy", "report"):
        _suggest("Next", command_name, folder, *of_own)
    if task in LAYOUTS and not os.environ.get(VARIABLE):
        out().print(f"Both take --data FOLDER, that of {LAYOUTS[task].title}.", soft_wrap=True)


def _suggest(when: str, *words: object) -> None:
    """Say a command in a form that a shell takes."""
    line = shlex.join(["neurodeploy", *map(str, words)])
    out().print(f"{when}: {line}", markup=False, highlight=False, soft_wrap=True)
