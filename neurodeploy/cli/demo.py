"""The whole line, once: digits -> spikes -> training -> netx -> engine -> spikes -> answers."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import Progress

from neurodeploy._io.files import require_folder
from neurodeploy.cost.energy import Proxy, energy_proxies
from neurodeploy.deploy.bundle import Bundle, decode, load_bundle, save_bundle
from neurodeploy.deploy.stream import stream_answers
from neurodeploy.deploy.verification import Verification, compare
from neurodeploy.engines.base import Engine
from neurodeploy.engines.counts import Counts, count
from neurodeploy.engines.registry import open_engine
from neurodeploy.experiments.oracle import LeNet, oracle_accuracy, train_oracle
from neurodeploy.hardware.devices import load_devices
from neurodeploy.learn.evaluation import Evaluation, evaluate
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.signals.datasets import Dataset, Splits
from neurodeploy.tasks import ImageTask, input_spikes, train_task

INPUT_SEED = 1
"""Of the test digits' input spikes; the training side and the engine get the same ones."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Deployed:
    """A test set streamed through an engine into the decoder.

    ``activity`` holds the input and every layer's spikes, [sample, neuron, time]; ``labels`` the
    predicted class after each step, [step, sample]; ``images`` the reconstructions after each
    step, [step, sample, pixel], in [0, 1].
    """

    activity: tuple[np.ndarray, ...]
    labels: np.ndarray
    images: np.ndarray
    counts: Counts
    wall_s: float


