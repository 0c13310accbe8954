"""A board that is none: Lava's simulator behind the vendor's published interface.

What is tested is all that needs no board: what is asked of the extension, with which shapes, types
and order, and that spikes come out as our engine has them, sample by sample. That a board does what
its stand-in does, nobody here has seen.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from cases import (
    Case,
    biased,
    delayed,
    dense_stack,
    even,
    graded_input,
    neuron,
    recurrent,
    sigma_delta_between_spikes,
    spikes,
)

from neurodeploy.cli.doctor import diagnose
from neurodeploy.cli.main import main
from neurodeploy.engines.base import Engine
from neurodeploy.engines.board import EXTENSION, require_board
from neurodeploy.engines.loihi import LoihiEngine, resets_restore_rest, samples_together
from neurodeploy.engines.native import NativeEngine
from neurodeploy.engines.registry import open_engine
from neurodeploy.errors import EngineError, InputError, MissingPackageError, NetworkError
from neurodeploy.netx.layers import Conv, Dense, NeuronInput
from neurodeploy.netx.network import Network
from neurodeploy.netx.write import write_network

run_configs = importlib.import_module("lava.magma.core.run_configs")
REAL_CONFIG = run_configs.Loihi2HwCfg
VARIABLES = ("SLURM", "PARTITION", "BOARD", "NXSDKHOST")


class Board:
    """What was asked of the stand-in."""

    def __init__(self, adapters: ModuleType) -> None:
        self.adapters = adapters
        self.configurations: list[dict[str, Any]] = []

    def made(self) -> list[tuple[str, tuple[int, ...], int]]:
        """Kind, shape and bits of each adapter, in order."""
        return [
            (type(each).__name__, each.shape, each.num_message_bits) for each in self.adapters.MADE
        ]


@pytest.fixture
def no_board(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def extension(monkeypatch: pytest.MonkeyPatch, no_board: None) -> Board:
    """The extension's modules, and a configuration that takes what Lava's own takes."""
    monkeypatch.syspath_prepend(Path(__file__).parent / "board")
    adapters = importlib.import_module("board_adapters")
    adapters.MADE.clear()
    board = Board(adapters)
    for name in EXTENSION:
        module = ModuleType(name)
        module.__spec__ = ModuleSpec(name, None)
        monkeypatch.setitem(sys.modules, name, module)
    embedded_io = sys.modules["lava.proc.embedded_io"]
    embedded_io.spike = adapters  # type: ignore[attr-defined]
    monkeypatch.setattr(importlib.import_module("lava.proc"), "embedded_io", embedded_io, False)

    class Configuration(run_configs.Loihi2SimCfg):
        """Runs on the CPU what the real one would send to the board."""

        def __init__(self, **given: Any) -> None:
            inspect.signature(REAL_CONFIG).bind(**given)
            board.configurations.append(given)
            super().__init__(select_tag="fixed_pt")

    monkeypatch.setattr(run_configs, "Loihi2HwCfg", Configuration)
    return board


@pytest.fixture
def board(extension: Board, monkeypatch: pytest.MonkeyPatch) -> Board:
    monkeypatch.setenv("NXSDKHOST", "10.1.2.3")
    return extension


def feed_forward_convolutions() -> Case:
    layers = (
        Conv(weight=even(3, 2, 3, 2), neuron=neuron(), stride=(1, 2), padding=(2, 1)),
        Conv(weight=even(2, 3, 2, 2, seed=3), neuron=neuron()),
        Dense(weight=even(4, 2 * 6 * 2, seed=4), neuron=neuron(threshold=90)),
    )
    return Case(Network(input_shape=(2, 5, 4), layers=layers), spikes(3, 2, 5, 4, 9))


@pytest.mark.parametrize(("make", "steps"), [(dense_stack, 8), (feed_forward_convolutions, 5)])
def test_many_samples_of_one_compiled_run_are_those_of_our_engine(
    make: Any, steps: int, board: Board
) -> None:
    case = make()
    assert resets_restore_rest(case.network)
    batch = case.batch[..., :steps]
    found = LoihiEngine(case.network).run(batch)
    wanted = NativeEngine(case.network, threads=1).run(batch)
    assert len(board.configurations) == 1
    for ours, its in zip(wanted.layers, found.layers, strict=True):
        assert its.dtype == ours.dtype
        np.testing.assert_array_equal(its, ours)
    assert wanted.layers[0].any()
    assert found.counts.totals() == wanted.counts.totals()


@pytest.mark.parametrize("make", [biased, delayed, recurrent, sigma_delta_between_spikes])
def test_resets_do_not_bring_every_network_to_rest(make: Any) -> None:
    assert samples_together(make().network, 10) == 1


@pytest.mark.parametrize("make", [biased, graded_input])
def test_such_a_network_is_compiled_for_each_sample(make: Any, board: Board) -> None:
    case = make()
    assert not resets_restore_rest(case.network)
    batch = case.batch[:2, ..., :12]
    found = LoihiEngine(case.network).run(batch)
    assert len(board.configurations) == 2
    for ours, its in zip(
        NativeEngine(case.network, threads=1).run(batch).layers, found.layers, strict=True
    ):
        assert its.dtype == ours.dtype
        np.testing.assert_array_equal(its, ours)


def test_graded_spikes_come_back_with_their_sign(board: Board) -> None:
    case = sigma_delta_between_spikes()
    found = LoihiEngine(case.network).run(case.batch[:1])
    wanted = NativeEngine(case.network, threads=1).run(case.batch[:1])
    assert min(layer.min() for layer in wanted.layers) < 0
    for ours, its in zip(wanted.layers, found.layers, strict=True):
        np.testing.assert_array_equal(its, ours)
    bits = [bits for kind, _, bits in board.made() if kind == "NxToPyAdapter"]
    assert bits == [24 if graded else 0 for graded in case.network.graded[1:]]


def test_each_layer_has_an_adapter_of_its_kind_and_shape(board: Board) -> None:
    case = feed_forward_convolutions()
    LoihiEngine(case.network).run(case.batch)
    shapes = [shape[::-1] for shape in case.network.shapes]
    assert board.made() == [
        ("PyToN3ConvAdapter", (4, 5, 2), 0),
        *(("NxToPyAdapter", shape, 0) for shape in shapes),
    ]
    board.adapters.MADE.clear()
    flat = dense_stack()
    LoihiEngine(flat.network).run(flat.batch[:1])
    assert board.made()[0] == ("PyToNxAdapter", (7,), 0)


def test_resets_are_at_powers_of_two_each_layer_a_step_later(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    loihi = importlib.import_module("neurodeploy.engines.loihi")
    made, steps = [], []
    build, begin = loihi.netx_process, loihi.Running.begin

    def kept(network: Network, **options: Any) -> Any:
        made.append(build(network, **options))
        return made[-1]

    def counted(running: Any, number: int) -> None:
        steps.append(number)
        begin(running, number)

    monkeypatch.setattr(loihi, "netx_process", kept)
    monkeypatch.setattr(loihi.Running, "begin", counted)
    case = dense_stack()
    engine = LoihiEngine(case.network, callbacks=("a profiler",))
    engine.run(case.batch[:3, :, :9])
    parameters = [layer.neuron.proc_params for layer in made[0].layers]
    assert [each["reset_interval"] for each in parameters] == [16, 16, 16]
    assert [each["reset_offset"] for each in parameters] == [2, 3, 4]
    assert steps == [2 * 16 + 9]
    engine.run(case.batch[:1, :, :9])
    assert made[1].layers[0].neuron.proc_params.get("reset_interval") is None
    assert board.configurations == [{"callback_fxs": ["a profiler"]}] * 2


def test_a_batch_beyond_the_buffers_is_cut(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    case = dense_stack()
    features = 7 + 9 + 5 + 2
    monkeypatch.setattr("neurodeploy.engines.loihi.MOST_VALUES", 2 * 8 * features)
    assert samples_together(case.network, 6) == 2
    found = LoihiEngine(case.network).run(case.batch[:3, :, :6])
    assert len(board.configurations) == 2
    wanted = NativeEngine(case.network, threads=1).run(case.batch[:3, :, :6])
    np.testing.assert_array_equal(found.spikes, wanted.spikes)


def test_it_is_an_engine_by_its_name(board: Board) -> None:
    with open_engine("loihi", dense_stack().network) as engine:
        assert isinstance(engine, Engine)
        assert engine.board == "host 10.1.2.3"  # type: ignore[attr-defined]
        with pytest.raises(EngineError, match="expected whole samples, found a session"):
            engine.open()
        with pytest.raises(InputError, match="input"):
            engine.run(np.full((1, 7, 4), 2))


def test_what_a_board_does_not_take_is_refused(board: Board) -> None:
    layers = (NeuronInput(neuron=neuron()), Dense(weight=even(2, 3), neuron=neuron()))
    with pytest.raises(NetworkError, match="layer 0-input: expected spikes as input of a board"):
        LoihiEngine(Network(input_shape=(3,), layers=layers))


def test_a_network_that_does_not_compile_ends_in_one_error(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("no partition")

    monkeypatch.setattr(run_configs.Loihi2HwCfg, "select", fails)
    case = dense_stack()
    with pytest.raises(EngineError, match="the network to compile, found RuntimeError: no partit"):
        LoihiEngine(case.network).run(case.batch[:1])


# What is missing -----------------------------------------------------------------------------


@pytest.mark.usefixtures("no_board")
def test_without_the_extension_it_says_what_is_missing() -> None:
    said = r"engine loihi: expected Intel's extension .*no lava.utils.loihi2_profiler.*archived"
    with pytest.raises(MissingPackageError, match=said):
        open_engine("loihi", dense_stack().network)


@pytest.mark.usefixtures("extension")
def test_with_the_extension_a_board_must_be_in_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineError, match=r"a board in reach, found neither.*use_ethernet_host"):
        require_board()
    monkeypatch.setenv("SLURM", "1")
    monkeypatch.setenv("PARTITION", "oheogulch")
    assert require_board() == "SLURM partition oheogulch"


def test_without_lava_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurodeploy.engines.board.installed", lambda name: None)
    with pytest.raises(MissingPackageError, match=r"loihi: lava-nc: expected .*not installed"):
        require_board()


@pytest.mark.usefixtures("no_board")
def test_a_command_ends_with_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case = dense_stack()
    write_network(case.network, tmp_path / "small.net")
    np.save(tmp_path / "in.npy", case.batch)
    words = ["simulate", "small.net", "--input", "in.npy", "--output", "out.npy"]
    monkeypatch.setattr(sys, "argv", ["neurodeploy", *words, "--engine", "loihi"])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "lava-loihi" in capsys.readouterr().err
    assert not (tmp_path / "out.npy").exists()


def test_the_doctor_says_whether_it_can_run(board: Board) -> None:
    def loihi() -> Any:
        return next(check for check in diagnose() if check.name == "loihi")

    assert (loihi().status, loihi().found) == ("ok", "host 10.1.2.3")
    for name in EXTENSION:
        del sys.modules[name]
    assert loihi().status == "optional"
    assert "no lava.utils.loihi2_profiler" in loihi().found
