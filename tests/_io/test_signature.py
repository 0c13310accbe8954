from __future__ import annotations

import gzip
import io
import json
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from neurodeploy._io.signature import KINDS, file_kind


def hdf5(*names: str) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        with h5py.File(path, "w") as file:
            for name in names:
                file.create_group(name)

    return make


def script(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("net/data.pkl", "net/code/__torch__.py", "net/constants.pkl"):
            archive.writestr(name, "")


def onnx(path: Path) -> None:
    producer = b"pytorch"
    path.write_bytes(b"\x08\x08\x12" + bytes([len(producer)]) + producer + b"\x3a\x02\x0a\x00")


STATE = {"weight": torch.ones(2, 3)}
MAKERS: list[tuple[str, Callable[[Path], object]]] = [
    ("netx", hdf5("layer")),
    ("nir", hdf5("node")),
    ("keras", hdf5("model_weights")),
    ("hdf5", hdf5("data")),
    ("torch", lambda path: torch.save(STATE, path)),
    ("torch", lambda path: torch.save(STATE, path, _use_new_zipfile_serialization=False)),
    ("torchscript", script),
    ("safetensors", lambda path: save_file(STATE, path)),
    ("onnx", onnx),
    ("pickle", lambda path: path.write_bytes(pickle.dumps({"a": 1}))),
    ("pickle", lambda path: path.write_bytes(pickle.dumps({"a": 1}, protocol=2))),
    ("npz", lambda path: np.savez(path.open("wb"), a=np.ones(2))),
    ("npy", lambda path: np.save(path.open("wb"), np.ones(2))),
    ("gzip", lambda path: path.write_bytes(gzip.compress(b"layer"))),
    ("tflite", lambda path: path.write_bytes(b"\x1c\0\0\0TFL3" + bytes(20))),
    ("html", lambda path: path.write_text("<!DOCTYPE html><html></html>")),
    ("text", lambda path: path.write_text("layer: 1\n" * 1000 + "é")),
    ("unknown", lambda path: path.write_bytes(bytes(range(255, 0, -1)))),
    (
        "lfs",
        lambda path: path.write_text(
            "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
        ),
    ),
]


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(("key", "make"), MAKERS)
def test_a_file_is_known_by_its_content(
    key: str, make: Callable[[Path], object], tmp_path: Path
) -> None:
    path = tmp_path / "network.net"
    make(path)
    assert file_kind(path) is KINDS[key]


def test_a_cut_letter_at_the_end_of_the_head_is_still_a_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"a" * 4095 + "é".encode())
    assert file_kind(path) is KINDS["text"]


def test_a_long_header_that_the_file_does_not_have_is_no_safetensors(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(struct.pack("<Q", 1 << 40) + json.dumps({}).encode())
    assert file_kind(path) is KINDS["unknown"]


def test_a_damaged_archive_is_named_as_far_as_it_can_be(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    torch.save(STATE, buffer)
    path = tmp_path / "a.pt"
    path.write_bytes(buffer.getvalue()[:100])
    assert file_kind(path) is KINDS["zip"]
