"""The table of chips: every figure has a source, a person's own table is checked by field."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurodeploy.errors import FileFormatError, InputError
from neurodeploy.hardware.chips import (
    CHIP_TABLE,
    COSTS,
    LIMIT_BASES,
    LIMITS,
    NEEDED,
    find_chip,
    load_chips,
)

LOIHI1 = CHIP_TABLE.read_text(encoding="utf-8").split("[loihi2]")[0]


def test_every_figure_has_a_source_and_unknown_ones_have_no_value() -> None:
    chips = load_chips()
    assert set(chips) == {"loihi1", "loihi2", "loihi2-2022", "loihi2-2023"}
    for chip in chips.values():
        assert set(chip.limits) == set(LIMITS)
        assert set(chip.costs) == set(COSTS)
        for figure in (*chip.limits.values(), *chip.costs.values(), *chip.states.values()):
            assert figure.source
            assert figure.basis in LIMIT_BASES
            assert (figure.value is None) == (figure.basis == "unknown")
        assert all(chip.known(name) > 0 for name in NEEDED)


def test_loihi_1_is_as_nengo_loihi_has_it() -> None:
    chip = find_chip("loihi1")
    names = ("compartments", "input_axons", "output_axons", "memory_bits", "cores_per_chip")
    assert [chip.limit(name) for name in names] == [1024, 4096, 4096, 128 * 1024 * 8, 128]
    assert set(chip.states) == {"cuba"}
    assert chip.unknown == ("synapses_per_chip",)


def test_loihi_2_marks_what_is_not_published() -> None:
    chip = find_chip("loihi2")
    names = ("compartments", "memory_bits", "cores_per_chip", "synapses_per_chip")
    assert [chip.limit(name) for name in names] == [4095, 12000 * 64, 128, 120_000_000]
    bases = [chip.limits[name].basis for name in names]
    assert bases == ["inferred", "published", "published", "published"]
    assert {"output_axons", "threshold_configs", "block_synapses"} <= set(chip.unknown)
    assert chip.limit("output_axons") is None
    assert chip.cost("block_synapses", 7) == 7
    assert chip.states["rf"].basis == "assumed"
    with pytest.raises(InputError, match="chip loihi2: output_axons: expected a value"):
        chip.known("output_axons")


def test_a_chip_can_be_packed_and_leave_zeros_out() -> None:
    chip = find_chip("loihi2")
    assert (chip.placement.rule, chip.placement.zeros_kept) == ("compiler", True)
    assert chip.placement.basis == "inferred"
    sparse, packed = chip.without_zeros().placement, chip.packed().placement
    assert (sparse.rule, sparse.zeros_kept) == ("compiler", False)
    assert (packed.rule, packed.zeros_kept) == ("packed", False)


def test_an_own_table_adds_and_replaces(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(LOIHI1.replace("[loihi1", "[mine"))
    assert set(load_chips(own)) == {"loihi1", "loihi2", "loihi2-2022", "loihi2-2023", "mine"}
    own.write_text(LOIHI1.replace("value = 1024,", "value = 7,"))
    assert find_chip("loihi1", own).known("compartments") == 7
    with pytest.raises(InputError, match="expected one of loihi1, loihi2, loihi2-2022, loihi2-"):
        find_chip("loihi3")


def test_a_chip_is_like_another_but_for_what_it_says(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    figure = 'value = 9, unit = "cores", year = 2024, basis = "assumed", source = "me"'
    own.write_text(
        f'[mine]\nlike = "loihi2"\ntitle = "Mine"\n[mine.limits]\ncores_per_chip = {{ {figure} }}'
    )
    mine, first = find_chip("mine", own), find_chip("loihi2")
    assert (mine.title, mine.known("cores_per_chip")) == ("Mine", 9)
    assert {**mine.limits, "cores_per_chip": None} == {**first.limits, "cores_per_chip": None}
    assert (mine.costs, mine.states, mine.placement) == (first.costs, first.states, first.placement)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[mine]\nlike = "loihi3"', "like: expected one of loihi1, loihi2, .* found 'loihi3'"),
        ('[mine]\nlike = "mine"', "like: expected one of loihi1"),
        ("[mine]\nlike = [1]", "like: expected one of loihi1"),
        ('[mine]\nlike = "loihi2-2023"', "like: expected a chip that says all of itself, found"),
        ('[mine]\nlike = "other"\n[other]\nlike = "mine"', "like: expected a chip that says all"),
        ('other = 3\n[mine]\nlike = "other"', "chip other: expected a table, found 3"),
        ('[mine]\nlike = "loihi2"\nlimits = 3', "mine: limits: expected"),
    ],
)
def test_what_a_chip_is_like_is_checked(text: str, said: str, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(text)
    with pytest.raises(FileFormatError, match=said):
        load_chips(own)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("value = 1024,", "value = -1,", "limits.compartments.value: expected a whole number"),
        ("value = 1024,", "value = 1.5,", "limits.compartments.value: expected a whole number"),
        ("value = 1024,", "", "limits.compartments: expected a value"),
        ("value = 1024,", "value = 0,", "limits.compartments: expected 1 or more"),
        ("value = 64, unit", "value = 0, unit", "costs.word_bits: expected 1 or more"),
        ('"cores", year = 2018', '"cores", year = 18', "year: expected a whole number >= 1900"),
        ("year = 2018, ", "", "limits.cores_per_chip.year: expected a value, found nothing"),
        (
            'basis = "published"',
            'basis = "heard"',
            "basis: expected one of assumed, inferred",
        ),
        ('rule = "packed"', 'rule = "luck"', "placement.rule: expected one of compiler, packed"),
        ("zeros_kept = false", "zeros_kept = 0", "zeros_kept: expected true or false"),
        ("compartments = {", "compartment = {", "limits: expected only cores_per_chip"),
        (
            'sharing = "population"',
            'sharing = "all"',
            "sharing: expected one of kernel, none",
        ),
        ('sharing = "population"\n', "", "sharing: expected a value, found nothing"),
        ("[1, 2, 3, 4, 5, 6, 8]", "[2, 1]", "weight_widths: expected rising numbers of bits"),
        ("[1, 2, 3, 4, 5, 6, 8]", "[]", "weight_widths: expected a list of length >= 1"),
        ("[1, 2, 3, 4, 5, 6, 8]", "[0]", "weight_widths[0]: expected a whole number >= 1, found 0"),
        ("graded_spikes = false", "graded_spikes = 0", "graded_spikes: expected true or false"),
        ("[loihi1.states]\ncuba", "[loihi1.states]\nizhikevich", "states: expected only cuba"),
        ("tag_bits = {", "#", "costs.tag_bits: expected a value, found nothing"),
        ("[loihi1]", "loihi3 = 1\n[loihi1]", "chip loihi3: expected a table, found 1"),
        ("[loihi1]", "[loihi1", "expected TOML"),
        ('title = "Intel', 'note2 = "Intel', "expected only title, notes, sharing"),
        ('basis = "unknown", ', 'basis = "unknown", value = 3, ', "expected no value, because"),
    ],
)
def test_a_mistake_in_a_table_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    own = tmp_path / "own.toml"
    assert old in LOIHI1
    own.write_text(LOIHI1.replace(old, new, 1))
    with pytest.raises(FileFormatError, match=r"chip table .*own\.toml") as caught:
        load_chips(own)
    assert said in str(caught.value)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="expected an existing file"):
        load_chips(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(FileFormatError, match="expected TOML"):
        load_chips(tmp_path / "bad.toml")
