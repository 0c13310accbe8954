from __future__ import annotations

from dataclasses import fields

import pytest

from neurodeploy.errors import InputError
from neurodeploy.serve.limits import ServiceLimits


def test_limits_are_more_than_nothing() -> None:
    assert ServiceLimits().workers >= 1
    for field in fields(ServiceLimits):
        with pytest.raises(InputError, match=f"limit {field.name}: expected more than 0"):
            ServiceLimits(**{field.name: -1})
