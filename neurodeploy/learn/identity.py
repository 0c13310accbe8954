"""What shapes the result of a training, so that a checkpoint is taken for no other's.

An identity is a flat mapping of dotted names to values of JSON, such as ``epochs`` or
``encoder.layers.0.levels.bits``. It holds what a person chooses, and the data. Code, versions of
libraries and the initial weights are not in it; the weights of a checkpoint take their place.
"""

from __future__ import annotations

import functools
import inspect
import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from neurodeploy._io.digest import digest
from neurodeploy.errors import InputError, message
from neurodeploy.learn.data import Source
from neurodeploy.learn.estimators import Estimator
from neurodeploy.learn.objective import Objective
from neurodeploy.learn.schedule import TrainConfig

if TYPE_CHECKING:
    from neurodeploy.model.hybrid import HybridModel

Identity = dict[str, Any]

SHOWN = 8
"""Differences that an error lists."""

LONGEST = 60
"""Characters of a value in an error."""


def model_identity(model: HybridModel) -> Identity:
    """What a model is, apart from the values of its parameters."""
    return _flat(
        {
            "model": type(model).__name__,
            "encoder": model.encoder.identity,
            "decoder": model.decoder.config.to_dict(),
            "parameters": {name: list(tensor.shape) for name, tensor in model.named_parameters()},
        }
    )


def training_identity(
    config: TrainConfig,
    objective: Objective,
    estimator: Estimator,
    train: Source,
    validation: Source,
    started_from: str | None,
) -> Identity:
    """What a training is, apart from its model.

    Parameters
    ----------
    config, objective, estimator, train, validation
        As `Trainer` takes them.
    started_from : str, optional
        Digest of the checkpoint whose weights are fine-tuned.
    """
    heads = {
        name: {"loss": described(loss), "weight": weight}
        for name, (loss, weight) in objective.heads.items()
    }
    return _flat(
        {
            **asdict(config),
            "from": started_from,
            "beta": objective.beta,
            "prior": described(objective.prior),
            "heads": heads,
            "estimator": described(estimator),
            "train": train.identity,
            "validation": validation.identity,
        }
    )


def require_same(held: Identity, wanted: Identity, what: str, where: str, remedy: str) -> None:
    """Refuse a checkpoint whose model or training differs from the one that is wanted.

    Raises
    ------
    InputError
        It does; the message lists what does as ``name: held -> wanted``.
    """
    names = [*wanted, *(name for name in held if name not in wanted)]
    differing = [
        f"{name}: {_short(held.get(name))} -> {_short(wanted.get(name))}"
        for name in names
        if name not in held or name not in wanted or held[name] != wanted[name]
    ]
    if differing:
        more = f"; and {len(differing) - SHOWN} more" if len(differing) > SHOWN else ""
        found = f"another: {'; '.join(differing[:SHOWN])}{more}"
        raise InputError(message(where, f"this {what}", found, remedy))


def described(value: object) -> str:
    """What a prior, loss or estimator is, in words that are the same in every process.

    A ``repr`` of one's own says it; without one it is the name of the class and the attributes,
    for a function its name and what it encloses, for an array or tensor its digest.
    """
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray):
        return digest(value)
    if isinstance(value, functools.partial):
        return _call(described(value.func), dict(enumerate(value.args)) | value.keywords)
    if inspect.isfunction(value):
        name = f"{value.__module__}.{value.__qualname__}"
        enclosed = dict(inspect.getclosurevars(value).nonlocals)
        return _call(name, enclosed) if enclosed else name
    if type(value).__repr__ is object.__repr__:
        return _call(type(value).__qualname__, getattr(value, "__dict__", {}))
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))


def _call(name: str, arguments: Mapping[Any, object]) -> str:
    return f"{name}({', '.join(f'{key}={described(arg)}' for key, arg in arguments.items())})"


def _flat(tree: Mapping[str, Any]) -> Identity:
    """Nested mappings as dotted names, and values as JSON gives them back."""
    found: Identity = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{key}": inner for key, inner in _flat(value).items()}
        else:
            found[name] = json.loads(json.dumps(value))
    return found


def _short(value: object) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
