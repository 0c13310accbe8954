"""What is searched in training: each parameter of a task, its range, and how it is applied."""

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
class SearchParameter:
    """Something that changes a task.

    Parameters
    ----------
    current : float, int or bool
        What the task has.
    distribution : Optuna distribution
        What is searched; it holds ``current``.
    apply : callable
        Gives the task with a value.
    """

    current: Any
    distribution: BaseDistribution
    apply: Callable[[ImageTask, Any], ImageTask]


def search_space(task: ImageTask) -> dict[str, SearchParameter]:
    """Everything that `tune` searches in training, by name, around what a task has.

    ``beta`` is searched if it is not 0, ``delays`` if tasks have them.
    """
    threshold = task.neuron.threshold
    table = {
        "prior_rate": SearchParameter(
            current=task.prior_rate,
            distribution=FloatDistribution(
                task.prior_rate / 4, min(4 * task.prior_rate, 0.9), log=True
            ),
            apply=lambda task, value: replace(task, prior_rate=value),
        ),
        "steps": SearchParameter(
            current=task.encoding.steps,
            distribution=IntDistribution(_least_steps(task), task.encoding.steps),
            apply=lambda task, value: replace(task, encoding=_with_steps(task.encoding, value)),
        ),
        "threshold": SearchParameter(
            current=threshold,
            distribution=FloatDistribution(threshold / 2, 2 * threshold, log=True),
            apply=lambda task, value: replace(task, neuron=replace(task.neuron, threshold=value)),
        ),
        "readout": SearchParameter(
            current=task.readout,
            distribution=_widths(task.readout),
            apply=lambda task, value: replace(task, readout=value),
        ),
    }
    for at, neurons in enumerate(task.hidden):
        table[f"hidden {at}"] = SearchParameter(
            current=neurons, distribution=_widths(neurons), apply=_set_width(at)
        )
    if task.beta > 0:
        table["beta"] = SearchParameter(
            current=task.beta,
            distribution=FloatDistribution(task.beta / 10, 10 * task.beta, log=True),
            apply=lambda task, value: replace(task, beta=value),
        )
    if "delays" in vars(task):
        table["delays"] = SearchParameter(
            current=vars(task)["delays"],
            distribution=CategoricalDistribution((False, True)),
            apply=lambda task, value: replace(task, **{"delays": value}),
        )
    return table


def with_parameters(task: ImageTask, values: Mapping[str, Any]) -> ImageTask:
    """A task with other values of some of its `search_space`."""
    table = search_space(task)
    for name, value in values.items():
        task = table[name].apply(task, value)
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


def _set_width(at: int) -> Callable[[ImageTask, int], ImageTask]:
    def with_width(task: ImageTask, neurons: int) -> ImageTask:
        return replace(task, hidden=(*task.hidden[:at], neurons, *task.hidden[at + 1 :]))

    return with_width


def _least_steps(task: ImageTask) -> int:
    """A quarter of the steps, but enough for the layers and for the encoding's levels."""
    layers, levels = len(task.hidden) + 1, getattr(task.encoding, "levels", 1)
    return min(task.encoding.steps, max(task.encoding.steps // 4, layers + 1, levels))


def _with_steps(encoding: Encoding, steps: int) -> Encoding:
    return encoding_from_dict({**encoding.to_dict(), "steps": steps})
