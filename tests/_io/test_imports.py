from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from neurodeploy._io.imports import import_path, resolve
from neurodeploy.errors import InputError

OURS = {"mlp": int, "linear": float}
GROUP = "neurodeploy.somethings"


def found(name: str) -> object:
    return resolve("something", name, OURS, GROUP)


def test_ours_come_by_short_name() -> None:
    assert found("mlp") is int


def test_an_import_path_is_imported_and_named_back() -> None:
    assert found("collections:OrderedDict.fromkeys").__name__ == "fromkeys"
    assert found(import_path(EntryPoint)) is EntryPoint


def test_a_module_of_the_working_directory_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_part_of_a_person.py").write_text("class Part:\n    size = 7\n")
    monkeypatch.chdir(tmp_path)
    assert found("own_part_of_a_person:Part.size") == 7


def test_an_entry_point_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint(name="golden", value="fractions:Fraction", group=GROUP)
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [point])
    assert found("golden").__name__ == "Fraction"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("mpl", "one of linear, mlp, or package.module:Name, found 'mpl'"),
        ("no_such_module_here:Part", "ModuleNotFoundError"),
        ("fractions:Fraktion", "'Fraktion' in module fractions, found none"),
        ("fractions:", "'' in module fractions"),
    ],
)
def test_what_cannot_be_had_is_one_clear_error(name: str, says: str) -> None:
    with pytest.raises(InputError, match="something") as error:
        found(name)
    assert says in str(error.value)


def test_a_module_that_fails_while_it_is_imported_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "failing_part_of_a_person.py").write_text("1 / 0\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="ZeroDivisionError: division by zero"):
        found("failing_part_of_a_person:Part")


def test_what_nobody_else_can_import_has_no_path() -> None:
    class Local:
        pass

    with pytest.raises(InputError, match="importable module"):
        import_path(Local)
