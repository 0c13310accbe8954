"""A person's class and file become the module that was saved."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from slayer_modules import BLOCKS, NORMS, Blocks, cuba, forward, spikes

from neurodeploy.adopt.slayer.module import adopt_module
from neurodeploy.adopt.slayer.weights import fit_weights, load_module, read_weights
from neurodeploy.engines.registry import simulate
from neurodeploy.errors import FileFormatError, InputError

pytestmark = pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")

C = BLOCKS.cuba

MODEL = """
import torch
import lava.lib.dl.slayer as slayer
from sizes import INPUTS

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        neuron = {"threshold": 1.0, "current_decay": 0.25, "voltage_decay": 0.1}
        block = slayer.block.cuba.Dense
        self.blocks = torch.nn.ModuleList([
            block(neuron, INPUTS, 12, weight_scale=3, weight_norm=True, delay=True),
            block(neuron, 12, 4, weight_scale=3, weight_norm=True),
        ])

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x

class Sized(Net):
    def __init__(self, size):
        super().__init__()

NUMBER = 3
"""


@pytest.fixture
def model(tmp_path: Path) -> str:
    (tmp_path / "sizes.py").write_text("INPUTS = 6\n")
    (tmp_path / "model.py").write_text(MODEL)
    return str(tmp_path / "model.py")


@pytest.fixture
def trained(model: str) -> torch.nn.Module:
    """A module that has run, so that its delays are there."""
    torch.manual_seed(0)
    module = load_module(f"{model}:Net")
    forward(module, spikes(1, 6, 4))
    module.blocks[0].delay.delay.data = torch.randint(0, 5, (12,)).float()
    return module


def test_a_file_and_its_weights_are_the_network_that_was_saved(
    model: str, trained: torch.nn.Module, tmp_path: Path
) -> None:
    torch.save(trained.state_dict(), tmp_path / "state.pt")
    module = load_module(f"{model}:Net", tmp_path / "state.pt")
    signal = spikes(4, 6, 50)
    expected = forward(trained, signal)
    assert expected.sum() > 50
    np.testing.assert_array_equal(forward(module, signal), expected)
    network = adopt_module(load_module(f"{model}:Net", tmp_path / "state.pt")).network
    np.testing.assert_array_equal(simulate(network, signal, "native").spikes, expected)


def test_other_ways_of_saving_are_read(
    model: str, trained: torch.nn.Module, tmp_path: Path
) -> None:
    state = trained.state_dict()
    save_file({name: each.contiguous() for name, each in state.items()}, tmp_path / "a.safetensors")
    torch.save({"model_state_dict": state, "epoch": 3}, tmp_path / "b.pt")
    torch.save({f"module.{name}": each for name, each in state.items()}, tmp_path / "c.pt")
    for name in ("a.safetensors", "b.pt", "c.pt"):
        found = load_module(f"{model}:Net", tmp_path / name).state_dict()
        assert all(torch.equal(found[key], each) for key, each in state.items())


def test_weights_saved_after_the_export_are_read(model: str, trained: torch.nn.Module) -> None:
    signal = spikes(4, 6, 50)
    expected = forward(trained, signal)
    for block in trained.blocks:
        block.synapse.disable_weight_norm()
    module = load_module(f"{model}:Net")
    fit_weights(module, trained.state_dict(), "weights")
    np.testing.assert_array_equal(forward(module, signal), expected)


def test_what_slayer_draws_in_its_first_run_is_not_drawn_again() -> None:
    def make() -> Blocks:
        drawn = cuba(current_decay=(0.1, 0.5), shared_param=False, norm=NORMS.MeanOnlyBatchNorm)
        period = {"threshold": 1.0, "period": (4.5, 9), "decay": 0.1, "shared_param": False}
        return Blocks(
            C.Dense(drawn, 6, 12, weight_scale=3),
            C.Recurrent(cuba(), 12, 8, weight_scale=3),
            BLOCKS.rf.Dense(period, 8, 8, weight_scale=3),
        )

    trained, signal = make(), torch.from_numpy(spikes(4, 6, 50)).float()
    with torch.no_grad():
        trained(signal)
    trained.eval()
    module = make()
    fit_weights(module, trained.state_dict(), "weights")
    for each in (trained, module):
        each.blocks[1].neuron.voltage_state = torch.zeros(1)
        each.blocks[1].neuron.current_state = torch.zeros(1)
    expected = forward(trained, signal.numpy())
    assert expected.sum() > 20
    np.testing.assert_array_equal(forward(module, signal.numpy()), expected)


def test_a_pickle_is_refused_with_the_reason(trained: torch.nn.Module, tmp_path: Path) -> None:
    path = tmp_path / "whole.pt"
    with path.open("wb") as file:
        pickle.dump({"path": Path("/")}, file)
    with pytest.raises(FileFormatError, match="runs their code"):
        read_weights(path)


@pytest.mark.parametrize("content", [b"", b"nothing of the kind", b"PK\x03\x04 cut"])
def test_what_is_no_checkpoint_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(content)
    with pytest.raises(FileFormatError, match=r"a\.pt"):
        read_weights(tmp_path / "a.pt")


def test_missing_and_unexpected_tensors_are_named(trained: torch.nn.Module) -> None:
    state = dict(trained.state_dict())
    state["other.weight"] = state.pop("blocks.1.synapse.weight_g")
    with pytest.raises(FileFormatError, match=r"without blocks.1.*weight_g.* other\.weight"):
        fit_weights(trained, state, "weights")
    wrong = {**trained.state_dict(), "blocks.0.synapse.weight_v": torch.zeros(3, 3)}
    with pytest.raises(FileFormatError, match=r"blocks.0.synapse.weight_v of \(3, 3\)"):
        fit_weights(trained, wrong, "weights")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Sized", "made without arguments"),
        ("Missing", "'Missing' in"),
        ("NUMBER", "a class of a torch module"),
    ],
)
def test_what_makes_no_module_is_refused(model: str, name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load_module(f"{model}:{name}")


def test_a_name_without_a_class_is_refused() -> None:
    with pytest.raises(InputError, match=r"package\.module:Net"):
        load_module("model.py")


def test_an_import_path_is_taken_too() -> None:
    assert isinstance(load_module("torch.nn:Identity"), torch.nn.Identity)


def test_a_file_that_fails_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("import nothing_of_that_name\n")
    with pytest.raises(InputError, match="nothing_of_that_name"):
        load_module(f"{tmp_path / 'model.py'}:Net")
