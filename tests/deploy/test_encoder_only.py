"""A bundle without a decoder: what needs none works on it, and what needs one says so."""

from __future__ import annotations

import dataclasses
import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from bundles import NEURON, change_manifest, make, spikes, write_own_reader
from typer.testing import CliRunner

import neurodeploy as nd
from neurodeploy.cli.app import app
from neurodeploy.cli.main import main as _commands  # noqa: F401  registers them
from neurodeploy.deploy.manifest import require_decoder
from neurodeploy.deploy.packing import pack_bundle, unpack_bundle
from neurodeploy.errors import FileFormatError, InputError
from neurodeploy.report.pieces import run_pieces
from neurodeploy.search.compression import FULL_BITS, Levers
from neurodeploy.search.decoders import Retrained, retrained
from neurodeploy.search.scoring import prepare, with_levers

LEVERS = Levers(thresholds=(1.0,), dropped=0.0, weight_bits=(FULL_BITS,), pruned=(0.0,), steps=7)


def bare(**changes: Any) -> nd.Bundle:
    return dataclasses.replace(make(), decoder=None, **changes)


def call(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


def test_it_is_written_and_read(tmp_path: Path) -> None:
    network = nd.Network(input_shape=(5,), layers=make().network.layers)
    nd.save_bundle(nd.Bundle(network=network, encoding=nd.SpikeInput(steps=9)), tmp_path / "b")
    assert sorted(file.name for file in (tmp_path / "b").iterdir()) == [
        "manifest.json",
        "network.net",
    ]
    again = nd.load_bundle(tmp_path / "b")
    assert (again.decoder, again.heads, again.steps) == (None, {}, 9)
    assert "no decoder" in repr(again)
    assert "<td>no decoder</td>" in again._repr_html_()


def test_the_same_bundle_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        nd.save_bundle(bare(), tmp_path / name)
        pack_bundle(tmp_path / name, tmp_path / f"{name}.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    unpack_bundle(tmp_path / "a.zip", tmp_path / "c")
    assert nd.load_bundle(tmp_path / "c").decoder is None


def test_its_output_need_not_be_one_row_of_neurons(tmp_path: Path) -> None:
    layer = nd.Conv(weight=np.full((2, 1, 3, 3), 20), neuron=NEURON)
    network = nd.Network(input_shape=(1, 5, 5), layers=(layer,))
    bundle = nd.Bundle(network=network, encoding=nd.SpikeInput(steps=4))
    nd.save_bundle(bundle, tmp_path / "b")
    signal = np.ones((1, 1, 5, 5, 4), np.uint8)
    run = nd.simulate(nd.load_bundle(tmp_path / "b"), signal)
    assert run.spikes.shape == (1, 2, 3, 3, 4)
    answers = list(nd.stream_answers(bundle, signal))
    found = np.stack([answer.output.spikes for answer in answers], -1)
    assert found.any()
    np.testing.assert_array_equal(found, run.spikes[0])


def test_what_needs_no_decoder_says_the_same_as_with_one() -> None:
    whole, encoder = make(), bare()
    run = nd.simulate(encoder, spikes())
    np.testing.assert_array_equal(run.spikes, nd.simulate(whole, spikes()).spikes)
    for ask in (
        lambda bundle: nd.verify(bundle, spikes(), ["native"]).to_dict(),
        lambda bundle: nd.fit_report(bundle, "loihi1", run.counts),
        lambda bundle: nd.check(bundle),
    ):
        assert ask(encoder) == ask(whole)


def test_its_energy_has_no_host_and_says_so() -> None:
    run = nd.simulate(make(), spikes())
    reports = [
        nd.cost_report(bundle, spikes(), run, devices=nd.load_devices())
        for bundle in (bare(), make())
    ]
    alone, whole = reports
    assert alone["host"]["macs_per_sample"] == 0
    for name, proxy in alone["proxies"].items():
        assert proxy["host"] == 0
        assert proxy["chip"] == whole["proxies"][name]["chip"] > 0
    (said,) = [line for line in alone["assumptions"] if line.startswith("No host:")]
    assert "there is no decoder" in said
    assert not any(line.startswith("No host:") for line in whole["assumptions"])


def test_a_stream_gives_its_spikes_or_a_rule_answers() -> None:
    signal, bundle = spikes(), bare()
    sent = nd.simulate(bundle, signal).spikes
    answers = list(nd.stream_answers(bundle, signal))
    assert sent.any()
    for answer in answers:
        assert (answer.logits, answer.label, answer.confidence) == ({}, None, None)
        np.testing.assert_array_equal(answer.output.spikes, sent[answer.sample, :, answer.step])
    assert [answer.final for answer in answers] == ([False] * 6 + [True]) * 3
    counted = [a for a in nd.stream_answers(bundle, signal, rule="counts") if a.final]
    np.testing.assert_array_equal([a.logits["label"] for a in counted], sent.sum(-1))
    network = [a.logits for a in nd.stream_answers(bundle.network, signal, rule="spikes")]
    assert network == [{}] * 21
    with pytest.raises(InputError, match="stop_at: expected answers, found spikes alone"):
        nd.Stream(bundle, stop_at=0.9)
    assert nd.Stream(bundle, stop_at=0.9, rule="counts").rule == "counts"


def decodes(bundle: nd.Bundle) -> object:
    return nd.decode(bundle, torch.zeros(1, 3, 7))


NEED_A_DECODER: dict[str, Callable[[nd.Bundle], object]] = {
    "decode": decodes,
    "report": lambda bundle: next(
        run_pieces(bundle, nd.task("digits"), samples=1, seed=0, engine="native")
    ),
    "levers": lambda bundle: prepare(bundle, spikes()),
    "point": lambda bundle: with_levers(bundle, LEVERS),
    "levers --decoder": lambda bundle: retrained(
        nd.task("digits"), bundle, None, Retrained(kind="counts")
    ),
}


@pytest.mark.parametrize("name", NEED_A_DECODER)
def test_what_needs_a_decoder_says_it_in_the_same_words(name: str) -> None:
    with pytest.raises(InputError) as expected:
        require_decoder(None)
    with pytest.raises(InputError) as found:
        NEED_A_DECODER[name](bare())
    assert str(found.value) == str(expected.value)
    assert "expected a decoder of its spikes, found a network and its encoding" in str(found.value)


@pytest.mark.parametrize("command", [("levers", "digits", "b"), ("report", "b")])
def test_a_command_that_needs_one_says_so_before_it_loads_anything(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    nd.save_bundle(bare(notes={"task": "digits"}), "b")
    with pytest.raises(InputError, match="bundle b: expected a decoder of its spikes") as said:
        call(*command)
    assert "simulate, stream and serve give its spikes" in str(said.value)
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_commands_that_need_none_take_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    nd.save_bundle(bare(), "b")
    pack_bundle("b", "b.zip")
    np.save("in.npy", spikes())
    for bundle in ("b", "b.zip"):
        said = json.loads(call("inspect", bundle, "--json"))
        assert (said["decoder"], said["schema_version"]) == (None, 4)
        call("simulate", bundle, "--input", "in.npy", "--output", "out.npy")
        np.testing.assert_array_equal(np.load("out.npy"), nd.simulate(make(), spikes()).spikes)
        text = " ".join(call("energy", bundle, "--input", "in.npy").split())
        assert "No host: there is no decoder" in text
        lines = call("stream", bundle, "--input", "in.npy", "--json").splitlines()
        found = [json.loads(line)["spikes"] for line in lines[:7]]
        sent = np.load("out.npy")[0]
        assert found == [np.flatnonzero(sent[:, step]).tolist() for step in range(7)]


def test_a_bundle_is_made_of_a_network_or_of_a_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a bundle with everything but the decoder, which is not even imported."""
    monkeypatch.chdir(tmp_path)
    own = write_own_reader(tmp_path, "own_reader_left_out")
    nd.save_bundle(make(kind=own, forget=0.5), "whole")
    sys.modules.pop("own_reader_left_out")
    call("bundle", "make", "whole", "side")
    assert "own_reader_left_out" not in sys.modules
    side = nd.load_bundle("side")
    assert (side.decoder, side.encoding, side.notes) == (None, make().encoding, {"seed": 13})
    call("bundle", "make", "whole", "short", "--steps", "4")
    assert nd.load_bundle("short").step_limit == 4
    call("bundle", "make", "whole/network.net", "alone", "--steps", "9")
    alone = nd.load_bundle("alone")
    assert (alone.encoding, alone.notes) == (nd.SpikeInput(steps=9), {})
    call("bundle", "make", "whole/network.net", "counting", "--steps", "9", "--counts")
    counting = nd.load_bundle("counting")
    sent = nd.simulate(counting, spikes()).spikes
    counted = nd.decode(counting, sent)["label"]
    np.testing.assert_array_equal(counted.numpy(), sent.sum(-1))
    for bundle in (side, alone):
        np.testing.assert_array_equal(
            nd.simulate(bundle, spikes()).spikes, nd.simulate(make(), spikes()).spikes
        )


def test_a_network_says_nothing_of_its_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    nd.save_bundle(make(), "whole")
    with pytest.raises(InputError, match="--steps: expected steps of a sample of the network"):
        call("bundle", "make", "whole/network.net", "alone")
    with pytest.raises(InputError, match="bundle, steps: expected 1 to 7"):
        call("bundle", "make", "whole", "alone", "--steps", "8")
    assert not Path("alone").exists()


def test_images_are_not_spikes_as_they_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    nd.save_bundle(nd.Bundle(network=make().network, encoding=nd.SpikeInput(steps=7)), "b")
    with pytest.raises(InputError, match="encoding for task digits: expected an encoding of pix"):
        call("simulate", "b", "--data", "digits", "--output", "out.npy")


def test_a_file_that_the_manifest_does_not_name_is_not_packed_or_unpacked(tmp_path: Path) -> None:
    whole, folder = tmp_path / "whole", tmp_path / "b"
    nd.save_bundle(make(), whole)
    nd.save_bundle(bare(), folder)
    stray = whole / "decoder.safetensors"
    (folder / stray.name).write_bytes(stray.read_bytes())
    pack_bundle(folder, tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert archive.namelist() == ["manifest.json", "network.net"]
    with zipfile.ZipFile(tmp_path / "b.zip", "a") as archive:
        archive.write(stray, stray.name)
    with pytest.raises(FileFormatError, match=r"of its manifest, found decoder\.safetensors"):
        unpack_bundle(tmp_path / "b.zip", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_decoder_that_is_named_must_be_there(tmp_path: Path) -> None:
    nd.save_bundle(bare(), tmp_path / "b")
    checksum = {"sha256": "0" * 64, "config": {}}
    change_manifest(tmp_path / "b", lambda manifest: manifest.update(decoder=checksum))
    with pytest.raises(FileFormatError, match="decoder"):
        nd.load_bundle(tmp_path / "b")
