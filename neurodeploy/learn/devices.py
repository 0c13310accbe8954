"""Where a model is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodeploy.errors import InputError, message

if TYPE_CHECKING:
    from neurodeploy.model.hybrid import HybridModel


def on_device(model: HybridModel, device: str) -> HybridModel:
    """Move a model to a device by PyTorch's name of it, such as ``cuda:0``.

    Raises
    ------
    InputError
        This machine, or this PyTorch, has no such device.
    """
    try:
        return model.to(device)
    except (RuntimeError, AssertionError) as error:
        said = str(error).splitlines()[0]
        raise InputError(
            message("device", "one that PyTorch has here", f"{device}: {said}")
        ) from error
