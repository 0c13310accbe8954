"""What a person sees of an object that holds arrays: their shapes, and tables in a notebook."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

TABLE = (
    "<table><caption>{{ caption }}</caption>"
    '<tr>{% for head in heads %}<th scope="col">{{ head }}</th>{% endfor %}</tr>'
    "{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}"
    "</table>"
)


class _Shapes(reprlib.Repr):
    """Arrays by type and shape, all else cut where it gets long."""

    def __init__(self) -> None:
        super().__init__()
        self.maxother = self.maxstring = 200

    def repr_ndarray(self, array: Any, level: int) -> str:
        return f"{array.dtype} {list(array.shape)}"


SHAPES = _Shapes()


class ShortRepr:
    """For dataclasses with ``repr=False``: fields with the shapes of arrays."""

    def __repr__(self) -> str:
        said = (f"{each.name}={SHAPES.repr(getattr(self, each.name))}" for each in fields(self))  # type: ignore[arg-type]
        return f"{type(self).__name__}({', '.join(said)})"


def sizes(shape: Sequence[int]) -> str:
    """A shape as people write it."""
    return " x ".join(map(str, shape))


def html_table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table for a notebook, with everything escaped."""
    import jinja2

    template = jinja2.Environment(autoescape=True).from_string(TABLE)
    return template.render(caption=caption, heads=heads, rows=rows)
