"""Which units the comparison has, and which ANN it holds a spiking model against."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import mnist_energy
import numpy as np
import pytest
import results
import torch
from small_corpora import write_all

import neurodeploy as nd


def test_a_folder_of_idx_files_has_its_own_test_part(tmp_path: Path) -> None:
    folder = next(write_all(tmp_path).glob("**/*train-images*")).parent
    task = mnist_energy.task_of(folder)
    assert isinstance(task, nd.IdxTask)
    assert (task.dataset, task.data_dir, task.test) == ("idx-images", folder, None)
    assert (task.shift_px, task.distortion) == (0, nd.Distortion())
    assert (task.hidden, task.readout) == (mnist_energy.TASK.hidden, mnist_energy.TASK.readout)
    assert mnist_energy.task_of(None) is mnist_energy.TASK


def test_every_unit_has_a_name_of_its_own_and_smaller_models_follow() -> None:
    units = list(mnist_energy.units(mnist_energy.TASK, "energy", 2))
    names = [unit.name for unit in units]
    assert len(set(names)) == len(names) == 2 * (5 + 4 + 3 * 3 + 5 * 4)
    assert names.index("energy/SNN/0") < names.index("energy/pruned 70 %/0")
    assert names.index("energy/SNN 16/1") < names.index("energy/SNN 16, 90 % pruned/1")


def test_an_ann_of_fewer_bits_costs_less_where_memory_counts() -> None:
    eight, four = (mnist_energy.priced(bits)(1000, 500.0, 1000) for bits in (8, 4))
    assert four["uj_sram45_integer"] < eight["uj_sram45_integer"]
    assert four["uj_cmos45_integer"] == eight["uj_cmos45_integer"]


def test_the_decoder_that_is_measured_multiplies_integers() -> None:
    task = dataclasses.replace(nd.task("digits"), hidden=(8,), readout=4, heads=("label",))
    decoder = task.model(task.splits()).decoder
    coarse = mnist_energy.in_8_bits(decoder)
    window = torch.from_numpy(np.random.default_rng(0).random((3, 4, 16)) < 0.5).float()
    assert coarse.config.bits == 8
    exact = decoder.eval()(window)["label"]
    assert not torch.equal(coarse(window)["label"], exact)
    torch.testing.assert_close(coarse(window)["label"], exact, rtol=0.1, atol=0.05)


def variant(accuracy: float, microjoules: float) -> dict[str, object]:
    numbers = {
        "accuracy_deployed": {"mean": accuracy, "spread": 0.0},
        results.PRICE: {"mean": microjoules, "spread": 0.0},
    }
    return {"numbers": numbers, "seeds": [0]}


def test_the_cheapest_ann_that_is_as_accurate_is_beside_a_spiking_model() -> None:
    variants = {
        "ANN": variant(0.90, 8.0),
        "ANN 16": variant(0.80, 1.0),
        "ANN 32": variant(0.85, 2.0),
        "SNN": variant(0.84, 3.0),
        "SNN, counts": variant(0.95, 0.5),
    }
    rows = results.iso_accuracy_table(variants).splitlines()[2:]
    assert rows == [
        "| SNN | 84.0 (0.0) | 3.0000 | ANN 32 | 85.0 (0.0) | 2.0000 | 1.50 |",
        "| SNN, counts | 95.0 (0.0) | 0.5000 | none |  |  |  |",
    ]


@pytest.mark.parametrize("name", ["energy-fashion-mnist", "energy-fashion-mnist-iso"])
def test_the_page_has_a_place_for_the_tables(name: str) -> None:
    page = (Path(__file__).parents[2] / "docs/results.md").read_text()
    assert page.count(f"<!-- table: {name} -->") == 1
