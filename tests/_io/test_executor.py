"""Where work runs, and in which order it comes back."""

from __future__ import annotations

import gc
import importlib.util
import os
import socket
import threading
from collections.abc import Iterator, Sequence

import pytest
from distributed import Client, LocalCluster

from neurodeploy._io.executor import HERE, Pool, open_pool
from neurodeploy.errors import InputError


def doubled(numbers: Sequence[int]) -> list[int]:
    return [2 * number for number in numbers]


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("number", [0, 1, 2, 7])
def test_parts_come_back_in_their_order(threads: int, number: int) -> None:
    with open_pool(threads=threads) as pool:
        assert pool.places == threads
        assert pool.spread(doubled, list(range(number))) == doubled(range(number))


def test_here_is_the_calling_thread() -> None:
    with open_pool() as pool:
        assert pool is HERE
        assert pool.executor.submit(threading.get_ident).result() == threading.get_ident()


def test_a_job_is_asked_for_when_a_place_is_free() -> None:
    told: list[str] = []

    def jobs() -> Iterator[tuple[int, object]]:
        for number in range(3):
            told.append(f"asked {number}")
            yield number, lambda number=number: told.append(f"done {number}")

    for number, future in HERE.completed(jobs()):
        assert future.done()
        told.append(f"given {number}")
    assert told == [f"{word} {n}" for n in range(3) for word in ("asked", "done", "given")]


def test_an_error_is_the_result_and_an_interrupt_is_not() -> None:
    def fails() -> None:
        raise ValueError("no")

    ((_, future),) = HERE.completed(iter([("a", fails)]))
    with pytest.raises(ValueError, match="no"):
        future.result()

    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(HERE.completed(iter([("a", interrupted)])))


def test_without_dask_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for options in ({"workers": 2}, {"cluster": "tcp://127.0.0.1:1"}):
        with (
            pytest.raises(InputError, match=r"pip install 'neurodeploy\[cluster\]'"),
            open_pool(**options),
        ):
            pass


def test_an_address_without_a_scheduler_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurodeploy._io.executor.CONNECT_S", 0.5)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    for wrong in (address, "no address"):
        with (
            pytest.raises(InputError, match=f"cluster {wrong}: expected a Dask scheduler"),
            open_pool(cluster=wrong),
        ):
            pass


def test_a_client_that_found_no_scheduler_is_gone() -> None:
    """Collected later, on the thread of another client, it would wait for that one's lock."""
    gc.disable()
    try:
        with pytest.raises(InputError), open_pool(cluster="no address"):
            pass
        assert not [each for each in gc.get_objects() if type(each) is Client]
    finally:
        gc.enable()


def test_workers_of_several_threads_are_refused() -> None:
    with (
        LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address=":0"
        ) as cluster,
        pytest.raises(InputError, match=r"one thread each, found \[2\]. .*--nthreads 1"),
        open_pool(cluster=cluster.scheduler_address),
    ):
        pass


def places(pool: Pool) -> set[int]:
    return {pool.executor.submit(os.getpid).result() for _ in range(4)}


def test_here_needs_no_other_process() -> None:
    assert places(HERE) == {os.getpid()}
