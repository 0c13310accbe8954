"""The training loop: anneal, validate at temperature zero, keep the best, stop early, resume."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from rich.progress import Progress

from neurodeploy._io.files import atomic_path, require_folder
from neurodeploy._io.tensors import load_tensors, save_tensors
from neurodeploy.errors import FileFormatError, InputError, TrainingError, message
from neurodeploy.learn.checkpoint import load_model, restore_training, save_training
from neurodeploy.learn.data import Source
from neurodeploy.learn.distributed import join
from neurodeploy.learn.estimators import Estimator, Pathwise, TrainingBatch, TrainingStep
from neurodeploy.learn.evaluation import evaluate
from neurodeploy.learn.objective import Objective
from neurodeploy.learn.schedule import TrainConfig
from neurodeploy.learn.tensorboard import show_in_tensorboard
from neurodeploy.learn.threads import one_thread
from neurodeploy.model.hybrid import HybridModel

RESUMED = ("config", "epoch", "stale_epochs", "history", "estimator")
"""Notes of a checkpoint that resuming needs."""


class Trainer:
    """Trains a hybrid model, on the device where it is, and keeps what it learnt in a folder.

    The folder holds ``last.safetensors`` (to resume, exactly, from the last whole epoch),
    ``best.safetensors``, ``metrics.jsonl`` and, where TensorBoard is installed, its event files.

    The best epoch has the lowest validation objective at temperature zero: log-loss plus beta times
    the information bound. It is counted from the first epoch that ends with the whole weight on
    the KL term (`TrainConfig.warm_up_fraction`): before, something else is minimised, and
    ``best.safetensors`` is the newest epoch, only so that there is something to load.

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
    ) -> None:
        self.model = model
        self.objective = objective
        self.train_source = train
        self.validation = validation
        self.folder = folder
        self.config = config or TrainConfig()
        self.estimator = estimator or Pathwise()
        self.estimator_state: dict[str, float] = {}
        self.group = join()
        self.step = self.group.parallel(TrainingStep(model, self.estimator))
        self.optimizer = torch.optim.Adam(model.parameters(), lr=self.config.learning_rate)
        self.epoch = 0
        self.stale_epochs = 0
        self.history: list[dict[str, float]] = []

    @property
    def batches_per_epoch(self) -> int:
        """Gradient steps in an epoch."""
        return -(-len(self.train_source) // self.config.batch_size)

    @property
    def best_objective(self) -> float:
        """Lowest validation objective so far, infinite before it counts."""
        counted = (line["objective"] for line in self.history if line["kl_weight"] == 1)
        return min(counted, default=math.inf)

    def resume(self) -> None:
        """Continue from ``last.safetensors`` if it is there.

        Raises
        ------
        FileFormatError
            The checkpoint is damaged, or of another model.
        InputError
            It was made with another configuration.
        """
        path = self.folder / "last.safetensors"
        if not path.exists():
            return
        tensors, notes = load_tensors(path, "checkpoint")
        missing = [name for name in RESUMED if name not in notes]
        if missing:
            raise FileFormatError(message(f"checkpoint {path}", f"notes on {missing}", "none"))
        if notes["config"] != self._identity:
            raise InputError(
                message(
                    f"checkpoint {path}",
                    f"the configuration {self._identity}",
                    notes["config"],
                    "Train into another folder, or with the configuration that it has.",
                )
            )
        restore_training(tensors, self.model, self.optimizer, f"checkpoint {path}")
        self.epoch, self.stale_epochs = notes["epoch"], notes["stale_epochs"]
        self.history = notes["history"]
        self.estimator_state = notes["estimator"]

    def fit(self, progress: Progress | None = None, *, budget_s: float = math.inf) -> None:
        """Train until the last epoch or until validation stops improving; load the best model.

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
        bar = progress or Progress(disable=True)
        task = bar.add_task("train", total=self.config.epochs * self.batches_per_epoch)
        bar.advance(task, self.epoch * self.batches_per_epoch)
        start, last_s = time.monotonic(), 0.0
        while self.group.agreed(
            self.epoch < self.config.epochs
            and not self._stopped
            and time.monotonic() - start + last_s < budget_s
        ):
            began = time.monotonic()
            with one_thread():
                log_loss = self._train_epoch(
                    lambda text: bar.update(task, advance=1, description=text)
                )
                self._finish_epoch(log_loss)
            last_s = time.monotonic() - began
        bar.update(task, completed=self.config.epochs * self.batches_per_epoch)
        self.group.wait()
        if self.history:
            load_model(self.model, self.folder / "best.safetensors")

    @property
    def _identity(self) -> dict[str, Any]:
        """What must not change between the runs that share a checkpoint."""
        prices = {"beta": self.objective.beta, "prior": repr(self.objective.prior)}
        return {**asdict(self.config), **prices}

    @property
    def _stopped(self) -> bool:
        return self.stale_epochs >= self.config.patience_epochs

    def _train_epoch(self, report: Callable[[str], None]) -> float:
        """Mean log-loss of the epoch, with sampled spikes, while it is learnt."""
        config, device = self.config, next(self.model.parameters()).device
        total = config.epochs * self.batches_per_epoch
        generator = torch.Generator().manual_seed(config.seed * 100_003 + self.epoch)
        batches = self.train_source.shuffled(config.batch_size, config.seed, self.epoch)
        log_loss = 0.0
        for index, batch in enumerate(batches):
            done = (self.epoch * self.batches_per_epoch + index) / total
            for group in self.optimizer.param_groups:
                group["lr"] = config.learning_rate * 0.5 * (1 + math.cos(math.pi * done))
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
                        float(loss),
                        "Lower the learning rate; the checkpoint holds the last whole epoch.",
                    )
                )
            self.optimizer.zero_grad()
            (weight * loss).backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), config.clip_norm)
            self.optimizer.step()
            log_loss += terms.log_loss * len(batch.spikes)
            report(
                f"epoch {self.epoch + 1}/{config.epochs}  log-loss {terms.log_loss:6.1f}  "
                f"information {terms.information_nats / math.log(2):6.1f} bits  "
                f"rate {terms.firing_rate:.3f}"
            )
        return log_loss / len(self.train_source)

    def _finish_epoch(self, train_log_loss: float) -> None:
        config = self.config
        result = evaluate(
            self.model, self.validation, self.objective, temperature=0.0, seed=config.seed
        )
        self.epoch += 1
        objective = result.log_loss + self.objective.beta * result.information_nats
        kl_weight = config.kl_weight(self.epoch / config.epochs)
        better = kl_weight < 1 or objective < self.best_objective
        annealed = self.epoch / config.epochs >= config.anneal_fraction
        self.stale_epochs = 0 if better else self.stale_epochs + annealed
        self.history.append(
            {
                "epoch": self.epoch,
                "train_log_loss": train_log_loss,
                **asdict(result),
                "objective": objective,
                "kl_weight": kl_weight,
            }
        )
        if self.group.leads:
            self._save(better)

    def _save(self, better: bool) -> None:
        if better:
            save_tensors(
                self.folder / "best.safetensors",
                dict(self.model.state_dict()),
                {"epoch": self.epoch, "objective": self.history[-1]["objective"]},
            )
        with atomic_path(self.folder / "metrics.jsonl") as draft:
            draft.write_text("".join(json.dumps(line) + "\n" for line in self.history))
        show_in_tensorboard(self.folder / "tensorboard", self.history[-1])
        save_training(
            self.folder / "last.safetensors",
            self.model,
            self.optimizer,
            {
                "epoch": self.epoch,
                "stale_epochs": self.stale_epochs,
                "history": self.history,
                "estimator": self.estimator_state,
                "config": self._identity,
            },
        )
