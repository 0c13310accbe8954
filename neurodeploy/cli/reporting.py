"""The command that makes a page of runs and bundles: report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurodeploy._io.limits import DEFAULT, Limits
from neurodeploy.cli.app import command, out, print_json, retyped, without_machine
from neurodeploy.cli.arguments import (
    AllowImportOption,
    ChipOption,
    ChipsOption,
    DeviceOption,
    DevicesOption,
    EngineOption,
    JsonOption,
    MaxMemoryOption,
)
from neurodeploy.cli.input_arguments import EncodingSeedOption, folder_of
from neurodeploy.cli.report_arguments import (
    POINTS,
    FrontOption,
    PageOption,
    ReportDataOption,
    ReportSamplesOption,
    ReportSource,
    ShownOption,
    SourcesArgument,
)
from neurodeploy.engines.registry import DEFAULT_ENGINE
from neurodeploy.signals.corpora.layouts import LAYOUTS

if TYPE_CHECKING:
    from neurodeploy.deploy.bundle import Bundle
    from neurodeploy.report.measured import Measured
    from neurodeploy.tasks.base import Task


@command("PyTorch and the {engine} engine")
def report(
    sources: SourcesArgument,
    data: ReportDataOption = None,
    page: PageOption = Path("report.html"),
    front: FrontOption = None,
    samples: ReportSamplesOption = None,
    shown: ShownOption = 12,
    seed: EncodingSeedOption = 1,
    engine: EngineOption = DEFAULT_ENGINE,
    device: DeviceOption = "loihi",
    chip: ChipOption = "loihi1",
    devices: DevicesOption = None,
    chips: ChipsOption = None,
    allow_import: AllowImportOption = False,
    limits: MaxMemoryOption = DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Measure runs or bundles on their test part, and write one page about them.

    How good, at what cost, step by step, with failures, layers, placement and provenance.
    """
    from neurodeploy._io.progress import progress_bar
    from neurodeploy.cli.train_command import train_commands
    from neurodeploy.learn.history import read_history
    from neurodeploy.report.gather import Choice, gather
    from neurodeploy.report.page import Front, write_report
    from neurodeploy.report.pieces import run_pieces
    from neurodeploy.search.points import load_points

    choice = Choice(
        device=device,
        chip=chip,
        devices=devices,
        chips=chips,
        shown=shown,
        failures=shown,
        engine=engine,
        seed=seed,
    )
    chosen_front = None
    if front is not None:
        points = load_points(front / POINTS, "front")
        chosen_front = Front(points=points, folder=without_machine(str(front)))
    folder = None if data is None else folder_of(data)
    runs: list[Measured] = []
    with progress_bar() as progress:
        for source in sources:
            named = source.task if data is None or folder is not None else data
            task, bundle = _opened(source, named, folder, allow_import, limits)
            history = read_history(source.training)
            trained = train_commands(
                bundle, named, run=source.training, data=folder, history=history
            )
            splits = task.splits()
            task.require_heads(splits, bundle.heads)
            test = task.sources(splits).test
            number = len(test) if samples is None else min(samples, len(test))
            bar = progress.add_task(f"run {number:,} samples of {source.name}", total=number)
            pieces = run_pieces(
                bundle,
                test,
                samples=number,
                seed=seed,
                engine=engine,
                advance=lambda done, bar=bar: progress.advance(bar, done),  # type: ignore[misc]
            )
            runs.append(
                gather(
                    bundle,
                    task,
                    splits,
                    pieces,
                    name=source.name,
                    commands=(*trained, retyped()),
                    choice=choice,
                    network_sha256=source.network_sha256,
                    history=history,
                )
            )
    replaced = page.exists()
    write_report(page, runs, chosen_front)
    if as_json:
        print_json({"report": str(page), "runs": [_in_numbers(run) for run in runs]})
    else:
        from neurodeploy.report.sections.headline import verdict

        for run in runs:
            out().print(f"{run.name}: {verdict(run)}", markup=False, highlight=False)
        instead = ", in place of the page that was there" if replaced else ""
        out().print(f"Report: {page.absolute()}{instead}", soft_wrap=True, markup=False)


def _opened(
    source: ReportSource, named: str, folder: Path | None, allow_import: bool, limits: Limits
) -> tuple[Task[Any], Bundle]:
    """The task whose test part is measured, and the bundle; a run without one is exported."""
    from neurodeploy.deploy.bundle import load_bundle
    from neurodeploy.tasks import task as find_task
    from neurodeploy.tasks.training import exported

    task = find_task(named)
    if folder is not None and named in LAYOUTS:
        task = task.in_folder(folder)
    if source.bundle is None:
        assert source.checkpoint is not None  # its check found one
        return task, exported(task, source.checkpoint)
    bundle = load_bundle(source.bundle, allow_import=allow_import, limits=limits)
    return task.as_noted(bundle.notes).with_signal(bundle.encoding), bundle


def _in_numbers(run: Measured) -> dict[str, Any]:
    found = run.accuracy
    proxy = run.cost["proxies"].get(run.device)
    result = run.agreement.result
    return {
        "name": run.name,
        "task": run.task,
        "samples": run.samples,
        "accuracy": None if found is None else found.value,
        "interval": None if found is None else list(found.interval),
        "energy_proxy_j_per_sample": None if proxy is None else proxy["total"],
        "cores": run.chip.fit["cores"],
        "exact": None if result is None else result.exact,
    }
