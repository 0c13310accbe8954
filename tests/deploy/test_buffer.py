"""What waits for a slow host, by each policy."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from neurodeploy.deploy.buffer import Buffer, run_ahead
from neurodeploy.deploy.policies import BLOCK, DROP_OLDEST, LATEST


def filled(policy: str, items: int) -> Buffer[int]:
    buffer: Buffer[int] = Buffer(3, policy)
    for item in range(items):
        assert buffer.put(item)
    buffer.end()
    return buffer


@pytest.mark.parametrize(
    ("policy", "items", "kept", "dropped"),
    [
        (BLOCK, 3, [0, 1, 2], 0),
        (DROP_OLDEST, 3, [0, 1, 2], 0),
        (DROP_OLDEST, 8, [5, 6, 7], 5),
        (LATEST, 3, [0, 1, 2], 0),
        (LATEST, 4, [3], 3),
        (LATEST, 8, [6, 7], 6),
    ],
)
def test_what_is_kept_and_counted(policy: str, items: int, kept: list[int], dropped: int) -> None:
    buffer = filled(policy, items)
    assert list(buffer) == kept
    assert buffer.dropped == dropped == items - len(kept)


def test_block_waits_for_room_and_loses_nothing() -> None:
    buffer: Buffer[int] = Buffer(2, BLOCK)
    made: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(50):
            made.append(number)
            yield number

    ahead = run_ahead(numbers(), buffer)
    assert next(ahead) == 0
    time.sleep(0.05)
    assert len(made) <= 4  # one taken, two that wait, one in hand
    assert list(ahead) == list(range(1, 50))
    assert buffer.dropped == 0


def test_an_error_comes_after_what_was_before_it() -> None:
    def failing() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("broken")

    ahead = run_ahead(failing(), Buffer(8, BLOCK))
    assert (next(ahead), next(ahead)) == (1, 2)
    with pytest.raises(ValueError, match="broken"):
        next(ahead)


@pytest.mark.parametrize("policy", [BLOCK, DROP_OLDEST])
def test_who_stops_listening_ends_the_thread_and_the_source(policy: str) -> None:
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 0
        finally:
            closed.set()

    ahead = run_ahead(endless(), Buffer(2, policy))
    next(ahead)
    ahead.close()  # type: ignore[attr-defined]
    assert closed.wait(2)
    assert not [thread for thread in threading.enumerate() if thread.name == "stream"]
