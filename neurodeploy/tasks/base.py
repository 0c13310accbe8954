"""What every task describes, and how a model of it is made, trained and bundled."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar

import torch

from neurodeploy.errors import InputError, message
from neurodeploy.learn.data import Batch, Source
from neurodeploy.learn.estimators import Estimator, Pathwise
from neurodeploy.learn.objective import ConstantRate, HeadLoss, Objective, Prior
from neurodeploy.learn.schedule import TrainConfig
from neurodeploy.learn.trainer import Trainer
from neurodeploy.model.neuron import CubaParameters
from neurodeploy.signals.encode import Encoding
from neurodeploy.signals.recordings import Grid
from neurodeploy.signals.sources.find import Reading

if TYPE_CHECKING:
    from neurodeploy.deploy.bundle import Bundle
    from neurodeploy.model.hybrid import HybridModel
    from neurodeploy.model.specs import LayerSpec

Splits = TypeVar("Splits")
"""What a task divides its data into; only the task looks inside."""

T = TypeVar("T", bound="Task[Any]")


class Sources(NamedTuple):
    """Where batches of each part of the data come from."""

    train: Source
    validation: Source
    test: Source


@dataclass(frozen=True, kw_only=True)
class Task(ABC, Generic[Splits]):
    """An encoder, a decoder, and how they learn; data and answers are a subclass's.

    Parameters
    ----------
    hidden : tuple of int or LayerSpec
        The hidden layers: a number of neurons, fully connected, or any layer of an encoder
        (`DenseSpec`, `ConvSpec`, `RecurrentSpec`), which has its own neuron.
    readout : int
        Readout neurons, fully connected.
    neuron : CubaParameters
        Of the readout, and of hidden layers that are a number.
    weight_scale : float
        Of the initial weights of the same layers.
    delay_steps : int
        Largest axonal delay of the neurons of the same layers, learnt in whole steps; 0 is none.
    decoder : str or class
        Reader of the decoder: a name in `neurodeploy.model.decoder`, or a class of your own.
    decoder_hidden : int
        Width of its hidden layer.
    decoder_options : mapping
        Further arguments of a reader of your own, as JSON.
    beta : float
        Weight of the KL term.
    prior : Prior
        Over readout spikes.
    estimator : Estimator
        Of the gradient through the readout.
    training : TrainConfig
        How to train.
    name : str
        By which it was found; a bundle keeps it, to find its data again.
    """

    hidden: tuple[int | LayerSpec, ...]
    readout: int
    neuron: CubaParameters = field(default_factory=CubaParameters)
    weight_scale: float = 2.0
    delay_steps: int = 0
    decoder: str | type[torch.nn.Module] = "mlp"
    decoder_hidden: int = 512
    decoder_options: Mapping[str, Any] = field(default_factory=dict)
    beta: float = 0.01
    prior: Prior = field(default_factory=lambda: ConstantRate(0.05))
    estimator: Estimator = field(default_factory=Pathwise)
    training: TrainConfig = field(default_factory=TrainConfig)
    name: str = ""

    streaming: ClassVar[bool] = False
    """Whether the decoder answers at every step, not only at the end of a sample."""

    def __post_init__(self) -> None:
        for name, kind in (("prior", Prior), ("training", TrainConfig)):
            if not isinstance(getattr(self, name), kind):
                expected, found = f"an instance of {kind.__name__}", repr(getattr(self, name))
                raise InputError(message(f"task, {name}", expected, found))
        if isinstance(self.estimator, type) or not callable(self.estimator):
            expected = "an instance of an Estimator, such as Pathwise()"
            raise InputError(message("task, estimator", expected, repr(self.estimator)))

    @property
    @abstractmethod
    def signal(self) -> Encoding:
        """How the signal becomes input spikes."""

    @property
    @abstractmethod
    def window_steps(self) -> int:
        """Steps that the decoder sees, tau in the paper."""

    @abstractmethod
    def splits(self) -> Splits:
        """The data, divided once by a recorded seed."""

    @abstractmethod
    def sources(self, splits: Splits) -> Sources:
        """Batches of each part."""

    @abstractmethod
    def input_shape(self, splits: Splits) -> tuple[int, ...]:
        """Features of the input spikes, without batch and time."""

    @abstractmethod
    def heads_of(self, splits: Splits) -> Mapping[str, int]:
        """Name and number of outputs of each answer."""

    @abstractmethod
    def losses(self) -> Mapping[str, tuple[HeadLoss, float]]:
        """Loss and weight of each answer."""

    @abstractmethod
    def notes(self) -> Mapping[str, Any]:
        """What a bundle says of its data."""

    @property
    def grid(self) -> Grid:
        """The time axis of a sample."""
        return Grid(steps=self.signal.steps)

    @property
    def reading(self) -> Reading:
        """How files of such a signal are read."""
        return Reading(encoding=self.signal)

    def in_folder(self: T, data_dir: Path) -> T:
        """The task with its data in a person's folder.

        Raises
        ------
        InputError
            Its data are elsewhere.
        """
        expected = "a task that reads a folder, such as spoken-digits"
        raise InputError(message("option --data-dir", expected, f"a {type(self).__name__}"))

    def with_signal(self: T, signal: Encoding) -> T:
        """The task with its input encoded in another way, such as a bundle's.

        Raises
        ------
        InputError
            The task has one encoding only.
        """
        if signal.to_dict() != self.signal.to_dict():
            expected, found = self.signal.to_dict(), signal.to_dict()
            raise InputError(message(f"encoding for a {type(self).__name__}", expected, found))
        return self

    def as_noted(self: T, notes: Mapping[str, Any]) -> T:
        """The task with its data divided as the notes of a bundle say.

        Raises
        ------
        InputError
            They are of other data, or say nothing that could be.
        """
        return self

    def require_heads(self, splits: Splits, heads: Mapping[str, int]) -> None:
        """Raise unless the data ask for as many classes as a decoder answers.

        Parameters
        ----------
        splits
            The data.
        heads : mapping of str to int
            Outputs of the decoder's answers, by name; what it does not answer is not asked.

        Raises
        ------
        InputError
            A part of the classes is missing, so that their numbers would be others.
        """
        for name, count in self.heads_of(splits).items():
            if heads.get(name, count) != count:
                where, expected = f"data, {name}", f"{heads[name]} classes, as the decoder answers"
                remedy = "Name a folder that has recordings of all of them."
                raise InputError(message(where, expected, count, remedy))

    def trained_with(self: T, **changes: Any) -> T:
        """The task with other values of its `TrainConfig`, such as ``seed`` or ``epochs``."""
        return replace(self, training=replace(self.training, **changes))

    def trained_as(self: T, training: Mapping[str, Any]) -> T:
        """The task with the configuration and beta of a training, as `load_model` gives them."""
        names = {known.name for known in fields(self.training)} & set(training)
        changed = self.trained_with(**{name: training[name] for name in names})
        return replace(changed, beta=training.get("beta", self.beta))

    def objective(self) -> Objective:
        """The log-loss of the answers, and the KL term."""
        return Objective(heads=self.losses(), beta=self.beta, prior=self.prior)

    def layers(self) -> list[LayerSpec]:
        """The layers of the encoder, the readout last."""
        from neurodeploy.model.specs import DenseSpec

        return [
            DenseSpec(
                neurons=layer,
                neuron=self.neuron,
                weight_scale=self.weight_scale,
                delay_steps=self.delay_steps,
            )
            if isinstance(layer, int)
            else layer
            for layer in (*self.hidden, self.readout)
        ]

    @property
    def widths(self) -> tuple[int, ...]:
        """Neurons of the hidden layers, if all of them are fully connected.

        Raises
        ------
        InputError
            A layer is something else.
        """
        from neurodeploy.model.specs import DenseSpec

        hidden = self.layers()[:-1]
        dense = [layer for layer in hidden if isinstance(layer, DenseSpec)]
        if len(dense) != len(hidden):
            raise InputError(message("task, hidden", "fully connected layers", list(hidden)))
        return tuple(layer.neurons for layer in dense)

    def model(self, splits: Splits) -> HybridModel:
        """An untrained model, set by the seed of the training."""
        return self.model_of(self.input_shape(splits), self.heads_of(splits))

    def model_of(self, input_shape: tuple[int, ...], heads: Mapping[str, int]) -> HybridModel:
        """The same, where only the features of its input and the sizes of its answers are known."""
        from neurodeploy.model.decoder import Decoder, DecoderConfig
        from neurodeploy.model.encoder import Encoder
        from neurodeploy.model.hybrid import HybridModel, StreamingModel

        torch.manual_seed(self.training.seed)
        decoder = Decoder(
            DecoderConfig(
                kind=self.decoder,
                neurons=self.readout,
                window_steps=self.window_steps,
                heads=heads,
                hidden=self.decoder_hidden,
                options=self.decoder_options,
            )
        )
        reads = StreamingModel if self.streaming else HybridModel
        return reads(Encoder(input_shape, self.layers()), decoder)

    def trainer(
        self,
        splits: Splits,
        folder: Path | str,
        model: HybridModel | None = None,
        threads: int | None = None,
    ) -> Trainer:
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
            threads=threads,
        )

    def bundle(self, model: HybridModel) -> Bundle:
        """A trained model, exported and checked."""
        from neurodeploy.deploy.bundle import Bundle
        from neurodeploy.deploy.trained_encoder import TrainedEncoder
        from neurodeploy.model.export import export_network

        training = {**asdict(self.training), "beta": self.beta, "prior": repr(self.prior)}
        return Bundle(
            network=export_network(model.encoder),
            decoder=model.decoder,
            encoding=self.signal,
            encoder=TrainedEncoder.of(model.encoder),
            notes={"task": self.name, **self.notes(), "training": training},
        )


def collect(source: Source, seed: int, number: int | None = None) -> Batch:
    """The first samples of a source, in order, as one batch.

    Parameters
    ----------
    source : Source
        Such as ``task.sources(splits).test``.
    seed : int
        Of the input spikes.
    number : int, optional
        At most so many; all if not given.

    Returns
    -------
    Batch
        Spikes [sample, *features, time] and targets {head: [sample, ...]}.
    """
    size = len(source) if number is None else min(number, len(source))
    batch = next(iter(source.ordered(size, seed)))
    targets = {head: target[:size] for head, target in batch.targets.items()}
    return Batch(batch.spikes[:size], targets)
