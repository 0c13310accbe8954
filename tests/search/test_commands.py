from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from small import TASK
from typer.testing import CliRunner

from neurodeploy import tasks
from neurodeploy.cli import main as cli
from neurodeploy.deploy.bundle import Bundle, decode, load_bundle, save_bundle
from neurodeploy.errors import InputError
from neurodeploy.model.decoder import Decoder
from neurodeploy.search.compression import uncompressed
from neurodeploy.search.points import POINTS_FILE, Point, save_points
from neurodeploy.search.scoring import Scorer, find_target
from neurodeploy.search.trial import samples
from neurodeploy.signals.datasets import Splits


@pytest.fixture(autouse=True)
def small_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tasks.TASKS, "digits", dataclasses.replace(TASK, train=96))


def call(*arguments: str | Path | int) -> str:
    result = CliRunner().invoke(cli.app, [str(a) for a in arguments])
    if result.exception is not None:
        raise result.exception
    return result.stdout


def test_tune_then_pick(tmp_path: Path) -> None:
    options = (
        *("--trials", 2, "--epochs", 1, "--settings", 5, "--loss", 1, "--json"),
        *("--fine-tune", "0.5:5"),
    )
    report = json.loads(call("tune", "digits", *options, "--out", tmp_path / "tune"))
    assert report["front"][0]["test"]["accuracy"] >= 0
    assert Path(report["picture"]).exists()
    assert (report["device"], report["chip"], report["ann_j"]) == ("loihi", "loihi1", None)
    points = json.loads(Path(report["points"]).read_text())["points"]
    models = [Path(point["model"]).name for point in points]
    assert models == (["trained"] * 5 + ["pruned-0.5-bits-5"] * 5) * 2
    assert json.loads(call("tune", "digits", *options, "--out", tmp_path / "tune")) == report
    text = call("pick", tmp_path / "tune", 0, "--out", tmp_path / "picked")
    levers = report["front"][0]["levers"]
    assert f"the first {levers['steps']} steps" in text
    assert load_bundle(tmp_path / "picked").notes["levers"] == levers


def test_levers_of_a_bundle(bundle: Bundle, tmp_path: Path) -> None:
    save_bundle(bundle, tmp_path / "bundle")
    arguments = (
        *("levers", "digits", tmp_path / "bundle", "--settings", 5, "--device", "cmos45_integer"),
        *("--out", tmp_path / "levers"),
    )
    with pytest.raises(InputError, match="bundle, train: expected 96, found 256"):
        call(*arguments)
    text = call(*arguments, "--trust-split")
    assert "at rest:" in text
    assert "equal ANN" in text
    assert "Next: neurodeploy pick" in text
    with pytest.raises(InputError, match="point: expected 0 to"):
        call("pick", tmp_path / "levers", 99)


def test_levers_of_other_decoders_of_the_same_network(bundle: Bundle, tmp_path: Path) -> None:
    save_bundle(bundle, tmp_path / "bundle")
    arguments = ("levers", "digits", tmp_path / "bundle", "--settings", 2, "--loss", 1)
    more = ("--decoder", "counts", "--decoder", "rate:5", "--trust-split", "--json")
    report = json.loads(call(*arguments, *more, "--out", tmp_path / "levers"))
    points = json.loads(Path(report["points"]).read_text())["points"]
    assert [point["model"] for point in points[::2]] == [
        "model",
        "decoder-counts",
        "decoder-rate-5",
    ]
    assert [point["parameters"] for point in points[::2]] == [
        {},
        {"decoder": "counts"},
        {"decoder": "rate", "decoder_hidden": 5},
    ]
    rest = {point["model"]: point["validation"] for point in points[::2]}
    assert len({score["chip_j"] for score in rest.values()}) == 1
    hosts = [rest[name]["host_j"] for name in ("decoder-counts", "decoder-rate-5", "model")]
    assert hosts[0] < hosts[2]
    assert hosts[1] < hosts[2]
    for wrong in ("nobody", "rate:0", ":5"):
        with pytest.raises(InputError, match="option --decoder"):
            call(*arguments, "--decoder", wrong, "--out", tmp_path / "other")


def test_a_picked_bundle_says_on_the_command_line_what_its_point_says(
    bundle: Bundle, splits: Splits, tmp_path: Path
) -> None:
    """From the bundle's folder and spikes of all steps, with nothing said about steps."""
    save_bundle(bundle, tmp_path / "search" / "model")
    spikes, labels = samples(TASK.sources(splits).test, (1,))
    levers = dataclasses.replace(uncompressed(bundle.network, 8), dropped=0.25, steps=5)
    score = Scorer(bundle, spikes, labels, find_target("loihi", "loihi1"))(levers)
    point = Point(
        model="model", parameters={}, levers=levers, validation=score, confirmed=score, test=score
    )
    save_points(tmp_path / "search" / POINTS_FILE, [point], {"front": [point.to_dict()]})
    call("pick", tmp_path / "search", 0, "--out", tmp_path / "picked")
    np.save(tmp_path / "in.npy", spikes)
    given = (tmp_path / "picked", "--input", tmp_path / "in.npy")

    report = json.loads(call("energy", *given, "--json"))
    assert report["steps"] == 5
    loihi = report["proxies"]["loihi"]
    assert (loihi["chip"], loihi["host"]) == (score.chip_j, score.host_j)
    assert sum(layer["synops"] / len(labels) for layer in report["layers"]) == score.synops
    assert sum(layer["output_spikes"] / len(labels) for layer in report["layers"]) == score.spikes

    out = tmp_path / "out.npy"
    assert json.loads(call("simulate", *given, "--output", out, "--json"))["steps"] == 5
    answers = decode(load_bundle(tmp_path / "picked"), torch.from_numpy(np.load(out)))["label"]
    assert (answers.argmax(1).numpy() == labels).mean() == score.accuracy

    lines = [json.loads(line) for line in call("stream", *given, "--json").splitlines()]
    last = [np.argmax(line["logits"]["label"]) for line in lines if line["step"] == 4]
    assert len(lines) == 5 * len(labels)
    assert (np.array(last) == labels).mean() == score.accuracy
    assert json.loads(call("verify", *given, "--engine", "native", "--json"))["exact"]
    assert json.loads(call("fit", tmp_path / "picked", "--chip", "loihi1", "--json"))["cores"] == (
        score.cores
    )


OWN_READER = """
import torch

class Late(torch.nn.Module):
    def __init__(self, config):
        super().__init__()
        self.features = config.neurons

    def forward(self, window):
        return window[..., -4:].sum(-1)
"""


def test_levers_and_pick_import_a_decoder_only_when_allowed(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "late_reader.py").write_text(OWN_READER)
    monkeypatch.chdir(tmp_path)
    config = dataclasses.replace(bundle.decoder.config, kind="late_reader:Late")
    save_bundle(dataclasses.replace(bundle, decoder=Decoder(config)), "bundle")
    arguments = ("levers", "digits", "bundle", "--settings", 2, "--trust-split", "--out", "levers")
    with pytest.raises(InputError, match=r"late_reader:Late.*--allow-import"):
        call(*arguments)
    call(*arguments, "--allow-import")
    with pytest.raises(InputError, match=r"late_reader:Late.*--allow-import"):
        call("pick", "levers", 0, "--out", "picked")
    call("pick", "levers", 0, "--out", "picked", "--allow-import")
    assert load_bundle("picked", allow_import=True).decoder.config.kind == "late_reader:Late"
