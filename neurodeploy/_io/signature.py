"""What a file is, by its first bytes and not by its name, and what to do with it."""

from __future__ import annotations

import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from neurodeploy._io.limits import DEFAULT, Limits
from neurodeploy.errors import FileFormatError

if TYPE_CHECKING:
    from neurodeploy._io.hdf5 import Group

HDF5 = b"\x89HDF\r\n\x1a\n"
LFS = b"version https://git-lfs.github.com/spec/"
PICKLE = tuple(b"\x80" + bytes([protocol]) for protocol in range(2, 6))
CONVERT = "neurodeploy convert"


@dataclass(frozen=True)
class FileKind:
    """A format that people keep networks in.

    ``key`` is its short name, ``words`` what a message calls it, ``remedy`` the next step of a
    person who has one and wants a netx network.
    """

    key: str
    words: str
    remedy: str


KINDS = {
    kind.key: kind
    for kind in (
        FileKind("netx", "a netx HDF5 file", ""),
        FileKind(
            "nir", "a NIR graph", f"Convert it: {CONVERT} GRAPH.nir OUTPUT.net --dt 1e-4 (seconds)."
        ),
        FileKind(
            "torch",
            "a PyTorch checkpoint",
            f"It has weights, not the network: {CONVERT} model.py:Net OUTPUT.net --weights FILE.",
        ),
        FileKind(
            "torchscript",
            "a TorchScript archive, which holds code",
            f"Save its state_dict and convert that: {CONVERT} model.py:Net OUTPUT.net "
            "--weights state.pt.",
        ),
        FileKind(
            "safetensors",
            "a safetensors file",
            f"It has weights, not the network: {CONVERT} model.py:Net OUTPUT.net --weights FILE.",
        ),
        FileKind("lfs", "a Git LFS pointer", "Fetch the file that it stands for: git lfs pull."),
        FileKind(
            "onnx",
            "an ONNX model, which has no spiking neurons",
            "Export the spiking network as NIR (snnTorch, norse, sinabs), or from lava-dl as netx.",
        ),
        FileKind(
            "keras",
            "a Keras model",
            "Neither netx nor NIR comes out of it: rebuild the network in lava-dl, or in a tool "
            "that exports NIR, and take its weights over.",
        ),
        FileKind(
            "pickle",
            "a Python pickle, which can run any code when it is read",
            "It is never read here. Save the weights with torch.save(net.state_dict(), ...) or "
            "safetensors instead.",
        ),
        FileKind("npy", "a numpy array", "Spikes are given with --input."),
        FileKind("npz", "an archive of numpy arrays", "Spikes are given one .npy file each."),
        FileKind("hdf5", "an HDF5 file without a group 'layer' (netx) or 'node' (NIR)", ""),
        FileKind("zip", "a ZIP archive", "Unpack it first."),
        FileKind("gzip", "a gzipped file", "Unpack it first: gunzip."),
        FileKind("tflite", "a TensorFlow Lite model, which has no spiking neurons", ""),
        FileKind("html", "a web page", "Download the file itself, not the page that shows it."),
        FileKind("text", "a text", ""),
        FileKind("unknown", "a file of a kind that is not known", ""),
    )
}
"""Every kind that `file_kind` tells apart."""


def is_hdf5(path: Path) -> bool:
    """Whether a file begins as HDF5 does."""
    with path.open("rb") as file:
        return file.read(len(HDF5)) == HDF5


def file_kind(path: Path, limits: Limits = DEFAULT) -> FileKind:
    """What a file is; of its content only the beginning and tables of names are read.

    Parameters
    ----------
    path : path
        A file that can be read.
    limits : Limits
        Of an HDF5 file, which is opened as `read_hdf5` does it.

    Returns
    -------
    FileKind
        One of `KINDS`.
    """
    if is_hdf5(path):
        from neurodeploy._io.hdf5 import read_hdf5

        try:
            return hdf5_kind(read_hdf5(path, "file", limits))
        except FileFormatError:
            return KINDS["hdf5"]
    return KINDS[_key(path)]


def hdf5_kind(root: Group) -> FileKind:
    """What an HDF5 file is, by the names in its root."""
    groups = {name for name, found in root.fields.items() if hasattr(found, "fields")}
    if "layer" in groups:
        return KINDS["netx"]
    if "node" in groups:
        return KINDS["nir"]
    known = {"keras_version", "model_weights", "layer_names"}
    return KINDS["keras" if known & {*groups, *root.attributes} else "hdf5"]


def _key(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(4096)
        size = file.seek(0, 2)
    starts = (
        (LFS, "lfs"),
        (b"\x93NUMPY", "npy"),
        (b"\x1f\x8b", "gzip"),
        (PICKLE, "pickle"),
    )
    found = next((key for start, key in starts if head.startswith(start)), None)
    if found == "pickle" and _legacy_torch(head):
        return "torch"
    if found is not None:
        return found
    if head.startswith(b"PK\x03\x04"):
        return _zip(path)
    if head[4:8] == b"TFL3":
        return "tflite"
    if _is_safetensors(head, size):
        return "safetensors"
    if _is_onnx(head):
        return "onnx"
    return _text(head)


def _zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return "zip"
    if any(name.endswith("constants.pkl") for name in names):
        return "torchscript"
    if any(name.endswith("data.pkl") for name in names):
        return "torch"
    if "model.weights.h5" in names:
        return "keras"
    return "npz" if names and all(name.endswith(".npy") for name in names) else "zip"


def _legacy_torch(head: bytes) -> bool:
    """Files of torch before 1.6 are a row of pickles; the first is a magic number."""
    magic = 0x1950A86A20F9469CFC6C
    return magic.to_bytes(10, "little") in head[:32]


def _is_safetensors(head: bytes, size: int) -> bool:
    if len(head) < 9:
        return False
    (header,) = struct.unpack("<Q", head[:8])
    return head[8:9] == b"{" and header <= size - 8


def _is_onnx(head: bytes) -> bool:
    """A ModelProto: its first field is the version of the IR, its next a name or a graph."""
    return (
        len(head) > 2 and head[0] == 0x08 and 0 < head[1] < 0x20 and head[2] in (0x12, 0x1A, 0x3A)
    )


def _text(head: bytes) -> str:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return "unknown"
        text = head[: error.start].decode("utf-8")
    if any(ord(letter) < 32 and letter not in "\t\n\r\f" for letter in text):
        return "unknown"
    return "html" if text.lstrip().lower().startswith(("<!doctype", "<html")) else "text"
