"""The page's connection: what is asked is done, and what is wrong is said."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
from viewed import STEPS, DenialResponse, page_of, samples, source, viewed_bundle

import neurodeploy as nd
from neurodeploy.view.app import create_view
from neurodeploy.view.sources import of_lines
from neurodeploy.view.truth import Truth


class Asking:
    """A page without a browser."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.hello, self.state = self.next("hello"), self.next("state")

    def next(self, kind: str) -> dict[str, Any]:
        """The next message of a kind."""
        while True:
            said: dict[str, Any] = json.loads(self.socket.receive_text())
            if said["type"] == kind:
                return said

    def ask(self, do: str, **more: Any) -> None:
        self.socket.send_text(json.dumps({"do": do, **more}))


def test_it_steps_plays_pauses_and_changes() -> None:
    bundle = viewed_bundle()
    run = nd.simulate(bundle, samples())
    with (
        page_of(bundle, source(bundle)) as client,
        client.websocket_connect("ws://127.0.0.1/view") as socket,
    ):
        page = Asking(socket)
        assert [layer["features"] for layer in page.hello["layers"]] == [10, 5]
        assert (page.hello["image"], page.hello["classes"]) == ([4, 4], 3)
        assert page.state["playing"] is False
        for step in range(STEPS):
            page.ask("step")
            frame = page.next("frame")
            assert (frame["sample"], frame["step"]) == (0, step)
            assert frame["layers"][0] == np.flatnonzero(run.layers[0][0, :, step]).tolist()
            page.next("state")
        page.ask("speed", value=1000)
        assert page.next("state")["steps_per_s"] == 60
        page.ask("play")
        assert page.next("state")["playing"]
        assert [page.next("frame")["step"] for _ in range(2 * STEPS)] == 2 * list(range(STEPS))
        page.ask("pause")
        assert not page.next("state")["playing"]
        page.ask("threshold", layer=1, value=90)
        assert page.next("state")["thresholds"] == {"1": 90}
        page.ask("silence", layer=0, neuron=3)
        assert page.next("state")["silenced"] == [[0, 3]]
        page.ask("drop")
        assert page.next("state")["drop"]
        page.ask("put back")
        state = page.next("state")
        assert (state["thresholds"], state["silenced"], state["drop"]) == ({}, [], False)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("{", "truncated"),
        ('{"do": "fly"}', "fly"),
        ('{"do": "noise", "value": 3}', "noise: expected a probability, 0 to 1, found 3"),
        ('{"do": "noise", "value": 1e999}', "out of range"),
        ('{"do": "silence", "layer": 9}', "layer: expected 0 to 1, found 9"),
        ('{"do": "threshold", "layer": -1, "value": 2}', "layer: expected 0 to 1, found -1"),
        ('{"do": "threshold", "layer": 0, "value": 1e300}', "threshold: expected"),
        (f'{{"do": "step", "value": {"1" * 2000}}}', "more than 1000 characters"),
    ],
)
def test_what_is_wrong_is_said_and_the_page_goes_on(asked: str, said: str) -> None:
    bundle = viewed_bundle()
    with (
        page_of(bundle, source(bundle)) as client,
        client.websocket_connect("ws://127.0.0.1/view") as socket,
    ):
        page = Asking(socket)
        socket.send_text(asked)
        assert said in page.next("error")["said"]
        page.ask("step")
        assert page.next("frame")["step"] == 0


def test_without_a_decoder_there_are_spikes_and_the_energy_of_the_chip() -> None:
    whole = viewed_bundle()
    bundle = dataclasses.replace(whole, decoder=None)
    with (
        page_of(bundle, source(bundle)) as client,
        client.websocket_connect("ws://127.0.0.1/view") as socket,
    ):
        page = Asking(socket)
        found = [page.hello[name] for name in ("classes", "image", "host")]
        assert found == [0, None, None]
        run = nd.simulate(whole, samples())
        for step in range(STEPS):
            page.ask("step")
            frame = page.next("frame")
            assert frame["layers"][1] == np.flatnonzero(run.spikes[0, :, step]).tolist()
        assert (frame["host_j"], frame["label"], frame["classes"]) == (0, None, [])
        assert frame["chip_j"] > 0


def test_what_samples_really_are_is_shown_beside_the_answer() -> None:
    bundle = viewed_bundle()
    pictures = np.arange(48, dtype=np.uint8).reshape(3, 4, 4)
    truth = Truth(labels=np.array([2, 0, 1]), pictures=pictures, classes=("a", "b", "c"))
    with (
        page_of(bundle, source(bundle, truth=truth)) as client,
        client.websocket_connect("ws://127.0.0.1/view") as socket,
    ):
        page = Asking(socket)
        assert (page.hello["original"], page.hello["known"]) == ([4, 4], True)
        assert page.hello["names"] == ["a", "b", "c"]
        for sample, label in enumerate((2, 0, 1, 2)):
            for step in range(STEPS):
                page.ask("step")
                frame = page.next("frame")
                assert (frame["sample"], frame["asked"]) == (sample, label)
                shown = pictures[sample % 3].ravel().tolist() if step == 0 else []
                assert frame["original"] == shown


def test_samples_of_which_nothing_is_known_have_neither_picture_nor_class() -> None:
    bundle = viewed_bundle()
    with (
        page_of(bundle, source(bundle)) as client,
        client.websocket_connect("ws://127.0.0.1/view") as socket,
    ):
        page = Asking(socket)
        assert (page.hello["original"], page.hello["known"]) == (None, False)
        page.ask("step")
        frame = page.next("frame")
        assert (frame["asked"], frame["original"]) == (None, [])


def test_lines_are_played_by_one_page_at_a_time_and_end() -> None:
    bundle = viewed_bundle()
    steps = (nd.InputStep(spikes=column, last=True) for column in samples(1)[0].T[:1])
    with page_of(bundle, of_lines(steps, "lines")) as client:
        with client.websocket_connect("ws://127.0.0.1/view") as socket:
            page = Asking(socket)
            assert page.state["steps_per_s"] == 60  # lines have a pace of their own
            with pytest.raises(DenialResponse) as refused:
                client.websocket_connect("ws://127.0.0.1/view").__enter__()
            assert "pages: expected at most 1 open" in refused.value.json()["error"]
            page.ask("step")
            assert page.next("frame")["last"]
            page.ask("play")
            while not (state := page.next("state"))["ended"]:
                pass
            assert not state["playing"]
        with client.websocket_connect("ws://127.0.0.1/view") as socket:
            assert Asking(socket).hello["source"] == "lines"


def test_the_page_asks_nobody_else_and_the_service_is_there() -> None:
    bundle = viewed_bundle()
    with page_of(bundle, source(bundle)) as client:
        page = client.get("/")
        assert page.headers["content-security-policy"].startswith("default-src 'self'")
        text = page.text + client.get("/page.js").text + client.get("/page.css").text
        assert "http://" not in text.replace("ws://${location.host}", "")
        assert "https://" not in text
        assert client.get("/v1/bundle").json()["input_shape"] == [16]
        assert client.get("/", headers={"host": "elsewhere.example"}).status_code == 403


def test_a_device_without_figures_for_spikes_is_an_error() -> None:
    bundle = viewed_bundle()
    from neurodeploy.hardware.devices import load_devices

    with pytest.raises(nd.InputError, match="device gpu: expected one with figures for spikes"):
        create_view(bundle, source(bundle), load_devices(), "gpu")
