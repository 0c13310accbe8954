"""How often a client may ask: a bucket of requests each, filled at a rate."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

MOST_CLIENTS = 10_000
"""That are remembered, until their bucket is full again; the oldest are forgotten first."""


class Rates:
    """Buckets by client.

    Parameters
    ----------
    per_s : float
        Requests that come in a second.
    burst : int
        That a bucket holds.
    clock : function
        Seconds.
    """

    def __init__(
        self, per_s: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.per_s, self.burst, self._clock = per_s, burst, clock
        self._filled: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def wait_s(self, client: Hashable) -> float:
        """Take one request: 0.0, or in how many seconds there will be one; then none is taken."""
        now = self._clock()
        left, at = self._filled.pop(client, (float(self.burst), now))
        left = min(self.burst, left + (now - at) * self.per_s)
        wait = 0.0 if left >= 1 else (1 - left) / self.per_s
        self._filled[client] = (left - (wait == 0.0), now)
        self._forget(now)
        return wait

    def _forget(self, now: float) -> None:
        while len(self._filled) > 1:
            left, at = next(iter(self._filled.values()))
            full = left + (now - at) * self.per_s >= self.burst
            if not full and len(self._filled) <= MOST_CLIENTS:
                return
            self._filled.popitem(last=False)
