"""The compiled kernels: from a file that was kept, or compiled now and kept.

A kept file is the object code of `kernels.entry`. Its name holds a digest of everything that it
comes from; `neurodeploy._io.kept` says which file is believed. Where none can be written, the code
serves this process alone. Only compiling imports numba; loading takes llvmlite.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any

from neurodeploy._io.kept import first_kept, folders_beside, keep_first, short_digest
from neurodeploy.engines.native.variants import BOUNDSCHECK, KERNELS

Kernel = Callable[[int], int]
"""`kernels.run_samples`: takes the address of its arguments."""

SOURCES = (
    *("arrivals", "borrowing", "compiling", "convolution", "dense", "kernels", "layout"),
    *("neurons", "pieces", "plain", "rules", "signatures", "simd", "spikes", "variants"),
)
"""Modules of this folder that the code comes from."""

SYMBOL = "neurodeploy_run_samples"

_lock = Lock()
_loaded: list[Kernel] = []


def kernel() -> Kernel:
    """The compiled `kernels.run_samples`, loaded or compiled the first time."""
    with _lock:
        if not _loaded:
            _loaded.append(_checked() if BOUNDSCHECK else _linked(_object_code()))
        return _loaded[0]


def _checked() -> Kernel:
    """With bounds checks it is called by numba, which raises what they find."""
    from neurodeploy.engines.native.kernels import run_samples

    checked: Kernel = run_samples
    return checked


def _object_code() -> bytes:
    name = _name()
    code = first_kept(folders_beside(__file__), name)
    if code:
        return code
    sys.stderr.write("neurodeploy: compiling the native engine, once, for a minute or two\n")
    code = _compiled()
    problems = keep_first(folders_beside(__file__), name, code)
    if problems:
        sys.stderr.write(f"neurodeploy: it could not be kept ({'; '.join(problems)})\n")
    return code


def _name() -> str:
    """By the sources, and by the processor and the versions that code was made for."""
    folder = Path(__file__).parent
    sources = b"".join((folder / f"{name}.py").read_bytes() for name in SOURCES)
    target = [KERNELS, *_processor(), version("numba"), version("llvmlite")]
    return f"kernels-{short_digest(sources)}-{short_digest(repr(target).encode())}.o"


def _processor() -> tuple[str, str]:
    """Name and features: this machine's, or as the variables say that numba reads."""
    import llvmlite.binding as llvm

    name, features = (os.environ.get(f"NUMBA_CPU_{what}") for what in ("NAME", "FEATURES"))
    if features is None:
        features = "" if name == "generic" else llvm.get_host_cpu_features().flatten()
    return name or llvm.get_host_cpu_name(), features


def _compiled() -> bytes:
    import llvmlite.binding as llvm

    from neurodeploy.engines.native.kernels import entry

    module = llvm.parse_assembly(entry.inspect_llvm())
    module.get_function(entry.native_name).name = SYMBOL
    code: bytes = _machine().emit_object(module)
    return code


def _machine() -> Any:
    """What code is made for; the options of code that stays in memory."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    name, features = _processor()
    relocation = "static" if target.name.startswith("x86") else "default"
    return target.create_target_machine(
        cpu=name, features=features, opt=3, reloc=relocation, codemodel="jitdefault", jit=True
    )


def _linked(code: bytes) -> Kernel:
    import llvmlite.binding as llvm

    linker = llvm.create_lljit_compiler(_machine())
    library = llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
    linked = library.export_symbol(SYMBOL).link(linker, "neurodeploy")
    kernel = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(linked[SYMBOL])
    kernel.keeps_alive = linked  # type: ignore[attr-defined]
    return kernel
