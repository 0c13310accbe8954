"""Readers of a person's own: named, checked and built."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint

import pytest
import torch

from neurodeploy.errors import FileFormatError, InputError
from neurodeploy.model.decoder import Decoder, DecoderConfig
from neurodeploy.model.readers import MlpReader


class Counts(torch.nn.Module):
    """Spikes of each neuron, over a unit."""

    def __init__(self, config: DecoderConfig, *, unit: float = 1.0) -> None:
        super().__init__()
        self.features, self.unit = config.neurons, unit

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        return window.sum(-1) / self.unit


class NoFeatures(torch.nn.Module):
    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()


class WrongShape(Counts):
    def forward(self, window: torch.Tensor) -> torch.Tensor:
        return window


def config(kind: str | type[torch.nn.Module], **changes: object) -> DecoderConfig:
    values = {"neurons": 4, "window_steps": 5, "heads": {"label": 3}, **changes}
    return DecoderConfig(kind=kind, **values)  # type: ignore[arg-type]


PATH = f"{__name__}:Counts"


def test_a_class_is_kept_by_its_name_and_comes_back() -> None:
    made = config(Counts, options={"unit": 2.0})
    assert (made.kind, made.foreign) == (PATH, PATH)
    read = DecoderConfig.from_dict(json.loads(json.dumps(made.to_dict())))
    assert read == made
    decoder = Decoder(read)
    assert isinstance(decoder.reader, Counts)
    assert decoder.reader(torch.ones(2, 4, 5)).tolist() == [[2.5] * 4] * 2
    assert decoder(torch.ones(2, 4, 5))["label"].shape == (2, 3)


def test_one_of_ours_is_kept_by_its_short_name() -> None:
    made = config(MlpReader)
    assert (made.kind, made.foreign) == ("mlp", None)
    with pytest.raises(InputError, match="options: expected none for mlp"):
        config(MlpReader, options={"width": 3})


def test_an_entry_point_is_looked_up_without_importing(monkeypatch: pytest.MonkeyPatch) -> None:
    def only(group: str) -> list[EntryPoint]:
        assert group == "neurodeploy.decoders"
        return [EntryPoint(name="mine", value=PATH, group=group),
                EntryPoint(name="gone", value="no_such_module:Reader", group=group)]  # fmt: skip

    monkeypatch.setattr("importlib.metadata.entry_points", only)
    assert isinstance(Decoder(config("mine")).reader, Counts)
    gone = config("gone")
    assert gone.foreign == "no_such_module:Reader"
    with pytest.raises(InputError, match=r"decoder 'no_such_module:Reader'.*ModuleNotFoundError"):
        Decoder(gone)


def test_a_config_is_read_without_importing() -> None:
    mapping = {**config(Counts).to_dict(), "kind": "no_such_module:Reader"}
    assert DecoderConfig.from_dict(mapping).foreign == "no_such_module:Reader"


@pytest.mark.parametrize(
    ("kind", "options", "says"),
    [
        (Counts, {"size": 3}, r"built as Reader\(config, size\)"),
        (NoFeatures, {}, "features: expected their number, found None"),
        ("json:dumps", {}, "a torch.nn.Module class"),
        ("json:JSONDecoder", {}, "a torch.nn.Module class"),
    ],
)
def test_what_is_no_reader_is_refused(kind: str | type, options: dict, says: str) -> None:
    with pytest.raises(InputError, match=says):
        Decoder(config(kind, options=options))


def test_features_of_another_shape_are_refused() -> None:
    with pytest.raises(InputError, match=r"WrongShape: expected \[batch, feature\] \[2, 4\]"):
        Decoder(config(WrongShape))(torch.zeros(2, 4, 5))


def test_what_nobody_else_can_import_or_write_down_is_refused() -> None:
    class Local(Counts):
        pass

    with pytest.raises(InputError, match="top of a module that can be imported"):
        config(Local)
    for kind in (3, dict, Counts(config(Counts))):
        with pytest.raises(InputError, match=r"DecoderConfig\.kind: expected a name or a torch"):
            config(kind)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"DecoderConfig\.options: expected JSON by name"):
        config(Counts, options={"unit": object()})
    with pytest.raises(FileFormatError, match="the fields of a decoder"):
        DecoderConfig.from_dict({**config(Counts).to_dict(), "options": 3})
