"""What is Lava's alone: processes that must not be left behind, and what netx refuses."""

from __future__ import annotations

import errno
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import numpy as np
import pytest
from cases import Case, biased, neuron, spikes
from reference import reference

from neurodeploy.engines.lava import LavaEngine, starting
from neurodeploy.errors import EngineError, InputError, NetworkError
from neurodeploy.netx.layers import Average, Dense, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron

# Processes ------------------------------------------------------------------------------------


@pytest.fixture
def nothing_left() -> Iterator[Callable[[], None]]:
    """No process of ours remains, during the test when asked, and after it."""
    before = set(multiprocessing.active_children())

    def check() -> None:
        left = set(multiprocessing.active_children()) - before
        assert not left, left

    yield check
    check()


@pytest.fixture
def small() -> Case:
    return biased()


def runtime_processes(engine: LavaEngine) -> list[int]:
    assert engine._runtime is not None
    return [actor.pid for actor in engine._runtime._running.actors]


def test_closing_leaves_no_process(small: Case, nothing_left: Callable[[], None]) -> None:
    engine = LavaEngine(small.network)
    engine.close()
    first = engine.run(small.batch)
    assert runtime_processes(engine)
    engine.close()
    nothing_left()
    np.testing.assert_array_equal(engine.run(small.batch).spikes, first.spikes)
    engine.close()
    engine.close()


def test_an_engine_that_is_dropped_leaves_no_process(
    small: Case, nothing_left: Callable[[], None]
) -> None:
    engine = LavaEngine(small.network)
    engine.open()
    del engine
    nothing_left()


@pytest.mark.parametrize("which", [0, -1])
def test_a_process_that_dies_ends_the_run_and_the_next_one_works(
    small: Case, nothing_left: Callable[[], None], which: int
) -> None:
    with LavaEngine(small.network, timeout_s=60) as engine:
        before = engine.run(small.batch)
        os.kill(runtime_processes(engine)[which], signal.SIGKILL)
        began = time.monotonic()
        with pytest.raises(EngineError, match="one of them died"):
            engine.run(small.batch)
        assert time.monotonic() - began < 20
        nothing_left()
        np.testing.assert_array_equal(engine.run(small.batch).spikes, before.spikes)


