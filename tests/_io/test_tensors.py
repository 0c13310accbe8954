"""Tensors in files: what was written comes back, and anything else is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from neurodeploy._io.tensors import load_state, load_tensors, save_tensors
from neurodeploy.errors import FileFormatError

TENSORS = {
    "weight": torch.arange(6.0).reshape(2, 3),
    "count": torch.tensor(3),
    "none": torch.zeros(0, 4),
    "flags": torch.tensor([True, False]),
}


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_tensors(path, TENSORS, {"epoch": 3})
    found, notes = load_tensors(path, "tensors")
    assert notes == {"epoch": 3}
    assert set(found) == set(TENSORS)
    for name, tensor in TENSORS.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)
    assert path.stat().st_mode & 0o777 == 0o644


def test_the_same_tensors_give_the_same_bytes(tmp_path: Path) -> None:
    files = [tmp_path / f"{n}.safetensors" for n in range(20)]
    for file in files:
        save_tensors(file, TENSORS, {"epoch": 3, "seed": 1})
    assert len({file.read_bytes() for file in files}) == 1


def test_every_changed_bit_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_tensors(path, TENSORS, {"epoch": 3})
    whole = path.read_bytes()
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(bytes(damaged))
        try:
            found, notes = load_tensors(path, "tensors")
        except FileFormatError:
            continue
        assert notes == {"epoch": 3}, place
        assert all(torch.equal(found[name], tensor) for name, tensor in TENSORS.items()), place


def test_a_file_of_earlier_releases_has_no_checksum(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_file({"a": torch.ones(2)}, path, metadata={"notes": "{}"})
    assert torch.equal(load_tensors(path, "tensors")[0]["a"], torch.ones(2))


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}, {"notes": "3"}, {"notes": "[1]"}])
def test_a_file_of_others_is_refused(tmp_path: Path, metadata: dict[str, str] | None) -> None:
    path = tmp_path / "a.safetensors"
    save_file({"a": torch.ones(2)}, path, metadata=metadata)
    with pytest.raises(FileFormatError, match=r"decoder .*: expected notes of neurodeploy"):
        load_tensors(path, "decoder")


@pytest.mark.parametrize(
    ("weight", "said"),
    [
        (torch.full((2, 3), float("nan")), "weight: expected finite numbers"),
        (torch.full((2, 3), float("inf")), "weight: expected finite numbers"),
        (
            torch.ones(2, 3, dtype=torch.int64),
            r"expected torch\.float32, found torch\.int64",
        ),
        (torch.ones(2, 3, dtype=torch.float16), r"expected torch\.float32, found torch\.float16"),
        (torch.ones(3, 2), "the tensors of this model"),
    ],
)
def test_a_module_takes_only_its_own_numbers(weight: torch.Tensor, said: str) -> None:
    module = torch.nn.Linear(3, 2)
    before = module.weight.detach().clone()
    with pytest.raises(FileFormatError, match=said):
        load_state(module, {"weight": weight, "bias": torch.zeros(2)}, "decoder")
    assert torch.equal(module.weight, before)
