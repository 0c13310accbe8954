"""The training loop: anneal, validate at temperature zero, keep the best, stop early, resume."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from rich.progress import Progress

from neurodeploy._io.digest import digest
from neurodeploy._io.files import atomic_path, remove_abandoned, require_folder
from neurodeploy.errors import InputError, TrainingError, message
from neurodeploy.learn.adam import Adam, parameter_groups
from neurodeploy.learn.checkpoint import (
    load_model,
    load_training,
    restore_training,
    save_model,
    save_training,
)
from neurodeploy.learn.data import Source
from neurodeploy.learn.distributed import join
from neurodeploy.learn.estimators import (
    Estimator,
    EstimatorState,
    Pathwise,
    TrainingBatch,
    TrainingStep,
)
from neurodeploy.learn.evaluation import evaluate
from neurodeploy.learn.history import Line, epoch_line, epoch_text, is_better, stale_epochs
from neurodeploy.learn.identity import (
    Identity,
    model_identity,
    require_same,
    training_identity,
)
from neurodeploy.learn.objective import Objective
from neurodeploy.learn.schedule import TrainConfig
from neurodeploy.learn.tensorboard import tensorboard
from neurodeploy.learn.threads import on_threads
from neurodeploy.model.workers import ahead

if TYPE_CHECKING:
    from neurodeploy.model.hybrid import HybridModel

LAST, BEST, METRICS = WRITTEN = ("last.safetensors", "best.safetensors", "metrics.jsonl")


class Trainer:
    """Trains a hybrid model, on the device where it is, and keeps what it learnt in a folder.

    The folder holds ``last.safetensors`` (to resume, exactly, from the last whole epoch),
    ``best.safetensors``, ``metrics.jsonl`` and, where TensorBoard is installed, its event files.

    The best epoch has the lowest validation objective at temperature zero: log-loss plus beta times
    the information bound. Until an epoch ends with the whole weight on the KL term
    (`TrainConfig.warm_up_fraction`) the best is the newest, only so that there is one to load.

    Parameters
    ----------
    model : HybridModel
        Trained in place.
    objective : Objective
        What is minimised.
    train, validation : Source
        Where batches come from.
    folder : Path
        Where checkpoints go.
    config : TrainConfig
        How to train.
    estimator : Estimator
        Gradient through the readout.
    threads : int, optional
        Of the CPU, one for each core if not given; what is learnt does not depend on it.

    Raises
    ------
    InputError
        A source has no sample.
    """

    def __init__(
        self,
        model: HybridModel,
        objective: Objective,
        *,
        train: Source,
        validation: Source,
        folder: Path,
        config: TrainConfig | None = None,
        estimator: Estimator | None = None,
        threads: int | None = None,
    ) -> None:
        for part, source in (("train", train), ("validation", validation)):
            if not len(source):
                remedy = "Add some, or split otherwise."
                raise InputError(
                    message(f"data, {part} part", "at least one sample", "none", remedy)
                )
        self.model = model
        self.objective = objective
        self.train_source = train
        self.validation = validation
        self.folder = folder
        self.threads = threads
        self.config = config or TrainConfig()
        self.estimator = estimator or Pathwise()
        self.estimator_state: EstimatorState = {}
        self.group = join()
        self.step = self.group.parallel(TrainingStep(model, self.estimator))
        groups = parameter_groups(model, self.config.delay_rate)
        self.optimizer = Adam(groups, self.config.learning_rate, self.config.clip_norm)
        self.started_from: str | None = None
        self.history: list[Line] = []

    @property
    def epoch(self) -> int:
        """Whole epochs so far."""
        return len(self.history)

    @property
    def batches_per_epoch(self) -> int:
        """Gradient steps in an epoch."""
        return -(-len(self.train_source) // self.config.batch_size)

    def start_from(self, path: Path | str) -> None:
        """Fine-tune the weights of a checkpoint, with a fresh optimizer and schedule.

        To go on with an interrupted fine-tuning, call this first and `resume` then.

        Parameters
        ----------
        path : path
            A ``best.safetensors`` or a ``last.safetensors`` of a model of the same structure.

        Raises
        ------
        FileFormatError, InputError
            As `load_model`; or this training has begun.
        """
        if self.epoch:
            raise InputError(
                message("Trainer.start_from", "a training not begun", f"epoch {self.epoch}")
            )
        load_model(self.model, path)
        self.started_from = digest(Path(path).read_bytes())

    def resume(self) -> None:
        """Continue from ``last.safetensors`` if it is there.

        Raises
        ------
        FileFormatError
            The checkpoint is damaged, or of an earlier version.
        InputError
            It is of another training; the message lists what differs.
        """
        if self._last.exists():
            self._require_this_training(load_training(self._last)[1], self.config.epochs)
            self._load_last()

    def extend(self) -> None:
        """Continue from ``last.safetensors`` to more epochs than it was to have.

        All but ``epochs`` must be as it was. Learning rate, temperature, KL weight and patience
        follow the new number from here on; each line of the history says the one that it was
        trained by. Once extended, it is resumed like any other.

        Raises
        ------
        FileFormatError
            The checkpoint is missing, damaged, or of an earlier version.
        InputError
            It was to have more epochs, or is of another training.
        """
        notes = load_training(self._last)[1]
        planned = notes["training"]["epochs"]
        if planned > self.config.epochs:
            expected = f"at least {planned}, as {self._last} was to have"
            raise InputError(message("TrainConfig.epochs", expected, self.config.epochs))
        self._require_this_training(notes, planned)
        self._load_last()

    def fit(
        self,
        progress: Progress | None = None,
        *,
        budget_s: float = math.inf,
    ) -> None:
        """Train from the last whole epoch until the last one, or until validation stops improving.

        The model is then the best one; called again, training goes on from the last one.

        Under torchrun all processes train one model, each on its share of every batch.

        Parameters
        ----------
        progress : rich Progress, optional
            Shows loss, bits and spikes.
        budget_s : float
            No epoch starts that would not end within so many seconds, by the time that the one
            before took. What is missing can be resumed.

        Raises
        ------
        InputError
            The folder cannot be written.
        TrainingError
            The loss is no longer a number.
        """
        if self.group.leads:
            require_folder(self.folder)
            for name in WRITTEN:
                remove_abandoned(self.folder / name)
        if self.history:
            self._load_last()
        bar = progress or Progress(disable=True)
        task = bar.add_task("train", total=self.config.epochs * self.batches_per_epoch)
        bar.advance(task, self.epoch * self.batches_per_epoch)
        start, last_s = time.monotonic(), 0.0
        with tensorboard(self.folder) as show:
            while self.group.agreed(
                self.epoch < self.config.epochs
                and stale_epochs(self.history, self.config) < self.config.patience_epochs
                and time.monotonic() - start + last_s < budget_s
            ):
                began = time.monotonic()
                with on_threads(self.threads):
                    log_loss = self._train_epoch(
                        lambda text: bar.update(task, advance=1, description=text)
                    )
                    self._finish_epoch(log_loss, show)
                last_s = time.monotonic() - began
                bar.update(task, line=epoch_text(self.history[-1]))
        bar.update(task, completed=self.config.epochs * self.batches_per_epoch)
        self.group.wait()
        if self.history:
            load_model(self.model, self.folder / BEST)

    @property
    def _last(self) -> Path:
        return self.folder / LAST

    @property
    def _identity(self) -> Identity:
        return training_identity(
            self.config,
            self.objective,
            self.estimator,
            self.train_source,
            self.validation,
            self.started_from,
        )

    def _require_this_training(self, notes: dict[str, Any], epochs: int) -> None:
        require_same(
            {**notes["training"], **notes["model"]},
            {**self._identity, "epochs": epochs, **model_identity(self.model)},
            "training",
            f"checkpoint {self._last}",
            "Train into another folder, or as it was; to more epochs by --extend (Trainer.extend).",
        )

    def _load_last(self) -> None:
        tensors, notes = load_training(self._last)
        self.estimator_state = restore_training(
            tensors, self.model, self.optimizer, f"checkpoint {self._last}"
        )
        self.history = notes["history"]

    def _train_epoch(self, report: Callable[[str], None]) -> float:
        """Mean log-loss of the epoch, with sampled spikes, while it is learnt."""
        config, device = self.config, next(self.model.parameters()).device
        total = config.epochs * self.batches_per_epoch
        generator = torch.Generator().manual_seed(config.seed * 100_003 + self.epoch)
        batches = ahead(self.train_source.shuffled(config.batch_size, config.seed, self.epoch))
        log_loss = 0.0
        for index, batch in enumerate(batches):
            done = (self.epoch * self.batches_per_epoch + index) / total
            for group in self.optimizer.param_groups:
                rate = config.learning_rate * 0.5 * (1 + math.cos(math.pi * done))
                group["lr"] = rate * group["times"]
            share, noise, weight = self.group.share(batch, generator)
            spikes, targets = share.to(device)
            given = TrainingBatch(spikes, targets, config.temperature(done), noise)
            objective = replace(self.objective, beta=self.objective.beta * config.kl_weight(done))
            loss, terms = self.step(objective, given, self.estimator_state)
            if not torch.isfinite(loss):
                raise TrainingError(
                    message(
                        f"training, epoch {self.epoch + 1}, batch {index + 1}, loss",
                        "a finite number",
                        loss.item(),
                        "Lower the learning rate; the checkpoint holds the last whole epoch.",
                    )
                )
            self.optimizer.zero_grad()
            (weight * loss).backward()
            self.optimizer.step()
            log_loss += terms.log_loss * len(batch.spikes)
            report(
                f"epoch {self.epoch + 1}/{config.epochs}, log-loss {terms.log_loss:.1f}, "
                f"{terms.information_nats / math.log(2):.1f} bits, rate {terms.firing_rate:.3f}"
            )
        return log_loss / len(self.train_source)

    def _finish_epoch(self, train_log_loss: float, show: Callable[..., None]) -> None:
        config = self.config
        result = evaluate(
            self.model, self.validation, self.objective, temperature=0.0, seed=config.seed
        )
        line = epoch_line(self.epoch + 1, train_log_loss, result, self.objective, config)
        better = is_better(line, self.history)
        self.history.append(line)
        if self.group.leads:
            show(line)
            self._save(better)

    def _save(self, better: bool) -> None:
        if better:
            said = {**self.history[-1], "training": self._identity}
            save_model(self.folder / BEST, self.model, said)
        with atomic_path(self.folder / METRICS) as draft:
            draft.write_text("".join(json.dumps(line) + "\n" for line in self.history))
        notes = {"training": self._identity, "history": self.history}
        save_training(self._last, self.model, self.optimizer, self.estimator_state, notes)
