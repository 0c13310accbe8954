"""Property tests draw the same examples each time, so that CI and a person see the same result."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import settings
from small_corpora import write_all

from neurodeploy._io.hdf5_process import one_reader
from neurodeploy._io.lava import lava_imports
from neurodeploy.engines.registry import ENGINES

with lava_imports():
    import lava.proc.lif.models as lava_wheel

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine", choices=ENGINES, help="run the tests of every engine for this one only"
    )


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The real networks with recorded runs that lava-dl's wheel installs."""
    return Path(lava_wheel.__file__).parents[3] / "tests" / "lava" / "lib" / "dl" / "netx"


@pytest.fixture(scope="session", autouse=True)
def one_reader_of_files() -> Iterator[None]:
    """A process a file is what a person pays once, and a suite thousands of times."""
    with one_reader():
        yield


@pytest.fixture(scope="session")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all data, with a small corpus of each kind."""
    return write_all(tmp_path_factory.mktemp("data"))


@pytest.fixture(autouse=True)
def no_data_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody's folder of data is named, and what is cached is forgotten."""
    monkeypatch.delenv("NEURODEPLOY_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Where tensors are small a second thread only waits, all the more beside other processes."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
