"""Training state on disk: a model, its optimizer's moments and where training stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from neurodeploy._io.tensors import load_state, load_tensors, save_tensors
from neurodeploy.errors import FileFormatError, message
from neurodeploy.learn.identity import Identity, model_identity, require_same

if TYPE_CHECKING:
    from neurodeploy.learn.estimators import EstimatorState
    from neurodeploy.model.hybrid import HybridModel

RESUMED = ("training", "model", "history")
"""Notes of a ``last.safetensors`` that resuming needs."""


def save_training(
    path: Path,
    model: HybridModel,
    optimizer: torch.optim.Optimizer,
    estimator_state: EstimatorState,
    notes: Mapping[str, Any],
) -> None:
    """Write a ``last.safetensors``: a model, what it is, and what its training remembers."""
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": tensor for name, tensor in state.items()}
    tensors |= {f"estimator.{name}": tensor for name, tensor in estimator_state.items()}
    save_tensors(path, tensors, {**notes, "model": model_identity(model)})


def load_training(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Tensors and notes of a ``last.safetensors``.

    Raises
    ------
    FileFormatError
        The file is missing, damaged or of an earlier version.
    """
    tensors, notes = load_tensors(path, "checkpoint")
    _require_notes(notes, RESUMED, f"checkpoint {path}")
    # Earlier versions noted what an estimator remembered as numbers.
    for name, kept in notes.get("estimator_state", {}).items():
        tensors[f"estimator.{name}"] = torch.tensor(kept, dtype=torch.float64)
    return tensors, notes


def restore_training(
    tensors: dict[str, torch.Tensor],
    model: HybridModel,
    optimizer: torch.optim.Optimizer,
    where: str,
) -> EstimatorState:
    """Put the tensors that `save_training` wrote back into a model and its optimizer.

    Returns
    -------
    dict of str to Tensor
        What the estimator remembered.

    Raises
    ------
    FileFormatError
        They are of another model, or have names that `save_training` does not give.
    """
    model_tensors: dict[str, torch.Tensor] = {}
    estimator_state: EstimatorState = {}
    moments: dict[int, dict[str, torch.Tensor]] = {}
    for key, tensor in tensors.items():
        owner, _, name = key.partition(".")
        index, _, moment = name.partition(".")
        if owner == "model":
            model_tensors[name] = tensor
        elif owner == "estimator":
            estimator_state[name] = tensor
        elif owner == "optimizer" and index.isdigit():
            moments.setdefault(int(index), {})[moment] = tensor
        else:
            raise FileFormatError(
                message(where, "tensors of a model, optimizer and estimator", key)
            )
    load_state(model, model_tensors, where)
    optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
    return estimator_state


def save_model(path: Path, model: HybridModel, notes: Mapping[str, Any]) -> None:
    """Write a ``best.safetensors``: a model's weights, and what the model is."""
    save_tensors(path, dict(model.state_dict()), {**notes, "model": model_identity(model)})


def load_model(model: HybridModel, path: Path | str) -> dict[str, Any]:
    """Put the weights of a ``best.safetensors`` or a ``last.safetensors`` into a model.

    Returns
    -------
    dict of str to JSON
        What its training was, as in `training_identity`.

    Raises
    ------
    FileFormatError
        The file is missing, damaged or of an earlier version.
    InputError
        It is of another model, such as one with other weight levels; the message says what
        differs.
    """
    where = f"checkpoint {path}"
    tensors, notes = load_tensors(Path(path), "checkpoint")
    _require_notes(notes, ("model",), where)
    remedy = "Make the model as it was made for the training."
    require_same(notes["model"], model_identity(model), "model", where, remedy)
    of_last = {
        name.removeprefix("model."): tensor
        for name, tensor in tensors.items()
        if name.startswith("model.")
    }
    load_state(model, of_last or tensors, where)
    training: dict[str, Any] = notes.get("training", {})
    return training


def model_notes(path: Path | str) -> Identity:
    """What the model of a checkpoint is, as `model_identity` says it.

    Raises
    ------
    FileFormatError
        The file is missing, damaged or of an earlier version.
    """
    _, notes = load_tensors(Path(path), "checkpoint")
    _require_notes(notes, ("model",), f"checkpoint {path}")
    identity: Identity = notes["model"]
    return identity


def started_from(path: Path | str) -> str | None:
    """Digest of the checkpoint whose weights were fine-tuned, None where training began anew.

    Raises
    ------
    FileFormatError
        The file is missing or damaged.
    """
    _, notes = load_tensors(Path(path), "checkpoint")
    start: str | None = notes.get("training", {}).get("from")
    return start


def _require_notes(notes: Mapping[str, Any], names: Sequence[str], where: str) -> None:
    missing = [name for name in names if name not in notes]
    if missing:
        remedy = "An earlier version wrote it: train anew, or go on with that version."
        raise FileFormatError(message(where, f"notes on {', '.join(missing)}", "none", remedy))
