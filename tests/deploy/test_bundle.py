from __future__ import annotations

import dataclasses
import json
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
import torch
from bundles import change_manifest, make, spikes, write_own_reader
from typer.testing import CliRunner

from neurodeploy.cli.app import app
from neurodeploy.cli.main import main as _commands  # noqa: F401  registers them
from neurodeploy.cost.report import energy_report
from neurodeploy.deploy.bundle import Bundle, decode, load_bundle, save_bundle
from neurodeploy.deploy.parts import read_chip_part
from neurodeploy.deploy.run import simulate
from neurodeploy.deploy.stream import stream_answers
from neurodeploy.errors import FileFormatError, InputError
from neurodeploy.model.decoder import with_bits
from neurodeploy.model.eight_bits import eight_bit_decoder
from neurodeploy.signals.encode import LatencyEncoding


def test_round_trip_keeps_everything(tmp_path: Path) -> None:
    bundle = make()
    save_bundle(bundle, tmp_path / "b")
    again = load_bundle(tmp_path / "b")
    assert (again.network.layers[0].weight == bundle.network.layers[0].weight).all()
    assert again.encoding == bundle.encoding
    assert again.notes == {"seed": 13}
    assert (again.steps, again.encoder) == (7, None)
    assert again.decoder.config == bundle.decoder.config
    window = torch.rand(2, 3, 7)
    for name, logits in bundle.decoder(window).items():
        assert torch.equal(again.decoder(window)[name], logits)
    assert read_chip_part(tmp_path / "b").network.output_shape == (3,)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b"]


def test_the_bits_of_the_decoder_travel_and_are_obeyed(tmp_path: Path) -> None:
    """In whole answers and in a stream; of the chip's part nothing changes."""
    exact = make()
    coarse = dataclasses.replace(exact, decoder=with_bits(exact.decoder, 3))
    save_bundle(coarse, tmp_path / "b")
    again = load_bundle(tmp_path / "b")
    assert again.decoder.config.bits == 3
    samples = spikes()
    sent = torch.from_numpy(simulate(again, samples).spikes)
    wanted = eight_bit_decoder(exact.decoder, 3)
    assert wanted is not None
    for head, logits in wanted.at_the_end(sent.float()).items():
        assert torch.equal(decode(again, sent)[head], logits)
        assert not torch.equal(decode(exact, sent)[head], logits)
        last = [a.logits[head] for a in stream_answers(again, samples) if a.step == 6]
        np.testing.assert_allclose(np.array(last), logits.numpy(), rtol=1e-6)
    counts = simulate(again, samples).counts
    host, full = (energy_report(each, counts)["host"] for each in (again, exact))
    matrices = 3 * 7 * 11 + 11 * (4 + 6)
    assert full["footprint_bytes"] - host["footprint_bytes"] == matrices * (32 - 3) // 8
    assert (host["macs_per_sample"], host["weight_bits"]) == (full["macs_per_sample"], 3)


def test_a_bundle_is_replaced_as_a_whole(tmp_path: Path) -> None:
    save_bundle(make(3), tmp_path / "b")
    (tmp_path / "b" / "stray").write_text("x")
    save_bundle(make(4), tmp_path / "b")
    assert load_bundle(tmp_path / "b").network.output_shape == (4,)
    assert not (tmp_path / "b" / "stray").exists()


def test_decoder_must_fit_the_network() -> None:
    bundle = make(3)
    with pytest.raises(InputError, match="decoder"):
        Bundle(
            network=bundle.network,
            decoder=make(4).decoder,
            encoding=LatencyEncoding(steps=7),
        )


@pytest.mark.parametrize("name", ["network.net", "decoder.safetensors", "manifest.json"])
def test_a_missing_or_changed_part_is_named(name: str, tmp_path: Path) -> None:
    save_bundle(make(), tmp_path / "b")
    part = tmp_path / "b" / name
    whole = part.read_bytes()
    part.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileFormatError, match=name):
        load_bundle(tmp_path / "b")
    part.unlink()
    with pytest.raises(FileFormatError, match=name):
        load_bundle(tmp_path / "b")


@pytest.mark.parametrize(
    "field", ["schema_version", "network", "decoder", "encoding", "steps", "notes"]
)
def test_a_manifest_without_a_field_is_refused(field: str, tmp_path: Path) -> None:
    save_bundle(make(), tmp_path / "b")
    change_manifest(tmp_path / "b", lambda manifest: manifest.pop(field))
    with pytest.raises(FileFormatError, match=field):
        load_bundle(tmp_path / "b")


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="a folder"):
        load_bundle(tmp_path / "none")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """Import path of a reader in a module that only the working directory has."""
    monkeypatch.chdir(tmp_path)
    return write_own_reader(tmp_path, f"own_reader_{abs(hash(request.node.nodeid))}")


def forget(own: str) -> None:
    """As in a new process."""
    sys.modules.pop(own.partition(":")[0], None)


