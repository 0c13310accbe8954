"""The command `report`: what it takes, what it refuses before anything is loaded."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shutil
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from neurodeploy.cli.main import app
from neurodeploy.cli.report_arguments import names_apart, report_source
from neurodeploy.deploy.bundle import save_bundle
from neurodeploy.deploy.manifest import sha256
from neurodeploy.deploy.packing import pack_bundle
from neurodeploy.errors import NeurodeployError
from neurodeploy.hardware.chips import CHIP_TABLE
from neurodeploy.hardware.devices import DEVICE_TABLE
from neurodeploy.tasks import TASKS, train_task
from neurodeploy.tasks.shipped import DIGITS

SMALL = dataclasses.replace(
    DIGITS, train=200, test=30, training=dataclasses.replace(DIGITS.training, epochs=1)
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a checkpoint and a bundle."""
    folder = tmp_path_factory.mktemp("runs") / "digits" / "default"
    named = dataclasses.replace(SMALL, name="digits")
    model = train_task(named, named.splits(), folder)
    save_bundle(named.bundle(model), folder / "bundle")
    return folder


def test_a_bundle_and_the_checkpoint_it_comes_from_say_the_same(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TASKS, "digits", SMALL)
    bare = tmp_path / "digits" / "bare"
    bare.mkdir(parents=True)
    shutil.copy(run / "best.safetensors", bare)
    page = tmp_path / "page.html"
    words = ["report", str(run), str(bare), "--samples", "20", "--json", "--out", str(page)]
    monkeypatch.setattr(sys, "argv", ["neurodeploy", *words])
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0
    one, other = json.loads(done.stdout.splitlines()[-1])["runs"]
    assert (one.pop("name"), other.pop("name")) == ("default", "bare")
    assert one == other
    assert one["samples"] == 20
    assert one["exact"]
    text = page.read_text()
    assert "2 networks compared: default, bare" in text
    assert "neurodeploy train digits\nneurodeploy report" in text
    assert f"sha256 {sha256(run / 'bundle' / 'network.net')[:16]}" in text
    assert text.count("<dd>not exported</dd>") == 1
    assert "neurodeploy report default bare --samples 20 --json --out page.html" in text


def test_what_is_no_run_is_refused_at_once(run: Path, tmp_path: Path) -> None:
    def said(*words: str) -> str:
        done = CliRunner().invoke(app, ["report", *words])
        assert isinstance(done.exception, NeurodeployError)
        return str(done.exception)

    assert "expected a bundle, or a run" in said(str(tmp_path))
    assert "no such folder" in said(str(tmp_path / "none"))
    assert "points" in said(str(run), "--front", str(tmp_path))
    assert "a run of a task that reads a folder" in said(str(run), "--data", str(tmp_path))
    bare = tmp_path / "bare"
    bare.mkdir()
    shutil.copy(run / "best.safetensors", bare)
    assert "expected a task of ours, or --data with the name of one" in said(str(bare))
    assert "task" in said(str(run), "--data", "digit")
    assert "a folder" in said(str(run), "--out", str(tmp_path))
    assert not list(tmp_path.glob("*.html"))


def test_runs_are_named_by_the_shortest_end_that_tells_them_apart() -> None:
    def names(*paths: str) -> list[str]:
        return names_apart([Path(path) for path in paths])

    assert names("/a/digits/default", "/a/digits/b") == ["default", "b"]
    assert names("/a/digits/default", "/a/shd/default") == ["digits/default", "shd/default"]
    assert names("/a/x/run", "/b/x/run", "/a/y") == ["a/x/run", "b/x/run", "y"]
    assert names("/run", "/b/run") == ["/run", "b/run"]


def test_runs_of_one_name_are_told_apart_and_none_is_named_twice(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TASKS, "digits", SMALL)
    other = tmp_path / "other" / "default"
    shutil.copytree(run, other)
    page = tmp_path / "page.html"
    page.write_text("an older one")
    words = ["report", str(run), str(other), "--samples", "5", "--out", str(page)]
    said = CliRunner().invoke(app, words, catch_exceptions=False).stdout
    assert "2 networks compared: digits/default, other/default" in page.read_text()
    assert said.endswith(f"Report: {page}, in place of the page that was there\n")
    twice = CliRunner().invoke(app, ["report", str(run), str(run / "bundle")])
    assert isinstance(twice.exception, NeurodeployError)
    assert "report: expected each run once, found default twice" in str(twice.exception)


def test_a_run_is_named_by_its_folder(run: Path) -> None:
    with contextlib.ExitStack() as held:
        whole, bundle = (report_source(p, held.enter_context) for p in (run, run / "bundle"))
    assert whole.name == bundle.name == "default"
    assert whole.training == bundle.training == run
    assert whole.bundle == bundle.bundle
    assert whole.bundle is not None
    assert whole.bundle.path == run / "bundle"


def test_a_packed_bundle_has_its_checksum_too(run: Path, tmp_path: Path) -> None:
    pack_bundle(run / "bundle", tmp_path / "digits.zip")
    with contextlib.ExitStack() as held:
        source = report_source(tmp_path / "digits.zip", held.enter_context)
    assert (source.name, source.task) == ("digits.zip", "digits")
    assert source.network_sha256 == sha256(run / "bundle" / "network.net")


def test_chips_and_devices_of_ones_own_are_on_the_page(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TASKS, "digits", SMALL)
    for table, name, other in ((CHIP_TABLE, "loihi1", "tiny"), (DEVICE_TABLE, "loihi", "mine")):
        text = table.read_text(encoding="utf-8").replace(f"[{name}", f"[{other}")
        (tmp_path / table.name).write_text(text.replace("Intel Loihi", "My own"), encoding="utf-8")
    page = tmp_path / "page.html"
    words = ["report", str(run), "--samples", "5", "--out", str(page)]
    words += ["--chip", "tiny", "--chips", str(tmp_path / "chips.toml")]
    words += ["--device", "mine", "--devices", str(tmp_path / "devices.toml")]
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0
    assert done.stdout.endswith(f"Report: {page}\n")
    text = page.read_text()
    assert "Where it lies on My own" in text
    assert "mine" in text
    refused = CliRunner().invoke(app, [*words, "--chips", str(tmp_path / "none.toml")])
    assert "chip table" in str(refused.exception)
