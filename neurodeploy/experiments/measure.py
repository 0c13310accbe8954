"""What a trained task does on its test set: sampled, at temperature zero, and deployed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.progress import Progress

from neurodeploy.engines.registry import open_engine
from neurodeploy.experiments.oracle import LeNet, oracle_accuracy
from neurodeploy.experiments.units import Run
from neurodeploy.learn.data import Batch, Source
from neurodeploy.learn.evaluation import Evaluation, evaluate
from neurodeploy.learn.objective import NO_LABEL
from neurodeploy.model.encoder import Encoder
from neurodeploy.model.export import export_network
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.tasks.base import Task
from neurodeploy.tasks.training import train_task

TEST_SEED = 1
"""Of the test set's input spikes, and of what is sampled."""


@dataclass(frozen=True, kw_only=True)
class Readings:
    """What PyTorch says of a model on the test part: ``sampled`` at the last temperature of the
    training, and at ``zero_temperature``, as it will be deployed.
    """

    sampled: Evaluation
    zero_temperature: Evaluation


def readings(task: Task[Any], splits: Any, model: HybridModel) -> Readings:
    """Evaluate a trained model on the test part, with sampled spikes and as it is deployed."""
    source, objective = task.sources(splits).test, task.objective()
    warm, cold = (
        evaluate(model, source, objective, temperature=temperature, seed=TEST_SEED)
        for temperature in (task.training.temperature_end, 0.0)
    )
    return Readings(sampled=warm, zero_temperature=cold)


def deployed_batches(
    encoder: Encoder, batches: Iterable[Batch]
) -> Iterator[tuple[Batch, np.ndarray]]:
    """Batches, each with what the exported encoder sends on the native engine.

    Spikes are uint8 [batch, neuron, time].
    """
    with open_engine("native", export_network(encoder)) as engine:
        for batch in batches:
            yield batch, engine.run(batch.spikes.numpy().astype(np.uint8)).spikes


def in_order(source: Source) -> Iterator[Batch]:
    """Batches of a whole part of the data, to measure on."""
    return source.ordered(100, TEST_SEED)


@torch.no_grad()
def measure_sampled(task: Task[Any], splits: Any, model: HybridModel) -> dict[str, float]:
    """What PyTorch says of a trained model, spiking or not.

    Parameters
    ----------
    task : Task
        What the model was trained for.
    splits
        Its data; the test part is measured.
    model : HybridModel
        Trained.

    Returns
    -------
    dict of str to float
        Accuracies of the head ``label``, if there is one: ``accuracy_sampled`` at the last
        temperature of the training, ``accuracy_zero_temperature``, and ``accuracy_validation`` of
        the validation part at temperature zero, to select by. ``log_loss`` in nats and
        ``information_bits`` (the bound on the directed information) per sample, sampled.
        ``silent``, the share of readout neurons that never spiked at temperature zero.
    """
    found = readings(task, splits, model)
    chosen_by = evaluate(
        model, task.sources(splits).validation, task.objective(), temperature=0.0, seed=TEST_SEED
    )
    measured = {
        "log_loss": found.sampled.log_loss,
        "information_bits": found.sampled.information_nats / math.log(2),
        "silent": found.zero_temperature.silent,
    }
    if "label" in task.losses():
        measured["accuracy_sampled"] = found.sampled.accuracy
        measured["accuracy_zero_temperature"] = found.zero_temperature.accuracy
        measured["accuracy_validation"] = chosen_by.accuracy
    return measured


@torch.no_grad()
def measure(task: Task[Any], splits: Any, model: HybridModel) -> dict[str, float]:
    """`measure_sampled`, and what the exported network does on the native engine.

    Returns
    -------
    dict of str to float
        Besides, on the test part: ``accuracy_deployed`` and ``test_samples``, the independent
        answers that it counts, if there is a head ``label``; ``spikes_per_neuron_step`` and
        ``spikes_per_sample`` of the readout.
    """
    right: list[int] = []
    asked: list[int] = []
    spikes = chances = samples = 0
    for batch, sent in deployed_batches(model.encoder, in_order(task.sources(splits).test)):
        spikes, chances = spikes + int(sent.sum()), chances + sent.size
        samples += len(sent)
        if "label" in task.losses():
            label = batch.targets["label"]
            answers = model.read(torch.from_numpy(sent).float())["label"].argmax(-1)
            right += (answers == label).view(len(label), -1).sum(1).tolist()
            asked += (label != NO_LABEL).view(len(label), -1).sum(1).tolist()
    answered = {}
    if asked:
        answered["accuracy_deployed"] = sum(right) / sum(asked)
        answered["test_samples"] = independent_answers(np.array(right), np.array(asked))
    return {
        **measure_sampled(task, splits, model),
        **answered,
        "spikes_per_neuron_step": spikes / chances,
        "spikes_per_sample": spikes / samples,
    }


