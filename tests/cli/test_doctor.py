from __future__ import annotations

from neurodeploy.cli.doctor import diagnose, python_problem


def test_only_python_3_10_will_do() -> None:
    assert python_problem((3, 10)) == ""
    assert "expected 3.10" in python_problem((3, 11))
    assert "found 3.9" in python_problem((3, 9))


def test_every_check_says_what_to_do_unless_it_is_ok() -> None:
    checks = diagnose()
    assert {check.name for check in checks} >= {"python", "lava-nc", "torch", "cuda", "loihi"}
    for check in checks:
        assert check.status in ("ok", "missing", "optional")
        assert check.found
        assert check.status == "ok" or check.remedy
