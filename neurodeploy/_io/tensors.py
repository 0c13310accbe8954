"""Tensors on disk: safetensors with JSON notes, whole or not at all, never pickled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from neurodeploy._io.files import atomic_path, require_file
from neurodeploy.errors import FileFormatError, message

MODE = 0o644
"""Of a file, as of those beside it; safetensors would keep it from everybody else."""


def save_tensors(path: Path, tensors: dict[str, torch.Tensor], notes: dict[str, Any]) -> None:
    """Write tensors, with JSON notes in the file's own metadata; whole or not at all."""
    contiguous = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    with atomic_path(path) as draft:
        save_file(contiguous, draft, metadata={"notes": json.dumps(notes)})
        draft.chmod(MODE)


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
