"""Steps through a pickle with a stack of stand-ins: which names it asks for is known exactly, and nothing is made."""

from __future__ import annotations

import math
import pickletools
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

MOST_OPCODES = 1_500_000
MOST_SECONDS = 3.0
MOST_NAMES = 200
MOST_NESTED = 20
# The name of something that only the running pickle would know.
UNKNOWN_NAME = "? ?"
_ARRAY = "NumpyArrayWrapper"
_ITEM = re.compile(r"([biufcmMSUV])(\d{1,9})\Z")
_MARK: Any = object()
# A value that nobody needs to know, and that is no text; and one that may be a text.
_VALUE: Any = object()
_UNKNOWN: Any = object()
# Calls that stand in each file of arrays and give no text, which could be a name.
_NO_TEXT = re.compile(r"(numpy|joblib)\S* (dtype|_reconstruct|scalar|NumpyArrayWrapper)\Z")
_TEXTS = frozenset({"builtins str", "__builtin__ str", "__builtin__ unicode"})
_GETS = frozenset({"BINGET", "LONG_BINGET", "GET"})
_PUTS = frozenset({"BINPUT", "LONG_BINPUT", "PUT"})
_EXTENSIONS = frozenset({"EXT1", "EXT2", "EXT4"})
_MAKES = frozenset({"REDUCE", "NEWOBJ", "NEWOBJ_EX"})
_FILLS = frozenset({"APPEND", "APPENDS", "SETITEM", "SETITEMS", "ADDITEMS"})


class Stopped(Exception):
    """The reading ends here, and says why."""


class _Name(str):
    """A name that the pickle imports: `module name`."""

    __slots__ = ()


@dataclass(slots=True)
class _Made:
    """What a call would have given."""

    maker: Any
    arguments: Any
    state: Any = None
    # An instance of the maker, rather than whatever calling it gives.
    is_new: bool = False


@dataclass
class Reader:
    """Reads one or more pickles of a file and notes the names that loading would import.

    With `arrays`, as joblib reads: the raw values behind an array's description are passed over. Without, as
    `pickle` does, to which those bytes are opcodes like all others. A scan needs both.
    """

    data: BinaryIO
    arrays: bool
    names: dict[str, None] = field(default_factory=dict)
    passed_arrays: bool = False
    count: int = 0
    deadline: float = field(default_factory=lambda: time.monotonic() + MOST_SECONDS)

    def read(self, depth: int = 0) -> None:
        """Read one pickle, up to its STOP."""
        stack: list[Any] = []
        memo: dict[Any, Any] = {}
        for opcode, argument, place in pickletools.genops(self.data):
            self._stay_within_limits(place or 0)
            made = self._step(opcode, argument, stack, memo)
            if made is not None and self.arrays:
                self.passed_arrays = True
                self._pass_array(made, depth)
                stack[-1] = _VALUE

    def _stay_within_limits(self, place: int) -> None:
        self.count += 1
        late = self.count % 4096 == 0 and time.monotonic() > self.deadline
        if late or self.count > MOST_OPCODES:
            raise Stopped(f"reading stopped at byte {place:,}: it is very large")
        if len(self.names) > MOST_NAMES:
            raise Stopped("reading stopped: it names very many things")

    def _step(
        self, opcode: Any, argument: Any, stack: list[Any], memo: dict[Any, Any]
    ) -> _Made | None:
        """Do to the stack what an opcode does; return the description of an array that ends here."""
        name = opcode.name
        if name in _PUTS or name == "MEMOIZE":
            memo[len(memo) if name == "MEMOIZE" else argument] = stack[-1]
            return None
        if name in _GETS:
            stack.append(memo[argument])
            return None
        if name == "OBJ":
            items = _up_to_mark(stack)
            stack.append(_Made(items[0], items[1:]))
            return None
        taken = list(_taken(opcode, stack))
        if name == "BUILD":
            made = taken[0]
            stack.append(made)
            if isinstance(made, _Made):
                made.state = taken[1]
                return made if _describes_array(made) else None
        elif name == "DUP":
            stack += [taken[0], taken[0]]
        elif name in _FILLS:
            stack.append(_filled(name, taken))
        elif opcode.stack_after:
            stack.append(self._result(name, argument, taken))
        return None

    def _result(self, name: str, argument: Any, taken: list[Any]) -> Any:
        """Return the stand-in for what an opcode pushes."""
        if name == "MARK":
            return _MARK
        if name in {"GLOBAL", "INST"}:
            found = self._note(str(argument))
            return found if name == "GLOBAL" else _Made(found, taken[-1])
        if name == "STACK_GLOBAL":
            if all(type(part) is str for part in taken):
                return self._note(" ".join(taken))
            if not all(type(part) is str or _may_be_text(part) for part in taken):
                raise Stopped("reading stopped: it asks for something without a name")
            return self._note(UNKNOWN_NAME)
        if name in _EXTENSIONS:
            return self._note(UNKNOWN_NAME)
        if name in _MAKES:
            return _Made(taken[0], taken[1], is_new=name != "REDUCE")
        if name.startswith("TUPLE") or name == "EMPTY_TUPLE":
            return tuple(taken[-1] if name == "TUPLE" else taken)
        if name in {"EMPTY_DICT", "DICT"}:
            return _filled("SETITEMS", [{}, _MARK, taken[-1] if taken else []])
        if name in {"PERSID", "BINPERSID"}:
            return _UNKNOWN
        return argument if name == "NONE" or type(argument) in {int, str} else _VALUE

    def _note(self, name: str) -> _Name:
        name = name[:400]
        self.names[name] = None
        return _Name(name)

    def _pass_array(self, made: _Made, depth: int) -> None:
        """Go to where joblib's reader would be after an array's values."""
        state = made.state if isinstance(made.state, Mapping) else {}
        dtype, shape = state.get("dtype"), state.get("shape")
        if _code_of(dtype).startswith("O"):
            if depth >= MOST_NESTED:
                raise Stopped("reading stopped: arrays of objects lie in each other very deeply")
            self.read(depth + 1)
            return
        width = _width(dtype)
        if width is None or not isinstance(shape, tuple) or not all(type(n) is int for n in shape):
            raise Stopped(f"reading stopped at byte {self.data.tell():,}: an array of unknown size")
        if state.get("numpy_array_alignment_bytes") is not None:
            padding = self.data.read(1)
            self.data.seek(padding[0] if padding else 0, 1)
        begin = self.data.tell()
        size = math.prod(shape) * width
        if not 0 <= size <= self.data.seek(0, 2) - begin:
            raise Stopped(
                f"reading stopped at byte {begin:,}: an array that the file does not hold"
            )
        self.data.seek(begin + size)


