"""Colours of the page, by their numbers."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

from neurodeploy.report.page import HERE


@pytest.mark.parametrize("scheme", [0, 1])
def test_colours_of_series_are_told_apart_and_have_contrast(scheme: int) -> None:
    style = (HERE / "page.css").read_text().split("}")[scheme]
    colours = [rgb(each) for each in re.findall(r"--series-\d: #(\w{6})", style)]
    paper = rgb(re.findall(r"--paper: #(\w{6})", style)[0])
    assert len(colours) == 8
    assert min(contrast(each, paper) for each in colours) >= 4.5
    # In Oklab 0.02 is just noticeable; what was taken for one colour was 0.07 to 0.09 apart.
    apart = [
        np.linalg.norm(oklab(one) - oklab(other))
        for one, other in itertools.combinations(colours, 2)
    ]
    assert min(apart) > 0.11


def rgb(text: str) -> np.ndarray:
    """Linear light of a colour."""
    value = np.array([int(text[at : at + 2], 16) for at in (0, 2, 4)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def contrast(one: np.ndarray, other: np.ndarray) -> float:
    """As WCAG 2 defines it."""
    low, high = sorted(float(each @ [0.2126, 0.7152, 0.0722]) for each in (one, other))
    return (high + 0.05) / (low + 0.05)


def oklab(colour: np.ndarray) -> np.ndarray:
    """Ottosson's space, in which distances are as a person sees them."""
    cones = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    axes = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return np.array(axes) @ np.cbrt(np.array(cones) @ colour)
