"""What `pip install neurodeploy` gives without the archived packages; what it says of the rest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.deploy.bundle import Bundle, save_bundle
from neurodeploy.model.decoder import Decoder, DecoderConfig
from neurodeploy.netx.layers import Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron
from neurodeploy.signals.encode import SpikeInput

NOT_INSTALLED = """
import importlib.metadata, sys
version = importlib.metadata.version
def without(name):
    if name.startswith("lava-"):
        raise importlib.metadata.PackageNotFoundError(name)
    return version(name)
importlib.metadata.version = without
sys.modules["lava"] = None
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    neuron = CubaNeuron(threshold=80, current_decay=1024, voltage_decay=128)
    layer = Dense(weight=2 * rng.integers(-20, 60, (3, 6)), neuron=neuron)
    decoder = Decoder(DecoderConfig(neurons=3, window_steps=8, heads={"label": 2}, kind="linear"))
    bundle = Bundle(
        network=Network(input_shape=(6,), layers=(layer,)),
        decoder=decoder,
        encoding=SpikeInput(steps=8),
    )
    save_bundle(bundle, tmp_path / "bundle")
    np.save(tmp_path / "x.npy", (rng.random((2, 6, 8)) < 0.5).astype(np.uint8))
    return tmp_path


def python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", NOT_INSTALLED + code],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_networks_run_are_verified_streamed_priced_and_placed(folder: Path) -> None:
    code = """
import numpy as np
import neurodeploy as nd
bundle, spikes = nd.load_bundle("bundle"), np.load("x.npy")
run = nd.simulate(bundle, spikes)
assert run.spikes.any()
assert nd.verify(bundle, spikes, ["native"], against=run.spikes).exact
assert len(list(nd.stream_answers(bundle, spikes))) == 16
assert nd.energy_report(bundle, run.counts)["proxies"]
assert nd.fit_report(bundle, "loihi1", run.counts)["fits"]
assert nd.check(bundle) is not None
print(not any(name.startswith("lava.") for name in sys.modules))
"""
    done = python(code, folder)
    assert (done.stdout, done.stderr) == ("True\n", "")


@pytest.mark.parametrize(
    "command",
    [
        "train digits --out run",
        "simulate bundle --input x.npy --output y.npy --engine lava",
        "simulate bundle --input x.npy --output y.npy --engine slayer",
        "verify bundle --input x.npy",
    ],
)
def test_what_needs_lava_says_how_to_install_it(folder: Path, command: str) -> None:
    before = {path.name for path in folder.iterdir()}
    code = f"sys.argv[1:] = {command.split()}\nfrom neurodeploy.cli.main import main\nmain()"
    done = python(code, folder)
    assert done.returncode == 2
    assert "error: lava-nc: expected 0.10.0, found not installed." in done.stderr
    assert "--no-deps --ignore-requires-python lava-nc==0.10.0 lava-dl==0.6.0" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name for path in folder.iterdir()} == before
