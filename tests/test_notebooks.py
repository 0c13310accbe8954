"""The notebooks are kept without outputs, and run from top to bottom."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs/notebooks"
NOTEBOOKS = [
    FOLDER / f"{name}.ipynb" for name in ("train_and_deploy", "adopt_a_network", "read_the_bill")
]
"""In the order in which a person reads them."""

FRESH = "get_ipython().run_line_magic('reset', '-f')\nimport os\nos.chdir({folder!r})"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of all of them, as a person has it: what one trained another goes on with."""
    return tmp_path_factory.mktemp("notebooks")


@pytest.fixture(scope="module")
def kernel(folder: Path) -> Iterator[KernelManager]:
    """One process, so that torch is imported once; names are forgotten in between."""
    manager = KernelManager(kernel_name="python3", transport="ipc", ip=str(folder / "kernel"))
    matplotlib = {"MPLCONFIGDIR": str(folder / "matplotlib")}
    manager.start_kernel(cwd=str(folder), env={**os.environ, **ONE_THREAD, **matplotlib})
    yield manager
    manager.shutdown_kernel(now=True)


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def executed(path: Path, kernel: KernelManager, folder: Path) -> Any:
    notebook = read(path)
    fresh = nbformat.v4.new_code_cell(FRESH.format(folder=str(folder)))
    notebook.cells.insert(0, fresh)
    NotebookClient(notebook, km=kernel, timeout=300, shutdown_kernel="immediate").execute(
        cleanup_kc=False
    )
    return notebook


def test_each_is_listed() -> None:
    listed = (ROOT / "docs/notebooks.md").read_text()
    assert set(NOTEBOOKS) == set(FOLDER.glob("*.ipynb"))
    for path in NOTEBOOKS:
        title = read(path).cells[0].source.splitlines()[0].removeprefix("# ")
        assert f"[{title}](notebooks/{path.name})" in listed


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_nothing_of_a_run_is_kept(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.kernelspec.display_name == "Python 3"
    for cell in notebook.cells:
        assert cell.metadata == {}
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
    assert path.stat().st_size < 20_000


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_only_the_public_interface_is_used_and_each_cell_is_introduced(path: Path) -> None:
    cells = read(path).cells
    for before, cell in pairwise(cells):
        if cell.cell_type == "code" and "import neurodeploy as nd" not in cell.source:
            assert before.cell_type == "markdown"
        if cell.cell_type == "code":
            imports = re.findall(r"^\s*(?:from|import) (neurodeploy\S*.*)$", cell.source, re.M)
            assert set(imports) <= {"neurodeploy as nd"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_from_top_to_bottom(path: Path, kernel: KernelManager, folder: Path) -> None:
    cells = executed(path, kernel, folder).cells
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    assert {output.output_type for output in outputs} <= {
        "stream",
        "display_data",
        "execute_result",
    }
    assert {output.name for output in outputs if output.output_type == "stream"} <= {"stdout"}
    assert any("image/png" in output.get("data", {}) for output in outputs)
    if path.stem == "train_and_deploy":
        (trains,) = (cell for cell in cells if "nd.train_task" in cell.source)
        (shown,) = trains.outputs  # in place, not one below the other
        assert re.search(r"<progress .* value=.*epoch 1/3: .*epoch 3/3: ", shown.data["text/html"])
        (verified,) = (cell for cell in cells if "nd.verify" in cell.source)
        assert "Verification(exact: native" in verified.outputs[0].data["text/plain"]
