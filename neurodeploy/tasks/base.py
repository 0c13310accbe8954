"""What every task describes, and how a model of it is made, trained and bundled."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, TypeVar

import torch
from rich.progress import Progress

from neurodeploy.deploy.bundle import Bundle
from neurodeploy.deploy.trained_encoder import TrainedEncoder
from neurodeploy.learn.data import Source
from neurodeploy.learn.estimators import Estimator, Pathwise
from neurodeploy.learn.objective import ConstantRate, HeadLoss, Objective
from neurodeploy.learn.schedule import TrainConfig
from neurodeploy.learn.trainer import Trainer
from neurodeploy.model.decoder import Decoder, DecoderConfig
from neurodeploy.model.encoder import DenseSpec, Encoder
from neurodeploy.model.export import export_network
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.model.neuron import CubaParameters
from neurodeploy.signals.encode import Encoding

T = TypeVar("T", bound="Task")


class Sources(NamedTuple):
    """Where batches of each part of the data come from."""

    train: Source
    validation: Source
    test: Source


@dataclass(frozen=True, kw_only=True)
class Task(ABC):
    """A dense encoder, a decoder, and how they learn; data and answers are a subclass's.

    Parameters
    ----------
    hidden : tuple of int
        Neurons of the hidden layers.
    readout : int
        Readout neurons.
    neuron : CubaParameters
        Of all layers.
    weight_scale : float
        Of the initial weights.
    delays : bool
        Learn an axonal delay for each neuron. It moves by about a learning rate a step at most
        and is exported in whole steps, so that a short training leaves it at 0.
    decoder, decoder_hidden
        Kind and width of the decoder.
    beta, prior_rate : float
        Of the objective.
    estimator : Estimator
        Gradient through the readout.
    training : TrainConfig
        How to train.
    """

    hidden: tuple[int, ...]
    readout: int
    neuron: CubaParameters = field(default_factory=CubaParameters)
    weight_scale: float = 2.0
    delays: bool = False
    decoder: str = "mlp"
    decoder_hidden: int = 512
    beta: float = 0.01
    prior_rate: float = 0.05
    estimator: Estimator = field(default_factory=Pathwise)
    training: TrainConfig = field(default_factory=TrainConfig)

    model_type: ClassVar[type[HybridModel]] = HybridModel
    """When the decoder reads: at the end of a sample, or at every step."""

    @property
    @abstractmethod
    def signal(self) -> Encoding:
        """How the signal becomes input spikes."""

    @property
    @abstractmethod
    def window_steps(self) -> int:
        """Steps that the decoder sees, tau in the paper."""

    @abstractmethod
    def splits(self) -> Any:
        """The data, divided once by a recorded seed."""

    @abstractmethod
    def sources(self, splits: Any) -> Sources:
        """Batches of each part."""

    @abstractmethod
    def input_shape(self, splits: Any) -> tuple[int, ...]:
        """Features of the input spikes, without batch and time."""

    @abstractmethod
    def heads_of(self, splits: Any) -> Mapping[str, int]:
        """Name and number of outputs of each answer."""

    @abstractmethod
    def losses(self) -> Mapping[str, tuple[HeadLoss, float]]:
        """Loss and weight of each answer."""

    @abstractmethod
    def notes(self) -> Mapping[str, Any]:
        """What a bundle says of its data."""

    def trained_with(self: T, **changes: Any) -> T:
        """The task with other values of its `TrainConfig`, such as ``seed`` or ``epochs``."""
        return replace(self, training=replace(self.training, **changes))

    def objective(self) -> Objective:
        """The log-loss of the answers, and the price of information."""
        return Objective(heads=self.losses(), beta=self.beta, prior=ConstantRate(self.prior_rate))

    def model(self, splits: Any) -> HybridModel:
        """An untrained model, set by the seed of the training."""
        torch.manual_seed(self.training.seed)
        layers = [
            DenseSpec(
                neurons=n, neuron=self.neuron, weight_scale=self.weight_scale, delays=self.delays
            )
            for n in (*self.hidden, self.readout)
        ]
        decoder = Decoder(
            DecoderConfig(
                kind=self.decoder,
                neurons=self.readout,
                window_steps=self.window_steps,
                heads=self.heads_of(splits),
                hidden=self.decoder_hidden,
            )
        )
        return self.model_type(Encoder(self.input_shape(splits), layers), decoder)

    def trainer(self, splits: Any, folder: Path | str, model: HybridModel | None = None) -> Trainer:
        """A trainer, of a fresh model if none is given, with checkpoints in a folder."""
        sources = self.sources(splits)
        return Trainer(
            self.model(splits) if model is None else model,
            self.objective(),
            train=sources.train,
            validation=sources.validation,
            folder=Path(folder),
            config=self.training,
            estimator=self.estimator,
        )

    def bundle(self, model: HybridModel) -> Bundle:
        """A trained model, exported and checked."""
        training = {**asdict(self.training), "beta": self.beta, "prior_rate": self.prior_rate}
        return Bundle(
            network=export_network(model.encoder),
            decoder=model.decoder,
            encoding=self.signal,
            encoder=TrainedEncoder.of(model.encoder),
            notes={**self.notes(), "training": training},
        )


def train_task(
    chosen: Task,
    splits: Any,
    folder: Path | str,
    progress: Progress | None = None,
    *,
    model: HybridModel | None = None,
    budget_s: float = math.inf,
) -> HybridModel:
    """Train a task's model, or go on where the folder's checkpoint stopped.

    Parameters
    ----------
    chosen : Task
        What is trained.
    splits
        Its data.
    folder : path
        Checkpoints and ``metrics.jsonl``.
    progress : rich Progress, optional
        Shows loss, bits and spikes.
    model : HybridModel, optional
        To start from, for instance a compressed one; a fresh one if not given.
    budget_s : float
        As in `Trainer.fit`.
    """
    trainer = chosen.trainer(splits, folder, model)
    trainer.resume()
    trainer.fit(progress, budget_s=budget_s)
    return trainer.model
