"""Training state on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from neurodeploy._io.tensors import load_state, load_tensors, save_tensors
from neurodeploy.errors import FileFormatError, InputError
from neurodeploy.learn.checkpoint import load_model, restore_training, save_model, save_training
from neurodeploy.learn.identity import model_identity
from neurodeploy.model.decoder import Decoder, DecoderConfig
from neurodeploy.model.encoder import Encoder
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.model.quantization import compress
from neurodeploy.model.specs import ConvSpec, DenseSpec

NOTES = {"epoch": 3, "best_loss": 0.1 + 0.2, "config": {"seed": 0, "name": "µ"}, "none": None}
REMEMBERED = {"baseline": torch.tensor(0.1, dtype=torch.float64), "blocks.0.bias": torch.ones(2, 3)}


def model(hidden: int = 5, *, seed: int = 0) -> HybridModel:
    torch.manual_seed(seed)
    layers = [
        ConvSpec(channels=2, kernel_size=2, bias=True),
        DenseSpec(neurons=hidden, bias=True, learn_decays=True),
        DenseSpec(neurons=3, delay_steps=3),
    ]
    config = DecoderConfig(kind="mlp", neurons=3, window_steps=6, heads={"label": 2}, hidden=4)
    return HybridModel(Encoder((1, 3, 3), layers), Decoder(config))


def optimizer_of(made: HybridModel) -> torch.optim.Adam:
    return torch.optim.Adam(made.parameters(), lr=0.01)


def step(made: HybridModel, optimizer: torch.optim.Optimizer, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    spikes = (torch.rand(4, 1, 3, 3, 6, generator=generator) < 0.5).float()
    answers, encoded = made(spikes, temperature=0.5, generator=generator)
    optimizer.zero_grad()
    (answers["label"].sum() + encoded.margin.sum()).backward()
    optimizer.step()


def trained(path: Path) -> tuple[HybridModel, torch.optim.Adam]:
    made = model()
    optimizer = optimizer_of(made)
    step(made, optimizer, seed=0)
    step(made, optimizer, seed=1)
    save_training(path, made, optimizer, REMEMBERED, NOTES)
    return made, optimizer


def assert_equal_tensors(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> None:
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        assert tensor.dtype == second[name].dtype, name
        assert torch.equal(tensor, second[name]), name


def test_round_trip_of_model_and_moments_is_exact(tmp_path: Path) -> None:
    made, optimizer = trained(tmp_path / "last.safetensors")
    other = model(seed=9)
    other_optimizer = optimizer_of(other)
    tensors, notes = load_tensors(tmp_path / "last.safetensors", "checkpoint")
    remembered = restore_training(tensors, other, other_optimizer, "checkpoint")
    assert_equal_tensors(remembered, REMEMBERED)
    assert notes == {**NOTES, "model": model_identity(made)}
    assert_equal_tensors(made.state_dict(), other.state_dict())
    moments, restored = optimizer.state_dict()["state"], other_optimizer.state_dict()["state"]
    assert moments.keys() == restored.keys()
    assert moments
    for index, state in moments.items():
        assert_equal_tensors(state, restored[index])
    step(made, optimizer, seed=2)
    step(other, other_optimizer, seed=2)
    assert_equal_tensors(made.state_dict(), other.state_dict())


def test_tensors_of_every_kind_and_notes(tmp_path: Path) -> None:
    tensors = {
        "transposed": torch.arange(6.0).reshape(2, 3).T,
        "with gradient": torch.ones(2, requires_grad=True),
        "scalar": torch.tensor(7),
        "special": torch.tensor([float("nan"), float("inf"), -0.0], dtype=torch.float64),
        "empty": torch.zeros(0, 3),
    }
    save_tensors(tmp_path / "new" / "x.safetensors", tensors, NOTES)
    loaded, notes = load_tensors(tmp_path / "new" / "x.safetensors", "checkpoint")
    assert notes == NOTES
    assert loaded.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert loaded[name].dtype == tensor.dtype
        torch.testing.assert_close(
            loaded[name], tensor.detach(), rtol=0, atol=0, equal_nan=True, check_stride=False
        )


def test_file_is_safetensors_to_the_last_byte(tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    trained(path)
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    assert json.loads(header["__metadata__"]["notes"])[1].items() >= NOTES.items()
    assert 8 + length + max(ends) == len(content)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.9999])
def test_truncated_file_is_named(tmp_path: Path, share: float) -> None:
    path = tmp_path / "last.safetensors"
    made, optimizer = trained(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    before = {name: tensor.clone() for name, tensor in made.state_dict().items()}
    with pytest.raises(FileFormatError, match=r"last\.safetensors: expected"):
        restore_training(load_tensors(path, "checkpoint")[0], made, optimizer, "checkpoint")
    assert_equal_tensors(made.state_dict(), before)


def test_pickle_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    torch.save(model().state_dict(), path)
    with pytest.raises(FileFormatError, match="a whole safetensors file"):
        load_tensors(path, "checkpoint")


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="expected an existing file"):
        load_tensors(tmp_path / "nowhere.safetensors", "checkpoint")
    with pytest.raises(FileFormatError, match="expected a file, found a folder"):
        load_tensors(tmp_path, "checkpoint")


def test_checkpoint_of_another_model(tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    trained(path)
    wider = model(hidden=6)
    tensors, _ = load_tensors(path, "checkpoint")
    with pytest.raises(FileFormatError, match=r"last\.safetensors: expected the tensors of this"):
        restore_training(tensors, wider, optimizer_of(wider), f"checkpoint {path}")


def test_tensors_of_nobody_are_refused(tmp_path: Path) -> None:
    made, optimizer = trained(tmp_path / "last.safetensors")
    with pytest.raises(FileFormatError, match=r"found optimizer\.x"):
        restore_training({"optimizer.x": torch.ones(1)}, made, optimizer, "checkpoint")


@pytest.mark.parametrize("name", ["best.safetensors", "last.safetensors"])
def test_a_model_is_read_from_either_file(tmp_path: Path, name: str) -> None:
    made, _ = trained(tmp_path / "last.safetensors")
    save_model(tmp_path / "best.safetensors", made, {})
    other = model(seed=9)
    load_model(other, tmp_path / name)
    assert_equal_tensors(made.state_dict(), other.state_dict())
    with pytest.raises(InputError, match=r"this model, found another: .*neurons: 5 -> 6"):
        load_model(model(hidden=6), tmp_path / name)


def test_levels_are_in_the_file(tmp_path: Path) -> None:
    """The tensors of both models have the same shapes."""
    save_model(tmp_path / "best.safetensors", compress(model(), bits=4), {})
    with pytest.raises(InputError, match=r"encoder\.layers\.0\.levels\.bits: 4 -> 8"):
        load_model(model(), tmp_path / "best.safetensors")


def test_whether_decays_are_learnt_is_in_the_file() -> None:
    identity = model_identity(model())
    assert [identity[f"encoder.layers.{layer}.learn_decays"] for layer in range(3)] == [0, 1, 0]
    assert identity["parameters.encoder.blocks.1.decays.fractions"] == [2]


def test_a_model_of_an_earlier_version_is_refused(tmp_path: Path) -> None:
    save_tensors(tmp_path / "best.safetensors", dict(model().state_dict()), {"epoch": 1})
    with pytest.raises(FileFormatError, match=r"notes on model, found none\. An earlier version"):
        load_model(model(), tmp_path / "best.safetensors")


@pytest.mark.parametrize("change", ["missing", "surplus", "shape"])
def test_state_that_does_not_fit(change: str) -> None:
    layer = torch.nn.Linear(3, 2)
    tensors = dict(layer.state_dict())
    if change == "missing":
        del tensors["bias"]
    elif change == "surplus":
        tensors["gain"] = torch.ones(1)
    else:
        tensors["bias"] = torch.ones(3)
    with pytest.raises(FileFormatError, match="the file: expected the tensors of this model"):
        load_state(layer, tensors, "the file")


def test_failed_write_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    trained(path)
    content = path.read_bytes()
    with pytest.raises(TypeError):
        save_tensors(path, {"x": torch.ones(1)}, {"not json": object()})
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]
