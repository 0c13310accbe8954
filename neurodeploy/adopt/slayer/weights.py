"""A person's SLAYER module by name, with its trained weights.

Code runs only of the file or the import path that the person gave, and weights are read without
running any.
"""

from __future__ import annotations

import importlib.util
import pickle
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from neurodeploy._io.files import require_file
from neurodeploy._io.imports import resolve
from neurodeploy._io.lava import lava_imports
from neurodeploy._io.tensors import read_safetensors
from neurodeploy.errors import FileFormatError, InputError, NeurodeployError, message

Tensors = dict[str, torch.Tensor]

NESTED = ("state_dict", "model_state_dict", "model")
"""Under which of these names checkpoints keep the tensors of a module beside other things."""

LEFT_OVER = "spike_state"
"""A buffer of recurrent blocks: what the last batch of training left."""


def load_module(source: str, weights: Path | str | None = None) -> torch.nn.Module:
    """Make a module of the class that a person names, and load its weights.

    Parameters
    ----------
    source : str
        ``path/to/model.py:Net`` or ``package.module:Net``; a class, or a function, that makes the
        module without arguments.
    weights : path, optional
        What ``torch.save(module.state_dict(), path)`` wrote, or a safetensors file.

    Returns
    -------
    torch.nn.Module
        Evaluating. Delays, decays and norms that SLAYER makes in the first run have the shapes
        of the file.

    Raises
    ------
    InputError
        The class cannot be imported, or not be made without arguments, or makes no module.
    FileFormatError
        The weights are missing, hold more than tensors, or do not fit the module; the message
        names what is missing and what is not expected.
    MissingPackageError
        lava-dl is not installed.
    """
    with lava_imports():
        module = _made(_found(source), f"module {source!r}")
    if weights is not None:
        fit_weights(module, read_weights(weights), f"weights {weights}")
    return module.eval()


def _found(source: str) -> Any:
    """The class or function itself."""
    file, _, name = source.rpartition(":")
    if not file or not name:
        expected = "path/to/model.py:Net or package.module:Net"
        raise InputError(message("module", expected, repr(source)))
    if not file.endswith(".py"):
        return resolve("module", source, {}, "")
    found: Any = _imported(require_file(Path(file), "module"))
    for part in name.split("."):
        if not hasattr(found, part):
            raise InputError(message(f"module {source!r}", f"{name!r} in {file}", "none"))
        found = getattr(found, part)
    return found


def _imported(path: Path) -> ModuleType:
    """A file as a module; it finds what lies beside it, as ``python path`` would."""
    spec = importlib.util.spec_from_file_location(f"neurodeploy_given_{path.stem}", path)
    assert spec is not None  # the suffix is .py
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    except NeurodeployError:
        raise
    except Exception as error:  # a person's module may fail in any way while it is imported
        said = f"{type(error).__name__}: {error}"
        raise InputError(message(f"module {path}", "a file that imports", said)) from error
    finally:
        sys.path.remove(str(path.parent.resolve()))
    return module


def _made(found: Any, where: str) -> torch.nn.Module:
    if isinstance(found, torch.nn.Module):
        return found
    if not callable(found):
        raise InputError(message(where, "a class of a torch module", f"a {type(found).__name__}"))
    try:
        module = found()
    except Exception as error:  # a person's class may fail in any way while it is made
        said = f"{type(error).__name__}: {error}"
        remedy = "Name a function that makes it, such as model.py:make."
        raise InputError(
            message(where, "a class that is made without arguments", said, remedy)
        ) from error
    if not isinstance(module, torch.nn.Module):
        raise InputError(message(where, "a torch module", f"a {type(module).__name__}"))
    return module


