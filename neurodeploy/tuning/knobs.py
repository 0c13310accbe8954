"""What is searched in training: each knob of a task, its range, and how it is turned."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from neurodeploy.signals.encode import Encoding, encoding_from_dict
from neurodeploy.tasks import ImageTask


@dataclass(frozen=True, kw_only=True)
class Knob:
    """Something that changes a task.

    Parameters
    ----------
    own : float, int or bool
        What the task has.
    range : Optuna distribution
        What is searched; it holds ``own``.
    turn : callable
        Gives the task with a value.
    """

    own: Any
    range: BaseDistribution
    turn: Callable[[ImageTask, Any], ImageTask]


def knobs(task: ImageTask) -> dict[str, Knob]:
    """Everything that `tune` searches in training, by name, around what a task has.

    ``beta`` is searched if it is not 0, ``delays`` if tasks have them.
    """
    threshold = task.neuron.threshold
    table = {
        "prior_rate": Knob(
            own=task.prior_rate,
            range=FloatDistribution(task.prior_rate / 4, min(4 * task.prior_rate, 0.9), log=True),
            turn=lambda task, value: replace(task, prior_rate=value),
        ),
        "steps": Knob(
            own=task.encoding.steps,
            range=IntDistribution(_least_steps(task), task.encoding.steps),
            turn=lambda task, value: replace(task, encoding=_with_steps(task.encoding, value)),
        ),
        "threshold": Knob(
            own=threshold,
            range=FloatDistribution(threshold / 2, 2 * threshold, log=True),
            turn=lambda task, value: replace(task, neuron=replace(task.neuron, threshold=value)),
        ),
        "readout": Knob(
            own=task.readout,
            range=_widths(task.readout),
            turn=lambda task, value: replace(task, readout=value),
        ),
    }
    for at, neurons in enumerate(task.hidden):
        table[f"hidden {at}"] = Knob(own=neurons, range=_widths(neurons), turn=_turn_width(at))
    if task.beta > 0:
        table["beta"] = Knob(
            own=task.beta,
            range=FloatDistribution(task.beta / 10, 10 * task.beta, log=True),
            turn=lambda task, value: replace(task, beta=value),
        )
    if "delays" in vars(task):
        table["delays"] = Knob(
            own=vars(task)["delays"],
            range=CategoricalDistribution((False, True)),
            turn=lambda task, value: replace(task, **{"delays": value}),
        )
    return table


def turned(task: ImageTask, values: Mapping[str, Any]) -> ImageTask:
    """A task with some of its `knobs` turned."""
    table = knobs(task)
    for name, value in values.items():
        task = table[name].turn(task, value)
    return task


def describe(task: ImageTask) -> dict[str, Any]:
    """All of a task, for JSON."""
    whole = {**asdict(task), "encoding": task.encoding.to_dict()}
    plain: dict[str, Any] = json.loads(json.dumps(whole))
    return plain


def fingerprint(task: ImageTask) -> str:
    """A short name that equal tasks share."""
    text = json.dumps(describe(task), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _widths(neurons: int) -> IntDistribution:
    return IntDistribution(-(-neurons // 4), neurons + neurons // 2, log=True)


def _turn_width(at: int) -> Callable[[ImageTask, int], ImageTask]:
    def turn(task: ImageTask, neurons: int) -> ImageTask:
        return replace(task, hidden=(*task.hidden[:at], neurons, *task.hidden[at + 1 :]))

    return turn


def _least_steps(task: ImageTask) -> int:
    """A quarter of the steps, but enough for the layers and for the encoding's levels."""
    layers, levels = len(task.hidden) + 1, getattr(task.encoding, "levels", 1)
    return min(task.encoding.steps, max(task.encoding.steps // 4, layers + 1, levels))


def _with_steps(encoding: Encoding, steps: int) -> Encoding:
    return encoding_from_dict({**encoding.to_dict(), "steps": steps})
