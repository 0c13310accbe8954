"""How a network becomes a process of Lava, starts, is waited for and ends, on a CPU or a board."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from neurodeploy._io.lava import lava_imports
from neurodeploy._io.quiet import suppress_output
from neurodeploy.errors import EngineError, message
from neurodeploy.netx.network import Network
from neurodeploy.netx.write import write_network

with lava_imports():
    from lava.lib.dl import netx
    from lava.magma.core.run_conditions import RunSteps


STOPPED_S = 5.0
"""For so long a process of Lava may be stopped, as a whole group is while its terminal sleeps."""

STOP_S = 10.0
"""Longest wait for Lava to stop by itself."""

END_S = 5.0
"""Longest wait for shared memory to be freed, or for Lava to notice that we killed it."""


def netx_process(network: Network, **options: Any) -> Any:
    """What netx makes of the network's file; ``options`` are those of ``netx.hdf5.Network``."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.net"
        write_network(network, path)
        with suppress_output():
            process = netx.hdf5.Network(
                net_config=str(path), input_message_bits=network.input_bits, **options
            )
        process.net_config.f.close()
    return process


class Running:
    """A compiled process whose runtime has started; it ends when its owner does.

    Parameters
    ----------
    process : process of Lava
        With all that is connected to it.
    run_config : run configuration of Lava
        Chooses what it runs on.
    owner : object
        When it is collected, every process of the runtime is killed.
    timeout_s : float
        Longest wait.

    Attributes
    ----------
    ports : list
        Our ends of channels, each of which has a thread in this process; they end with it.

    Raises
    ------
    EngineError
        Lava cannot compile it.
    """

    def __init__(self, process: Any, run_config: Any, owner: object, timeout_s: float) -> None:
        self.process, self.timeout_s = process, timeout_s
        with _interrupts_deferred():
            try:
                process.create_runtime(run_cfg=run_config)
            except Exception as error:
                if process._runtime is not None:
                    _end(process._runtime, [], _segments(process._runtime))
                raise EngineError(
                    message("Lava", "the network to compile", f"{type(error).__name__}: {error}")
                ) from error
            self._runtime = process._runtime
            self.actors = list(self._runtime._messaging_infrastructure.actors)
            self.ports: list[Any] = []
            segments = _segments(self._runtime)
            self.kill = weakref.finalize(owner, _end, self._runtime, self.ports, segments)

    @property
    def manager_pid(self) -> int:
        """The process that keeps the shared memory."""
        return int(_manager_process(self._runtime._messaging_infrastructure.smm).pid)

    def begin(self, steps: int) -> None:
        """Let it run so many steps; `finish` waits for their end."""
        self.process.run(condition=RunSteps(steps, blocking=False))

    def finish(self) -> None:
        """Wait for the end of the steps that were asked for."""
        services = self._runtime.service_to_runtime
        self.wait(lambda: all(port.probe() for port in services), lambda: time.sleep(1e-4))
        self.process.wait()

    def wait(self, ready: Callable[[], bool], pause: Callable[[], object]) -> None:
        """Wait until something is ready.

        Raises
        ------
        EngineError
            It is not in time, or a process of Lava died.
        """
        going = time.monotonic()
        deadline = going + self.timeout_s
        while not ready():
            pause()
            if ready():
                return
            running = [actor for actor in self.actors if not actor._is_done]
            if any(actor.exitcode is not None for actor in running):
                raise EngineError(message("Lava", "all its processes running", "one of them died"))
            if not any(_is_stopped(actor.pid) for actor in running):
                going = time.monotonic()
            elif time.monotonic() > going + STOPPED_S:
                found = f"one of them stopped for {STOPPED_S:g} s"
                raise EngineError(message("Lava", "all its processes running", found))
            if time.monotonic() > deadline:
                expected = f"an answer within {self.timeout_s:g} s"
                remedy = "Raise timeout_s if the network is that large."
                raise EngineError(message("Lava", expected, "none", remedy))

    def stop(self) -> None:
        """Ask Lava to stop; kill what does not.

        Two threads never wait for one process: only one of them would learn that it ended.
        """
        if not self.kill.alive:
            return
        infrastructure = self._runtime._messaging_infrastructure
        _wake(_manager_process(infrastructure.smm))
        stopper = threading.Thread(target=self.process.stop, daemon=True)
        stopper.start()
        stopper.join(timeout=STOP_S)
        if stopper.is_alive():
            _kill_actors(infrastructure)
            stopper.join(timeout=END_S)
        self.kill()


def _end(runtime: Any, ports: Sequence[Any], segments: Sequence[Any]) -> None:
    """End every process of a runtime, whatever state it is in, and our threads that hear them.

    Lava's own ``stop`` waits for each of them. What is left of its ``segments`` of shared memory
    is freed.
    """
    infrastructure = runtime._messaging_infrastructure
    _kill_actors(infrastructure)
    for actor in infrastructure.actors:
        if not actor._is_done:
            actor.join()
    runtime._is_started = runtime._is_running = False
    builders = runtime._executable.proc_builders.values()
    theirs = [ports for each in builders for ports in each.csp_ports.values()]
    for port in (*ports, *runtime._open_ports, *itertools.chain(*theirs)):
        port.join()
    if _manager_process(infrastructure.smm) is not None:
        _end_manager(infrastructure.smm)
    for segment in segments:
        with contextlib.suppress(FileNotFoundError):
            segment.unlink()


def _end_manager(manager: Any) -> None:
    """End the process that keeps the shared memory, after it has freed it if it answers."""
    process = _manager_process(manager)
    _wake(process)
    ending = threading.Thread(target=_shut_down, args=(manager,), daemon=True)
    with contextlib.suppress(RuntimeError):  # since 3.12 no thread starts while Python ends
        ending.start()
        ending.join(timeout=END_S)
        process.kill()
        ending.join(timeout=END_S)
    process.kill()
    process.join()


def _kill_actors(infrastructure: Any) -> None:
    for actor in infrastructure.actors:
        with contextlib.suppress(ValueError):  # it has ended and was closed
            actor.kill()


def _wake(process: Any) -> None:
    """Let a process go on that a signal has stopped."""
    if process is not None and process.is_alive():
        os.kill(process.pid, signal.SIGCONT)


def _segments(runtime: Any) -> list[Any]:
    """Shared memory of every channel of a runtime; Lava forgets it before it is freed."""
    manager = runtime._messaging_infrastructure.smm
    return [] if manager is None else list(manager._shared_memory_handles)


def _manager_process(manager: Any) -> Any:
    """Of Lava's shared memory; None before it has begun and once it has ended."""
    if manager is None or manager._manager is None:
        return None
    return manager._manager._process


def _shut_down(manager: Any) -> None:
    with contextlib.suppress(Exception):
        manager.shutdown()


def _is_stopped(pid: int) -> bool:
    """Whether a process has been stopped by a signal, where the system says so."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state == "T"


@contextlib.contextmanager
def _interrupts_deferred() -> Iterator[None]:
    """Hold Ctrl-C back while Lava forks; its processes inherit the handler and ignore it.

    A blocked signal mask does not do: another thread may take the signal, and the resource
    tracker of multiprocessing unblocks it when it starts.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    interrupted: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: interrupted.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if interrupted:
            signal.raise_signal(signal.SIGINT)