def test_a_decoder_of_a_persons_own_is_imported_only_when_allowed(own: str, tmp_path: Path) -> None:
    made = make(kind=own, forget=0.5)
    save_bundle(made, "b")
    forget(own)
    with pytest.raises(InputError, match=f"found '{own}'.*allow_import=True, or --allow-import"):
        load_bundle("b")
    assert own.partition(":")[0] not in sys.modules
    bundle = load_bundle("b", allow_import=True)
    assert bundle.decoder.config.options == {"forget": 0.5}
    run = simulate(bundle, spikes())
    assert run.spikes.any()
    answers = decode(bundle, torch.from_numpy(run.spikes))["label"]
    again = decode(made, run.spikes)["label"]
    assert torch.equal(answers, again)
    last = [a.logits["label"] for a in stream_answers(bundle, spikes()) if a.step == 6]
    np.testing.assert_allclose(last, answers.numpy(), rtol=0, atol=1e-6)
    report = energy_report(bundle, run.counts)
    assert report["host"]["macs_per_sample"] == 3 * 11 + 11 * (4 + 6)


def test_an_entry_point_is_named_with_what_it_would_import(
    own: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    point = EntryPoint(name="last-spike", value=own, group="neurodeploy.decoders")
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [point])
    save_bundle(make(kind="last-spike", forget=0.5), "b")
    with pytest.raises(InputError, match=f"found 'last-spike'. To import and run {own}"):
        load_bundle("b")
    assert load_bundle("b", allow_import=True).decoder.config.kind == "last-spike"


def test_every_command_opens_a_bundle_with_a_decoder_of_a_persons_own(own: str) -> None:
    save_bundle(make(kind=own, forget=0.5), "b")
    np.save("in.npy", spikes())

    def call(*arguments: str) -> str:
        forget(own)
        result = CliRunner().invoke(app, [*arguments, "--json"])
        if isinstance(result.exception, Exception):
            raise result.exception
        return result.stdout

    for command in (("stream", "b"), ("energy", "b")):
        with pytest.raises(InputError, match="--allow-import"):
            call(*command, "--input", "in.npy")
        assert json.loads(call(*command, "--input", "in.npy", "--allow-import").splitlines()[0])
    for command in (
        ("inspect", "b"),
        ("simulate", "b", "--input", "in.npy", "--output", "out.npy"),
        ("verify", "b", "--input", "in.npy", "--engine", "native"),
        ("fit", "b", "--chip", "loihi1"),
    ):
        assert json.loads(call(*command)), command
        assert own.partition(":")[0] not in sys.modules


def test_steps_are_those_of_the_encoding_or_fewer() -> None:
    bundle = make()
    assert (bundle.steps, bundle.step_limit) == (7, None)
    short = dataclasses.replace(bundle, steps=4)
    assert short.step_limit == 4
    for steps in (0, 8):
        with pytest.raises(InputError, match="bundle, steps: expected 1 to 7"):
            dataclasses.replace(bundle, steps=steps)


def test_fewer_steps_are_kept_to_everywhere(tmp_path: Path) -> None:
    """The decoder's window is as trained; what never comes is silent in it."""
    save_bundle(dataclasses.replace(make(), steps=4), tmp_path / "b")
    short, signal = load_bundle(tmp_path / "b"), spikes(seed=2)
    assert short.steps == 4
    run = simulate(short, signal)
    assert run.counts.steps == run.spikes.shape[-1] == 4
    np.testing.assert_array_equal(run.spikes, simulate(make(), signal[..., :4]).spikes)
    whole = torch.from_numpy(simulate(make(), signal).spikes)
    silent = torch.nn.functional.pad(whole[..., :4], (0, 3))
    for name, logits in make().decoder(silent.float()).items():
        assert torch.equal(decode(short, whole)[name], logits)
    part = read_chip_part(tmp_path / "b")
    assert part.step_limit == 4
    np.testing.assert_array_equal(simulate(part, signal).spikes, run.spikes)


@pytest.mark.parametrize(
    ("notes", "steps"), [({"seed": 1}, 7), ({"levers": {"steps": 3}}, 3), ({"levers": {}}, 7)]
)
def test_a_bundle_of_version_1_is_read(notes: dict, steps: int, tmp_path: Path) -> None:
    save_bundle(make(), tmp_path / "b")

    def as_version_1(manifest: dict) -> None:
        for new in ("steps", "encoder", "sha256"):
            del manifest[new]
        del manifest["decoder"]["config"]["options"]
        manifest.update(schema_version=1, notes=notes)

    change_manifest(tmp_path / "b", as_version_1)
    bundle = load_bundle(tmp_path / "b")
    assert bundle.steps == steps
    assert simulate(bundle, spikes()).spikes.shape[-1] == steps


@pytest.mark.parametrize("steps", [0, 8, "7", None, 3.5])
def test_a_manifest_with_steps_that_cannot_be_is_refused(steps: object, tmp_path: Path) -> None:
    save_bundle(make(), tmp_path / "b")
    change_manifest(tmp_path / "b", lambda manifest: manifest.update(steps=steps))
    with pytest.raises(FileFormatError, match=r"steps: expected (1 to 7|a whole number)"):
        load_bundle(tmp_path / "b")


@pytest.mark.parametrize(
    ("name", "value"),
    [("input_shape", [7]), ("output_shape", [4]), ("latency_steps", 2), ("latency_steps", True)],
)
def test_a_manifest_describes_the_network_that_is_there(
    name: str, value: object, tmp_path: Path
) -> None:
    save_bundle(make(), tmp_path / "b")
    change_manifest(tmp_path / "b", lambda manifest: manifest["network"].update({name: value}))
    for read in (load_bundle, read_chip_part):
        with pytest.raises(FileFormatError, match=rf"network(, |\.){name}: expected"):
            read(tmp_path / "b")
