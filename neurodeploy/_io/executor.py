"""Where work runs: here, on threads, on processes of this machine, or on a cluster.

All four are a `concurrent.futures.Executor`. Processes and clusters are Dask's, which takes up
again elsewhere what a worker did that died. They see the folders of this machine by the same
paths, and each worker has one thread, because training sets PyTorch's state for its process.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, TypeVar

from neurodeploy.errors import InputError, TrainingError, message

Key = TypeVar("Key")
Item = TypeVar("Item")
Result = TypeVar("Result")

CONNECT_S = 10


class Here(Executor):
    """Runs what it is given at once, in the calling thread, so that Ctrl-C ends it."""

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run it; the future is done."""
        future: Future[Any] = Future()
        try:
            future.set_result(work(*args, **kwargs))
        except Exception as error:  # whatever the work raises is its result
            future.set_exception(error)
        return future


@dataclass(frozen=True, kw_only=True)
class Pool:
    """An executor, and how much it does at a time.

    Parameters
    ----------
    executor : Executor
    places : int
        Pieces of work that run at a time.
    """

    executor: Executor
    places: int

    def completed(
        self, jobs: Iterator[tuple[Key, Callable[[], Result]]]
    ) -> Iterator[tuple[Key, Future[Result]]]:
        """Run jobs, and give each as it ends; the next one is asked for when a place is free."""
        running: dict[Future[Result], Key] = {}
        while True:
            while len(running) < self.places and (job := next(jobs, None)) is not None:
                running[self.executor.submit(job[1])] = job[0]
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future

    def spread(
        self, work: Callable[[Sequence[Item]], list[Result]], items: Sequence[Item]
    ) -> list[Result]:
        """What a function gives for a list, of which each place gets a part; in their order."""
        parts = [items[at :: self.places] for at in range(min(self.places, len(items)))]
        results: list[Any] = [None] * len(items)
        for at, found in enumerate(self.executor.map(work, parts)):
            results[at :: len(parts)] = found
        return results


HERE = Pool(executor=Here(), places=1)
"""One thing after another, in the calling thread."""


@contextlib.contextmanager
def open_pool(*, threads: int = 1, workers: int = 1, cluster: str | None = None) -> Iterator[Pool]:
    """A cluster if one is given, else processes if several, else threads if several, else `HERE`.

    Parameters
    ----------
    threads, workers : int
        Of this process, and processes of this machine.
    cluster : str, optional
        Address of a Dask scheduler, such as ``tcp://10.0.0.1:8786``.

    Raises
    ------
    InputError
        Dask is not installed, or the cluster does not answer or has workers of several threads.
    TrainingError
        Workers died again and again at the same piece of work.
    """
    if cluster is not None:
        with _client(cluster) as pool:
            yield pool
    elif workers > 1:
        require_distributed()
        from distributed import LocalCluster

        with (
            LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                memory_limit=None,
                dashboard_address=":0",
                silence_logs=logging.CRITICAL,
            ) as local,
            _client(local.scheduler_address) as pool,
        ):
            yield pool
    elif threads > 1:
        with ThreadPoolExecutor(threads, thread_name_prefix="work") as executor:
            yield Pool(executor=executor, places=threads)
    else:
        yield HERE


def require_distributed() -> None:
    """Raise unless Dask's scheduler is installed; it is not imported.

    Raises
    ------
    InputError
        It is not.
    """
    if importlib.util.find_spec("distributed") is None:
        remedy = "Run `pip install 'neurodeploy[cluster]'`."
        raise InputError(message("several workers", "the package distributed", "none", remedy))


@contextlib.contextmanager
def _client(address: str) -> Iterator[Pool]:
    require_distributed()
    from distributed import Client, KilledWorker

    where, client, refused = f"cluster {address}", None, ""
    try:
        client = Client(address, timeout=CONNECT_S)
    except (OSError, ValueError) as error:
        refused = str(error)
    if client is None:
        gc.collect()  # on the thread of another client it would wait for the lock of that thread
        raise InputError(message(where, "a Dask scheduler that answers", refused))
    with client:
        threads = client.nthreads()
        if not threads or set(threads.values()) != {1}:
            found = list(threads.values()) or "no worker"
            remedy = f"Start each by `dask worker {address} --nthreads 1`."
            raise InputError(message(where, "workers of one thread each", found, remedy))
        try:
            yield Pool(executor=client.get_executor(pure=False), places=len(threads))
        except KilledWorker as error:
            raise TrainingError(message(where, "workers that live", error)) from error
