"""The one door through which lava-nc and lava-dl are imported, on every Python.

Intel has archived both; the last releases were made for Python 3.10 and numpy 1. Three of their
modules stand in the way, and two more take long; these are loaded differently, every other one as
Python loads it.

* ``lava.magma.compiler.var_model`` has an instance of a dataclass as the default of another one's
  field. Since Python 3.11 such a default must be hashable, so its dataclasses get a hash.
* ``lava.magma.core.process.ports.ports`` calls ``numpy.reshape`` with an argument by a name that
  numpy 2.4 no longer has.
* ``lava.lib.dl.slayer.object_detection`` imports torchvision, OpenCV and a viewer for one demo.
  It is loaded when somebody uses it, and not before. So is ``lava.lib.dl.slayer.io``, which draws.
* ``lava.lib.dl.slayer.utils.stats`` imports pyplot when it draws.

Nothing else of the process changes: no function is replaced, and what a person
imported of lava before is left as it is.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

from neurodeploy._io.quiet import suppress_output
from neurodeploy.errors import MissingPackageError, message

LAVA_RELEASES = {"lava-nc": "0.10.0", "lava-dl": "0.6.0"}
"""The releases that are known: the last ones."""

INSTALL_LAVA = (
    "`make install` does, or `pip install 'neurodeploy[lava]'` and then `pip install --no-deps "
    "--ignore-requires-python "
    + " ".join(f"{name}=={release}" for name, release in LAVA_RELEASES.items())
    + "`."
)
"""How to install them: their metadata refuse every Python but 3.10, and current libraries."""


@contextlib.contextmanager
def lava_imports() -> Iterator[None]:
    """Import from lava inside of this context; what lava prints and warns of then is hidden.

    Raises
    ------
    MissingPackageError
        lava-nc or lava-dl is not installed, or is of a release that is not known.
    """
    for name, release in LAVA_RELEASES.items():
        found = installed(name)
        if found != release:
            raise MissingPackageError(
                message(name, release, found or "not installed", INSTALL_LAVA)
            )
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        with suppress_output():
            yield
    finally:
        sys.meta_path.remove(finder)


def installed(package: str) -> str | None:
    """The release of a package that is installed, or None."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


class _Edited(SourceFileLoader):
    """Loads a module of which one expression is written differently; leaves no bytecode behind."""

    def __init__(self, loader: SourceFileLoader) -> None:
        super().__init__(loader.name, loader.path)

    def get_code(self, fullname: str) -> CodeType:
        """Compile the edited source, never what was compiled before."""
        return self.source_to_code(self.get_data(self.path).replace(*_EDITS[fullname]), self.path)


class _WhenUsed(Loader):
    """Loads a module when one of its names is asked for.

    The library's `importlib.util.LazyLoader` would load it for ``__file__`` too, for which tools
    ask every module.
    """

    def __init__(self, loader: SourceFileLoader) -> None:
        self.loader = loader

    def exec_module(self, module: ModuleType) -> None:
        """Leave it empty, but for what loads it."""

        def load(name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            del module.__dict__["__getattr__"]
            try:
                self.loader.exec_module(module)
            except BaseException:
                self.exec_module(module)
                raise
            return getattr(module, name)

        module.__dict__["__getattr__"] = load


class _Finder(MetaPathFinder):
    """Finds the modules that are loaded differently, and no other."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where Python finds it, with a loader of ours."""
        if fullname not in _LOADERS:
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _LOADERS[fullname](spec.loader)
        return spec


class Later:
    """A module that is imported when one of its names is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self._name), name)


_EDITS = {
    "lava.magma.compiler.var_model": (b"@dataclass\n", b"@dataclass(unsafe_hash=True)\n"),
    "lava.magma.core.process.ports.ports": (
        b"np.reshape, newshape=",
        b"lambda shape, values: np.reshape(values, shape), ",
    ),
    "lava.lib.dl.slayer.utils.stats": (
        b"import matplotlib.pyplot as plt\n",
        b"from neurodeploy._io.lava import Later; plt = Later('matplotlib.pyplot')\n",
    ),
}

_LOADERS: dict[str, Callable[[SourceFileLoader], Loader]] = {
    **dict.fromkeys(_EDITS, _Edited),
    "lava.lib.dl.slayer.io": _WhenUsed,
    "lava.lib.dl.slayer.object_detection": _WhenUsed,
}
