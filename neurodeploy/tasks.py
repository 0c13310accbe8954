"""The tasks that ship with the package: data, model and training in one description each."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from rich.progress import Progress

from neurodeploy.bundle import Bundle
from neurodeploy.errors import InputError, message
from neurodeploy.learn.estimators import ESTIMATORS
from neurodeploy.learn.objective import Objective, class_loss, pixel_loss
from neurodeploy.learn.sources import ImageSource
from neurodeploy.learn.trainer import TrainConfig, Trainer
from neurodeploy.model.decoder import Decoder, DecoderConfig
from neurodeploy.model.encoder import DenseSpec, Encoder
from neurodeploy.model.export import export_network
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.model.neuron import CubaParameters
from neurodeploy.signals.datasets import Splits, load, split
from neurodeploy.signals.encode import Encoding, RateEncoding


@dataclass(frozen=True, kw_only=True)
class ImageTask:
    """Reconstruct or classify images, or both, from the spikes of an encoder.

    Parameters
    ----------
    dataset : str
        Name in `DATASETS`.
    train, validation, test : int
        Samples of each part.
    split_seed : int
        Of the permutation that divides them.
    encoding : Encoding
        Pixels to spikes.
    hidden : tuple of int
        Neurons of the hidden layers.
    readout : int
        Readout neurons.
    neuron : CubaParameters
        Of all layers.
    weight_scale : float
        Of the initial weights.
    decoder, decoder_hidden
        Kind and width of the decoder; it sees the whole sample.
    heads : tuple of str
        What the decoder answers: ``image``, ``label``, or both.
    beta, prior_rate, class_weight : float
        Of the objective; the class loss counts ``class_weight`` times beside the pixel loss.
    estimator : str
        Name in `ESTIMATORS`.
    shift_px : int
        Random translation in training.
    training : TrainConfig
        How to train.
    """

    dataset: str
    train: int
    validation: int
    test: int
    split_seed: int = 0
    encoding: Encoding
    hidden: tuple[int, ...]
    readout: int
    neuron: CubaParameters = field(default_factory=CubaParameters)
    weight_scale: float = 2.0
    decoder: str = "mlp"
    decoder_hidden: int = 512
    heads: tuple[str, ...] = ("image", "label")
    beta: float = 0.01
    prior_rate: float = 0.05
    class_weight: float = 20.0
    estimator: str = "straight-through"
    shift_px: int = 0
    training: TrainConfig = field(default_factory=TrainConfig)

    def __post_init__(self) -> None:
        if self.estimator not in ESTIMATORS:
            raise InputError(message("estimator", f"one of {sorted(ESTIMATORS)}", self.estimator))
        if not self.heads or not set(self.heads) <= {"image", "label"}:
            raise InputError(message("heads", "image, label or both", self.heads))

    def splits(self) -> Splits:
        """The data, divided once by the recorded seed."""
        return split(
            load(self.dataset),
            train=self.train,
            validation=self.validation,
            test=self.test,
            seed=self.split_seed,
        )

    def objective(self) -> Objective:
        """Pixel or class log-loss, or both, and the price of information."""
        losses = {"image": (pixel_loss, 1.0), "label": (class_loss, self.class_weight)}
        return Objective(
            heads={head: losses[head] for head in self.heads},
            beta=self.beta,
            prior_rate=self.prior_rate,
        )

    def model(self, splits: Splits) -> HybridModel:
        """An untrained model; the image head starts at the mean training image."""
        torch.manual_seed(self.training.seed)
        pixels = splits.train.images[0].size
        sizes = {"image": pixels, "label": splits.train.classes}
        layers = [
            DenseSpec(neurons=n, neuron=self.neuron, weight_scale=self.weight_scale)
            for n in (*self.hidden, self.readout)
        ]
        decoder = Decoder(
            DecoderConfig(
                kind=self.decoder,
                neurons=self.readout,
                window_steps=self.encoding.steps,
                heads={head: sizes[head] for head in self.heads},
                hidden=self.decoder_hidden,
            )
        )
        if "image" in self.heads:
            _start_at_the_mean(decoder.heads["image"], splits.train.images)
        return HybridModel(Encoder((pixels,), layers), decoder)

    def trainer(self, splits: Splits, folder: Path | str) -> Trainer:
        """A trainer of a fresh model, with checkpoints in a folder."""
        return Trainer(
            self.model(splits),
            self.objective(),
            train=ImageSource(splits.train, self.encoding, shift_px=self.shift_px),
            validation=ImageSource(splits.validation, self.encoding),
            folder=Path(folder),
            config=self.training,
            estimator=ESTIMATORS[self.estimator](),
        )

    def bundle(self, model: HybridModel) -> Bundle:
        """A trained model, exported and checked."""
        training = {**asdict(self.training), "beta": self.beta, "prior_rate": self.prior_rate}
        return Bundle(
            network=export_network(model.encoder),
            decoder=model.decoder,
            encoding=self.encoding,
            notes={"dataset": self.dataset, "split_seed": self.split_seed, "training": training},
        )


@torch.no_grad()
def _start_at_the_mean(head: torch.nn.Linear, images: np.ndarray) -> None:
    mean = torch.from_numpy(images.mean(0).ravel()).clamp(0.005, 0.995)
    head.bias.copy_(torch.logit(mean))
    head.weight.mul_(0.1)


TASKS = {
    "mnist": ImageTask(
        dataset="mnist",
        train=4000,
        validation=500,
        test=500,
        encoding=RateEncoding(steps=30),
        hidden=(600,),
        readout=256,
        shift_px=1,
        training=TrainConfig(epochs=18),
    ),
    "digits": ImageTask(
        dataset="digits",
        train=1300,
        validation=200,
        test=297,
        encoding=RateEncoding(steps=16),
        hidden=(96,),
        readout=48,
        decoder_hidden=128,
        beta=0.003,
        training=TrainConfig(epochs=20, learning_rate=2e-3),
    ),
}
"""``mnist`` is the paper's model on real digits; ``digits`` is small and quick."""


def task(name: str) -> ImageTask:
    """A task by name.

    Raises
    ------
    InputError
        There is no such task.
    """
    if name not in TASKS:
        raise InputError(message("task", f"one of {', '.join(TASKS)}", name))
    return TASKS[name]


def train_task(
    chosen: ImageTask, splits: Splits, folder: Path | str, progress: Progress | None = None
) -> HybridModel:
    """Train a task's model, or go on where the folder's checkpoint stopped.

    Parameters
    ----------
    chosen : ImageTask
        What is trained.
    splits : Splits
        Its data.
    folder : path
        Checkpoints and ``metrics.jsonl``.
    progress : rich Progress, optional
        Shows loss, bits and spikes.
    """
    trainer = chosen.trainer(splits, folder)
    trainer.resume()
    trainer.fit(progress)
    return trainer.model


def input_spikes(chosen: ImageTask, images: np.ndarray, seed: int) -> np.ndarray:
    """Encode images [sample, height, width] to spikes uint8 [sample, pixel, time]."""
    return chosen.encoding(images.reshape(len(images), -1), np.random.default_rng(seed))