def test_a_process_that_hangs_ends_the_run_in_time(
    small: Case, nothing_left: Callable[[], None]
) -> None:
    with LavaEngine(small.network, timeout_s=1) as engine:
        before = engine.run(small.batch)
        os.kill(runtime_processes(engine)[-1], signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(EngineError, match=r"an answer within 1 s.*timeout_s"):
            engine.run(small.batch)
        assert time.monotonic() - began < 10
        nothing_left()
        engine.timeout_s = 60
        np.testing.assert_array_equal(engine.run(small.batch).spikes, before.spikes)


def test_a_process_that_is_stopped_is_noticed_long_before_the_time_is_up(
    small: Case, nothing_left: Callable[[], None]
) -> None:
    with LavaEngine(small.network, timeout_s=600) as engine:
        before = engine.run(small.batch)
        os.kill(runtime_processes(engine)[-1], signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(EngineError, match="one of them stopped for 5 s"):
            engine.run(small.batch)
        assert time.monotonic() - began < 20
        nothing_left()
        np.testing.assert_array_equal(engine.run(small.batch).spikes, before.spikes)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_manager_that_dies_or_is_stopped_holds_nobody(
    small: Case, nothing_left: Callable[[], None], number: signal.Signals
) -> None:
    engine = LavaEngine(small.network, timeout_s=60)
    engine.run(small.batch)
    assert engine._runtime is not None
    running = engine._runtime._running
    infrastructure = running._runtime._messaging_infrastructure
    segments = [handle.name for handle in infrastructure.smm._shared_memory_handles]
    os.kill(running.manager_pid, number)
    began = time.monotonic()
    engine.close()
    assert time.monotonic() - began < 20
    nothing_left()
    for name in segments:
        with pytest.raises(FileNotFoundError):
            SharedMemory(name)


def test_a_process_that_does_not_stop_when_asked_is_killed(
    small: Case, nothing_left: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "STOP_S", 0.5)
    engine = LavaEngine(small.network, timeout_s=60)
    engine.run(small.batch)
    os.kill(runtime_processes(engine)[-1], signal.SIGSTOP)
    before = threading.active_count()
    engine.close()
    nothing_left()
    assert threading.active_count() < before


def test_a_closed_engine_leaves_neither_thread_nor_semaphore(small: Case) -> None:
    def held() -> tuple[int, int]:
        gc.collect()
        maps = Path("/proc/self/maps")
        lines = maps.read_text().splitlines() if maps.exists() else ()
        return threading.active_count(), sum("/dev/shm/sem." in line for line in lines)

    before = held()
    for _ in range(2):
        with LavaEngine(small.network) as engine:
            engine.run(small.batch)
    assert held() == before


def test_a_runtime_that_does_not_start_leaves_nothing(
    small: Case, nothing_left: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where shared memory is full: Lava fails when some of its processes are there."""
    from lava.magma.runtime.runtime import Runtime

    def full(runtime: Runtime) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Runtime, "_start_ports", full)
    with pytest.raises(EngineError, match="No space left"):
        LavaEngine(small.network).run(small.batch)
    nothing_left()


def test_a_wrong_input_does_not_disturb_the_engine(small: Case) -> None:
    with LavaEngine(small.network, timeout_s=60) as engine:
        before = engine.run(small.batch)
        processes = runtime_processes(engine)
        with pytest.raises(InputError):
            engine.run(small.batch[:, :4])
        with pytest.raises(InputError):
            engine.run(2 * small.batch)
        with pytest.raises(InputError):
            engine.open().step(small.batch[0])
        np.testing.assert_array_equal(engine.run(small.batch).spikes, before.spikes)
        assert runtime_processes(engine) == processes


def test_threads_take_turns(small: Case) -> None:
    with LavaEngine(small.network, timeout_s=60) as engine:
        expected = [engine.run(part[None]).spikes for part in small.batch]
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(lambda part: engine.run(part[None]).spikes, [*small.batch] * 3))
        for place, spikes_ in enumerate(found):
            np.testing.assert_array_equal(spikes_, expected[place % len(expected)])


def test_a_network_that_netx_cannot_run_is_refused_at_once(
    nothing_left: Callable[[], None],
) -> None:
    layer = Dense(weight=[[2, 4]], neuron=neuron())
    silent = Dense(weight=[[0]], neuron=neuron())
    for layers, said in (((layer, silent), "1-dense"), ((layer, Average(outputs=1)), "average")):
        with pytest.raises(NetworkError, match=said):
            LavaEngine(Network(input_shape=(2,), layers=layers))


@pytest.mark.parametrize("steps", [1, 31, 32, 33, 64, 65, 200])
def test_any_number_of_steps_fits_the_channels(small_engine: LavaEngine, steps: int) -> None:
    batch = spikes(2, 5, steps, seed=steps)
    np.testing.assert_array_equal(
        small_engine.run(batch).spikes, reference(small_engine.network, batch)[-1]
    )


@pytest.fixture(scope="module")
def small_engine() -> Iterator[LavaEngine]:
    with LavaEngine(biased().network, timeout_s=60) as running:
        yield running


NEURON = CubaNeuron(current_decay=700, voltage_decay=300, threshold=250)

INTERRUPTED = """
import sys
import numpy as np
from neurodeploy.engines.lava import LavaEngine
from neurodeploy.netx.layers import Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron

NEURON = CubaNeuron(current_decay=700, voltage_decay=300, threshold=250)

neuron = CubaNeuron(current_decay=1000, voltage_decay=300, threshold=100)
layer = Dense(weight=2 * np.arange(18).reshape(3, 6), neuron=neuron)
engine = LavaEngine(Network(input_shape=(6,), layers=(layer,)))
if sys.argv[1] == "running":
    engine.open()
print("ready", flush=True)
engine.run(np.ones((1, 6, 100_000), np.uint8))
"""


def processes_of_group(group: int) -> list[str]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, process_group = stat.read_text().rsplit(")", 1)[1].split()[:3]
        except OSError:
            continue
        if int(process_group) == group and state != "Z":
            found.append(stat.parent.name)
    return found


@pytest.mark.parametrize(("when", "wait_s"), [("running", 0), ("compiling", 1.0)])
def test_an_interrupt_ends_it_quietly_and_completely(when: str, wait_s: float) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, when],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(wait_s)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=30)
        deadline = time.monotonic() + 10
        while processes_of_group(process.pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert processes_of_group(process.pid) == []
    finally:
        if processes_of_group(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert process.returncode == -signal.SIGINT
    assert said.count("Traceback") == 1, said
    assert said.endswith("KeyboardInterrupt\n")


@pytest.mark.parametrize("shape", [(2, 3, 4), (4, 6)])
def test_an_image_goes_straight_into_a_dense_layer(shape: tuple[int, ...]) -> None:
    weight = 2 * np.random.default_rng(2).integers(-60, 90, (5, 24))
    layer = Dense(weight=weight, neuron=NEURON)
    batch = np.random.default_rng(1).integers(0, 2, (2, 24, 12)).astype(np.uint8)
    with LavaEngine(Network(input_shape=(24,), layers=(layer,))) as engine:
        flat = engine.run(batch).spikes
    with LavaEngine(Network(input_shape=shape, layers=(layer,))) as engine:
        found = engine.run(batch.reshape(2, *shape, 12)).spikes
    np.testing.assert_array_equal(found, flat)


def test_input_neurons_of_two_axes_are_refused() -> None:
    network = Network(
        input_shape=(4, 6),
        layers=(NeuronInput(neuron=NEURON), Dense(weight=np.full((2, 24), 4), neuron=NEURON)),
    )
    with pytest.raises(NetworkError, match=r"netx cannot flatten \(4, 6\)"):
        LavaEngine(network)


@pytest.mark.parametrize("how", ["error", "abandoned"])
def test_a_session_that_was_not_closed_does_not_leak_into_the_next_run(how: str) -> None:
    weight = 2 * np.random.default_rng(2).integers(-20, 90, (3, 6))
    neuron = CubaNeuron(current_decay=10, voltage_decay=10, threshold=300)
    batch = np.random.default_rng(1).integers(0, 2, (1, 6, 10)).astype(np.uint8)
    with LavaEngine(
        Network(input_shape=(6,), layers=(Dense(weight=weight, neuron=neuron),))
    ) as engine:
        expected = engine.run(batch).spikes
        if how == "error":
            with pytest.raises(ZeroDivisionError), engine.open() as session:  # noqa: PT012
                session.step(batch[0, :, 0])
                raise ZeroDivisionError
        else:
            engine.open().step(batch[0, :, 0])
        np.testing.assert_array_equal(engine.run(batch).spikes, expected)


def test_a_session_that_ended_does_not_go_on_from_rest(small: Case) -> None:
    step = small.batch[0, ..., 0]
    with LavaEngine(small.network, timeout_s=60) as engine:
        first = engine.open()
        first.step(step)
        second = engine.open()
        for ended in (first.reset, lambda: first.step(step)):
            with pytest.raises(EngineError, match="session of lava: expected the engine's latest"):
                ended()
        second.step(step)
        engine.run(small.batch)
        with pytest.raises(EngineError, match="ended by a run"):
            second.step(step)
        third = engine.open()
        engine.close()
        with pytest.raises(EngineError, match="or by close"):
            third.step(step)
