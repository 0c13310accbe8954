"""What a compiled kernel takes: one array of numbers, and in it where other arrays lie."""

from __future__ import annotations

import numpy as np

from neurodeploy.engines.native.layout import FIRST_SLOT, NUMBERS, SLOT


class Arguments:
    """The numbers of `layout`; whoever places an array keeps it as long as kernels may run."""

    def __init__(self) -> None:
        self.numbers = np.zeros(NUMBERS, np.int64)
        self.address = self.numbers.ctypes.data

    def place(self, slot: int, *arrays: np.ndarray) -> None:
        """Say where contiguous arrays lie, those of a tuple from its first slot on."""
        for array in arrays:
            start = FIRST_SLOT + SLOT * slot
            shape = self.numbers[start + 1 : start + 1 + array.ndim]
            self.numbers[start], shape[:] = array.ctypes.data, array.shape
            slot += 1