def read_weights(path: Path | str) -> Tensors:
    """Read the tensors of a module, of a PyTorch checkpoint or a safetensors file; run no code.

    Raises
    ------
    FileFormatError
        The file is missing, or holds more than tensors.
    """
    path = require_file(path, "weights")
    with path.open("rb") as file:
        header = file.read(9)
    if header[8:9] == b"{":
        return read_safetensors(path, "weights")[0]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            held = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if not header.startswith((b"PK", b"\x80")):
            expected = "a PyTorch checkpoint or a safetensors file"
            raise FileFormatError(message(f"weights {path}", expected, "neither")) from error
        remedy = (
            "It holds Python objects, and to open them runs their code. Save the tensors alone: "
            "torch.save(module.state_dict(), path)."
        )
        raise FileFormatError(
            message(f"weights {path}", "tensors alone", "a pickle of other objects", remedy)
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        expected = "a PyTorch checkpoint or a safetensors file"
        found = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FileFormatError(message(f"weights {path}", expected, found)) from error
    return _tensors(held, f"weights {path}")


def _tensors(held: Any, where: str) -> Tensors:
    if isinstance(held, dict) and not all(isinstance(each, torch.Tensor) for each in held.values()):
        inside = [name for name in NESTED if isinstance(held.get(name), dict)]
        held = held[inside[0]] if inside else held
    if not isinstance(held, dict):
        raise FileFormatError(message(where, "tensors by name", f"a {type(held).__name__}"))
    for name, each in held.items():
        if not isinstance(each, torch.Tensor):
            remedy = f"Save module.state_dict(), or put it under one of {', '.join(NESTED)}."
            found = f"{name!r}, a {type(each).__name__}"
            raise FileFormatError(message(where, "tensors by name", found, remedy))
    if held and all(name.startswith("module.") for name in held):  # of DataParallel
        held = {name.removeprefix("module."): each for name, each in held.items()}
    return dict(held)


def fit_weights(module: torch.nn.Module, tensors: Tensors, where: str) -> None:
    """Load tensors into a module, that of SLAYER's which have their shape from the first run too.

    Raises
    ------
    FileFormatError
        Names or shapes do not fit the module.
    """
    tensors = {name: each for name, each in tensors.items() if not name.endswith(LEFT_OVER)}
    for name, submodule in module.named_modules():
        prefix = f"{name}." if name else ""
        if f"{prefix}weight" in tensors and hasattr(submodule, "weight_g"):
            submodule.disable_weight_norm()  # as export_hdf5 does, if it ran before they were saved
        if type(submodule).__module__.startswith("lava.lib.dl.slayer."):
            own = dict(submodule.named_parameters(recurse=False))
            own |= dict(submodule.named_buffers(recurse=False))
            given = {each: tensors.get(f"{prefix}{each}") for each in own}
            _shape_as_run(submodule, own, given)
    mine = {key: each for key, each in module.state_dict().items() if not key.endswith(LEFT_OVER)}
    missing, unexpected = sorted(mine.keys() - tensors), sorted(tensors.keys() - mine)
    if missing or unexpected:
        lacks = f"without {', '.join(missing)}" if missing else "all of them"
        more = f", and {', '.join(unexpected)} besides" if unexpected else ""
        raise FileFormatError(message(where, "the tensors of this module", f"{lacks}{more}"))
    wrong = [key for key in mine if mine[key].shape != tensors[key].shape]
    if wrong:
        key = wrong[0]
        found = f"{key} of {tuple(tensors[key].shape)}"
        raise FileFormatError(message(where, f"{key} of {tuple(mine[key].shape)}", found))
    module.load_state_dict(tensors, strict=False)


def _shape_as_run(submodule: Any, own: Tensors, given: Mapping[str, torch.Tensor | None]) -> None:
    """Give tensors that SLAYER makes in its first run the shapes that it would have made.

    Else it would draw them anew in that run, whatever was loaded.
    """
    for name, each in given.items():
        if each is not None and own[name].numel() == 1 and own[name].shape != each.shape:
            own[name].data = torch.zeros_like(each)
            if hasattr(submodule, f"{name}_min"):  # draws a decay between these two
                drawn = each / submodule.p_scale
                setattr(submodule, f"{name}_min", drawn)
                setattr(submodule, f"{name}_max", drawn)
            elif name == "sin_decay":
                submodule.shape = each.shape
    delay = given.get("delay")
    if delay is not None:
        submodule.init = delay.numel() > 1 or bool(delay.any())
