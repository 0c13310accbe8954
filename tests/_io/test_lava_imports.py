from __future__ import annotations

import importlib.metadata
import subprocess
import sys

import pytest

from neurodeploy._io import lava
from neurodeploy._io.lava import lava_imports
from neurodeploy.errors import MissingPackageError


def in_new_process(code: str) -> str:
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_slayer_comes_without_torchvision_opencv_and_pyplot() -> None:
    code = """
import sys
from neurodeploy._io.lava import lava_imports
with lava_imports():
    from lava.lib.dl import slayer
module = sys.modules["lava.lib.dl.slayer.object_detection"]
assert slayer.obd is module and module.__file__.endswith("__init__.py")
assert not hasattr(module, "__wrapped__")
print("torchvision" in sys.modules, "cv2" in sys.modules, "matplotlib.pyplot" in sys.modules)
"""
    assert in_new_process(code) == "False False False\n"


def test_slayer_draws_when_it_is_asked_to() -> None:
    code = """
import sys
import matplotlib
matplotlib.use("agg")
from neurodeploy._io.lava import lava_imports
with lava_imports():
    from lava.lib.dl import slayer
statistics = slayer.utils.LearningStats()
for name in ("training", "validation", "testing"):
    getattr(statistics, name).loss_log.append(1.0)
statistics.plot(figures=(1, 2))
print(sys.modules["matplotlib.pyplot"].get_fignums() != [], slayer.io.Event.__name__)
"""
    assert in_new_process(code) == "True Event\n"


def test_object_detection_is_loaded_when_it_is_used() -> None:
    code = """
import sys, types
sys.modules["cv2"] = sys.modules["torchvision"] = None
from neurodeploy._io.lava import lava_imports
with lava_imports():
    from lava.lib.dl import slayer
for _ in range(2):
    try:
        slayer.obd.models
    except ImportError as error:
        print(type(error).__name__, error.name)
"""
    assert in_new_process(code) == "ModuleNotFoundError cv2\n" * 2


def test_nothing_of_the_process_is_changed() -> None:
    code = """
import dataclasses, sys
dataclass = dataclasses.dataclass
from neurodeploy._io.lava import lava_imports
with lava_imports():
    from lava.lib.dl import netx
    from lava.lib.dl import slayer
assert dataclasses.dataclass is dataclass
assert [f for f in sys.meta_path if type(f).__module__.startswith("neurodeploy")] == []
@dataclass
class Plain:
    x: int = 0
assert Plain.__hash__ is None
print("same")
"""
    assert in_new_process(code) == "same\n"


def test_what_a_person_imported_before_is_left_as_it_is() -> None:
    code = """
import sys
import lava.magma.core.process.ports.ports as theirs
from neurodeploy._io.lava import lava_imports
with lava_imports():
    import lava.magma.core.process.ports.ports as ours
print(ours is theirs)
"""
    assert in_new_process(code) == "True\n"


@pytest.mark.parametrize("found", ["0.9.0", None])
def test_a_release_that_is_not_known_is_refused(
    found: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(name: str) -> str:
        if name == "lava-dl" and found is None:
            raise importlib.metadata.PackageNotFoundError
        return found if name == "lava-dl" and found else lava.LAVA_RELEASES[name]

    monkeypatch.setattr(importlib.metadata, "version", version)
    expected = f"lava-dl: expected 0.6.0, found {found or 'not installed'}. .*--no-deps"
    with pytest.raises(MissingPackageError, match=expected), lava_imports():
        pytest.fail("went on")
    with pytest.raises(ImportError), lava_imports():
        pytest.fail("went on")
