"""The process that opens an HDF5 file: the library itself loops or crashes on some bytes.

`neurodeploy._io.hdf5` runs this file as a script and nothing imports it. Of each file it looks at
all links, layouts, filters, types and sizes before it reads the first value. The only links that
it follows are hard ones, so that nothing but the file itself is opened.

Standard input has a request a line, JSON: ``path`` and the fields of `Limits`. An answer is the
length of its head (8 bytes, little endian), the head, JSON, and the bytes of all arrays in the
order in which the head names them. The head is a tree: a group is ``{"fields": {name: tree},
"attributes": {name: tree}}``, an array ``{"dtype", "shape"}``, rows of any length are ``{"values":
array, "lengths": array}``, and ``{"unread": what}`` is what has no place in an array. Or it is
``{"refused": [where, expected, found]}``, ``{"needs": [where, bytes]}`` or ``{"failed": what the
library said}``.
"""

import json
import math
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

sys.path += [entry for entry in json.loads(sys.argv[1]) if entry not in sys.path]

import numpy as np
from h5py import h5a, h5d, h5f, h5g, h5l, h5o, h5s, h5t, h5z

Names = tuple[str, ...]
"""Names from the root."""

MOST_OBJECTS = 20_000
MOST_DEPTH = 16
MOST_AXES = 8
MOST_TEXT = 4096
MOST_TEXTS = 100_000
MOST_NAME = 255
MOST_ATTRIBUTE = 1 << 16
FREE = 16 << 20
"""Bytes that any file may declare, however small it is."""

REFERENCE = np.dtype("V16")
"""Of a row of any length, where its values are elsewhere."""

FILTERS = {
    h5z.FILTER_DEFLATE: "deflate",
    h5z.FILTER_SHUFFLE: "shuffle",
    h5z.FILTER_FLETCHER32: "fletcher32",
    h5z.FILTER_LZF: "lzf",
}
"""What h5py writes without being told more. None of them is loaded from a plugin."""


class Refused(Exception):
    """``where``, ``expected``, ``found`` of a message."""


class Needs(Exception):
    """``where`` in the file so much memory is exceeded: its bytes."""


class Unread(str):
    """What stands where no array can be had, in words."""


