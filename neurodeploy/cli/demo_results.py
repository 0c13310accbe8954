"""What the demo measured, on a test set that was streamed step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

from neurodeploy.cost.bill import CostReport
from neurodeploy.cost.report import cost_report
from neurodeploy.deploy.bundle import Bundle
from neurodeploy.deploy.manifest import require_decoder
from neurodeploy.deploy.verification import Verification
from neurodeploy.engines.base import Run
from neurodeploy.engines.counts import Counts
from neurodeploy.experiments.measure import Readings
from neurodeploy.hardware.devices import load_devices
from neurodeploy.learn.objective import NO_LABEL
from neurodeploy.model.eight_bits import eight_bit_decoder
from neurodeploy.tasks import Task


@dataclass(frozen=True, kw_only=True, eq=False)
class Streamed:
    """A test set streamed through an engine into the decoder.

    ``activity`` holds the input and every layer's spikes, [sample, neuron, time]; ``answers`` the
    decoder's logits after each step, {head: [sample, step, output]}.
    """

    activity: tuple[np.ndarray, ...]
    answers: Mapping[str, np.ndarray]
    wall_s: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Deployed(Streamed):
    """The same, counted."""

    counts: Counts

    def images(self, step: int = -1) -> np.ndarray:
        """Reconstructions after a step, [sample, pixel], in [0, 1]."""
        logits = self.answers["image"][:, step]
        image: np.ndarray = 1 / (1 + np.exp(-logits))
        return image


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageResults:
    """What a classifier that never saw a spike makes of reconstructed images.

    ``quality`` is `image_quality` of the final images; ``by_step`` the oracle's accuracy after
    each step, [step].
    """

    quality: Mapping[str, float]
    by_step: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class Results:
    """Everything that the demo measured, on the test set.

    ``splits`` are the task's data; ``targets`` are those of the test samples; ``images`` is None
    where the task reconstructs none.
    """

    task: Task[Any]
    splits: Any
    targets: Mapping[str, np.ndarray]
    bundle: Bundle
    deployed: Deployed
    agreement: Verification
    readings: Readings
    images: ImageResults | None
    engine: str
    seconds: dict[str, float]

    @property
    def accuracy_by_step(self) -> np.ndarray | None:
        """Share of right classes after each step, [step]; None where no class is asked for."""
        if "label" not in self.deployed.answers:
            return None
        said = self.deployed.answers["label"].argmax(-1)
        asked = np.broadcast_to(
            self.targets["label"].reshape(len(said), -1), (len(said), said.shape[1])
        )
        hits = ((said == asked) & (asked != NO_LABEL)).sum(0)
        share: np.ndarray = hits / np.maximum((asked != NO_LABEL).sum(0), 1)
        return share

    @property
    def accuracy(self) -> float | None:
        """Share of right classes: at the end of a sample, or over all steps that are asked for."""
        by_step = self.accuracy_by_step
        if by_step is None:
            return None
        labels = self.targets["label"]
        if labels.ndim == 1:
            return float(by_step[-1])
        return float(np.average(by_step, weights=(labels != NO_LABEL).sum(0)))

    @property
    def log_loss(self) -> float:
        """Log-loss of the deployed decoder's answers, nats per sample."""
        streaming = self.task.streaming
        answers = {
            head: torch.from_numpy(logits if streaming else logits[:, -1])
            for head, logits in self.deployed.answers.items()
        }
        targets = {head: torch.from_numpy(target) for head, target in self.targets.items()}
        return float(self.task.objective().log_loss(answers, targets).mean())

    @property
    def accuracy_in_eight_bits(self) -> float | None:
        """Share of right classes at the end of a sample if the decoder multiplies 8-bit integers.

        None where no class is asked for at the end, or the decoder has no such form.
        """
        labels = self.targets.get("label")
        decoder = eight_bit_decoder(require_decoder(self.bundle.decoder))
        if labels is None or labels.ndim != 1 or decoder is None:
            return None
        spikes = torch.from_numpy(self.deployed.activity[-1]).float()
        said = decoder.at_the_end(spikes)["label"].argmax(1).numpy()
        return float((said == labels).mean())

    @cached_property
    def costs(self) -> CostReport:
        """The report of `cost_report` on the test set."""
        spikes, *layers = self.deployed.activity
        run = Run(layers=tuple(layers), counts=self.deployed.counts)
        return cost_report(self.bundle, spikes, run, devices=load_devices())

    def to_dict(self) -> dict[str, Any]:
        """The figures, for JSON."""
        samples = self.deployed.counts.samples
        totals = self.deployed.counts.totals()["layers"]
        sampled, cold = self.readings.sampled, self.readings.zero_temperature
        figures = {
            "engine": self.engine,
            "differing_spikes": sum(layer.differing for layer in self.agreement.layers),
            "accuracy_deployed": self.accuracy,
            "accuracy_zero_temperature": None if self.accuracy is None else cold.accuracy,
            "accuracy_sampled": None if self.accuracy is None else sampled.accuracy,
            "log_loss_deployed": self.log_loss,
            "log_loss_zero_temperature": cold.log_loss,
            "log_loss_sampled": sampled.log_loss,
            "spikes_per_readout_neuron_step": float(self.deployed.activity[-1].mean()),
            "spikes_per_sample": sum(layer["output_spikes"] for layer in totals) / samples,
            "synops_per_sample": sum(layer["synops"] for layer in totals) / samples,
            "energy_proxy_j_per_sample": {
                name: {part: proxy[part] for part in ("total", "chip", "traffic", "host")}
                for name, proxy in self.costs["proxies"].items()
            },
            "ann": self.costs["ann"],
            "accuracy_in_eight_bits": self.accuracy_in_eight_bits,
            "seconds": self.seconds,
        }
        return figures if self.images is None else {**figures, **self.images.quality}
