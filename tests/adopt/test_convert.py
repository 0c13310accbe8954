"""One door for networks made elsewhere, in Python and on the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import h5py
import nir
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import neurodeploy as nd
from neurodeploy._io.lava import lava_imports
from neurodeploy.cli import main as cli
from neurodeploy.errors import FileFormatError, InputError, NeurodeployError
from neurodeploy.netx.layers import Conv, Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron
from neurodeploy.netx.write import write_network

with lava_imports():
    from lava.lib.dl import slayer

NEURON = CubaNeuron(current_decay=4096, voltage_decay=100, threshold=25)
WHOLE = Network(input_shape=(6,), layers=(Dense(weight=np.full((2, 6), 10), neuron=NEURON),))

MODEL = """
import torch
from lava.lib.dl import slayer

NEURON = dict(threshold=1.0, current_decay=0.25, voltage_decay=0.05)

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = torch.nn.ModuleList([
            slayer.block.cuba.Dense(NEURON, 6, 8), slayer.block.cuba.Dense(NEURON, 8, 3),
        ])

    def forward(self, spikes):
        for block in self.blocks:
            spikes = block(spikes)
        return spikes
"""


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A convolution without an input layer before it."""
    layers = (
        Conv(weight=np.full((3, 1, 2, 2), 30), neuron=NEURON),
        Dense(weight=np.full((2, 27), 10), neuron=NEURON),
    )
    path = tmp_path / "bare.net"
    write_network(Network(input_shape=(1, 4, 4), layers=layers), path)
    with h5py.File(path, "a") as file:
        del file["layer/0"]
        for index in range(1, 4):
            file["layer"].move(str(index), str(index - 1))
    return path


def write_lif(path: Path) -> None:
    """A NIR graph of one leaky neuron."""
    lif = nir.LIF(tau=np.ones(1), r=np.ones(1), v_leak=np.zeros(1), v_threshold=np.ones(1))
    nir.write(path, nir.NIRGraph.from_list(nir.Linear(weight=np.ones((1, 6))), lif))


def run(*typed: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli.app, typed)
    if isinstance(result.exception, NeurodeployError):
        return 2, str(result.exception)
    return result.exit_code, result.stdout


def test_a_module_by_name_runs_as_its_author_ran_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("model.py").write_text(MODEL)
    torch.manual_seed(0)
    neuron = {"threshold": 1.0, "current_decay": 0.25, "voltage_decay": 0.05}
    blocks = [slayer.block.cuba.Dense(neuron, *sizes) for sizes in ((6, 8), (8, 3))]
    module = torch.nn.Module()
    module.blocks = torch.nn.ModuleList(blocks)
    for parameter in module.parameters():
        if parameter.ndim > 2:
            parameter.data *= 6
    torch.save(module.state_dict(), "state.pt")
    spikes = (np.random.default_rng(0).random((4, 6, 30)) < 0.5).astype(np.float32)
    with torch.no_grad():
        sent = torch.from_numpy(spikes)
        for block in blocks:
            sent = block(sent)
    assert sent.any()
    np.save("input.npy", spikes)
    np.save("author.npy", sent.numpy())
    code, text = run(
        *("convert", "model.py:Net", "a.net", "--weights", "state.pt"),
        *("--calibrate", "input.npy", "--json"),
    )
    assert code == 0
    assert [each["code"] for each in json.loads(text)["findings"]] == ["compared"]
    code, text = run(
        *("verify", "a.net", "--input", "input.npy", "--against", "author.npy"),
        *("--engine", "native", "--json"),
    )
    report = json.loads(text)
    assert (code, report["exact"]) == (0, True)
    assert report["compared_spikes"] == int(sent.sum())
    assert (report["shift_steps"], report["findings"]) == (None, [])


