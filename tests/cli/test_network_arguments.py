"""A command opens its bundle once, packed or not, and leaves nothing behind."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import neurodeploy as nd
from neurodeploy.cli.app import app
from neurodeploy.cli.main import main as _commands  # noqa: F401  registers them
from neurodeploy.deploy import manifest, opening
from neurodeploy.deploy.opening import is_bundle, open_bundle
from neurodeploy.deploy.packing import pack_bundle
from neurodeploy.deploy.trained_encoder import TrainedEncoder, load_encoder
from neurodeploy.errors import FileFormatError, NeurodeployError
from neurodeploy.model.encoder import Encoder

FILES = {"decoder.safetensors", "encoder.safetensors", "network.net"}


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a bundle, the same one packed, its input, and a folder for rooms."""
    torch.manual_seed(0)
    encoder = Encoder((5,), [nd.DenseSpec(neurons=3)])
    bundle = nd.Bundle(
        network=nd.export_network(encoder),
        decoder=nd.counting_decoder(3, 7),
        encoding=nd.RateEncoding(steps=7),
        encoder=TrainedEncoder.of(encoder),
        notes={"task": "digits"},
    )
    monkeypatch.chdir(tmp_path)
    nd.save_bundle(bundle, "b")
    pack_bundle("b", "b.zip")
    np.save("in.npy", np.ones((1, 5, 7), np.uint8))
    np.save("wrong.npy", np.ones((1, 4, 7), np.uint8))
    (tmp_path / "rooms").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "rooms"))
    return tmp_path / "rooms"


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each file of a bundle was read for its checksum, and a bundle was unpacked."""
    seen: Counter[str] = Counter()

    def sha256(file: Path) -> str:
        seen[file.name] += 1
        return whole(file)

    def unpack_bundle(archive: Path, folder: Path) -> Any:
        seen["unpacked"] += 1
        return unpack(archive, folder)

    whole, unpack = manifest.sha256, opening.unpack_bundle
    monkeypatch.setattr(manifest, "sha256", sha256)
    monkeypatch.setattr(opening, "unpack_bundle", unpack_bundle)
    monkeypatch.setattr(
        "neurodeploy.serve.server.run_server", lambda app, listening, limits, ready: ready()
    )
    return seen


COMMANDS = {
    "inspect": (),
    "simulate": ("--input", "in.npy", "--output", "out.npy"),
    "verify": ("--input", "in.npy", "--engine", "native"),
    "stream": ("--input", "in.npy"),
    "energy": ("--input", "in.npy"),
    "fit": ("--chip", "loihi1"),
    "serve": ("--port", "0"),
    "view": ("--input", "in.npy", "--port", "0"),
    "bundle make": ("made",),
}


def unpacked(room: Path) -> list[Path]:
    """Bundles that lie there unpacked."""
    return list(room.glob("neurodeploy-*"))


@pytest.mark.parametrize("bundle", ["b", "b.zip"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_bundle_is_opened_once(
    command: str, bundle: str, room: Path, looked: Counter[str]
) -> None:
    done = CliRunner().invoke(app, [*command.split(), bundle, *COMMANDS[command]])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    packed = Counter({"unpacked": 1} if bundle == "b.zip" else {})
    assert looked == Counter(FILES) + packed
    assert unpacked(room) == []
    if command in ("inspect", "serve", "view"):
        assert bundle in done.stdout
        assert "rooms" not in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("report", "b.zip", "--samples", "1"),
        ("levers", "digits", "b.zip"),
        ("simulate", "b.zip", "--output", "out.npy"),
        ("simulate", "b.zip", "--input", "wrong.npy", "--output", "out.npy"),
        ("fit", "b.zip", "--chip", "none"),
    ],
)
def test_a_mistake_leaves_nothing_unpacked(
    words: tuple[str, ...], room: Path, looked: Counter[str]
) -> None:
    """One that is noticed while arguments are checked, or when the command runs."""
    done = CliRunner().invoke(app, list(words))
    assert isinstance(done.exception, NeurodeployError)
    assert looked == Counter({**dict.fromkeys(FILES, 1), "unpacked": 1})
    assert unpacked(room) == []


def test_an_open_bundle_stays_open(room: Path, looked: Counter[str]) -> None:
    with open_bundle("b.zip") as opened:
        assert opened.folder.parent.parent == room
        assert (opened.path, opened.task) == (Path("b.zip"), "digits")
        with open_bundle(opened) as again:
            assert again is opened
        assert nd.load_bundle(opened).steps == 7
        assert load_encoder(opened) is not None
        assert opened.folder.is_dir()
    assert not opened.folder.exists()
    assert set(looked.values()) == {1}
    assert (is_bundle("b.zip"), is_bundle("b"), is_bundle("in.npy")) == (True, True, False)


def test_what_cannot_be_opened_is_named_as_it_was_given(room: Path) -> None:
    with pytest.raises(FileFormatError, match="bundle none: expected a folder"):
        nd.load_bundle("none")
    shutil.copy("b.zip", "cut.zip")
    whole = Path("b.zip").read_bytes()
    Path("cut.zip").write_bytes(whole[:200] + bytes(200) + whole[400:])
    with pytest.raises(FileFormatError, match=r"cut\.zip"):
        nd.load_bundle("cut.zip")
    assert unpacked(room) == []
