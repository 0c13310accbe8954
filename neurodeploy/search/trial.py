"""One training of a task, and what the levers make of its model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress

from neurodeploy._io.executor import HERE, Pool, open_pool
from neurodeploy.deploy.bundle import Bundle, load_bundle, save_bundle
from neurodeploy.errors import InputError, message
from neurodeploy.learn.data import Source
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.model.quantization import compress
from neurodeploy.search.compression import Levers
from neurodeploy.search.explore import explore
from neurodeploy.search.points import POINTS_FILE, Point, load_points, save_points
from neurodeploy.search.scoring import LABEL, Score, Scorer, Target, find_target, prepare
from neurodeploy.search.space import fingerprint, with_parameters
from neurodeploy.tasks.base import Sources, Task
from neurodeploy.tasks.training import train_task

SEARCHED, KEPT_ASIDE = slice(0, None, 2), slice(1, None, 2)
"""Samples of the validation set: those by which points are found, and those that confirm them."""

SEARCH_SEEDS, CONFIRM_SEEDS, TEST_SEEDS = (0, 2), (3, 4, 5), (1,)
"""Of the encodings in which each sample is scored."""

BATCH = 500
"""Samples that are encoded at a time."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is searched, and how it is priced.

    Parameters
    ----------
    task : Task
        What is trained; its parameters are searched.
    folder : path
        Gets everything.
    device, chip : str
        Whose energy proxy and cores are to be small.
    devices, chips : path, optional
        A person's own tables of them.
    trials : int
        Trainings.
    settings : int
        Of the levers, for each model.
    loss : float
        Accuracy that may be given up: against a model at rest while its levers are searched,
        against the best point in the front.
    seed : int
        Of the searches; trainings have the task's own.
    fine_tuned : tuple of (float, int)
        Further models of each training: the share of synapses that goes, and bits of those that
        stay, before it is trained on.
    allow_import : bool
        As in `load_bundle`, of the bundles in the folder.
    """

    task: Task[Any]
    folder: Path
    device: str
    chip: str
    devices: Path | None = None
    chips: Path | None = None
    trials: int = 20
    settings: int = 300
    loss: float = 0.1
    seed: int = 0
    fine_tuned: tuple[tuple[float, int], ...] = ()
    allow_import: bool = False

    def __post_init__(self) -> None:
        for name in ("trials", "settings"):
            if getattr(self, name) < 1:
                raise InputError(message(name, "at least 1", getattr(self, name)))
        heads = sorted(self.task.losses())
        if LABEL not in heads:
            raise InputError(message("heads of the task", f"{LABEL} among them", heads))
        if not 0 <= self.loss <= 1:
            raise InputError(message("loss", "an accuracy in [0, 1]", self.loss))
        if self.seed < 0:
            raise InputError(message("seed", "0 or more", self.seed))

    def load(self, model: Path | str) -> Bundle:
        """The bundle of a model in the folder."""
        return load_bundle(self.folder / model, allow_import=self.allow_import)

    def target(self) -> Target:
        """Device and chip, from their tables."""
        return find_target(self.device, self.chip, self.devices, self.chips)


def run_trial(
    plan: Plan,
    parameters: Mapping[str, Any],
    *,
    threads: int = 1,
    progress: Progress | None = None,
) -> list[Point]:
    """Train with some parameters, and search the levers of what comes out.

    What is in the trial's folder already is not done again.

    Parameters
    ----------
    plan : Plan
    parameters : mapping
        Values of the task's parameters.
    threads : int
        Settings scored at a time.
    progress : rich Progress, optional
        Shows the training and the search.

    Returns
    -------
    list of Point
        The first one is the trained model at rest.

    Raises
    ------
    NeurodeployError
        The training diverged, the model cannot be exported, or the chip does not hold it.
    """
    chosen = with_parameters(plan.task, parameters)
    home = Path("trials", fingerprint(chosen))
    found = plan.folder / home / POINTS_FILE
    if found.exists():
        return load_points(found)
    points: list[Point] = []
    splits, shown = chosen.splits(), progress or Progress(disable=True)
    with open_pool(threads=threads) as pool:
        for name, model in variants(chosen, splits, plan.folder / home, shown, plan.fine_tuned):
            bundle, where = chosen.bundle(model), home / name
            points += explore_bundle(plan, bundle, where, parameters, splits, pool, shown)
    save_points(found, points, {})
    return points


def variants(
    chosen: Task[Any],
    splits: Any,
    folder: Path,
    progress: Progress,
    fine_tuned: Sequence[tuple[float, int]] = (),
) -> Iterator[tuple[str, HybridModel]]:
    """The models of a trial by name, ``trained`` first; the levers of each are searched.

    Those of ``fine_tuned`` are pruned and rounded by `compress`, and trained on for a quarter of
    the epochs, at a quarter of the learning rate and the temperature at which training ended.
    """
    trained = train_task(chosen, splits, folder / "train", progress)
    yield "trained", trained
    was = chosen.training
    further = replace(
        was,
        epochs=max(1, was.epochs // 4),
        learning_rate=was.learning_rate / 4,
        temperature_start=was.temperature_end,
    )
    for share, bits in fine_tuned:
        name = f"pruned-{share:g}-bits-{bits}"
        smaller = compress(trained, pruned=share, bits=bits)
        tuning = replace(chosen, training=further)
        yield name, train_task(tuning, splits, folder / f"train-{name}", progress, model=smaller)


def explore_bundle(
    plan: Plan,
    bundle: Bundle,
    where: Path,
    parameters: Mapping[str, Any],
    splits: Any,
    pool: Pool,
    progress: Progress,
    *,
    trust_split: bool = False,
) -> list[Point]:
    """Save a bundle in the plan's folder, and search its levers on the validation set.

    Parameters
    ----------
    plan : Plan
    bundle : Bundle
        Its hidden neurons are saved, and scored, in the order of their worth.
    where : path
        Within the plan's folder.
    parameters : mapping
        What it was trained with.
    splits
        The task's data.
    pool : Pool
        Where settings are scored.
    progress : rich Progress
        Shows the search.
    trust_split : bool
        Take a bundle that does not say what it was trained on, or says something else: its
        training data may be in the test set then.

    Raises
    ------
    InputError
        The bundle is not known to be of the same data, divided alike; or its decoder has no head
        ``label``.
    NetworkError
        Lava would not run the network as it is written, or the chip does not hold it.
    """
    if not trust_split:
        _require_same_split(plan.task, bundle)
    source = sources(plan.task, bundle, splits).validation
    spikes, labels = samples(source, SEARCH_SEEDS, SEARCHED)
    save_bundle(prepare(bundle, spikes), plan.folder / where)
    scorer = Scorer(plan.load(where), spikes, labels, plan.target(), encodings=len(SEARCH_SEEDS))
    bar = progress.add_task("levers", total=plan.settings)
    scores = explore(
        scorer,
        plan.settings,
        loss=plan.loss,
        seed=plan.seed,
        pool=pool,
        report=lambda scored: progress.advance(bar, scored),
    )
    return [
        Point(model=str(where), parameters=parameters, levers=levers, validation=score)
        for levers, score in scores.items()
    ]


def _require_same_split(task: Task[Any], bundle: Bundle) -> None:
    """Raise unless a bundle says that it was trained on the task's data, divided alike."""
    for name, value in task.notes().items():
        found = bundle.notes.get(name, "no such note")
        if found != value:
            remedy = (
                "What it was trained on must not be in the test set; if you know that it is not: "
                "--trust-split, or trust_split=True."
            )
            raise InputError(message(f"bundle, {name}", value, found, remedy))


