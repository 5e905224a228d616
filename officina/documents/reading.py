"""What one load shares: places for errors, warnings so far, and marks on texts that name local
files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from officina.documents import vocabulary as words
from officina.documents.references import bare_compute, parse_reference
from officina.documents.yamlio import Located, Pointer, refuse_not_finite
from officina.errors import StudioError

_DURATION = re.compile(
    r"P(?:(?P<d>\d+(?:\.\d+)?)D)?(?:T(?:(?P<h>\d+(?:\.\d+)?)H)?(?:(?P<m>\d+(?:\.\d+)?)M)?(?:(?P<s>\d+(?:\.\d+)?)S)?)?\Z"
)


MAX_FILES = 5_000


class LocalText(str):
    """A text in a document that names a local file or folder; found and listed when the document is
    complete.
    """

    path: Path
    kind: Literal["code", "data"]

    @classmethod
    def of(cls, text: str, path: Path, kind: Literal["code", "data"]) -> LocalText:
        marked = cls(text)
        marked.path = path
        marked.kind = kind
        return marked


@dataclass
class Reading:
    """One file (or dictionary) being read, and what the whole load has gathered."""

    located: Located
    base: Path | None
    warnings: list[str] = field(default_factory=list)
    files: tuple[Path, ...] = ()
    opened: list[Path] = field(default_factory=list)
    runnable: bool = True  # refuse kinds that cannot run yet

    def inside(self, located: Located, path: Path) -> Reading:
        """Return the reading of another file that this one refers to; warnings go to the same
        list.
        """
        return Reading(
            located, path.parent, self.warnings, (*self.files, path), self.opened, self.runnable
        )

    def warn(self, pointer: Pointer, message: str) -> None:
        self.warnings.append(f"{self.located.where(pointer)}: {message}")

    def error(
        self, pointer: Pointer, message: str, *, hint: str = "", code: str = "invalid"
    ) -> StudioError:
        return StudioError(message, where=self.located.where(pointer), hint=hint, code=code)

    def mapping(self, value: Any, pointer: Pointer, what: str) -> dict[str, Any]:
        """Return a mapping with text keys, or {} for nothing."""
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise self.error(
                pointer, f"{what} must be a mapping of names to values, not {spell_type(value)}"
            )
        return {str(key): item for key, item in value.items()}

    def known(
        self,
        value: Mapping[str, Any],
        pointer: Pointer,
        keys: Iterable[str],
        what: str,
        *,
        others: Literal["refused", "ignored"] = "refused",
    ) -> None:
        """Refuse a key that is not among the known ones, or warn of it, naming the nearest."""
        keys = set(keys)
        for key in value:
            if key in keys:
                continue
            if key in words.READ_ONLY_KEYS:
                continue
            told = f"unknown key '{key[:80]}' in {what}"
            if others == "refused":
                raise self.error((*pointer, key), told, hint=nearest(key, keys))
            self.warn((*pointer, key), f"{told} is ignored. {nearest(key, keys)}")

    def text(self, value: Any, pointer: Pointer, what: str) -> str | None:
        """Return a text; numbers and booleans become the text they were written as."""
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, bool | int | float):
            return self.located.raw(pointer) if isinstance(value, float) else str(value)
        raise self.error(pointer, f"{what} must be text, not {spell_type(value)}")

    def texts(self, value: Any, pointer: Pointer, what: str) -> dict[str, str]:
        """Return a mapping of texts, as environment variables and tags are."""
        result = {}
        for key, item in self.mapping(value, pointer, what).items():
            result[key] = self.text(item, (*pointer, key), f"'{key}' in {what}") or ""
        return result

    def seconds(self, value: Any, pointer: Pointer) -> int | None:
        """Return a timeout in whole seconds from seconds or an ISO 8601 duration (`PT1H30M`)."""
        if value is None:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool):
            refuse_not_finite(value, self.located.where(pointer))
            seconds = float(value)
        else:
            text = str(value).strip()
            match = _DURATION.match(text.upper())
            if match and any(match.groupdict().values()):
                day, hour, minute, second = (float(match[key] or 0) for key in "dhms")
                seconds = day * 86400 + hour * 3600 + minute * 60 + second
            elif re.fullmatch(r"\d+(\.\d+)?", text):
                seconds = float(text)
            else:
                raise self.error(
                    pointer,
                    f"'{text}' is not a duration",
                    hint="Give seconds, or ISO 8601 like PT1H30M.",
                )
        if not 0 < seconds < 10**9:
            raise self.error(
                pointer,
                f"a timeout of {value} is out of range",
                hint="Give a positive number of seconds.",
            )
        return max(1, round(seconds))

    def limits(self, value: Any, pointer: Pointer) -> dict[str, Any]:
        limits = self.mapping(value, pointer, "limits")
        limits = {
            "timeout" if key == "timeout" else snake(key): item for key, item in limits.items()
        }
        limits.pop("job_limits_type", None)
        self.known(limits, pointer, words.LIMIT_KEYS, "limits")
        minutes = limits.pop("timeout_minutes", None)
        if minutes is not None and "timeout" not in limits:
            limits["timeout"] = float(minutes) * 60
        for key in ("timeout", "trial_timeout"):
            if key in limits:
                limits[key] = self.seconds(limits[key], (*pointer, key))
        return {key: item for key, item in limits.items() if item is not None}

    def mode(self, value: Any, pointer: Pointer) -> str | None:
        if value is None:
            return None
        mode = words.YAML_MODES.get(str(value).replace("-", "_").lower()) or words.YAML_MODES.get(
            str(value).replace("_", "").lower()
        )
        if mode is None:
            raise self.error(
                pointer, f"'{value}' is not a mode", hint=nearest(str(value), words.MODES)
            )
        return mode

    def port_type(self, value: Any, pointer: Pointer, allowed: Iterable[str] = ()) -> str:
        """Return a known input or output type; names of earlier schema versions are read with a
        warning.
        """
        name = str(value).strip()
        known = set(allowed) or (words.PORT_TYPES | words.LITERAL_TYPES)
        if name in known:
            return name
        new = words.OLD_TYPES.get(name.lower()) or (name.lower() if name.lower() in known else None)
        if new is None:
            raise self.error(pointer, f"'{name}' is not a type", hint=nearest(name, known))
        self.warn(pointer, f"the type '{name}' is read as '{new}'")
        return new

    def compute(self, value: Any, pointer: Pointer) -> str | None:
        if isinstance(value, Mapping):  # an early schema: compute: {target: azureml:x}
            self.warn(pointer, "compute is given as a mapping; its target is used")
            value = value.get("target")
        text = self.text(value, pointer, "compute")
        return self.reference(bare_compute, text, pointer) if text else None

    def reference(self, parse: Any, text: str, pointer: Pointer) -> Any:
        """Run a parser of reference texts with this place on its errors."""
        try:
            return parse(text)
        except StudioError as error:
            error.where = error.where or self.located.where(pointer)
            raise

    def local(self, text: str, pointer: Pointer, kind: Literal["code", "data"]) -> str:
        """Return the text of an address, marked when it names a local file or folder."""
        reference = self.reference(parse_reference, text, pointer)
        if not reference.is_local:
            return text
        plain = Path(reference.name)
        path = plain if self.base is None else (self.base / plain).resolve()
        return LocalText.of(reference.name, path, kind)

    def file(self, text: str, pointer: Pointer, what: str) -> Path:
        """Return the path of a file that must be read now, because the document is not complete
        without it.
        """
        if self.base is None:
            raise self.error(
                pointer,
                f"{what} '{text}' is a local file, which cannot be read from here",
                hint="Load the document from its own folder, or write the content in place.",
            )
        path = (self.base / text.removeprefix("file:")).resolve()
        self.opened.append(path)
        if len(self.opened) > MAX_FILES:
            raise self.error(
                pointer, f"the job reads more than {MAX_FILES} files", code="too_large"
            )
        if path in self.files:
            raise self.error(pointer, f"{what} '{text}' includes itself")
        if not path.is_file():
            raise self.error(
                pointer,
                f"{what} '{text}' is not there: {path.name} was not found",
                code="not_found",
            )
        return path


def nearest(key: str, known: Iterable[str]) -> str:
    """Return a hint with the nearest known name, else all of them."""
    names = sorted(name for name in known if not name.startswith(("$", "_")))
    near = get_close_matches(str(key), names, n=1, cutoff=0.5)
    return f"Did you mean '{near[0]}'?" if near else f"Known here: {', '.join(names)}."


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: "_" + match[1].lower(), name)


def spell_type(value: Any) -> str:
    names = {
        list: "a list",
        dict: "a mapping",
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
    }
    return names.get(type(value), "nothing" if value is None else type(value).__name__)
