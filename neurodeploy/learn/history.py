"""Which epoch was best, and when to stop, by what each epoch left behind.

An epoch counts once the KL term has its whole weight at its end: what is minimised is then the
objective. Before, something else is minimised, and every epoch passes for better than the last.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from neurodeploy.errors import FileFormatError, message
from neurodeploy.learn.evaluation import Evaluation
from neurodeploy.learn.objective import Objective
from neurodeploy.learn.schedule import TrainConfig

Line = dict[str, float]
"""One epoch in ``metrics.jsonl``."""


def epoch_line(
    epoch: int,
    train_log_loss: float,
    validation: Evaluation,
    objective: Objective,
    config: TrainConfig,
) -> Line:
    """What an epoch leaves behind.

    Parameters
    ----------
    epoch : int
        From 1.
    train_log_loss : float
        Mean over its batches, with sampled spikes, in nats.
    validation : Evaluation
        At its end, at temperature zero.
    objective : Objective
        What is minimised.
    config : TrainConfig
        How it was trained; a training that was extended has epochs of several.
    """
    return {
        "epoch": epoch,
        "epochs": config.epochs,
        "train_log_loss": train_log_loss,
        **asdict(validation),
        "objective": validation.log_loss + objective.beta * validation.information_nats,
        "kl_weight": config.kl_weight(epoch / config.epochs),
    }


def epoch_text(line: Line) -> str:
    """An epoch as a line for a person."""
    return (
        f"epoch {line['epoch']:.0f}/{line['epochs']:.0f}: log-loss {line['train_log_loss']:.1f}, "
        f"validation {line['log_loss']:.1f}, {line['information_nats'] / math.log(2):.1f} bits, "
        f"rate {line['firing_rate']:.3f}"
    )


def best_objective(history: Sequence[Line]) -> float:
    """Lowest validation objective of the epochs that count, infinite without any."""
    return min((line["objective"] for line in history if line["kl_weight"] == 1), default=math.inf)


def is_better(line: Line, before: Sequence[Line]) -> bool:
    """Whether an epoch's model takes the place of the best one before."""
    return line["kl_weight"] < 1 or line["objective"] < best_objective(before)


def stale_epochs(history: Sequence[Line], config: TrainConfig) -> int:
    """Epochs since the best one, counted once annealed and trained for as many epochs as now."""
    stale = 0
    for index, line in enumerate(history):
        if is_better(line, history[:index]):
            stale = 0
        elif line["epochs"] == config.epochs:
            stale += line["epoch"] / config.epochs >= config.anneal_fraction
    return stale


def best_epoch(history: Sequence[Line]) -> int:
    """The epoch whose model was kept, from 1; 0 without any."""
    kept = [at for at, line in enumerate(history, 1) if is_better(line, history[: at - 1])]
    return kept[-1] if kept else 0


def read_history(folder: Path) -> list[Line]:
    """Epochs of a training, from its ``metrics.jsonl``; none where there is no such file.

    Raises
    ------
    FileFormatError
        It is none.
    """
    file = folder / "metrics.jsonl"
    if not file.is_file():
        return []
    try:
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        return [{k: float(v) for k, v in line.items()} for line in lines]
    except (ValueError, AttributeError, TypeError) as error:
        raise FileFormatError(message(f"metrics {file}", "a JSON object a line", error)) from error
