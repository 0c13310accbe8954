"""Training state on disk: safetensors and JSON, atomic, never pickled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from neurodeploy.errors import FileFormatError, message
from neurodeploy.files import atomic_path, require_file


def save_tensors(path: Path, tensors: dict[str, torch.Tensor], notes: dict[str, Any]) -> None:
    """Write tensors, with JSON notes in the file's own metadata; whole or not at all."""
    contiguous = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    with atomic_path(path) as draft:
        save_file(contiguous, draft, metadata={"notes": json.dumps(notes)})


def load_tensors(path: Path, what: str) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Read what `save_tensors` wrote.

    Raises
    ------
    FileFormatError
        The file is missing, truncated, or holds no notes of ours.
    """
    require_file(path, what)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
        return load_file(path), json.loads(metadata.get("notes", "{}"))
    except (SafetensorError, json.JSONDecodeError, OSError) as error:
        raise FileFormatError(
            message(f"{what} {path}", "a whole safetensors file", error)
        ) from error


def load_state(module: torch.nn.Module, tensors: dict[str, torch.Tensor], where: str) -> None:
    """Put tensors into a module.

    Raises
    ------
    FileFormatError
        Names or shapes do not fit the module.
    """
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        raise FileFormatError(
            message(where, "the tensors of this model", str(error).splitlines()[-1].strip())
        ) from error


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
