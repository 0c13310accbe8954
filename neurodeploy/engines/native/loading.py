"""The compiled kernels: from a file that was kept, or compiled now and kept.

A kept file is the object code of `kernels.entry`, behind its checksum. Its name holds a digest of
everything that it comes from. One that is damaged, or that anybody but its owner may have
written, counts as none; where none can be written, the code serves this process alone. Only
compiling imports numba; loading takes llvmlite.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any

from neurodeploy._io.files import cache_folder
from neurodeploy.engines.native.variants import BOUNDSCHECK, KERNELS

Kernel = Callable[[int], int]
"""`kernels.run_samples`: takes the address of its arguments."""

SOURCES = (
    *("arrivals", "borrowing", "compiling", "convolution", "dense", "kernels", "layout"),
    *("neurons", "pieces", "plain", "rules", "signatures", "simd", "spikes", "variants"),
)
"""Modules of this folder that the code comes from."""

SYMBOL = "neurodeploy_run_samples"
_DIGEST = hashlib.sha256

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
    for folder in _folders():
        code = kept(folder / name)
        if code:
            return code
    sys.stderr.write("neurodeploy: compiling the native engine, once, for a minute or two\n")
    code = _compiled()
    problems = []
    for folder in _folders():
        try:
            keep(folder / name, code)
            return code
        except OSError as error:
            problems.append(f"{folder}: {error.strerror}")
    sys.stderr.write(f"neurodeploy: it could not be kept ({'; '.join(problems)})\n")
    return code


def kept(path: Path) -> bytes:
    """The code of a file that `keep` wrote; nothing if there is none, or one not to be trusted."""
    try:
        with path.open("rb") as file:
            status, here = os.fstat(file.fileno()), Path(__file__).stat()
            content = file.read()
    except OSError:
        return b""
    owners = {here.st_uid, os.getuid()} if hasattr(os, "getuid") else {status.st_uid}
    if status.st_uid not in owners or (os.name == "posix" and status.st_mode & 0o022):
        return b""
    size = _DIGEST().digest_size
    digest, code = content[:size], content[size:]
    return code if _DIGEST(code).digest() == digest else b""


def keep(path: Path, code: bytes) -> None:
    """Write a file whole or not at all, and remove what older sources left beside it.

    Raises
    ------
    OSError
        It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_DIGEST(code).digest() + code)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
    for old in path.parent.glob("kernels-*.o"):
        if old.name.split("-")[1] != path.name.split("-")[1]:
            with suppress(OSError):
                old.unlink()


def _folders() -> Iterator[Path]:
    """Where it may be kept: beside the sources, or in the person's cache."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        yield Path(chosen)
        return
    yield Path(__file__).parent / "__pycache__"
    cache = cache_folder()
    if cache is not None:
        yield cache


def _name() -> str:
    """By the sources, and by the processor and the versions that code was made for."""
    folder = Path(__file__).parent
    sources = b"".join((folder / f"{name}.py").read_bytes() for name in SOURCES)
    target = [KERNELS, *_processor(), version("numba"), version("llvmlite")]
    digests = (_DIGEST(data).hexdigest()[:16] for data in (sources, repr(target).encode()))
    return f"kernels-{'-'.join(digests)}.o"


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