def independent_answers(right: np.ndarray, asked: np.ndarray) -> float:
    """Independent answers that would say as much of an accuracy as these do.

    Answers within a sample resemble each other: by Kish's design effect (Survey Sampling, 1965), n
    independent ones have the variance p (1 - p) / n that the mean of the samples has. With one
    answer a sample it is the number of samples, and so it is where all are right or all wrong.

    Parameters
    ----------
    right, asked : array [sample]
        Right answers and all answers of each sample.
    """
    share = right.sum() / asked.sum()
    deviation = (right - share * asked) / asked.mean()
    if not deviation.any():
        return float(len(asked))
    return float(share * (1 - share) * len(asked) / np.square(deviation).mean())


def vdib(task: Task[Any], *, threads: int | None = None) -> Run:
    """The run of a unit that trains a task's model, exports it, and measures it.

    Parameters
    ----------
    task : Task
        Its data are divided when it runs.
    threads : int, optional
        As in `Trainer`.
    """
    return partial(_trained_and_measured, task, threads)


def _trained_and_measured(task: Task[Any], threads: int | None, folder: Path) -> dict[str, float]:
    splits = task.splits()
    model = train_task(task, splits, folder, Progress(disable=True), threads=threads)
    return measure(task, splits, model)


@torch.no_grad()
def measure_images(
    task: Task[Any], splits: Any, model: HybridModel, oracle: LeNet
) -> dict[str, float]:
    """How good the images are that the exported network's spikes give, on the test part.

    Parameters
    ----------
    task : Task
        With heads ``image`` and ``label``, of square images.
    splits
        Its data.
    model : HybridModel
        Trained.
    oracle : LeNet
        From `train_oracle`, on originals.

    Returns
    -------
    dict of str to float
        As `image_quality`.
    """
    images, batches = [], []
    for batch, sent in deployed_batches(model.encoder, in_order(task.sources(splits).test)):
        logits = model.read(torch.from_numpy(sent).float())["image"]
        images.append(torch.sigmoid(logits).numpy())
        batches.append(batch.targets)
    targets = {
        name: np.concatenate([batch[name].numpy() for batch in batches])
        for name in ("image", "label")
    }
    return image_quality(np.concatenate(images), targets, oracle)


def image_quality(
    images: np.ndarray, targets: Mapping[str, np.ndarray], oracle: LeNet
) -> dict[str, float]:
    """How good reconstructions are, by an oracle and by their pixels.

    Parameters
    ----------
    images : float32 array [sample, pixel]
        Reconstructions, in [0, 1], of square images.
    targets : mapping
        ``image``, the originals [sample, pixel], and ``label``, their classes [sample].
    oracle : LeNet
        From `train_oracle`, on other originals.

    Returns
    -------
    dict of str to float
        ``oracle_originals`` and ``oracle_deployed``, the oracle's accuracies on the originals and
        on the reconstructions; ``oracle_ratio``, the second over the first; ``pixel_mse``.
    """
    originals = targets["image"]
    on_originals, on_deployed = (
        oracle_accuracy(oracle, as_squares(each), targets["label"]) for each in (originals, images)
    )
    return {
        "oracle_originals": on_originals,
        "oracle_deployed": on_deployed,
        "oracle_ratio": on_deployed / on_originals,
        "pixel_mse": float(np.square(images - originals).mean()),
    }


def as_squares(images: np.ndarray) -> np.ndarray:
    """Images [sample, pixel] as [sample, height, width], square."""
    side_px = math.isqrt(images.shape[1])
    return images.reshape(-1, side_px, side_px)
