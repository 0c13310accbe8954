from __future__ import annotations

from pathlib import Path

import torch

from neurodeploy.cli.demo_kept import kept_tensors


class Maker:
    """Makes a tensor that says how often it was called."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> dict[str, torch.Tensor]:
        self.calls += 1
        return {"value": torch.tensor([self.calls])}


def test_what_is_kept_is_not_made_again(tmp_path: Path) -> None:
    make = Maker()
    for _ in range(2):
        assert kept_tensors(tmp_path / "x", "one", make)["value"].tolist() == [1]
    assert make.calls == 1


def test_what_is_made_of_something_else_is_made_again(tmp_path: Path) -> None:
    make = Maker()
    found = [int(kept_tensors(tmp_path / "x", of, make)["value"]) for of in ("one", "two", "one")]
    assert found == [1, 2, 3]


def test_a_damaged_file_is_written_anew(tmp_path: Path) -> None:
    make = Maker()
    kept_tensors(tmp_path / "x", "one", make)
    whole = (tmp_path / "x").read_bytes()
    (tmp_path / "x").write_bytes(whole[: len(whole) // 2])
    assert kept_tensors(tmp_path / "x", "one", make)["value"].tolist() == [2]
    assert kept_tensors(tmp_path / "x", "one", make)["value"].tolist() == [2]
