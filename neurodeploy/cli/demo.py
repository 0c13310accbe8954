"""The whole line, once: signal -> spikes -> training -> netx -> engine -> spikes -> answers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import Progress

from neurodeploy._io.files import require_folder
from neurodeploy.cli.demo_kept import by_feature, kept_oracle, kept_run
from neurodeploy.cli.demo_results import Deployed, ImageResults, Results, Streamed
from neurodeploy.deploy.bundle import Bundle, load_bundle, save_bundle
from neurodeploy.deploy.stream import QUEUE_STEPS, Stream
from neurodeploy.deploy.verification import Verification, compare
from neurodeploy.engines.base import Engine
from neurodeploy.engines.registry import open_engine
from neurodeploy.experiments.measure import (
    TEST_SEED,
    as_squares,
    image_quality,
    readings,
)
from neurodeploy.experiments.oracle import LeNet, oracle_accuracy, train_oracle
from neurodeploy.learn.threads import on_threads
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.signals.datasets import Splits
from neurodeploy.tasks import Task, collect, train_task


def deploy(bundle: Bundle, engine: Engine, spikes: np.ndarray, progress: Progress) -> Streamed:
    """Stream input spikes [sample, *features, time] through an engine, step by step, and decode.

    The engine goes on while a step is decoded; the decoder leaves a core to its processes.
    """
    samples, steps = spikes.shape[0], spikes.shape[-1]
    shapes = [(samples, int(np.prod(shape)), steps) for shape in bundle.network.shapes]
    activity = [np.zeros(shape, np.uint8) for shape in shapes]
    answers = {
        head: np.zeros((samples, steps, outputs), np.float32)
        for head, outputs in bundle.heads.items()
    }
    shown = f"stream {samples} samples through {engine.name}"
    bar = progress.add_task(shown, total=samples * steps)
    start = time.monotonic()
    with on_threads(1):
        for answer in Stream(bundle, engine, queue_steps=QUEUE_STEPS).answers(spikes):
            at = (answer.sample, slice(None), answer.step)
            for record, layer in zip(activity, answer.output.layers, strict=True):
                record[at] = layer.ravel()
            for head, logits in answer.logits.items():
                answers[head][answer.sample, answer.step] = logits
            progress.advance(bar)
    return Streamed(
        activity=(spikes.reshape(samples, -1, steps), *activity),
        answers=answers,
        wall_s=time.monotonic() - start,
    )


class Stopwatch:
    """Seconds between laps, by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._clock = time.monotonic()

    def lap(self, name: str) -> None:
        """Say what the time since the last lap was spent on."""
        now = time.monotonic()
        self.seconds[name] = round(now - self._clock, 1)
        self._clock = now


def run_demo(
    task: Task[Any],
    folder: Path,
    *,
    engine: str,
    progress: Progress,
    console: Console,
) -> Results:
    """Train, export, deploy and report one task.

    Parameters
    ----------
    task : Task
        What is shown.
    folder : path
        Gets ``train/`` (checkpoints; an interrupted training goes on), ``bundle/``,
        ``oracle.safetensors`` and ``run.safetensors`` (what a second run does not repeat),
        ``report.html`` and pictures.
    engine : str
        Name of the engine that runs the exported network.
    progress, console : rich
        Where progress and results are shown.
    """
    watch = Stopwatch()
    require_folder(folder)
    splits = task.splits()
    sources = task.sources(splits)
    console.print(
        f"{len(sources.train)} train, {len(sources.validation)} validation, "
        f"{len(sources.test)} test; {dict(task.notes())}",
        soft_wrap=True,
    )
    if (folder / "train" / "last.safetensors").exists():
        console.print(f"going on from the checkpoint in {folder / 'train'} (--fresh trains anew)")
    watch.lap("data")
    model = train_task(task, splits, folder / "train", progress)
    watch.lap("train")
    oracle = _oracle(task, splits, folder, progress)
    watch.lap("oracle")
    save_bundle(task.bundle(model), folder / "bundle")
    bundle = load_bundle(folder / "bundle", allow_import=True)
    test = collect(sources.test, TEST_SEED)
    spikes = test.spikes.numpy().astype(np.uint8)

    def stream() -> Streamed:
        with open_engine(engine, bundle.network) as running:
            return deploy(bundle, running, spikes, progress)

    deployed = kept_run(folder, bundle, engine, spikes, stream)
    watch.lap(f"stream on {engine}")
    targets = {head: target.numpy() for head, target in test.targets.items()}
    results = Results(
        task=task,
        splits=splits,
        targets=targets,
        bundle=bundle,
        deployed=deployed,
        agreement=_agreement(model, bundle, deployed, engine),
        readings=readings(task, splits, model),
        images=None if oracle is None else _image_results(deployed, targets, oracle),
        engine=engine,
        seconds=watch.seconds,
    )
    watch.lap("measure")
    return results


def _oracle(task: Task[Any], splits: Any, folder: Path, progress: Progress) -> LeNet | None:
    """A classifier of original images, where a task reconstructs and labels images."""
    if not isinstance(splits, Splits) or not {"image", "label"} <= set(task.losses()):
        return None

    def trained() -> LeNet:
        bar = progress.add_task("train the oracle (LeNet on originals)", total=None)
        return train_oracle(
            splits.train,
            report=lambda done, total: progress.update(bar, completed=done, total=total),
        )

    return kept_oracle(folder, splits.train, trained)


@torch.no_grad()
def _agreement(model: HybridModel, bundle: Bundle, deployed: Deployed, engine: str) -> Verification:
    spikes = deployed.activity[0].reshape(
        len(deployed.activity[0]), *bundle.network.input_shape, -1
    )
    encoded = model.encoder(torch.from_numpy(spikes).float(), temperature=0.0)
    forward = [layer.numpy().astype(np.uint8) for layer in (*encoded.hidden, encoded.spikes)]
    found = by_feature(bundle, deployed.activity)[1:]
    return compare(bundle.network, ("training forward", forward), (engine, found))


def _image_results(
    deployed: Deployed, targets: Mapping[str, np.ndarray], oracle: LeNet
) -> ImageResults:
    steps = deployed.counts.steps
    by_step = [
        oracle_accuracy(oracle, as_squares(deployed.images(step)), targets["label"])
        for step in range(steps)
    ]
    quality = image_quality(deployed.images(), targets, oracle)
    return ImageResults(quality=quality, by_step=np.array(by_step))