def deploy(bundle: Bundle, engine: Engine, spikes: np.ndarray, progress: Progress) -> Deployed:
    """Stream input spikes [sample, pixel, time] through an engine, step by step, and decode."""
    samples, _, steps = spikes.shape
    shapes = [(samples, int(np.prod(shape)), steps) for shape in bundle.network.shapes]
    activity = [np.zeros(shape, np.uint8) for shape in shapes]
    labels = np.zeros((steps, samples), np.int64)
    images = np.zeros((steps, samples, bundle.decoder.config.heads["image"]), np.float32)
    bar = progress.add_task(f"stream {samples} digits through {engine.name}", total=samples * steps)
    start = time.monotonic()
    for answer in stream_answers(bundle, spikes, engine):
        at = (answer.sample, slice(None), answer.step)
        for record, layer in zip(activity, answer.output.layers, strict=True):
            record[at] = layer.ravel()
        labels[answer.step, answer.sample] = answer.logits["label"].argmax()
        images[answer.step, answer.sample] = 1 / (1 + np.exp(-answer.logits["image"]))
        progress.advance(bar)
    everything = (spikes, *activity)
    return Deployed(
        activity=everything,
        labels=labels,
        images=images,
        counts=count(bundle.network, everything),
        wall_s=time.monotonic() - start,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Results:
    """Everything that the demo measured, on the test set."""

    task: ImageTask
    splits: Splits
    bundle: Bundle
    deployed: Deployed
    agreement: Verification
    sampled: Evaluation
    zero_temperature: Evaluation
    oracle_originals: float
    oracle_by_step: np.ndarray
    engine: str
    seconds: dict[str, float]

    @property
    def accuracy_by_step(self) -> np.ndarray:
        """Share of right classes after each step, [step]."""
        hits: np.ndarray = (self.deployed.labels == self.splits.test.labels).mean(1)
        return hits

    @property
    def squared_error(self) -> float:
        """Mean squared error of the final reconstructions, pixels in [0, 1]."""
        originals = self.splits.test.images.reshape(len(self.splits.test), -1)
        return float(((self.deployed.images[-1] - originals) ** 2).mean())

    @property
    def log_loss(self) -> float:
        """Log-loss of the deployed decoder's final answers, nats per sample."""
        objective = self.task.objective()
        test = self.splits.test
        with torch.no_grad():
            answers = decode(self.bundle, torch.from_numpy(self.deployed.activity[-1]))
            targets = {
                "image": torch.from_numpy(test.images.reshape(len(test), -1)),
                "label": torch.from_numpy(test.labels),
            }
            return float(objective.log_loss(answers, targets).mean())

    @property
    def proxies(self) -> dict[str, Proxy]:
        """Energy proxies by device, the host's decoder included."""
        return energy_proxies(
            self.deployed.counts,
            devices=load_devices(),
            host_macs_per_sample=self.bundle.decoder.macs,
        )

    def to_dict(self) -> dict[str, Any]:
        """The figures, for JSON."""
        samples = self.deployed.counts.samples
        totals = self.deployed.counts.totals()["layers"]
        return {
            "engine": self.engine,
            "differing_spikes": sum(layer.differing for layer in self.agreement.layers),
            "accuracy_deployed": float(self.accuracy_by_step[-1]),
            "accuracy_zero_temperature": self.zero_temperature.accuracy,
            "accuracy_sampled": self.sampled.accuracy,
            "log_loss_deployed": self.log_loss,
            "log_loss_zero_temperature": self.zero_temperature.log_loss,
            "log_loss_sampled": self.sampled.log_loss,
            "oracle_on_originals": self.oracle_originals,
            "oracle_on_reconstructions": float(self.oracle_by_step[-1]),
            "reconstruction_mse": self.squared_error,
            "spikes_per_readout_neuron_step": float(self.deployed.activity[-1].mean()),
            "spikes_per_sample": sum(layer["output_spikes"] for layer in totals) / samples,
            "synops_per_sample": sum(layer["synops"] for layer in totals) / samples,
            "energy_proxy_j_per_sample": {n: p.per_sample_j for n, p in self.proxies.items()},
            "seconds": self.seconds,
        }


def run_demo(
    task: ImageTask,
    folder: Path,
    *,
    engine: str,
    progress: Progress,
    console: Console,
) -> Results:
    """Train, export, deploy and report one task.

    Parameters
    ----------
    task : ImageTask
        What is shown.
    folder : path
        Gets ``train/`` (checkpoints; an interrupted training goes on), ``bundle/``,
        ``report.html`` and pictures.
    engine : str
        Name of the engine that runs the exported network.
    progress, console : rich
        Where progress and results are shown.
    """
    seconds: dict[str, float] = {}
    clock = time.monotonic()

    def lap(name: str) -> None:
        nonlocal clock
        seconds[name] = round(time.monotonic() - clock, 1)
        clock = time.monotonic()

    require_folder(folder)
    splits = task.splits()
    console.print(
        f"{task.dataset}: {len(splits.train)} train, {len(splits.validation)} validation, "
        f"{len(splits.test)} test, split seed {task.split_seed}"
    )
    if (folder / "train" / "last.safetensors").exists():
        console.print(f"going on from the checkpoint in {folder / 'train'} (--fresh trains anew)")
    lap("data")
    model = train_task(task, splits, folder / "train", progress)
    lap("train")
    oracle = _oracle(splits.train, progress)
    lap("oracle")
    save_bundle(task.bundle(model), folder / "bundle")
    bundle = load_bundle(folder / "bundle")
    spikes = input_spikes(task, splits.test.images, INPUT_SEED)
    with open_engine(engine, bundle.network) as running:
        deployed = deploy(bundle, running, spikes, progress)
    lap(f"stream on {engine}")
    results = _measure(task, splits, model, oracle, bundle, deployed, engine, seconds)
    lap("measure")
    return results


def _oracle(train: Dataset, progress: Progress) -> LeNet:
    bar = progress.add_task("train the oracle (LeNet on originals)", total=None)
    return train_oracle(
        train, report=lambda done, total: progress.update(bar, completed=done, total=total)
    )


def _measure(
    task: ImageTask,
    splits: Splits,
    model: HybridModel,
    oracle: LeNet,
    bundle: Bundle,
    deployed: Deployed,
    engine: str,
    seconds: dict[str, float],
) -> Results:
    test, objective = splits.test, task.objective()
    source = task.sources(splits).test
    with torch.no_grad():
        encoded = model.encoder(torch.from_numpy(deployed.activity[0]).float(), temperature=0.0)
    forward = [layer.numpy().astype(np.uint8) for layer in (*encoded.hidden, encoded.spikes)]
    shape = test.images.shape[1:]
    return Results(
        task=task,
        splits=splits,
        bundle=bundle,
        deployed=deployed,
        agreement=compare(
            bundle.network, ("training forward", forward), (engine, deployed.activity[1:])
        ),
        sampled=evaluate(
            model,
            source,
            objective,
            temperature=task.training.temperature_end,
            seed=INPUT_SEED,
        ),
        zero_temperature=evaluate(model, source, objective, temperature=0.0, seed=INPUT_SEED),
        oracle_originals=oracle_accuracy(oracle, test.images, test.labels),
        oracle_by_step=np.array(
            [
                oracle_accuracy(oracle, images.reshape(-1, *shape), test.labels)
                for images in deployed.images
            ]
        ),
        engine=engine,
        seconds=seconds,
    )
