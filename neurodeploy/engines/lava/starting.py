"""How a network becomes a process of Lava, starts, is waited for and ends, on a CPU or a board."""

from __future__ import annotations

import contextlib
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
                raise EngineError(
                    message("Lava", "the network to compile", f"{type(error).__name__}: {error}")
                ) from error
            self._runtime = process._runtime
            self.actors = list(self._runtime._messaging_infrastructure.actors)
            self.kill = weakref.finalize(owner, _kill_actors, self.actors, self._runtime)

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
        deadline = time.monotonic() + self.timeout_s
        while not ready():
            pause()
            if any(not actor._is_done and actor.exitcode is not None for actor in self.actors):
                raise EngineError(message("Lava", "all its processes running", "one of them died"))
            if time.monotonic() > deadline:
                expected = f"an answer within {self.timeout_s:g} s"
                remedy = "Raise timeout_s if the network is that large."
                raise EngineError(message("Lava", expected, "none", remedy))

    def stop(self) -> None:
        """Ask Lava to stop; kill what does not."""
        if not self.kill.alive:
            return
        stopper = threading.Thread(target=self.process.stop, daemon=True)
        stopper.start()
        stopper.join(timeout=10)
        self.kill()


def _kill_actors(actors: Sequence[Any], runtime: Any) -> None:
    """End every process of a runtime, whatever state it is in."""
    for actor in actors:
        if not actor._is_done and actor.is_alive():
            actor.kill()
    for actor in actors:
        if not actor._is_done:
            actor.join()
    runtime._is_started = runtime._is_running = False
    with contextlib.suppress(Exception):
        runtime._messaging_infrastructure.smm.shutdown()


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
