"""What a bundle says of how it came about, in words that two of them can be told apart by."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from neurodeploy.deploy.bundle import Bundle

Facts = Mapping[str, str]

NOTHING = "nothing"


def facts(bundle: Bundle) -> Facts:
    """Facts by name: of structure, training and data; what is not recorded is left out."""
    return dict(_found(bundle))


def differing(all_facts: Sequence[Facts]) -> list[str]:
    """Names of the facts that all have and that are not the same in all."""
    first, *others = all_facts
    return [
        name
        for name, value in first.items()
        if all(name in each for each in others) and any(each[name] != value for each in others)
    ]


def _found(bundle: Bundle) -> Iterator[tuple[str, str]]:
    *hidden, _ = bundle.network.shapes
    yield "hidden layers", ", ".join("×".join(map(str, shape)) for shape in hidden) or "none"
    yield "readout neurons", "×".join(map(str, bundle.network.output_shape))
    if bundle.decoder is not None:
        config = bundle.decoder.config.to_dict()
        yield "decoder", config.pop("kind")
        del config["neurons"]
        yield from _words({"bits": 32, **config}, "decoder ")
    notes = dict(bundle.notes)
    if training := dict(notes.pop("training", {})):
        yield "seed of the training", str(training.pop("seed", "not recorded"))
        yield "fine-tuned from", training.pop("from", NOTHING)
        yield from _words(training)
    yield "changed after training", _changed(notes)
    if bundle.encoder is not None:
        for number, layer in enumerate(bundle.encoder.config["layers"], 1):
            spec = {
                name: each for name, each in layer.items() if name not in ("neurons", "channels")
            }
            yield from _words(spec, f"layer {number} ")
    yield from _words({**bundle.encoding.to_dict(), "steps run": bundle.steps}, "input ")
    yield from _words({k: v for k, v in notes.items() if not isinstance(v, Mapping)})


def _changed(notes: dict[str, Any]) -> str:
    """Levers and another decoder, which are taken out of the notes."""
    changes = [*_words(notes.pop("levers", {})), *_words(notes.pop("decoder", {}), "decoder ")]
    return ", ".join(f"{name} {value}" for name, value in changes) or NOTHING


def _words(mapping: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, str]]:
    for name, value in mapping.items():
        words = f"{before}{name.replace('_', ' ')}"
        if isinstance(value, Mapping):
            yield from _words(value, f"{words} ")
        else:
            yield words, value if isinstance(value, str) else json.dumps(value)
