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

from neurodeploy.bundle import Bundle, load_bundle, save_bundle
from neurodeploy.energy import Proxy, ann_equivalent, dense_macs, energy_proxies, load_devices
from neurodeploy.engines.base import Engine
from neurodeploy.engines.counts import Counts, count
from neurodeploy.engines.registry import open_engine
from neurodeploy.files import require_folder
from neurodeploy.learn.judge import LeNet, judged_accuracy, train_judge
from neurodeploy.learn.sources import ImageSource
from neurodeploy.learn.trainer import Evaluation, evaluate
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.report import Picture, Table, curves, pairs, raster, table_figure, write_report
from neurodeploy.signals.datasets import Dataset, Splits
from neurodeploy.stream import stream_answers
from neurodeploy.tasks import ImageTask, input_spikes, train_task
from neurodeploy.verification import Verification, compare

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
    for answer in stream_answers(engine, bundle.decoder, spikes):
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
    judge_originals: float
    judge_by_step: np.ndarray
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
            spikes = torch.from_numpy(self.deployed.activity[-1]).float()
            answers = self.bundle.decoder(spikes[..., -self.bundle.decoder.config.window_steps :])
            targets = {
                "image": torch.from_numpy(test.images.reshape(len(test), -1)),
                "label": torch.from_numpy(test.labels),
            }
            return float(objective.log_loss(answers, targets).mean())

    def to_dict(self) -> dict[str, Any]:
        """The figures, for JSON."""
        samples = self.deployed.counts.samples
        totals = self.deployed.counts.totals()["layers"]
        proxies = _proxies(self)
        return {
            "engine": self.engine,
            "differing_spikes": sum(layer.differing for layer in self.agreement.layers),
            "accuracy_deployed": float(self.accuracy_by_step[-1]),
            "accuracy_zero_temperature": self.zero_temperature.accuracy,
            "accuracy_sampled": self.sampled.accuracy,
            "log_loss_deployed": self.log_loss,
            "log_loss_zero_temperature": self.zero_temperature.log_loss,
            "log_loss_sampled": self.sampled.log_loss,
            "judge_on_originals": self.judge_originals,
            "judge_on_reconstructions": float(self.judge_by_step[-1]),
            "reconstruction_mse": self.squared_error,
            "spikes_per_readout_neuron_step": float(self.deployed.activity[-1].mean()),
            "spikes_per_sample": sum(layer["output_spikes"] for layer in totals) / samples,
            "synops_per_sample": sum(layer["synops"] for layer in totals) / samples,
            "energy_proxy_j_per_sample": {n: p.per_sample_j for n, p in proxies.items()},
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
    judge = _judge(splits.train, progress)
    lap("judge")
    save_bundle(task.bundle(model), folder / "bundle")
    bundle = load_bundle(folder / "bundle")
    spikes = input_spikes(task, splits.test.images, INPUT_SEED)
    with open_engine(engine, bundle.network) as running:
        deployed = deploy(bundle, running, spikes, progress)
    lap(f"stream on {engine}")
    results = _measure(task, splits, model, judge, bundle, deployed, engine, seconds)
    lap("measure")
    return results


def _judge(train: Dataset, progress: Progress) -> LeNet:
    bar = progress.add_task("train the judge (LeNet on originals)", total=None)
    return train_judge(
        train, report=lambda done, total: progress.update(bar, completed=done, total=total)
    )


def _measure(
    task: ImageTask,
    splits: Splits,
    model: HybridModel,
    judge: LeNet,
    bundle: Bundle,
    deployed: Deployed,
    engine: str,
    seconds: dict[str, float],
) -> Results:
    test, objective = splits.test, task.objective()
    source = ImageSource(test, task.encoding)
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
        judge_originals=judged_accuracy(judge, test.images, test.labels),
        judge_by_step=np.array(
            [
                judged_accuracy(judge, images.reshape(-1, *shape), test.labels)
                for images in deployed.images
            ]
        ),
        engine=engine,
        seconds=seconds,
    )


def _proxies(results: Results) -> dict[str, Proxy]:
    return energy_proxies(
        results.deployed.counts,
        devices=load_devices(),
        host_macs_per_sample=results.bundle.decoder.macs,
    )


