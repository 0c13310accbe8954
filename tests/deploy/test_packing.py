"""A bundle in one file: the same bytes for the same bundle, and nothing else comes out of it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import neurodeploy as nd
from neurodeploy.deploy.packing import MOST_BYTES, pack_bundle, unpack_bundle
from neurodeploy.errors import FileFormatError, InputError


def test_the_same_bundle_gives_the_same_bytes(bundle: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    nd.save_bundle(nd.load_bundle(bundle), again)
    modes = {file.stat().st_mode & 0o777 for file in again.iterdir()}
    assert len(modes) == 1
    for folder in (bundle, again):
        pack_bundle(folder, tmp_path / f"{folder.name}.zip")
    packed = (tmp_path / "bundle.zip").read_bytes()
    assert packed == (tmp_path / "again.zip").read_bytes()
    unpack_bundle(tmp_path / "bundle.zip", tmp_path / "out")
    for file in bundle.iterdir():
        assert (tmp_path / "out" / file.name).read_bytes() == file.read_bytes()
    assert nd.load_bundle(tmp_path / "out").network.input_shape == (6,)


def files_of(bundle: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in bundle.iterdir()}


def archive(files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", method) as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return memory.getvalue()


def larger_than_said(files: dict[str, bytes]) -> bytes:
    data = bytearray(archive(files))
    place = data.rfind(b"PK\x01\x02")
    data[place + 24 : place + 28] = (1 << 31).to_bytes(4, "little")
    data[place + 20 : place + 24] = (1 << 31).to_bytes(4, "little")
    return bytes(data)


WRONG: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "a path out of the folder": lambda files: archive({**files, "../evil": b"x"}),
    "a file that is none of ours": lambda files: archive({**files, "setup.py": b"x"}),
    "a file that is missing": lambda files: archive({"manifest.json": files["manifest.json"]}),
    "compressed": lambda files: archive(files, zipfile.ZIP_DEFLATED),
    "changed": lambda files: archive({**files, "network.net": files["network.net"] + b"x"}),
    "cut": lambda files: archive(files)[:-40],
    "larger than it says": larger_than_said,
    "no archive": lambda files: b"PK\x03\x04 nothing",
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_packed_bundle_leaves_nothing(case: str, bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "wrong.zip"
    path.write_bytes(WRONG[case](files_of(bundle)))
    before = sorted(tmp_path.iterdir())
    with pytest.raises(FileFormatError, match=r"wrong\.zip|checksum"):
        unpack_bundle(path, tmp_path / "out")
    assert sorted(tmp_path.iterdir()) == before


def test_a_bundle_of_any_size_is_not_unpacked(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neurodeploy.deploy.packing.MOST_BYTES", 1000)
    assert MOST_BYTES == 1 << 32
    pack_bundle(bundle, tmp_path / "a.zip")
    with pytest.raises(FileFormatError, match="at most 1000 bytes"):
        unpack_bundle(tmp_path / "a.zip", tmp_path / "out")


def test_a_folder_that_is_there_is_kept(bundle: Path, tmp_path: Path) -> None:
    pack_bundle(bundle, tmp_path / "a.zip")
    with pytest.raises(InputError, match="a new folder"):
        unpack_bundle(tmp_path / "a.zip", bundle)
