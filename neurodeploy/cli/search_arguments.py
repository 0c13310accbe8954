"""Arguments of the commands that search, checked before anything is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from neurodeploy._io.imports import require_name
from neurodeploy.errors import InputError, message
from neurodeploy.model.reader_names import ENTRY_POINTS, READER_NAMES

if TYPE_CHECKING:
    from neurodeploy.search.decoders import Retrained

NO_FINE_TUNING = "none"


def _fine_tune(value: str) -> str:
    fine_tuned_of(value)
    return value


def fine_tuned_of(value: str) -> tuple[tuple[float, int], ...]:
    """SHARE:BITS as numbers; nothing of "none"."""
    if value == NO_FINE_TUNING:
        return ()
    share, _, bits = value.partition(":")
    try:
        found = float(share), int(bits)
    except ValueError:
        found = -1.0, 0
    if not (0 <= found[0] < 1 and 2 <= found[1] <= 8):
        expected = f"SHARE:BITS, in [0, 1) and 2 to 8, such as 0.7:4, or {NO_FINE_TUNING}"
        raise InputError(message("option --fine-tune", expected, repr(value)))
    return (found,)


def _decoders(values: list[str] | None) -> list[str] | None:
    for value in values or ():
        _kind_and_width(value)
    return values


def _kind_and_width(value: str) -> tuple[str, int | None]:
    """KIND or KIND:WIDTH; a path of a person's own may have a colon too."""
    kind, _, width = value.rpartition(":")
    if not kind or not width.isdecimal():
        kind, width = value, ""
    require_name("option --decoder", kind, dict.fromkeys(READER_NAMES), ENTRY_POINTS)
    if width == "0":
        raise InputError(message(f"option --decoder {kind}", "a width, 1 or more", 0))
    return kind, int(width) if width else None


def retrained_of(values: list[str] | None) -> list[Retrained]:
    """The decoders that are to be learnt."""
    from neurodeploy.search.decoders import Retrained

    pairs = map(_kind_and_width, values or ())
    return [Retrained(kind=kind, hidden=hidden) for kind, hidden in dict.fromkeys(pairs)]


FineTuneOption = Annotated[
    str,
    typer.Option(
        help="Share of synapses to prune and bits to keep, before each model is trained on, "
        f"such as 0.7:4; {NO_FINE_TUNING} for models as they were trained.",
        callback=_fine_tune,
    ),
]
DecodersOption = Annotated[
    list[str] | None,
    typer.Option(
        "--decoder",
        help="Learn such a decoder too, KIND or KIND:WIDTH, such as counts or rate:16, from the "
        "spikes that the network sends on the training data.",
        callback=_decoders,
    ),
]
