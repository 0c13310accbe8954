from __future__ import annotations

import pytest

from neurodeploy.cli.search_arguments import fine_tuned_of, retrained_of
from neurodeploy.errors import InputError
from neurodeploy.search.decoders import Retrained


def test_what_is_fine_tuned_is_a_share_and_bits() -> None:
    assert fine_tuned_of("0.7:4") == ((0.7, 4),)
    assert fine_tuned_of("none") == ()


@pytest.mark.parametrize("value", ["", "0.7", "1:4", "-0.1:4", "0.5:9", "0.5:1", "half:4", "nan:4"])
def test_anything_else_is_refused(value: str) -> None:
    with pytest.raises(InputError, match="option --fine-tune: expected SHARE:BITS"):
        fine_tuned_of(value)


def test_decoders_have_a_kind_and_perhaps_a_width() -> None:
    assert retrained_of(None) == []
    assert retrained_of(["counts", "rate:16", "counts"]) == [
        Retrained(kind="counts"),
        Retrained(kind="rate", hidden=16),
    ]
    assert retrained_of(["json:Late"]) == [Retrained(kind="json:Late")]
    assert retrained_of(["json.decoder:Late:3"])[0].name == "decoder-json.decoder.Late-3"
