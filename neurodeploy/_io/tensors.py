"""Tensors on disk: safetensors with JSON notes, whole or not at all, never pickled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from neurodeploy._io.files import atomic_path, require_file
from neurodeploy.errors import FileFormatError, message

MODE = 0o644
"""Of a file, as of those beside it; safetensors would keep it from everybody else."""


def _checksum(tensors: dict[str, torch.Tensor], notes: dict[str, Any]) -> str:
    """Of names, types, shapes and bytes of all tensors, and of the notes."""
    digest = hashlib.sha256(json.dumps(notes).encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def save_tensors(path: Path, tensors: dict[str, torch.Tensor], notes: dict[str, Any]) -> None:
    """Write tensors, with JSON notes in the file's own metadata; whole or not at all.

    Checksum and notes are one entry, for safetensors writes several in an order of chance.
    """
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    metadata = {"notes": json.dumps([_checksum(contiguous, notes), notes])}
    with atomic_path(path) as draft:
        save_file(contiguous, draft, metadata=metadata)
        draft.chmod(MODE)


def load_tensors(path: Path, what: str) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Read what `save_tensors` wrote; earlier releases wrote notes without a checksum.

    Raises
    ------
    FileFormatError
        The file is missing, truncated, changed, or holds no notes of ours.
    """
    tensors, metadata = read_safetensors(path, what)
    try:
        noted = json.loads(metadata.get("notes", "null"))  # a log-loss can be NaN, which is no JSON
    except (ValueError, RecursionError) as error:
        raise FileFormatError(message(f"{what} {path}", "notes as JSON", error)) from error
    match noted:
        case [checksum, dict() as notes]:
            if checksum != _checksum(tensors, notes):
                found = "tensors or notes that were changed since"
                raise FileFormatError(message(f"{what} {path}", "what was written", found))
            return tensors, notes
        case dict():
            return tensors, noted
    raise FileFormatError(message(f"{what} {path}", "notes of neurodeploy", "none"))


def tensor_bytes(build: Callable[[], torch.nn.Module], where: str) -> int:
    """Bytes of the state of a module, without the memory that it would take.

    Raises
    ------
    FileFormatError
        They cannot be counted: more than there are addresses.
    """
    try:
        with torch.device("meta"):
            module = build()
    except (RuntimeError, OverflowError, ValueError) as error:
        raise FileFormatError(message(where, "sizes that memory can hold", error)) from error
    return sum(each.numel() * each.element_size() for each in module.state_dict().values())


def require_bytes(path: Path, what: str, most: int) -> None:
    """Refuse a file that is larger than what it stands for, before it is read.

    Raises
    ------
    FileFormatError
        It is missing, or larger.
    """
    size = require_file(path, what).stat().st_size
    if size > most:
        raise FileFormatError(message(f"{what} {path}", f"at most {most:,} bytes", f"{size:,}"))


def read_safetensors(path: Path, what: str) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Read the tensors and the metadata of anybody's safetensors file.

    Raises
    ------
    FileFormatError
        The file is missing, truncated or no safetensors.
    """
    require_file(path, what)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
        return load_file(path), metadata
    except (SafetensorError, OSError) as error:
        raise FileFormatError(
            message(f"{what} {path}", "a whole safetensors file", error)
        ) from error


def load_state(module: torch.nn.Module, tensors: dict[str, torch.Tensor], where: str) -> None:
    """Put tensors into a module.

    Raises
    ------
    FileFormatError
        Names, shapes or types do not fit the module, or a number is not finite.
    """
    for name, own in module.state_dict().items():
        given = tensors.get(name, own)
        if given.dtype != own.dtype:
            raise FileFormatError(message(f"{where}, {name}", own.dtype, given.dtype))
        if given.is_floating_point() and not torch.isfinite(given).all():
            raise FileFormatError(message(f"{where}, {name}", "finite numbers", "others"))
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        raise FileFormatError(
            message(where, "the tensors of this model", str(error).splitlines()[-1].strip())
        ) from error
