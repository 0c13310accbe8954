"""The manifest: every version ever written is read, and no bit of any file changes unnoticed."""

from __future__ import annotations

import inspect
import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import numpy as np
import pytest
import torch
from bundles import change_manifest, make, spikes
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.deploy.bundle import decode, load_bundle, save_bundle
from neurodeploy.deploy.manifest import Manifest, manifest_text, read_manifest
from neurodeploy.deploy.packing import pack_bundle
from neurodeploy.deploy.parts import read_chip_part
from neurodeploy.deploy.run import simulate
from neurodeploy.errors import FileFormatError, InputError

GOLDEN = Path(__file__).parent / "golden"
SCHEMA = Path(__file__).parents[2] / "docs" / "manifest.schema.json"


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_every_version_ever_written_is_read(version: int, tmp_path: Path) -> None:
    """Each folder was written by the release that had that version, of the same seed."""
    folder, now = GOLDEN / f"version-{version}", make()
    assert read_manifest(folder).schema_version == version
    pack_bundle(folder, tmp_path / "b.zip")
    for path in (folder, tmp_path / "b.zip"):
        old, part = load_bundle(path), read_chip_part(path)
        assert (old.steps, old.encoding) == (now.steps, now.encoding)
        run = simulate(old, spikes())
        np.testing.assert_array_equal(run.spikes, simulate(now, spikes()).spikes)
        np.testing.assert_array_equal(run.spikes, simulate(part, spikes()).spikes)
        said = torch.from_numpy(run.spikes)
        for head, logits in decode(now, said).items():
            torch.testing.assert_close(decode(old, said)[head], logits)


def test_an_encoder_without_a_decoder_is_read(tmp_path: Path) -> None:
    folder, now = GOLDEN / "version-4-encoder-only", make()
    pack_bundle(folder, tmp_path / "b.zip")
    for path in (folder, tmp_path / "b.zip"):
        old = load_bundle(path)
        assert (old.decoder, old.steps, old.encoding) == (None, now.steps, now.encoding)
        run = simulate(old, spikes())
        np.testing.assert_array_equal(run.spikes, simulate(now, spikes()).spikes)
        np.testing.assert_array_equal(run.spikes, simulate(read_chip_part(path), spikes()).spikes)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_before_version_4_every_bundle_had_a_decoder(version: int, tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / f"version-{version}", tmp_path / "b")
    change_manifest(tmp_path / "b", lambda manifest: manifest.update(decoder=None))
    with pytest.raises(FileFormatError, match="decoder: expected one, before version 4"):
        load_bundle(tmp_path / "b")


def test_the_schema_is_published() -> None:
    """`python -m json.tool` of what this prints, after a change that was meant."""
    schema = _without_indentation(msgspec.json.schema(Manifest))
    assert json.loads(SCHEMA.read_text()) == schema, json.dumps(schema, indent=2)
    folders = sorted(GOLDEN.iterdir())
    assert len(folders) == 5
    for folder in folders:
        document = json.loads((folder / "manifest.json").read_text())
        jsonschema.validate(document, schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**document, "schema_version": 9}, schema)


def _without_indentation(schema: Any) -> Any:
    """Python has stripped docstrings, which the descriptions are, since 3.13."""
    if isinstance(schema, str):
        return inspect.cleandoc(schema)
    if isinstance(schema, list):
        return [_without_indentation(each) for each in schema]
    if isinstance(schema, dict):
        return {name: _without_indentation(each) for name, each in schema.items()}
    return schema


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle") / "b"
    save_bundle(make(), folder)
    return folder


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_bit_flips_unnoticed(bundle: Path, data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(sorted(bundle.iterdir())))
    whole = file.read_bytes()
    at = data.draw(st.integers(0, 8 * len(whole) - 1))
    changed = bytearray(whole)
    changed[at // 8] ^= 1 << at % 8
    try:
        file.write_bytes(changed)
        with pytest.raises((FileFormatError, InputError)):
            load_bundle(bundle)
    finally:
        file.write_bytes(whole)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_no_truncation_goes_unnoticed(bundle: Path, data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(sorted(bundle.iterdir())))
    whole = file.read_bytes()
    try:
        file.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
        with pytest.raises(FileFormatError):
            load_bundle(bundle)
    finally:
        file.write_bytes(whole)


def test_white_space_is_no_change_but_a_value_is(bundle: Path, tmp_path: Path) -> None:
    shutil.copytree(bundle, tmp_path / "b")
    file = tmp_path / "b" / "manifest.json"
    document = json.loads(file.read_text())
    file.write_text(json.dumps(document))
    assert load_bundle(tmp_path / "b").notes == {"seed": 13}
    document["notes"]["seed"] = 14
    file.write_text(json.dumps(document))
    with pytest.raises(FileFormatError, match="the checksum that it has of itself"):
        load_bundle(tmp_path / "b")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("window_steps", 1 << 23, "MiB of memory"),
        ("hidden", 1 << 40, "MiB of memory|sizes that memory can hold"),
        ("hidden", 1 << 61, "MiB of memory|sizes that memory can hold"),
        ("hidden", 0, "hidden: expected a whole number >= 1"),
        ("heads", {"label": 1 << 50}, "MiB of memory|sizes that memory can hold"),
        ("heads", {}, "at least one head"),
        ("heads", {"../x": 3}, "a name without a point"),
        ("heads", {"training": 3}, "a name without a point"),
        ("heads", {"": 3}, "a name without a point"),
        ("heads", {"label": 5}, "the tensors of this model"),
        ("neurons", 4, "the tensors of this model|neurons"),
        ("kind", "counts", "the tensors of this model"),
        ("kind", "", "kind: expected a text"),
        ("kinds", "mlp", "expected only kind"),
    ],
)
def test_what_a_decoder_would_take_is_counted_before_it_is_made(
    field: str, value: object, said: str, bundle: Path, tmp_path: Path
) -> None:
    shutil.copytree(bundle, tmp_path / "b")
    change_manifest(tmp_path / "b", lambda m: m["decoder"]["config"].update({field: value}))
    with pytest.raises(FileFormatError, match=said):
        load_bundle(tmp_path / "b")


def test_notes_that_json_cannot_say_are_refused(bundle: Path) -> None:
    manifest = msgspec.structs.replace(read_manifest(bundle), notes={"a": object()})
    with pytest.raises(InputError, match="what JSON can say"):
        manifest_text(manifest)
