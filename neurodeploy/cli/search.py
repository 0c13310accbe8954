"""Commands that search: tune, levers, pick."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neurodeploy._io.limits import DEFAULT
from neurodeploy.cli.app import command, out, print_json, print_table, resumable, typed
from neurodeploy.cli.arguments import (
    AllowImportOption,
    ChipOption,
    ChipsOption,
    ClusterOption,
    DeviceOption,
    DevicesOption,
    FolderOption,
    JsonOption,
    MaxMemoryOption,
    TaskArgument,
    WorkersOption,
)
from neurodeploy.cli.network_arguments import ReadNetworkArgument
from neurodeploy.cli.runs import trials_done
from neurodeploy.cli.search_arguments import (
    DecodersOption,
    FineTuneOption,
    fine_tuned_of,
    retrained_of,
)
from neurodeploy.cli.training_arguments import EpochsOption

if TYPE_CHECKING:
    from neurodeploy.search.outcome import Outcome

SettingsOption = Annotated[int, typer.Option(help="Of the levers, for each model.", min=1)]
LossOption = Annotated[
    float, typer.Option(help="Accuracy that may be given up, 0 to 1.", min=0, max=1)
]
SearchSeedOption = Annotated[int, typer.Option("--seed", help="Of the search.", min=0)]


@command("PyTorch, SLAYER and Optuna")
def tune(
    task: TaskArgument,
    device: DeviceOption = "loihi",
    chip: ChipOption = "loihi1",
    trials: Annotated[
        int, typer.Option(help="Trainings in all, earlier calls included.", min=1)
    ] = 20,
    budget_s: Annotated[
        float | None, typer.Option(help="No trial starts after so many seconds.", min=0)
    ] = None,
    workers: WorkersOption = 1,
    cluster: ClusterOption = None,
    epochs: EpochsOption = None,
    fine_tune: FineTuneOption = "0.7:4",
    settings: SettingsOption = 300,
    loss: LossOption = 0.1,
    seed: SearchSeedOption = 0,
    devices: DevicesOption = None,
    chips: ChipsOption = None,
    folder: FolderOption = Path("runs/tune"),
    allow_import: AllowImportOption = False,
    as_json: JsonOption = False,
) -> None:
    """Search training and levers for accuracy, energy of chip and host, and cores.

    Interrupted, it goes on. Each model is searched twice: as it was trained, and pruned, rounded
    and trained on (--fine-tune).
    """
    from neurodeploy._io.executor import open_pool
    from neurodeploy._io.progress import progress_bar
    from neurodeploy.search.outcome import conclude
    from neurodeploy.search.study import tune as run_study
    from neurodeploy.search.trial import Plan
    from neurodeploy.tasks import task as find_task

    chosen = find_task(task)
    if epochs is not None:
        chosen = chosen.trained_with(epochs=epochs)
    plan = Plan(
        task=chosen,
        folder=folder,
        device=device,
        chip=chip,
        devices=devices,
        chips=chips,
        trials=trials,
        settings=settings,
        loss=loss,
        seed=seed,
        fine_tuned=fine_tuned_of(fine_tune),
        allow_import=allow_import,
    )
    cores = len(os.sched_getaffinity(0))
    with (
        resumable(lambda: trials_done(folder)),
        open_pool(workers=workers, cluster=cluster) as pool,
        progress_bar() as progress,
    ):
        points = run_study(
            plan,
            progress,
            pool=pool,
            threads=max(1, cores // pool.places),
            budget_s=math.inf if budget_s is None else budget_s,
        )
    with open_pool(threads=cores) as pool:
        outcome = conclude(plan, points, chosen.splits(), command=typed(), pool=pool)
    _show(outcome, as_json)


@command("PyTorch and Optuna")
def levers(
    task: TaskArgument,
    network: ReadNetworkArgument,
    device: DeviceOption = "loihi",
    chip: ChipOption = "loihi1",
    decoder: DecodersOption = None,
    settings: SettingsOption = 300,
    loss: LossOption = 0.1,
    seed: SearchSeedOption = 0,
    workers: WorkersOption = 1,
    cluster: ClusterOption = None,
    devices: DevicesOption = None,
    chips: ChipsOption = None,
    folder: FolderOption = Path("runs/levers"),
    trust_split: Annotated[
        bool, typer.Option("--trust-split", help="Its training data is not in the test set.")
    ] = False,
    allow_import: AllowImportOption = False,
    limits: MaxMemoryOption = DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Search what can be changed of a trained network without training, on the native engine.

    Thresholds, neurons dropped, weight bits, pruning, fewer steps, and bits of the decoder where
    its host multiplies integers; with --decoder, also other decoders, learnt from the spikes of the
    network as it is. A network without a decoder is read by its spike counts.

    The network itself is never trained: a bundle has its integers, not what they were rounded from.
    A model that was pruned, rounded and trained on joins the front of `tune TASK --trials 1
    --fine-tune 0.7:4`.
    """
    from neurodeploy._io.executor import open_pool
    from neurodeploy._io.progress import progress_bar
    from neurodeploy.deploy.bundle import counting_bundle, load_bundle
    from neurodeploy.netx.read import read_network
    from neurodeploy.search.decoders import retrained
    from neurodeploy.search.outcome import conclude
    from neurodeploy.search.trial import Plan, explore_bundle
    from neurodeploy.tasks import task as find_task

    plan = Plan(
        task=find_task(task),
        folder=folder,
        device=device,
        chip=chip,
        devices=devices,
        chips=chips,
        settings=settings,
        loss=loss,
        seed=seed,
        allow_import=allow_import,
    )
    if network.bundle is not None:
        bundle = load_bundle(network.bundle, allow_import=allow_import, limits=limits)
    else:
        bundle = counting_bundle(read_network(network.path, limits=limits), plan.task.signal)
    splits, cores = plan.task.splits(), len(os.sched_getaffinity(0))
    with (
        open_pool(threads=cores, workers=workers, cluster=cluster) as pool,
        progress_bar() as progress,
    ):
        points = []
        for wanted in (None, *retrained_of(decoder)):
            model = bundle
            if wanted is not None:
                model = retrained(plan.task, bundle, splits, wanted)
            points += explore_bundle(
                plan,
                model,
                Path("model" if wanted is None else wanted.name),
                {} if wanted is None else wanted.parameters,
                splits,
                pool,
                progress,
                trust_split=trust_split,
            )
        outcome = conclude(plan, points, splits, command=typed(), pool=pool)
    _show(outcome, as_json)