class Plan:
    """Everything that a file declares, checked, and how much that is."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.memory = request["memory_bytes"]
        self.most = FREE + request["expansion"] * Path(request["path"]).stat().st_size
        self.declared = self.cost = self.objects = 0

    def group(self, group: Any, path: Names = ()) -> dict[str, Any]:
        """The tree of a group; its leaves are open datasets, attributes and `Unread`."""
        if len(path) > MOST_DEPTH:
            raise Refused(named(path), f"groups in groups {MOST_DEPTH} deep at most", "deeper ones")
        links: list[tuple[bytes, int]] = []

        def note(name: bytes, info: Any) -> bool:
            links.append((name, info.type))
            return self.objects + len(links) > MOST_OBJECTS  # more end the search

        ended, _ = group.links.iterate(note, info=True)
        if ended:
            raise Refused(named(path), f"{MOST_OBJECTS:,} fields at most", "more")
        fields = {}
        for name, kind in links:
            inside = (*path, self.name(path, name))
            if kind == h5l.TYPE_EXTERNAL:
                raise Refused(named(inside), "everything in the file", "a link to another file")
            if kind == h5l.TYPE_HARD:
                fields[inside[-1]] = self.opened(h5o.open(group, name), inside)
            else:
                fields[inside[-1]] = Unread("a soft link, which is not followed")
        return {"fields": fields, "attributes": self.attributes(group, path)}

    def name(self, path: Names, raw: bytes) -> str:
        """The text of a name."""
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused(named(path), "names in UTF-8", repr(raw)) from None
        if len(text) > MOST_NAME:
            raise Refused(named(path), f"names of {MOST_NAME} letters at most", text)
        return text

    def opened(self, found: Any, path: Names) -> Any:
        """A group, a dataset that may be read, or why it may not."""
        self.objects += 1
        if self.objects > MOST_OBJECTS:
            raise Refused(named(path), f"{MOST_OBJECTS:,} fields at most", "more, or a loop")
        if isinstance(found, h5g.GroupID):
            return self.group(found, path)
        if not isinstance(found, h5d.DatasetID):
            return Unread("a type without values")
        where, layout = named(path), found.get_create_plist()
        if layout.get_layout() == h5d.VIRTUAL:
            raise Refused(where, "values in the file", "a virtual dataset")
        if layout.get_layout() not in (h5d.COMPACT, h5d.CONTIGUOUS, h5d.CHUNKED):
            raise Refused(where, "compact, contiguous or chunked values", "another layout")
        if layout.get_external_count():
            raise Refused(where, "values in the file", "values in another file")
        filters = [layout.get_filter(index)[0] for index in range(layout.get_nfilters())]
        if len({*filters}) < len(filters) or not {*filters} <= {*FILTERS}:
            known = ", ".join(FILTERS.values())
            raise Refused(where, f"filters of {known}, each once", f"filters {filters}")
        kind = row_dtype_of(found.get_type()) if is_rows(found) else dtype_of(found.get_type())
        shape = shape_of(found.get_space())
        if isinstance(kind, Unread) or isinstance(shape, Unread):
            return kind if isinstance(kind, Unread) else shape
        dtype = REFERENCE if is_rows(found) else kind
        chunk = layout.get_chunk() if layout.get_layout() == h5d.CHUNKED else ()
        self.count(where, max(math.prod(shape), math.prod(chunk)), dtype)
        return found

    def attributes(self, found: Any, path: Names) -> dict[str, Any]:
        """Small attributes; others are named."""
        attributes = {}
        for index in range(min(h5a.get_num_attrs(found), MOST_OBJECTS - self.objects)):
            attribute = h5a.open(found, index=index)
            self.objects += 1
            name = self.name(path, attribute.name)
            dtype, shape = dtype_of(attribute.get_type()), shape_of(attribute.get_space())
            if isinstance(dtype, Unread) or isinstance(shape, Unread):
                attributes[name] = Unread("what is no array")
            elif math.prod(shape) * dtype.itemsize > MOST_ATTRIBUTE:
                attributes[name] = Unread("a large attribute")
            else:
                attributes[name] = attribute
        return attributes

    def count(self, where: str, values: int, dtype: np.dtype) -> None:
        """Add what an array takes here, in the pipe, and as 32-bit integers where it goes."""
        if dtype.hasobject and values > MOST_TEXTS:
            raise Refused(where, f"{MOST_TEXTS:,} texts at most", f"{values:,}")
        size = 1 if dtype.hasobject else dtype.itemsize
        self.declared += values * size
        self.cost += values * (2 * size + 8)
        if self.cost > self.memory:
            raise Needs(where, self.cost)
        if self.declared > self.most:
            raise Refused(where, f"at most {self.most:,} bytes of a file of this size", "more")


def dtype_of(stored: Any) -> np.dtype | Unread:
    """Native dtype of numbers and texts, object for texts of any length, or `Unread`."""
    kind = stored.get_class()
    if kind == h5t.STRING:
        if not stored.is_variable_str() and stored.get_size() > MOST_TEXT:
            return Unread(f"texts of {stored.get_size():,} bytes")
        return stored.dtype
    try:
        dtype = stored.dtype.newbyteorder("=")
    except (TypeError, ValueError, NotImplementedError):
        return Unread("values of a type that is not known")
    known = kind in (h5t.INTEGER, h5t.FLOAT) or dtype == np.bool_
    if not known or dtype.kind not in "iufb" or dtype.itemsize > 8:
        return Unread("values of a type that is not read")
    return dtype


def is_rows(found: Any) -> bool:
    """Whether a dataset has a row of any length in each place."""
    return isinstance(found, h5d.DatasetID) and found.get_type().get_class() == h5t.VLEN


def row_dtype_of(stored: Any) -> np.dtype | Unread:
    """Native dtype of the numbers in such rows, or `Unread`."""
    inside = stored.get_super()
    dtype = dtype_of(inside)
    plain = inside.get_class() in (h5t.INTEGER, h5t.FLOAT)
    return dtype if plain else Unread("rows of a type that is not read")


def shape_of(space: Any) -> tuple[int, ...] | Unread:
    """Sizes, or `Unread` where a dataspace holds nothing."""
    if space.get_simple_extent_type() not in (h5s.SCALAR, h5s.SIMPLE):
        return Unread("no values")
    shape = space.get_simple_extent_dims()
    return shape if len(shape) <= MOST_AXES else Unread(f"values of {len(shape)} axes")


def values_of(found: Any, path: Names) -> np.ndarray:
    """The values of a dataset or attribute, read."""
    dtype, shape = dtype_of(found.get_type()), shape_of(found.get_space())
    if isinstance(dtype, Unread) or isinstance(shape, Unread):
        raise Refused(named(path), "what it was before", dtype)
    array: np.ndarray = np.empty(shape, dtype)
    if isinstance(found, h5a.AttrID):
        found.read(array, h5t.py_create(dtype))
    elif array.size:
        found.read(h5s.ALL, h5s.ALL, array, h5t.py_create(dtype))
    if dtype.hasobject:
        return texts(array, path)
    if dtype == np.bool_ and array.size and array.view(np.uint8).max() > 1:
        raise Refused(named(path), "booleans of 0 or 1", int(array.view(np.uint8).max()))
    return array


def rows_of(found: Any, path: Names, most: int) -> tuple[np.ndarray, np.ndarray]:
    """All rows behind each other, and their lengths."""
    dtype, shape = row_dtype_of(found.get_type()), shape_of(found.get_space())
    if isinstance(dtype, Unread) or isinstance(shape, Unread) or len(shape) != 1:
        raise Refused(named(path), "one axis of rows", shape)
    vlen = h5t.vlen_dtype(dtype)
    rows: np.ndarray = np.empty(shape, vlen)
    if rows.size:
        found.read(h5s.ALL, h5s.ALL, rows, h5t.py_create(vlen))
    lengths = np.array([len(row) for row in rows], np.int64)
    if int(lengths.sum()) * dtype.itemsize > most:
        raise Refused(named(path), f"at most {most:,} bytes of a file of this size", "more")
    return np.concatenate([np.zeros(0, dtype), *rows]).astype(dtype), lengths


def texts(array: np.ndarray, path: Names) -> np.ndarray:
    """Texts of any length as texts of one."""
    rows = [each.encode("utf-8") if isinstance(each, str) else each for each in array.flat]
    longest = max((len(each) for each in rows), default=0)
    if longest > MOST_TEXT or longest * len(rows) > FREE:
        raise Refused(named(path), f"texts of {MOST_TEXT:,} bytes at most", "longer ones")
    return np.array(rows, f"S{max(longest, 1)}").reshape(array.shape)


def head_of(tree: Any, arrays: list[np.ndarray], most: int, path: Names = ()) -> Any:
    """A tree for JSON, with its arrays read in order."""
    if isinstance(tree, Unread):
        return {"unread": tree}
    if isinstance(tree, dict):
        return {
            part: {
                name: head_of(each, arrays, most, (*path, name))
                for name, each in tree[part].items()
            }
            for part in ("fields", "attributes")
        }
    if is_rows(tree):
        values, lengths = rows_of(tree, path, most)
        return {"values": placed(values, arrays), "lengths": placed(lengths, arrays)}
    return placed(values_of(tree, path), arrays)


def placed(array: np.ndarray, arrays: list[np.ndarray]) -> Any:
    """The place of an array that is added to those that follow."""
    arrays.append(array)
    return {"dtype": array.dtype.str, "shape": array.shape}


def named(path: Names) -> str:
    """``layer/1/weight``, as messages have it."""
    return "/".join(path)


def limit(request: dict[str, Any]) -> None:
    """Hold this process to what the request allows beyond what it has taken by now."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    spent = math.ceil(time.process_time() + request["seconds"]) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (spent, hard))
    if sys.platform == "linux":
        mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = mapped + request["memory_bytes"]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def answer(request: dict[str, Any]) -> tuple[Any, list[np.ndarray]]:
    """Head and arrays of one file."""
    arrays: list[np.ndarray] = []
    try:
        file = h5f.open(os.fsencode(request["path"]), h5f.ACC_RDONLY)
        try:
            plan = Plan(request)
            return head_of(plan.group(h5g.open(file, b"/")), arrays, plan.most), arrays
        finally:
            file.close()
    except Refused as error:
        return {"refused": error.args}, []
    except Needs as error:
        return {"needs": error.args}, []
    except MemoryError:
        return {"refused": ["", f"at most {request['memory_bytes']:,} bytes of memory", "more"]}, []
    except Exception as error:  # what h5py raises on damaged bytes is not listed anywhere
        return {"failed": f"{error}"[:1000]}, []


def main() -> None:
    """Answer requests until there are no more."""
    out = sys.stdout.buffer
    out.write(b"r")
    out.flush()
    for line in sys.stdin.buffer:
        request = json.loads(line)
        limit(request)
        head, arrays = answer(request)
        text = json.dumps(head).encode()
        out.write(len(text).to_bytes(8, "little") + text)
        for array in arrays:
            out.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
        out.flush()
    os._exit(0)


main()
