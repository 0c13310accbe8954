"""A file says what it likes of itself; only what is in it, and no more than the limits, is read."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from neurodeploy._io.hdf5 import Group, Rows, Unread, read_hdf5
from neurodeploy._io.limits import MIB, Limits
from neurodeploy.errors import FileFormatError, InputError

Make = Callable[[h5py.File, Path], object]


def written(path: Path, make: Make) -> Path:
    with h5py.File(path, "w") as file:
        file["good"] = np.arange(3)
        make(file, path.parent)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.h5"


def test_what_h5py_writes_is_read_as_it_is(path: Path) -> None:
    arrays = {
        "int8": np.arange(6, dtype=np.int8).reshape(2, 3),
        "big": np.arange(4, dtype=">i4"),
        "half": np.array([0.5, 1.5], np.float16),
        "double": np.float64(2.5),
        "bool": np.array([True, False]),
        "none": np.zeros((0, 4), np.uint16),
        "packed": np.arange(5000).reshape(50, 100),
    }

    def make(file: h5py.File, folder: Path) -> None:
        for name, values in arrays.items():
            options = {"compression": "gzip", "shuffle": True} if name == "packed" else {}
            file.create_dataset(f"group/{name}", data=values, **options)
        file["fixed"], file["any length"] = np.array([b"ab", b"c"]), ["x", "long"]
        file.attrs["bits"], file["group"].attrs["kind"] = np.uint8(7), "text"

    root = read_hdf5(written(path, make), "file")
    group = root.fields["group"]
    assert isinstance(group, Group)
    for name, values in arrays.items():
        found = group.fields[name]
        assert isinstance(found, np.ndarray)
        assert found.dtype == np.asarray(values).dtype.newbyteorder("=")
        np.testing.assert_array_equal(found, values)
    np.testing.assert_array_equal(root.fields["fixed"], [b"ab", b"c"])
    np.testing.assert_array_equal(root.fields["any length"], [b"x", b"long"])
    assert root.attributes["bits"] == 7
    assert group.attributes["kind"] == b"text"


def itself(file: h5py.File, folder: Path) -> None:
    layout = h5py.VirtualLayout(shape=(4,), dtype="i4")
    layout[:] = h5py.VirtualSource(folder / "a.h5", "virtual", shape=(4,))
    file.create_virtual_dataset("virtual", layout)


def raw_bytes_elsewhere(file: h5py.File, folder: Path) -> None:
    (folder / "other").write_bytes(bytes(16))
    file.create_dataset("raw", (16,), "u1", external=[(str(folder / "other"), 0, 16)])


def another_file(file: h5py.File, folder: Path) -> None:
    with h5py.File(folder / "other.h5", "w") as other:
        other["weight"] = np.ones(3)
    file["inside/linked"] = h5py.ExternalLink("other.h5", "/weight")


def loop(file: h5py.File, folder: Path) -> None:
    file["a/b/c"] = 1
    file["a/b/back"] = file["a"]


def packed(file: h5py.File, folder: Path) -> None:
    file.create_dataset("zeros", (40 * MIB,), "i1", chunks=(MIB,), compression="gzip")


def twice_packed(file: h5py.File, folder: Path) -> None:
    layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    layout.set_chunk((100,))
    layout.set_deflate(9)
    layout.set_deflate(9)
    space = h5py.h5s.create_simple((100,))
    h5py.h5d.create(file.id, b"twice", h5py.h5t.NATIVE_INT8, space, layout)


def another_filter(file: h5py.File, folder: Path) -> None:
    file.create_dataset("scaled", data=np.arange(100), chunks=(100,), scaleoffset=0)


def other_booleans(file: h5py.File, folder: Path) -> None:
    file["flags"] = np.array([0, 2], np.uint8).view(bool)


REFUSED: dict[str, tuple[Make, str, str]] = {
    "a virtual dataset of itself": (itself, "virtual", "a virtual dataset"),
    "raw bytes of another file": (raw_bytes_elsewhere, "raw", "values in another file"),
    "a link to another file": (another_file, "inside/linked", "a link to another file"),
    "a group in itself": (loop, "a/b/back", "16 deep at most"),
    "many times its size": (packed, "zeros", "of a file of this size"),
    "one filter twice": (twice_packed, "twice", "each once"),
    "a filter that is not known": (another_filter, "scaled", "deflate, shuffle, fletcher32, lzf"),
    "booleans that are none": (other_booleans, "flags", "booleans of 0 or 1, found 2"),
    "unpacked terabytes": (
        lambda file, folder: file.create_dataset("big", (1 << 20, 1 << 20), "i1", chunks=(8, 8)),
        "big",
        "at most 512 MiB of memory",
    ),
    "a chunk larger than its dataset": (
        lambda file, folder: file.create_dataset(
            "chunk", (1,), "i1", chunks=(1 << 29,), maxshape=(None,)
        ),
        "chunk",
        "at most 512 MiB of memory",
    ),
    "a name without end": (lambda file, folder: file.create_group("n" * 300), "", "255 letters"),
    "a row of groups": (lambda file, folder: file.create_group("g/" * 30), "g/g/g", "16 deep"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_leads_out_of_the_file_or_has_no_end_is_refused(path: Path, case: str) -> None:
    make, name, said = REFUSED[case]
    with pytest.raises(FileFormatError) as raised:
        read_hdf5(written(path, make), "file")
    assert str(raised.value).startswith(f"file {path}{', ' if name else ''}{name}")
    assert said in str(raised.value)


def test_groups_that_share_groups_are_counted_as_often_as_they_are_named(path: Path) -> None:
    def make(file: h5py.File, folder: Path) -> None:
        inner = file.create_group("0")
        for depth in range(1, 12):
            outer = file.create_group(f"{depth}")
            for name in "abcdefgh":
                outer[name] = inner
            inner = outer

    with pytest.raises(FileFormatError, match="20,000 fields at most"):
        read_hdf5(written(path, make), "file")


def test_what_is_no_array_is_named_and_not_read(path: Path) -> None:
    def make(file: h5py.File, folder: Path) -> None:
        file["soft"] = h5py.SoftLink("/good")
        file["pair"] = np.zeros(2, [("a", "i4"), ("b", "f8")])
        file.create_dataset("rows", (2,), h5py.vlen_dtype(np.dtype([("a", "i4")])))
        file["reference"] = np.array([file.ref], dtype=h5py.ref_dtype)
        file["empty"] = h5py.Empty("i4")
        file["type"] = np.dtype("i4")

    fields = dict(read_hdf5(written(path, make), "file").fields)
    assert isinstance(fields.pop("good"), np.ndarray)
    assert all(isinstance(found, Unread) for found in fields.values())
    assert len(fields) == 6


def test_rows_of_any_length_are_read(path: Path) -> None:
    def make(file: h5py.File, folder: Path) -> None:
        rows = file.create_dataset("rows", (3,), h5py.vlen_dtype(np.dtype("f2")))
        rows[0], rows[2] = [0.5, 1.5], [2.5]
        file.create_dataset("none", (0,), h5py.vlen_dtype(np.dtype("u2")))

    fields = read_hdf5(written(path, make), "file").fields
    rows, none = fields["rows"], fields["none"]
    assert isinstance(rows, Rows)
    assert isinstance(none, Rows)
    assert [row.tolist() for row in (rows[0], rows[1], rows[2])] == [[0.5, 1.5], [], [2.5]]
    assert (len(rows), rows.values.dtype, len(none)) == (3, np.dtype("f2"), 0)


def test_rows_are_held_to_the_limits(path: Path) -> None:
    def make(file: h5py.File, folder: Path) -> None:
        rows = file.create_dataset("rows", (4,), h5py.vlen_dtype(np.dtype("f8")))
        rows[0] = np.zeros(1 << 20)

    with pytest.raises(FileFormatError, match=r"memory|whole HDF5 file"):
        read_hdf5(written(path, make), "file", Limits(memory_bytes=8 * MIB))


def test_limits_are_those_that_are_given(path: Path) -> None:
    written(path, lambda file, folder: file.create_dataset("a", data=np.zeros(1 << 17)))
    read_hdf5(path, "file", Limits(memory_bytes=4 * MIB))
    with pytest.raises(FileFormatError, match="at most 2 MiB of memory, found 3 MiB"):
        read_hdf5(path, "file", Limits(memory_bytes=2 * MIB))
    zeros = np.zeros(48 * MIB, np.int8)
    written(path, lambda file, folder: file.create_dataset("a", data=zeros, compression=9))
    with pytest.raises(FileFormatError, match="of a file of this size"):
        read_hdf5(path, "file")
    with pytest.raises(FileFormatError, match=r"read within 0\.\d+ s, found one that takes longer"):
        read_hdf5(path, "file", Limits(expansion=1024, seconds=1e-3))
    read_hdf5(path, "file", Limits(expansion=1024))


@pytest.mark.parametrize("name", ["memory_bytes", "seconds", "expansion"])
@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_limits_of_nothing_are_refused(name: str, value: float) -> None:
    with pytest.raises(InputError, match=f"limit {name}"):
        Limits(**{name: value})


def test_threads_read_at_the_same_time(path: Path) -> None:
    written(path, lambda file, folder: file.create_dataset("a", data=np.arange(100_000)))
    sums: list[int] = []

    def read() -> None:
        found = read_hdf5(path, "file").fields["a"]
        assert isinstance(found, np.ndarray)
        sums.append(int(found.sum()))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sums == [4_999_950_000] * 3


ALONE = """
import os, sys
from pathlib import Path
from neurodeploy._io.hdf5 import read_hdf5

assert read_hdf5(Path(sys.argv[1]), "file").fields["good"].tolist() == [0, 1, 2]
assert "h5py" not in sys.modules
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print("no child is left")
"""


def test_the_library_is_not_loaded_here_and_its_process_ends(path: Path) -> None:
    written(path, lambda file, folder: None)
    said = subprocess.run(
        [sys.executable, "-c", ALONE, str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "no child is left\n"
