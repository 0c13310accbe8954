"""Engines by name, by class, by import path and by entry point."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import dense_stack
from typer.testing import CliRunner

from neurodeploy._io.arrays import load_array, save_array
from neurodeploy.cli.main import app
from neurodeploy.engines.base import BatchRunner, Closeable, Engine, Run, Session
from neurodeploy.engines.native import NativeEngine
from neurodeploy.engines.registry import (
    BOARD_ENGINES,
    COMPLETE_ENGINES,
    ENGINES,
    open_engine,
    simulate,
)
from neurodeploy.errors import InputError, NetworkError
from neurodeploy.netx.layers import Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import SdnnNeuron
from neurodeploy.netx.write import write_network

CASE = dense_stack()
SIMULATED = [name for name in ENGINES if name not in BOARD_ENGINES]


class Inverted(BatchRunner, Closeable):
    """A person's engine: runs the native one and turns its answers over."""

    name = "inverted"

    def __init__(self, network: Network) -> None:
        self.network = network
        self.closed = False
        self._native = NativeEngine(network, threads=1)

    def run_batch(self, spikes: np.ndarray) -> Run:
        run = self._native.run_batch(spikes)
        return Run(layers=(*run.layers[:-1], 1 - run.layers[-1]), counts=run.counts)

    def open(self) -> Session:
        return self._native.open()

    def close(self) -> None:
        self.closed = True


EXPECTED = 1 - NativeEngine(CASE.network, threads=1).run(CASE.batch).spikes

PERSONS_MODULE = """
from test_registry import Inverted

class Mine(Inverted):
    name = "mine"

not_an_engine = 7

def gives_none(network):
    return None
"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The import path of an engine in a module of the working directory."""
    (tmp_path / "persons_engine.py").write_text(PERSONS_MODULE)
    monkeypatch.chdir(tmp_path)
    importlib.invalidate_caches()
    yield "persons_engine:Mine"
    sys.modules.pop("persons_engine", None)


@pytest.mark.parametrize("name", SIMULATED)
def test_ours_open_by_their_names(name: str) -> None:
    with open_engine(name, CASE.network) as engine:
        assert isinstance(engine, Engine)
        assert engine.name == name
        assert engine.network is CASE.network


def test_complete_engines_take_what_slayer_does_not() -> None:
    layer = Dense(weight=[[2, 4]], neuron=SdnnNeuron(threshold=1))
    network = Network(input_shape=(2,), layers=(layer,))
    for name in COMPLETE_ENGINES:
        open_engine(name, network).close()
    for name in set(SIMULATED) - set(COMPLETE_ENGINES):
        with pytest.raises(NetworkError, match="layer 0-dense"):
            open_engine(name, network)


def test_a_class_runs_and_is_closed() -> None:
    opened = []

    def factory(network: Network) -> Inverted:
        opened.append(Inverted(network))
        return opened[-1]

    np.testing.assert_array_equal(simulate(CASE.network, CASE.batch, Inverted).spikes, EXPECTED)
    np.testing.assert_array_equal(simulate(CASE.network, CASE.batch, factory).spikes, EXPECTED)
    assert [engine.closed for engine in opened] == [True]


def test_an_import_path_runs(mine: str) -> None:
    with open_engine(mine, CASE.network) as engine:
        assert engine.name == "mine"
        np.testing.assert_array_equal(engine.run(CASE.batch).spikes, EXPECTED)


def test_an_entry_point_runs(mine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint(name="installed", value=mine, group="neurodeploy.engines")
    monkeypatch.setattr(
        "importlib.metadata.entry_points", lambda group: [point] if group == point.group else []
    )
    np.testing.assert_array_equal(simulate(CASE.network, CASE.batch, "installed").spikes, EXPECTED)


def test_the_command_line_takes_an_import_path(mine: str, tmp_path: Path) -> None:
    write_network(CASE.network, tmp_path / "a.net")
    save_array(tmp_path / "x.npy", CASE.batch)
    arguments = ["a.net", "--input", "x.npy", "--output", "y.npy", "--engine", mine]
    result = CliRunner().invoke(app, ["simulate", *arguments])
    assert result.exit_code == 0, result.output
    np.testing.assert_array_equal(load_array(tmp_path / "y.npy", "output"), EXPECTED)


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        ("naitve", "engine: expected one of lava, loihi, native, slayer, or package.module:Name"),
        ("persons_engine:Nobody", "'Nobody' in module persons_engine, found none"),
        ("no_such_module_here:Engine", "ModuleNotFoundError"),
        ("persons_engine:not_an_engine", "takes a network and gives an engine, found 7"),
        ("persons_engine:gives_none", "an Engine, found an object of type NoneType"),
        (7, "engine 7: expected a name, or a class or function"),
        (int, "a class or function that takes a network"),
        (NativeEngine(CASE.network), "a class or function that takes a network"),
        (lambda: None, "a class or function that takes a network"),
        (lambda network: network, "an Engine, found an object of type Network"),
    ],
)
@pytest.mark.usefixtures("mine")
def test_what_is_no_engine_is_one_clear_error(engine: Any, said: str) -> None:
    with pytest.raises(InputError) as error:
        open_engine(engine, CASE.network)
    assert said in str(error.value)
