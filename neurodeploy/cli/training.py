"""Commands that end with a trained model: demo, train, export."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from neurodeploy._io.progress import progress_bar
from neurodeploy.cli.app import (
    EngineOption,
    FolderOption,
    JsonOption,
    TaskArgument,
    TaskOption,
    app,
    notes,
    out,
    print_json,
    print_table,
    value_rows,
)
from neurodeploy.engines.registry import REFERENCE_ENGINE


@app.command()
def demo(
    folder: FolderOption = Path("runs/demo"),
    task: TaskOption = "mnist",
    engine: EngineOption = REFERENCE_ENGINE,
    fresh: Annotated[bool, typer.Option("--fresh", help="Train anew.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Train, export, run, stream and report: the whole line on real digits."""
    from neurodeploy.cli.demo import run_demo
    from neurodeploy.cli.demo_report import summary_tables, write_demo_report
    from neurodeploy.tasks import task as find_task

    chosen = find_task(task)
    if fresh:
        shutil.rmtree(folder / "train", ignore_errors=True)
    with progress_bar() as progress:
        results = run_demo(chosen, folder, engine=engine, progress=progress, console=notes)
    page = write_demo_report(results, folder)
    if as_json:
        print_json({**results.to_dict(), "report": str(page)})
        return
    for table in summary_tables(results):
        print_table(table.title, table.heads, table.rows)
        if table.caption:
            out.print(table.caption, style="dim")
    seconds = ", ".join(f"{name} {value:g} s" for name, value in results.seconds.items())
    out.print(f"\nTime: {seconds}\nReport: {page}")


@app.command()
def train(
    task: TaskArgument,
    folder: FolderOption = Path("runs/train"),
    epochs: Annotated[int | None, typer.Option(help="Instead of the task's own.")] = None,
    beta: Annotated[float | None, typer.Option(help="Weight of a nat of information (KL).")] = None,
    seed: Annotated[int | None, typer.Option(help="Of everything random in training.")] = None,
    budget_s: Annotated[
        float | None, typer.Option(help="Stop after so many seconds; run again to go on.", min=0)
    ] = None,
    start: Annotated[
        Path | None, typer.Option("--from", help="Fine-tune the weights of this checkpoint.")
    ] = None,
    extend: Annotated[
        bool, typer.Option("--extend", help="Go on to more epochs than the checkpoint was to have.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the checkpoint.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Train a task's model with VDIB; an interrupted training goes on where it stopped."""
    import dataclasses
    import math

    from neurodeploy.learn.evaluation import evaluate
    from neurodeploy.learn.trainer import Trainer
    from neurodeploy.tasks import task as find_task
    from neurodeploy.tasks import train_task

    chosen = find_task(task)
    changes = {k: v for k, v in (("epochs", epochs), ("seed", seed)) if v is not None}
    chosen = chosen.trained_with(**changes)
    if beta is not None:
        chosen = dataclasses.replace(chosen, beta=beta)
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)

    def begin(trainer: Trainer) -> None:
        if start is not None:
            trainer.start_from(start)
        (trainer.extend if extend else trainer.resume)()

    splits = chosen.splits()
    budget = math.inf if budget_s is None else budget_s
    with progress_bar() as progress:
        model = train_task(chosen, splits, folder, progress, begin=begin, budget_s=budget)
    result = evaluate(
        model,
        chosen.sources(splits).validation,
        chosen.objective(),
        temperature=0.0,
        seed=chosen.training.seed,
    )
    measured, checkpoint = dataclasses.asdict(result), folder / "best.safetensors"
    if as_json:
        print_json({"task": task, "validation": measured, "checkpoint": str(checkpoint)})
    else:
        print_table("validation, temperature 0", ("", "value"), value_rows(measured))
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
    from neurodeploy.deploy.bundle import save_bundle
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
        print_json({"bundle": str(folder), "findings": findings})
    else:
        for finding in findings:
            notes.print(finding, markup=False)
        out.print(f"Bundle: {folder}")
