"""What the demo measured, on a test set that was streamed step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from neurodeploy.cost.energy import Proxy, energy_proxies
from neurodeploy.deploy.bundle import Bundle
from neurodeploy.deploy.verification import Verification
from neurodeploy.engines.counts import Counts
from neurodeploy.experiments.measure import Readings
from neurodeploy.hardware.devices import load_devices
from neurodeploy.learn.objective import NO_LABEL
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

    ``targets`` are those of the test samples; ``images`` is None where the task reconstructs none.
    """

    task: Task[Any]
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
            "energy_proxy_j_per_sample": {n: p.per_sample_j for n, p in self.proxies.items()},
            "seconds": self.seconds,
        }
        return figures if self.images is None else {**figures, **self.images.quality}
