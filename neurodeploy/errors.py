"""Every error that a person can cause, in one tree.

::

    NeurodeployError
    ├── InputError         an array, option or folder that a person gave
    ├── FileFormatError    a file that is missing, truncated or not what it claims
    ├── NetworkError       a network that no engine could run, or that a chip refuses
    ├── EngineError        an engine that is not here, hung, or died
    ├── MissingPackageError  a package that a part needs is not installed (an ImportError too)
    └── TrainingError      a training that diverged

A message says where, what was expected, what was found and, if it can, what to do.
"""

from __future__ import annotations


class NeurodeployError(Exception):
    """Root of every error that a person can cause."""


class InputError(NeurodeployError):
    """An array, an option or a folder is not what was asked for."""


class FileFormatError(NeurodeployError):
    """A file is missing, truncated, or not in the format that it claims."""


class NetworkError(NeurodeployError):
    """A network description is inconsistent or cannot be run."""


class EngineError(NeurodeployError):
    """An engine is not available, did not answer in time, or died."""


class MissingPackageError(NeurodeployError, ImportError):
    """A package that a part needs is not installed, or of a release that is not known."""


class TrainingError(NeurodeployError):
    """Training cannot go on."""


MOST_FOUND = 300
"""Characters of what was found that a message shows; a file may hold any number."""


def message(where: str, expected: object, found: object, remedy: str = "") -> str:
    """Compose the one sentence that every error of the package follows.

    What cannot be printed is escaped, so that no file writes on a person's terminal, and what was
    found is shortened.
    """
    text = f"{printable(where)}: expected {printable(expected)}, found {shortened(found)}"
    return f"{text}. {remedy}" if remedy else text


def printable(value: object) -> str:
    """A text in which what moves a cursor, rings a bell or turns the line around is escaped."""
    text = str(value)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shortened(value: object, most: int = MOST_FOUND) -> str:
    """The same in so many characters at most."""
    text = printable(str(value)[: 2 * most])
    return text if len(text) <= most else f"{text[: most - 3]}..."
