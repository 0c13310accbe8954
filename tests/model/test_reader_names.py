"""The names that the command line knows are those of the readers."""

from neurodeploy.model.reader_names import READER_NAMES
from neurodeploy.model.readers import READERS


def test_every_reader_is_named() -> None:
    assert tuple(READERS) == READER_NAMES
