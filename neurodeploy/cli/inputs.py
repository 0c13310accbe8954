"""Where a command's input spikes come from: a file, or the test part of a task."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from neurodeploy._io.arrays import load_array

if TYPE_CHECKING:
    from neurodeploy.deploy.bundle import Bundle


def input_spikes(
    file: Path | None, data: str | None, samples: int, seed: int, bundle: Bundle | None
) -> np.ndarray:
    """Spikes of a file, or test samples of a task, encoded as the bundle says if there is one.

    Raises
    ------
    InputError
        There is no such task, or it cannot be encoded so.
    FileFormatError
        The file cannot be read.
    """
    if file is not None:
        return load_array(file, "input")
    from neurodeploy.tasks import collect, task

    chosen = task(str(data))
    if bundle is not None:
        chosen = chosen.with_signal(bundle.encoding)
    batch = collect(chosen.sources(chosen.splits()).test, seed, samples)
    return batch.spikes.numpy().astype(np.uint8)
