"""What is searched in training: each parameter of a task, its range, and how it is applied."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from neurodeploy._io.imports import import_path
from neurodeploy.learn.objective import ConstantRate
from neurodeploy.signals.encode import Encoding, encoding_from_dict
from neurodeploy.tasks import ImageTask, Task

DELAY_STEPS = 16
"""Largest delay that is searched, unless the task has a larger one."""

DECODERS = ("linear", "mlp", "rate", "counts")
"""Readers that are searched: all that a host pays from a few products to a whole window's."""


@dataclass(frozen=True, kw_only=True)
class SearchParameter:
    """Something that changes a task.

    Parameters
    ----------
    current : float or int
        What the task has.
    distribution : Optuna distribution
        What is searched; it holds ``current``.
    apply : callable
        Gives the task with a value.
    """

    current: Any
    distribution: BaseDistribution
    apply: Callable[[Task[Any], Any], Task[Any]]


def search_space(task: Task[Any]) -> dict[str, SearchParameter]:
    """Everything that `tune` searches in training, by name, around what a task has.

    ``prior_rate`` is searched if the prior has one, ``beta`` if it is not 0, ``steps`` if the task
    encodes images itself, the width of each hidden layer that is a number of neurons, and kind and
    width of the decoder if it is one of `DECODERS` and answers at the end of a sample.
    """
    table: dict[str, SearchParameter] = {}
    if isinstance(task.prior, ConstantRate):
        rate = task.prior.rate
        table["prior_rate"] = SearchParameter(
            current=rate,
            distribution=FloatDistribution(rate / 4, min(4 * rate, 0.9), log=True),
            apply=lambda task, value: replace(task, prior=ConstantRate(value)),
        )
    if isinstance(task, ImageTask):
        table["steps"] = SearchParameter(
            current=task.signal.steps,
            distribution=IntDistribution(_least_steps(task), task.signal.steps),
            apply=lambda task, value: task.with_signal(_with_steps(task.signal, value)),
        )
    threshold = task.neuron.threshold
    table["threshold"] = SearchParameter(
        current=threshold,
        distribution=FloatDistribution(threshold / 2, 2 * threshold, log=True),
        apply=lambda task, value: replace(task, neuron=replace(task.neuron, threshold=value)),
    )
    table["readout"] = SearchParameter(
        current=task.readout,
        distribution=_widths(task.readout),
        apply=lambda task, value: replace(task, readout=value),
    )
    for at, layer in enumerate(task.hidden):
        if isinstance(layer, int):
            table[f"hidden {at}"] = SearchParameter(
                current=layer, distribution=_widths(layer), apply=_set_width(at)
            )
    if task.decoder in DECODERS and not task.streaming:
        table["decoder"] = SearchParameter(
            current=task.decoder,
            distribution=CategoricalDistribution(DECODERS),
            apply=lambda task, value: replace(task, decoder=value),
        )
        table["decoder_hidden"] = SearchParameter(
            current=task.decoder_hidden,
            distribution=IntDistribution(
                -(-task.decoder_hidden // 16), task.decoder_hidden, log=True
            ),
            apply=lambda task, value: replace(task, decoder_hidden=value),
        )
    if task.beta > 0:
        table["beta"] = SearchParameter(
            current=task.beta,
            distribution=FloatDistribution(task.beta / 10, 10 * task.beta, log=True),
            apply=lambda task, value: replace(task, beta=value),
        )
    table["delay_steps"] = SearchParameter(
        current=task.delay_steps,
        distribution=IntDistribution(0, max(DELAY_STEPS, task.delay_steps)),
        apply=lambda task, value: replace(task, delay_steps=value),
    )
    return table


def with_parameters(task: Task[Any], values: Mapping[str, Any]) -> Task[Any]:
    """A task with other values of some of its `search_space`."""
    table = search_space(task)
    for name, value in values.items():
        task = table[name].apply(task, value)
    return task


def describe(task: Task[Any]) -> dict[str, Any]:
    """All of a task, for JSON: fields by name, and the class of whatever has fields."""
    plain: dict[str, Any] = _plain(task)
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, type):
        return import_path(value)
    if is_dataclass(value):
        parts = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        return {"class": type(value).__qualname__, **parts}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else repr(value)


def fingerprint(task: Task[Any]) -> str:
    """A short name that equal tasks share."""
    text = json.dumps(describe(task), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _widths(neurons: int) -> IntDistribution:
    return IntDistribution(-(-neurons // 4), neurons + neurons // 2, log=True)


def _set_width(at: int) -> Callable[[Task[Any], int], Task[Any]]:
    def with_width(task: Task[Any], neurons: int) -> Task[Any]:
        return replace(task, hidden=(*task.hidden[:at], neurons, *task.hidden[at + 1 :]))

    return with_width


def _least_steps(task: Task[Any]) -> int:
    """A quarter of the steps, but enough for the layers and for the encoding's levels."""
    layers, levels = len(task.hidden) + 1, getattr(task.signal, "levels", 1)
    return min(task.signal.steps, max(task.signal.steps // 4, layers + 1, levels))


def _with_steps(encoding: Encoding, steps: int) -> Encoding:
    return encoding_from_dict({**encoding.to_dict(), "steps": steps})