@command("PyTorch")
def pick(
    search: Annotated[Path, typer.Argument(help="Folder of `tune` or `levers`.")],
    point: Annotated[int, typer.Argument(help="Its number in the table.", min=0)],
    folder: FolderOption = Path("runs/bundle"),
    allow_import: AllowImportOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a point of the front as a bundle, exactly as it was scored."""
    from neurodeploy.deploy.bundle import save_bundle
    from neurodeploy.model.decoder import FLOAT_BITS
    from neurodeploy.search.points import chosen_point, point_bundle

    chosen = chosen_point(search, point)
    save_bundle(point_bundle(search, chosen, allow_import=allow_import), folder)
    if as_json:
        print_json({"bundle": str(folder), "point": chosen.to_dict()})
    else:
        steps, bits = chosen.levers.steps, chosen.levers.decoder_bits
        how = "floats" if bits == FLOAT_BITS else f"{bits}-bit integers"
        said = f"It takes the first {steps} steps of a sample; its decoder multiplies {how}."
        out().print(f"Bundle: {folder}\n{said}", soft_wrap=True)


def _show(outcome: Outcome, as_json: bool) -> None:
    from neurodeploy.cli.search_report import front_tables, save_picture
    from neurodeploy.search.points import POINTS_FILE

    picture = save_picture(outcome)
    if as_json:
        print_json({**outcome.to_dict(), "picture": str(picture)})
        return
    for table in front_tables(outcome):
        print_table(table.title, table.heads, table.rows)
        if table.caption:
            out().print(table.caption, style="dim", highlight=False)
    folder = outcome.folder
    out().print(f"\nPicture: {picture}\nAll points: {folder / POINTS_FILE}")
    out().print(f"Next: neurodeploy pick {folder} POINT", soft_wrap=True)
    out().print(f"See it: neurodeploy report BUNDLE --front {folder}", soft_wrap=True)
