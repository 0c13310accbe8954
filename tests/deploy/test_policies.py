from __future__ import annotations

import pytest

from neurodeploy.deploy.policies import POLICIES, require_policy
from neurodeploy.errors import InputError


def test_a_policy_is_known_by_name() -> None:
    assert [require_policy(name) for name in POLICIES] == ["block", "drop-oldest", "latest"]
    with pytest.raises(InputError, match="Did you mean drop-oldest"):
        require_policy("drop-oldst")
