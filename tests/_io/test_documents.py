"""Documents: what fits a class comes through, and everything else is named with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodeploy._io.documents import (
    MOST_DEPTH,
    Count,
    NotNegative,
    Text,
    Year,
    parse_json,
    read_json,
    read_toml,
)
from neurodeploy.errors import FileFormatError


class Part(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Text = "x"
    size: Count | None = None
    kind: Literal["small", "large"] = "small"
    joules: NotNegative = 0.0
    year: Year = 2000
    by_number: dict[Count, float] = {}


class Whole(msgspec.Struct, forbid_unknown_fields=True):
    first: Part
    rest: Annotated[list[Part], msgspec.Meta(max_length=3)] = []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "thing: first: expected a value, found nothing"),
        ('{"first": 3}', "thing: first: expected a table, found 3"),
        ("3", "thing: expected a table, found 3"),
        ('{"first": {"name": ""}}', "first.name: expected a text, not empty, found ''"),
        ('{"first": {"name": " "}}', "first.name: expected a text, not empty, found ' '"),
        ('{"first": {"size": 0}}', "first.size: expected a whole number >= 1, found 0"),
        ('{"first": {"size": true}}', "first.size: expected a whole number or nothing, found True"),
        ('{"first": {"kind": "huge"}}', "first.kind: expected one of large, small, found 'huge'"),
        ('{"first": {"joules": -1}}', "first.joules: expected a number >= 0.0, found -1"),
        ('{"first": {"year": 20}}', "first.year: expected a whole number >= 1900, found 20"),
        ('{"first": {"by_number": {"a": 1}}}', "first.by_number: expected a whole number"),
        ('{"first": {}, "rest": [{}, {"size": "3"}]}', "rest[1].size: expected a whole number"),
        ('{"first": {}, "rest": [{}, {}, {}, {}]}', "rest: expected a list of length <= 3"),
        ('{"first": {"sise": 1}}', "first: expected only name, size, kind, joules, year"),
        ('{"first": {}, "rest": [{"sise": 1}]}', "rest[0]: expected only name, size"),
        ('{"first": {"size": 1e999}}', "thing: expected JSON"),
        ("", "thing: expected JSON"),
        ("{", "thing: expected JSON"),
        ("[NaN]", "thing: expected JSON"),
        ("[" * 100_000, "thing: expected JSON"),
        ('{"first": ' * 100_000, "thing: expected JSON"),
        ("[" * 80 + "]" * 80, f"thing: expected at most {MOST_DEPTH} levels"),
    ],
)
def test_what_does_not_fit_is_named(text: str, said: str) -> None:
    with pytest.raises(FileFormatError) as caught:
        parse_json(text, "thing", Whole)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 700


def test_what_fits_comes_through() -> None:
    text = '{"first": {"size": 3, "by_number": {"2": 0.5}}, "rest": [{"kind": "large"}]}'
    whole = parse_json(text, "thing", Whole)
    assert whole == Whole(Part(size=3, by_number={2: 0.5}), [Part(kind="large")])


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
def test_any_document_fits_or_is_refused(value: Any) -> None:
    text = msgspec.json.encode(value)
    for kind in (Whole, dict[str, Part], Any):
        try:
            parse_json(text, "thing", kind)
        except FileFormatError:
            continue


@given(st.binary(max_size=200))
def test_any_bytes_fit_or_are_refused(text: bytes) -> None:
    try:
        parse_json(text, "thing", Any)
    except FileFormatError:
        return


def test_a_file_is_read_within_limits(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"first": {}}')
    assert read_json(path, "thing", Whole) == Whole(Part())
    with path.open("wb") as file:
        file.truncate(1 << 40)  # no byte of it is on the disk
    with pytest.raises(FileFormatError, match="at most 67108864 bytes, found 1099511627776"):
        read_json(path, "thing", Whole)
    with pytest.raises(FileFormatError, match="a file, found a folder"):
        read_json(tmp_path, "thing", Whole)


@pytest.mark.parametrize("text", ["a = [" + "[" * 100_000, "a = " + "{b = " * 2000, "a =", "\x00"])
def test_toml_is_refused_too(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(text)
    with pytest.raises(FileFormatError, match="expected TOML"):
        read_toml(path, "table")
    path.write_text("a = " + "[" * 70 + "]" * 70)
    with pytest.raises(FileFormatError, match="levels"):
        read_toml(path, "table")
