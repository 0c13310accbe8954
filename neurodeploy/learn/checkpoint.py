"""Training state on disk: a model, its optimizer's moments and where training stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from neurodeploy._io.tensors import load_state, load_tensors, save_tensors
from neurodeploy.errors import FileFormatError, message


def save_training(
    path: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer, notes: dict[str, Any]
) -> None:
    """Write a model and its optimizer's moments."""
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": tensor for name, tensor in state.items()}
    save_tensors(path, tensors, notes)


def restore_training(
    tensors: dict[str, torch.Tensor],
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    where: str,
) -> None:
    """Put the tensors that `save_training` wrote back into a model and its optimizer.

    Raises
    ------
    FileFormatError
        They are of another model, or have names that `save_training` does not give.
    """
    model_tensors: dict[str, torch.Tensor] = {}
    moments: dict[int, dict[str, torch.Tensor]] = {}
    for key, tensor in tensors.items():
        owner, _, name = key.partition(".")
        index, _, moment = name.partition(".")
        if owner == "model":
            model_tensors[name] = tensor
        elif owner == "optimizer" and index.isdigit():
            moments.setdefault(int(index), {})[moment] = tensor
        else:
            raise FileFormatError(message(where, "tensors of a model and optimizer", key))
    load_state(model, model_tensors, where)
    optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})


def load_model(model: torch.nn.Module, path: Path | str) -> None:
    """Put the tensors of a ``best.safetensors`` into a model.

    Raises
    ------
    FileFormatError
        The file is missing, damaged, or of another model.
    """
    tensors, _ = load_tensors(Path(path), "checkpoint")
    load_state(model, tensors, f"checkpoint {path}")