def test_a_shape_that_was_given_is_in_the_file_that_is_written(bare: Path, tmp_path: Path) -> None:
    output = tmp_path / "whole.net"
    code, text = run("convert", str(bare), str(output), "--input-shape", "1,4,4", "--json")
    assert code == 0
    report = json.loads(text)
    assert (report["input_shape"], report["layers"]) == ([1, 4, 4], ["0-conv", "1-dense"])
    assert nd.read_network(output).input_shape == (1, 4, 4)
    given = nd.convert(nd.read_network(output))
    assert given.to_dict()["layers"] == report["layers"]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("{bare}", "{output}"), "--input-shape"),
        (("{bare}", "{output}", "--bits", "4"), "option --bits: expected none for a netx file"),
        (("{bare}", "{output}", "--dt", "1e-3"), "option --dt: expected none for a netx file"),
        (("{pickle}", "{output}"), "a Python pickle, which can run any code"),
        (("gone.nir", "{output}"), "no such file"),
        (("gone.py:Net", "{output}"), "no such file"),
        (("{nir}", "{output}"), "NIR is continuous in time"),
        (("{nir}", "{output}", "--profile", "snntorhc"), "one of snntorch"),
        (("{nir}", "{graph}", "--dt", "1e-3"), "output: expected a netx file, for a NIR graph"),
        (("{whole}", "{graph}"), "NIR is continuous in time"),
        (("{whole}", "{graph}", "--bits", "4"), "option --bits: expected none for a netx file"),
    ],
)
def test_what_is_refused_writes_nothing(
    typed: tuple[str, ...], said: str, bare: Path, tmp_path: Path
) -> None:
    names = {
        "bare": bare,
        **{
            key: tmp_path / name
            for key, name in {
                "output": "out.net",
                "pickle": "net.pt",
                "nir": "lif.nir",
                "whole": "whole.net",
                "graph": "out.nir",
            }.items()
        },
    }
    names["pickle"].write_bytes(b"\x80\x04\x95\x00\x00\x00\x00.")
    write_network(WHOLE, names["whole"])
    write_lif(names["nir"])
    code, error = run("convert", *(word.format(**names) for word in typed))
    assert code == 2
    assert said in error
    assert not names["output"].exists()
    assert not names["graph"].exists()


def test_layers_are_named_as_in_netx_and_as_in_the_graph(tmp_path: Path) -> None:
    graph, spikes = str(tmp_path / "lif.nir"), str(tmp_path / "x.npy")
    write_lif(Path(graph))
    np.save(spikes, (np.random.default_rng(0).random((4, 6, 30)) < 0.1).astype(np.uint8))
    arguments = ("convert", graph, str(tmp_path / "a.net"), "--dt", "1e-1", "--calibrate", spikes)
    code, text = run(*arguments)
    assert code == 0
    (layer,) = json.loads(run(*arguments, "--json")[1])["rounding"]["layers"]
    assert re.search(rf"┃ layer +┃ node ┃[^│]*│ 0-dense │ +{layer['name']} │", text)


def untimed(answer: tuple[int, str]) -> tuple[int, str]:
    """An answer without the seconds of its steps, and the path of what it is of."""
    return answer[0], re.sub(r'"times": \{[^}]*\}|"path": "[^"]*"', "", answer[1])


def test_a_graph_that_says_its_step_is_run_by_every_command(tmp_path: Path) -> None:
    file, graph, spikes = (str(tmp_path / name) for name in ("a.net", "a.nir", "x.npy"))
    write_network(WHOLE, file)
    np.save(spikes, (np.random.default_rng(0).random((4, 6, 30)) < 0.5).astype(np.uint8))
    assert run("convert", file, graph, "--dt", "1e-3")[0] == 0
    for command in ("simulate", "stream", "energy", "fit", "inspect"):
        options = ["--json"] if command == "inspect" else ["--input", spikes, "--json"]
        if command == "simulate":
            options += ["--output", str(tmp_path / "out.npy"), "--engine", "native"]
        if command == "fit":
            options += ["--chip", "loihi2"]
        of_graph, of_file = (untimed(run(command, network, *options)) for network in (graph, file))
        assert of_graph == of_file
        assert of_graph[0] == 0, of_graph[1]
    verified = ("--input", spikes, "--engine", "native", "--json")
    (_, of_graph), (_, of_file) = (run("verify", network, *verified) for network in (graph, file))
    assert json.loads(of_graph)["integers"] == json.loads(of_file)
    assert json.loads(of_graph)["exact"] is True
    made = [str(tmp_path / name) for name in ("of_graph", "of_file")]
    for network, folder in zip((graph, file), made, strict=True):
        assert run("bundle", "make", network, folder, "--steps", "30")[0] == 0
    networks = [nd.load_bundle(folder).network for folder in made]
    assert networks[0].names == networks[1].names
    np.testing.assert_array_equal(*(network.layers[0].weight for network in networks))
    write_lif(Path(graph))
    code, error = run("simulate", graph, "--input", spikes, "--output", str(tmp_path / "b.npy"))
    assert code == 2
    assert "neurodeploy convert GRAPH.nir OUTPUT.net --dt" in error


def test_what_is_no_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="module"):
        nd.convert(3)
    (tmp_path / "a.txt").write_text("layers")
    with pytest.raises(FileFormatError, match="found a text"):
        nd.convert(tmp_path / "a.txt")