def summary_tables(results: Results) -> list[Table]:
    """What the demo prints, and what heads its report."""
    percent, deployed = "{:.1f} %".format, results.deployed
    differing = sum(layer.differing for layer in results.agreement.layers)
    compared = sum(layer.spikes for layer in results.agreement.layers)
    quality = Table(
        title="Quality on the test set",
        heads=("", "sampled spikes", "temperature 0", f"deployed on {results.engine}"),
        rows=[
            (
                "class accuracy",
                percent(100 * results.sampled.accuracy),
                percent(100 * results.zero_temperature.accuracy),
                percent(100 * results.accuracy_by_step[-1]),
            ),
            (
                "log-loss (nats per sample)",
                f"{results.sampled.log_loss:.2f}",
                f"{results.zero_temperature.log_loss:.2f}",
                f"{results.log_loss:.2f}",
            ),
            (
                "spikes per readout neuron and step",
                f"{results.sampled.rate:.4f}",
                f"{results.zero_temperature.rate:.4f}",
                f"{deployed.activity[-1].mean():.4f}",
            ),
        ],
        caption=(
            f"The gap of the readout: spikes sampled at the last training temperature, at "
            f"temperature zero, and from the exported integers. Training forward against "
            f"{results.engine}: {differing} differing spikes of {compared}, all layers. "
            f"{100 * results.zero_temperature.silent:.0f} % of the readout neurons never spike."
        ),
    )
    images = Table(
        title="Reconstructions, read by a LeNet that never saw a spike",
        heads=("", "value"),
        rows=[
            ("LeNet on the original test digits", percent(100 * results.judge_originals)),
            ("LeNet on the deployed reconstructions", percent(100 * results.judge_by_step[-1])),
            ("mean squared error of a pixel", f"{results.squared_error:.4f}"),
        ],
    )
    return [quality, images, activity_table(results), cost_table(results)]


def activity_table(results: Results) -> Table:
    """Spikes and operations of each layer, mean of a sample."""
    counts = results.deployed.counts
    return Table(
        title="What one sample does, on average",
        heads=("layer", "spikes in", "spikes out", "synaptic operations", "neuron updates"),
        rows=[
            (
                layer.name,
                *(
                    f"{values.mean():,.0f}"
                    for values in (
                        layer.input_spikes,
                        layer.output_spikes,
                        layer.synops,
                        layer.neuron_updates,
                    )
                ),
            )
            for layer in counts.layers
        ],
        caption=f"{counts.samples} samples of {counts.steps} time steps, counted as they ran.",
    )


def cost_table(results: Results) -> Table:
    """Energy proxies of a sample, beside the equal ANN."""
    devices, counts = load_devices(), results.deployed.counts
    host_macs, macs = results.bundle.decoder.macs, dense_macs(results.bundle.network)
    causes = ("synapses", "neurons", "host")
    bills = {
        name: [proxy.causes[cause] / counts.samples for cause in causes]
        for name, proxy in _proxies(results).items()
    }
    for name, ann in ann_equivalent(macs, counts.steps, devices).items():
        per_mac = ann.one_pass_j / macs
        bills[f"equal ANN, one pass: {name}"] = [ann.one_pass_j, 0.0, per_mac * host_macs]
    rows = [
        (name, *(_microjoules(joule) for joule in (*bill, sum(bill))))
        for name, bill in bills.items()
    ]
    return Table(
        title="Energy proxy in microjoules per sample",
        heads=("device", "synapses", "neurons", "host decoder", "sum"),
        rows=rows,
        caption=(
            "A proxy, not a measurement: operations counted in this run times published energies "
            "per operation. neurodeploy/devices.toml says what each device is, and the source and "
            "basis of each figure. Static power and input/output are left out."
        ),
    )


def _microjoules(joule: float) -> str:
    value = 1e6 * joule
    return f"{value:,.2f}" if value >= 1 or value == 0 else f"{value:.2g}"


def write_demo_report(results: Results, folder: Path) -> Path:
    """The HTML page and the PNGs of a demo; returns the page's path."""
    test, deployed = results.splits.test, results.deployed
    steps = np.arange(1, deployed.counts.steps + 1)
    shown = [int(np.flatnonzero(test.labels == label)[0]) for label in range(test.classes)]
    shape = test.images.shape[1:]
    names = ("input", *results.bundle.network.names)
    cost = cost_table(results)
    pictures = [
        Picture(
            name="reconstructions",
            title="Originals above, reconstructions from streamed spikes below",
            caption="The first test digit of each class, and the class that the second head reads.",
            figure=pairs(
                test.images[shown],
                deployed.images[-1, shown].reshape(-1, *shape),
                [f"read as {label}" for label in deployed.labels[-1, shown]],
            ),
        ),
        Picture(
            name="raster",
            title="Spikes of one test digit",
            caption=f"A {test.labels[shown[3]]}, as {results.engine} ran it.",
            figure=raster(
                {n: a[shown[3]] for n, a in zip(names, deployed.activity, strict=True)},
                f"digit {test.labels[shown[3]]}",
            ),
        ),
        Picture(
            name="anytime",
            title="How good the answer is after each step",
            caption="The decoder answers at every step; the steps still to come are silent.",
            figure=curves(
                steps,
                {
                    "class head": 100 * results.accuracy_by_step,
                    "LeNet on reconstructions": 100 * results.judge_by_step,
                },
                "accuracy in %",
            ),
        ),
        Picture(
            name="cost",
            title="Energy proxy as a picture",
            caption=cost.caption,
            figure=table_figure(cost),
        ),
    ]
    return write_report(
        folder,
        title=f"neurodeploy demo: {results.task.dataset}",
        lead=(
            f"{len(test)} test images, encoded to spikes, run by {results.engine} on the exported "
            f"integer network, and streamed into the host decoder step by step."
        ),
        tables=summary_tables(results),
        pictures=pictures,
    )