def confirmed(plan: Plan, points: list[Point], splits: Any, pool: Pool = HERE) -> list[Point]:
    """Points with their scores on the samples that were kept aside, in several encodings."""
    scores = _scored(plan, points, splits, pool, "validation", CONFIRM_SEEDS, KEPT_ASIDE)
    return [replace(point, confirmed=score) for point, score in zip(points, scores, strict=True)]


def scored_on_test(plan: Plan, front: list[Point], splits: Any, pool: Pool = HERE) -> list[Point]:
    """Points of the front with their scores on the test set."""
    scores = _scored(plan, front, splits, pool, "test", TEST_SEEDS, slice(None))
    return [replace(point, test=score) for point, score in zip(front, scores, strict=True)]


def _scored(
    plan: Plan,
    points: Sequence[Point],
    splits: Any,
    pool: Pool,
    part: str,
    seeds: Sequence[int],
    chosen: slice,
) -> list[Score]:
    """Scores of points on some samples of a part of the data."""
    scored: dict[tuple[str, Levers], Score] = {}
    for model in dict.fromkeys(point.model for point in points):
        bundle = plan.load(model)
        source = getattr(sources(plan.task, bundle, splits), part)
        spikes, labels = samples(source, seeds, chosen)
        scorer = Scorer(bundle, spikes, labels, plan.target(), encodings=len(seeds))
        settings = [point.levers for point in points if point.model == model]
        results = zip(settings, scorer.all(settings, pool), strict=True)
        scored.update({(model, levers): score for levers, score in results})
    return [scored[point.model, point.levers] for point in points]


def sources(task: Task[Any], bundle: Bundle, splits: Any) -> Sources:
    """Samples of each part, as a bundle encodes them."""
    return task.with_signal(bundle.encoding).sources(splits)


def samples(
    source: Source, seeds: Sequence[int], chosen: slice = slice(None)
) -> tuple[np.ndarray, np.ndarray]:
    """Samples of a source in order, once an encoding.

    Parameters
    ----------
    source : Source
    seeds : sequence of int
        Of the encodings.
    chosen : slice
        Which of the samples.

    Returns
    -------
    spikes : uint8 array [sample, *features, time]
    labels : int array [sample]

    Raises
    ------
    InputError
        Not every sample has one class.
    """
    spikes, labels = [], []
    for seed in seeds:
        batches = list(source.ordered(BATCH, seed))
        sent = [batch.spikes.numpy().astype(np.uint8) for batch in batches]
        spikes.append(np.concatenate(sent)[chosen])
        labels.append(np.concatenate([batch.targets[LABEL].numpy() for batch in batches])[chosen])
    if labels[0].ndim != 1:
        expected, found = "one class a sample", f"labels of shape {list(labels[0].shape)}"
        raise InputError(message("levers of a task", expected, found))
    return np.concatenate(spikes), np.concatenate(labels)
