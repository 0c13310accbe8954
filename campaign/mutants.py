"""Mutants: a file that was good, changed at random, byte by byte or in what it says."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

Mutate = Callable[[bytes, np.random.Generator], bytes]

BYTES = (0, 1, 0x7F, 0x80, 0xFE, 0xFF)
WORDS = (0, 1, -1, 2**15, 2**16, 2**31 - 1, -(2**31), 2**31, 2**32 - 1, 2**62, 2**63 - 1, -(2**63))
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 7, 2**31, 2**63, -(2**63), 2**200),
    *(0.0, -0.5, 1e308, 5e-324, "", "x", "../../x", "/dev/zero", "\x00", "\x1b[2J", "x" * 70_000),
    *([], {}, [[]], [0], [1, 2, 3, 4, 5, 6, 7, 8], {"a": 1}, "NaN", "-1", "1e9"),
)


def bytewise(content: bytes, rng: np.random.Generator) -> bytes:
    """One to eight changes of single bits, bytes, words and stretches."""
    changed = bytearray(content)
    for _ in range(int(rng.integers(1, 9))):
        at = int(rng.integers(0, len(changed) + 1))
        length = int(rng.integers(1, 33))
        match int(rng.integers(0, 8)):
            case 0 if at < len(changed):
                changed[at] ^= 1 << int(rng.integers(0, 8))
            case 1 if at < len(changed):
                changed[at] = BYTES[int(rng.integers(0, len(BYTES)))]
            case 2:
                word = WORDS[int(rng.integers(0, len(WORDS)))]
                size = (2, 4, 8)[int(rng.integers(0, 3))]
                text = struct.pack("<q", max(-(2**63), min(word, 2**63 - 1)))[:size]
                changed[at : at + size] = text
            case 3:
                del changed[at:]
            case 4:
                del changed[at : at + length]
            case 5:
                changed[at:at] = changed[at : at + length]
            case 6:
                changed[at:at] = rng.integers(0, 256, length, dtype=np.uint8).tobytes()
            case _:
                to = int(rng.integers(0, len(changed) + 1))
                changed[to : to + length] = changed[at : at + length]
    return bytes(changed)


def a_value(rng: np.random.Generator) -> Any:
    """Something that hardly a field expects."""
    if rng.random() < 0.03:
        nested: Any = 0
        for _ in range(int(rng.integers(1, 300))):
            nested = [nested] if rng.random() < 0.5 else {"a": nested}
        return nested
    return VALUES[int(rng.integers(0, len(VALUES)))]


def change_document(document: Any, rng: np.random.Generator) -> Any:
    """A JSON value with one to three places replaced, taken out, doubled or renamed."""
    for _ in range(int(rng.integers(1, 4))):
        places = [*_places(document)]
        if not places:
            return a_value(rng)
        holder, key = places[int(rng.integers(0, len(places)))]
        match int(rng.integers(0, 5)):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, dict):
                holder[str(a_value(rng))[:40]] = holder.pop(key)
            case 2 if isinstance(holder, list):
                holder.insert(key, holder[key])
            case _:
                holder[key] = a_value(rng)
    return document


def _places(value: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting and len(found) < 500:
        holder = waiting.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        for key in keys:
            found.append((holder, key))
            if isinstance(holder[key], dict | list):
                waiting.append(holder[key])
    return found if isinstance(value, dict | list) else []


def json_wise(content: bytes, rng: np.random.Generator) -> bytes:
    """What a JSON document says, changed; it is JSON still, mostly."""
    text = json.dumps(change_document(json.loads(content), rng))
    return text.encode("utf-8", "surrogatepass")


def toml_wise(content: bytes, rng: np.random.Generator) -> bytes:
    """Lines of TOML with other values, taken out, doubled or renamed."""
    lines = content.decode().splitlines()
    for _ in range(int(rng.integers(1, 4))):
        if not lines:
            break
        at = int(rng.integers(0, len(lines)))
        name, equals, _ = lines[at].partition("=")
        match int(rng.integers(0, 4)):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, lines[at])
            case 2 if equals:
                lines[at] = f"{name}x ={lines[at].partition('=')[2]}"
            case _ if equals:
                lines[at] = f"{name}= {json.dumps(a_value(rng)).replace('null', 'nan')}"
            case _:
                lines[at] = f"[{json.dumps(str(a_value(rng))[:40])}]"
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def header_wise(content: bytes, rng: np.random.Generator) -> bytes:
    """A safetensors file whose header says something else of the same bytes."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    if "__metadata__" in header and rng.random() < 0.5:
        notes = json.loads(header["__metadata__"]["notes"])
        if isinstance(notes, list) and rng.random() < 0.5:
            notes = notes[-1]  # as earlier releases wrote them, without a checksum
        header["__metadata__"]["notes"] = json.dumps(change_document(notes, rng))
    else:
        header = change_document(header, rng)
    text = json.dumps(header).encode("utf-8", "surrogatepass")
    return len(text).to_bytes(8, "little") + text + content[8 + length :]


def npy_wise(content: bytes, rng: np.random.Generator) -> bytes:
    """A numpy file whose header says something else of the same bytes."""
    length = int.from_bytes(content[8:10], "little")
    header = content[10 : 10 + length].decode("latin1").rstrip()
    kinds = ("|u1", "<f4", "<f8", "|b1", "|O", "<U9", "|S0", "<M8[ns]", ">i2", "|V3", "<c8", "zz")
    shapes = ("()", "(0,)", "(-1,)", "(3, 5, 1 << 40)", "(2**63, 2**63)", "(1,) * 40", "5", "None")
    changes = (
        ("'descr': '|u1'", f"'descr': '{kinds[int(rng.integers(0, len(kinds)))]}'"),
        ("'fortran_order': False", "'fortran_order': 7"),
        (
            header[header.find("(") : header.find(")") + 1],
            shapes[int(rng.integers(0, len(shapes)))],
        ),
        ("{", "{'a': __import__('os'), "),
        ("}", ""),
    )
    old, new = changes[int(rng.integers(0, len(changes)))]
    text = header.replace(old, new).encode("latin1")
    return content[:8] + (len(text) & 0xFFFF).to_bytes(2, "little") + text + content[10 + length :]
