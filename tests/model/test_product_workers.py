"""Pieces of work are each done once, by as many threads as are said, and errors come out."""

from __future__ import annotations

import threading

import pytest

from neurodeploy.model.workers import share, workers


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
