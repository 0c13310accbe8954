from __future__ import annotations

import pytest

from neurodeploy.cli.doctor import diagnose, python_problem


@pytest.mark.parametrize("version", [(3, 10), (3, 11), (3, 12), (3, 13)])
def test_a_python_that_will_do(version: tuple[int, int]) -> None:
    assert python_problem(version) == ""


@pytest.mark.parametrize("version", [(3, 9), (3, 14)])
def test_another_python_is_named(version: tuple[int, int]) -> None:
    found = ".".join(map(str, version))
    assert f"expected 3.10 to 3.13, found {found}" in python_problem(version)


def test_every_check_says_what_to_do_unless_it_is_ok() -> None:
    checks = diagnose()
    assert {check.name for check in checks} >= {"python", "lava-nc", "torch", "cuda", "loihi"}
    for check in checks:
        assert check.status in ("ok", "missing", "optional")
        assert check.found
        assert check.status == "ok" or check.remedy
