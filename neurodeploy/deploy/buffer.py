"""A bounded queue between the network and a host that may be slower.

==============  ================================================================================
`BLOCK`         the network waits until there is room, and with it the source; nothing is lost
`DROP_OLDEST`   what has waited longest is dropped for what comes
`LATEST`        everything that waits is dropped for what comes
==============  ================================================================================
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

from neurodeploy.deploy.policies import BLOCK, LATEST

T = TypeVar("T")

JOIN_S = 1.0
"""How long the end of a stream waits for a source that is being read."""


class Buffer(Generic[T]):
    """At most so many items, put by one thread and taken by another.

    Parameters
    ----------
    most : int
        Items that wait at a time.
    policy : str
        One of `POLICIES`.
    """

    def __init__(self, most: int, policy: str) -> None:
        self.most, self.policy = most, policy
        self.dropped = 0
        self._items: deque[T] = deque()
        self._error: BaseException | None = None
        self._ended = False
        self._changed = threading.Condition()

    def put(self, item: T) -> bool:
        """Add an item by the policy; False where nobody takes any more."""
        with self._changed:
            if self.policy == BLOCK:
                self._changed.wait_for(lambda: self._ended or len(self._items) < self.most)
            if self._ended:
                return False
            if len(self._items) >= self.most:
                gone = len(self._items) if self.policy == LATEST else 1
                for _ in range(gone):
                    self._items.popleft()
                self.dropped += gone
            self._items.append(item)
            self._changed.notify_all()
            return True

    def end(self, error: BaseException | None = None) -> None:
        """Say that nothing follows, or why; what waits is still taken."""
        with self._changed:
            self._ended, self._error = True, self._error or error
            self._changed.notify_all()

    def __iter__(self) -> Iterator[T]:
        """Take items until nothing follows.

        Raises
        ------
        BaseException
            What `end` was given, after all items before it.
        """
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._ended or bool(self._items))
                if not self._items:
                    if self._error is not None:
                        raise self._error
                    return
                item = self._items.popleft()
                self._changed.notify_all()
            yield item


def run_ahead(items: Iterator[T], buffer: Buffer[T]) -> Iterator[T]:
    """Yield what an iterator gives, which a thread of its own takes ahead into a buffer.

    When this generator is closed the thread ends after the item that it is at.
    """

    def fill() -> None:
        error: BaseException | None = None
        try:
            for item in items:
                if not buffer.put(item):
                    break
        except BaseException as raised:
            error = raised
        close = getattr(items, "close", None)
        if close is not None:
            close()
        buffer.end(error)

    thread = threading.Thread(target=fill, name="stream", daemon=True)
    thread.start()
    try:
        yield from buffer
    finally:
        buffer.end()
        thread.join(JOIN_S)
