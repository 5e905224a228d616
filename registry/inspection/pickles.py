"""Reads the opcodes of a pickle without running any: which names loading it would import."""

from __future__ import annotations

import io
import sys
from typing import Any, BinaryIO

from registry.inspection import opcodes

MOST_BYTES = 64 << 20
# Libraries whose own classes a saved model consists of; anything else deserves a look.
USUAL = frozenset(
    {
        "numpy", "scipy", "sklearn", "pandas", "xgboost", "lightgbm", "catboost", "joblib", "collections",
        "_codecs", "copyreg", "copy_reg", "datetime", "torch", "decimal", "fractions", "pyarrow", "imblearn",
        "officina", "statsmodels", "threadpoolctl",
    }
)  # fmt: skip
DANGEROUS = frozenset(
    {
        "os", "posix", "nt", "subprocess", "sys", "socket", "shutil", "builtins", "__builtin__", "runpy",
        "importlib", "pty", "ctypes", "webbrowser", "commands", "asyncio", "multiprocessing", "urllib",
        "requests", "http", "pickle", "_pickle", "marshal", "code", "pip", "operator", "functools",
        "builtin", "cloudpickle", "dill", "cffi", "setuptools", "IPython", "aiohttp", "fsspec",
    }
)  # fmt: skip
# Of the standard library only these are what values consist of; a model needs nothing else of it.
VALUES = frozenset(
    {
        "abc", "argparse", "array", "calendar", "dataclasses", "enum", "ipaddress", "numbers",
        "pathlib", "random", "re", "statistics", "string", "time", "typing", "uuid", "weakref",
        "zoneinfo",
    }
)  # fmt: skip
# Usual libraries have corners that run code, read other pickles, or reach other modules.
CORNERS = (
    "joblib.externals", "joblib.memory", "numpy.distutils", "numpy.f2py", "numpy.testing",
    "officina.cli", "officina.client", "officina.environments", "officina.execution",
    "officina.jobs", "officina.local", "officina.storage", "pandas.core.computation", "pandas.io",
    "scipy._lib._testutils", "sklearn.datasets", "sklearn.utils._testing", "torch._dynamo",
    "torch._inductor", "torch.distributed", "torch.hub", "torch.package",
    "torch.utils._config_module", "torch.utils.bottleneck", "torch.utils.collect_env",
    "torch.utils.cpp_extension",
)  # fmt: skip
SLY = frozenset(
    {
        "__import__", "_load_from_bytes", "call", "check_call", "check_output", "compile", "eval",
        "exec", "execfile", "getattr", "import_module", "load", "loads", "open", "popen", "query",
        "read_pickle", "run", "runstring", "setattr", "spawn", "system", "unpickle",
    }
)  # fmt: skip
HARMLESS = frozenset(
    {
        f"builtins {name}"
        for name in ("set", "frozenset", "bytearray", "slice", "range", "complex", "object", "list",
                     "dict", "tuple", "int", "float", "str", "bytes", "bool", "type")
    }
    | {"functools partial", "operator itemgetter", "operator attrgetter"}
    | {f"numpy.random._pickle __{name}_ctor" for name in ("randomstate", "bit_generator", "generator")}
)  # fmt: skip


def scan(source: BinaryIO, *, size: int) -> dict[str, Any]:
    """Return `{"verdict", "globals", "dangerous", "unusual", "complete", "why"}`.

    `verdict` is "dangerous", "unusual", "usual" or "unreadable". The reading stops at the first byte
    that is no opcode, after 64 MiB or 3 s; then `complete` is false and the verdict covers what was
    read. joblib's files are read as joblib does, and by `pickle`'s rules as well.
    """
    data = io.BytesIO(source.read(MOST_BYTES))
    by_joblib, why = _read(data, arrays=True)
    names, read = by_joblib.names, data.tell()
    if by_joblib.passed_arrays:
        # Where arrays hold objects its reading goes astray, so only what would do harm counts.
        again = _read(data, arrays=False)[0].names
        names = names | dict.fromkeys(name for name in again if is_dangerous(name))
    complete = not why and size <= MOST_BYTES
    result = verdict(list(names), complete=complete, why=why)
    if not names and not complete and read < 8:
        result["verdict"] = "unreadable"
    return result


def _read(data: io.BytesIO, *, arrays: bool) -> tuple[opcodes.Reader, str]:
    """Read the pickles of a file, one behind the other; return why the reading stopped early, or "".

    By `pickle`'s rules that is the first one: what is behind an array's values has no meaning to it.
    """
    data.seek(0)
    reader = opcodes.Reader(data, arrays)
    try:
        reader.read()
        while arrays and data.tell() < len(data.getbuffer()):
            reader.read()
    except opcodes.Stopped as stopped:
        return reader, str(stopped)
    except Exception as error:
        told = str(error)[:120] or type(error).__name__
        return reader, f"reading stopped at byte {data.tell():,}: {told}"
    return reader, ""


def verdict(names: list[str], *, complete: bool, why: str) -> dict[str, Any]:
    """Return what names mean, as `scan` does."""
    dangerous, unusual = [], []
    for name in names:
        # Protocol 2 still says it as Python 2 did.
        if name.replace("__builtin__ ", "builtins ", 1) in HARMLESS:
            continue
        if is_dangerous(name):
            dangerous.append(name)
        elif name.split(" ")[0].split(".")[0] not in USUAL | VALUES:
            unusual.append(name)
    return {
        "verdict": "dangerous" if dangerous else "unusual" if unusual else "usual",
        "globals": [name.replace(" ", ".", 1) for name in names],
        "dangerous": [name.replace(" ", ".", 1) for name in dangerous],
        "unusual": [name.replace(" ", ".", 1) for name in unusual],
        "complete": complete,
        "why": why,
    }


def is_dangerous(name: str) -> bool:
    """Say whether `module name` runs code that no model needs.

    A name may lead through one module to another (`random _os.system`), so every part of it counts.
    """
    module, _, inner = name.partition(" ")
    path = f"{module}.{inner}".strip(".")
    parts = path.split(".")
    if parts[0] in sys.stdlib_module_names and parts[0] not in USUAL | VALUES:
        return True
    if any(part.strip("_") in DANGEROUS or part == "?" for part in parts):
        return True
    return parts[-1] in SLY or any(f"{path}.".startswith(f"{corner}.") for corner in CORNERS)


def looks_like(head: bytes) -> bool:
    """Say whether a file begins as pickles of protocol 2 and later do."""
    return len(head) > 2 and head[0] == 0x80 and 2 <= head[1] <= 5
