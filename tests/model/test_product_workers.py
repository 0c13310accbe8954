"""Pieces of work are each done once, by as many threads as are said, and errors come out."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from neurodeploy.model.workers import ahead, share, workers


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_every_piece_is_done_once(threads: int) -> None:
    done: list[int] = []
    with workers(threads):
        share(100, done.append)
    assert sorted(done) == list(range(100))


def test_so_many_threads_take_part() -> None:
    together = threading.Barrier(3, timeout=20)
    with workers(3):
        share(3, lambda piece: together.wait())


def test_one_thread_is_the_callers_outside_too() -> None:
    names: set[str] = set()
    share(5, lambda piece: names.add(threading.current_thread().name))
    assert names == {threading.current_thread().name}


def test_a_stalled_helper_keeps_only_the_piece_in_its_hands() -> None:
    done, released = [], threading.Event()

    def work(piece: int) -> None:
        if threading.current_thread().name.startswith("loops"):
            released.wait(20)
        done.append(piece)
        if len(done) == 9:
            released.set()

    with workers(2):
        share(10, work)
    assert sorted(done) == list(range(10))


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_in_a_piece_is_raised(threads: int) -> None:
    def work(piece: int) -> None:
        if piece == 7:
            raise ZeroDivisionError

    with workers(threads), pytest.raises(ZeroDivisionError):
        share(8, work)


def counted(seen: list[tuple[int, str]]) -> Iterator[int]:
    """0 to 4, and who made each."""
    for number in range(5):
        seen.append((number, threading.current_thread().name))
        yield number


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_what_is_made_ahead_is_the_same_in_the_same_order(threads: int) -> None:
    seen: list[tuple[int, str]] = []
    with workers(threads):
        assert list(ahead(counted(seen))) == [0, 1, 2, 3, 4]
    assert [number for number, _ in seen] == [0, 1, 2, 3, 4]
    mine = threading.current_thread().name
    assert all((name == mine) == (threads == 1) for _, name in seen)


def test_the_next_is_made_while_one_is_used() -> None:
    made = [threading.Event() for _ in range(3)]

    def items() -> Iterator[int]:
        for number, event in enumerate(made):
            event.set()
            yield number

    with workers(2):
        for number in ahead(items()):
            assert made[min(number + 1, 2)].wait(20)


def test_what_is_made_ahead_needs_no_helper() -> None:
    seen: list[tuple[int, str]] = []
    items = ahead(counted(seen))
    assert next(items) == 0
    assert seen == [(0, threading.current_thread().name)]


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_in_what_is_made_ahead_is_raised_in_its_place(threads: int) -> None:
    def items() -> Iterator[int]:
        yield 0
        raise ZeroDivisionError

    with workers(threads):
        coming = ahead(items())
        assert next(coming) == 0
        with pytest.raises(ZeroDivisionError):
            next(coming)
