"""N-MNIST's files (Orchard et al. 2015): 40 bits an event, big-endian.

x (8 bits), y (8), polarity (1), microseconds (23); 34 x 34 pixels.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neurodeploy.errors import FileFormatError, message
from neurodeploy.signals.sources.camera import CameraEvents, events_of

SHAPE = (2, 34, 34)
BYTES = 5


def read_nmnist(path: Path, shape: tuple[int, ...] | None = None) -> CameraEvents:
    """Events of one file.

    Raises
    ------
    FileFormatError
        It is not a whole number of events, or one lies outside the sensor.
    """
    data = np.fromfile(path, np.uint8)
    if data.size % BYTES:
        expected = f"a multiple of {BYTES} bytes, N-MNIST's events"
        raise FileFormatError(message(f"events {path}", expected, f"{data.size} bytes"))
    x, y, high, middle, low = data.reshape(-1, BYTES).astype(np.int64).T
    columns = {"x": x, "y": y, "p": high >> 7, "t": (high & 127) << 16 | middle << 8 | low}
    return events_of(f"events {path}", columns, time_unit="us", shape=shape or SHAPE)
