"""Reads the opcodes of a pickle without running any: which names loading it would import."""

from __future__ import annotations

import io
import pickletools
import time
from typing import Any, BinaryIO

MOST_BYTES = 64 << 20
MOST_OPCODES = 1_500_000
MOST_SECONDS = 3.0
MOST_NAMES = 200
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
    }
)  # fmt: skip
HARMLESS = frozenset(
    {
        f"builtins {name}"
        for name in ("set", "frozenset", "bytearray", "slice", "range", "complex", "object", "list",
                     "dict", "tuple", "int", "float", "str", "bytes", "bool", "type")
    }
    | {"functools partial", "operator itemgetter", "operator attrgetter"}
)  # fmt: skip
_STRINGS = frozenset(
    {"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE", "STRING", "BINSTRING"}
    | {"SHORT_BINSTRING"}
)
_GETS = frozenset({"BINGET", "LONG_BINGET", "GET"})
_PUTS = frozenset({"BINPUT", "LONG_BINPUT", "PUT"})


def scan(source: BinaryIO, *, size: int) -> dict[str, Any]:
    """Return `{"verdict", "globals", "dangerous", "unusual", "complete", "why"}`.

    `verdict` is "dangerous", "unusual", "usual" or "unreadable". The reading stops at the first byte
    that is no opcode (joblib puts raw arrays between them), after 64 MiB or 3 s; then `complete` is
    false and the verdict covers what was read.
    """
    found: dict[str, None] = {}
    complete, why = True, ""
    data = io.BytesIO(source.read(MOST_BYTES))
    try:
        # A file may hold several pickles one after the other.
        while data.tell() < len(data.getbuffer()) and not why:
            why = _read_one(data, found)
    except Exception as error:
        why = f"reading stopped at byte {data.tell():,}: {str(error)[:120] or type(error).__name__}"
    if why or size > MOST_BYTES:
        complete = False
    return _verdict(list(found), complete, why, data.tell())


def _read_one(data: io.BytesIO, found: dict[str, None]) -> str:
    deadline = time.monotonic() + MOST_SECONDS
    strings: list[str] = []
    memo: dict[int, str] = {}
    memoized = 0
    last = ""
    for count, (opcode, argument, place) in enumerate(pickletools.genops(data)):
        name = opcode.name
        if name in {"GLOBAL", "INST"}:
            found[str(argument)] = None
        elif name == "STACK_GLOBAL":
            found[" ".join(strings[-2:]) if len(strings) >= 2 else "? ?"] = None
        if name in _STRINGS:
            last = str(argument)[:200]
            strings = [*strings[-7:], last]
        elif name == "MEMOIZE":
            memo[memoized] = last
            memoized += 1
        elif name in _PUTS and isinstance(argument, int):
            memo[argument] = last
        elif name in _GETS and isinstance(argument, int):
            last = memo.get(argument, "?")
            strings = [*strings[-7:], last]
        else:
            last = "?"
        if count > MOST_OPCODES or (count % 4096 == 0 and time.monotonic() > deadline):
            return f"reading stopped at byte {place:,}: it is very large"
        if len(found) > MOST_NAMES:
            return "reading stopped: it names very many things"
    return ""


def _verdict(names: list[str], complete: bool, why: str, read: int) -> dict[str, Any]:
    dangerous, unusual = [], []
    for name in names:
        module = name.split(" ")[0].split(".")[0]
        if name in HARMLESS:
            continue
        if module in DANGEROUS or module == "?":
            dangerous.append(name)
        elif module not in USUAL:
            unusual.append(name)
    verdict = "dangerous" if dangerous else "unusual" if unusual else "usual"
    if not names and not complete and read < 8:
        verdict = "unreadable"
    return {
        "verdict": verdict,
        "globals": [name.replace(" ", ".", 1) for name in names],
        "dangerous": [name.replace(" ", ".", 1) for name in dangerous],
        "unusual": [name.replace(" ", ".", 1) for name in unusual],
        "complete": complete,
        "why": why,
    }


def looks_like(head: bytes) -> bool:
    """Say whether a file begins as pickles of protocol 2 and later do."""
    return len(head) > 2 and head[0] == 0x80 and 2 <= head[1] <= 5