def _taken(opcode: Any, stack: list[Any]) -> Iterator[Any]:
    """Take from the stack what an opcode takes."""
    taken = []
    for what in reversed(opcode.stack_before):
        if what is pickletools.stackslice:
            taken.append(_up_to_mark(stack, keep=True))
        else:
            taken.append(stack.pop())
    return reversed(taken)


def _up_to_mark(stack: list[Any], *, keep: bool = False) -> list[Any]:
    """Take what lies above the last mark, and the mark too unless it is to be kept."""
    items = []
    while stack and stack[-1] is not _MARK:
        items.append(stack.pop())
    if stack and not keep:
        stack.pop()
    return items[::-1]


def _filled(name: str, taken: list[Any]) -> Any:
    """Keep what is set under words: descriptions of arrays are such mappings, and small."""
    target, items = taken[0], taken[-1] if name.endswith("S") else taken[1:]
    if isinstance(target, dict) and name.startswith("SETITEM"):
        pairs = zip(items[::2], items[1::2], strict=False)
        target |= {key: value for key, value in pairs if type(key) is str}
    return target


def _may_be_text(part: Any) -> bool:
    """Say whether a stand-in may be a text, and so a name, once the pickle runs."""
    if not isinstance(part, _Made):
        return part is _UNKNOWN
    if not isinstance(part.maker, _Name):
        return True
    return part.maker in _TEXTS if part.is_new else not _NO_TEXT.match(part.maker)


def _describes_array(made: _Made) -> bool:
    """Say whether joblib would read an array for this object, however its class was named and called."""
    arguments = made.arguments if isinstance(made.arguments, tuple | list) else ()
    return any(
        isinstance(part, _Name) and part.replace(" ", ".").endswith(f".{_ARRAY}")
        for part in (made.maker, *arguments)
    )


def _code_of(dtype: Any) -> str:
    """Return a data type's code, such as `f8`, from the call that makes it."""
    if isinstance(dtype, _Made) and dtype.maker == "numpy dtype" and dtype.arguments:
        return str(dtype.arguments[0])
    return ""


def _width(dtype: Any) -> int | None:
    """Return the bytes of one value, as numpy's `dtype.__setstate__` settles them; None where objects may be in it."""
    item = _ITEM.fullmatch(_code_of(dtype))
    if not item:
        return None
    state = dtype.state
    if state is None:
        return int(item[2]) * (4 if item[1] == "U" else 1)
    # Version, byte order, base, names, fields, width, alignment, flags and, in version 4, metadata.
    if not isinstance(state, tuple) or len(state) not in {8, 9} or state[2] is not None:
        return None
    width, flags = state[5], state[7]
    if type(flags) is not int or flags & 1 or type(width) is not int:
        return None
    return width if item[1] in "SUV" else int(item[2])
