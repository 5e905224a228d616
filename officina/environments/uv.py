"""Calling uv: with the way to the package index and nothing else of the server's environment."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from officina.errors import StudioError

Log = Callable[[str], None]
# Called while something takes long; what it raises ends the work.
Look = Callable[[], None]
LOOK_EVERY = 0.25
FAILING_LINES = 12
BUILD_LIMIT = 1800
PASSED_ON = (
    "PATH",
    "HOME",
    "LANG",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
)
# What uv says when an index cannot give what was asked: the first package named is the culprit.
_MISSING = (
    re.compile(r"Because (?P<package>[A-Za-z0-9._-]+) was not found in the package registry"),
    re.compile(r"there (?:is|are) no versions? of (?P<package>[A-Za-z0-9._-]+)(?P<pin>[<>=!~][^\s,]*)?"),
    re.compile(r"(?:only )?(?P<package>[A-Za-z0-9._-]+)(?P<pin>[<>=!~][^\s]*)? (?:has no wheels|is available)"),
    re.compile(r"you require (?P<package>[A-Za-z0-9._-]+)(?P<pin>[<>=!~][^\s,]*)?"),
)  # fmt: skip
_DETAIL = re.compile(r"\s*(?:DEBUG|TRACE) ")
_CHOICE = re.compile(r"\s*DEBUG Selecting: (?P<pin>\S+==\S+)")
_UNREACHABLE = re.compile(
    r"error sending request|Failed to fetch|Connection refused|dns error|timed out|tls handshake",
    re.I,
)
_FULL = re.compile(r"No space left on device|Disk quota exceeded|os error (?:28|122)\b", re.I)


class IndexUnreachable(StudioError):
    """The package index did not answer: nothing is said about the packages."""


def run_uv(
    arguments: list[str],
    *,
    name: str,
    doing: str,
    stdin: str = "",
    log: Log | None = None,
    limit: float = BUILD_LIMIT,
    look: Look | None = None,
) -> str:
    """Run uv and return what it printed; `log` gets its progress line by line as it comes."""
    process = subprocess.Popen(
        [*_guard(), uv_binary(), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=uv_environment(),
    )
    told: list[str] = []
    out: list[str] = []
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise RuntimeError("uv was started without pipes")
    readers = [
        threading.Thread(target=_read, args=(process.stderr, told, log), daemon=True),
        threading.Thread(target=_read, args=(process.stdout, out, None), daemon=True),
    ]
    for reader in readers:
        reader.start()
    try:
        with process.stdin:
            process.stdin.write(stdin)
    except BrokenPipeError:
        pass  # it ended already, and says why on its own
    try:
        code = _wait(process, limit, look)
    except subprocess.TimeoutExpired as error:
        raise IndexUnreachable(
            f"{_called(name)} could not be {doing} within {limit / 60:.0f} minutes.",
            hint="Is the package index reachable from this machine?",
            where="environment",
            code="failed",
        ) from error
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        for reader in readers:
            reader.join(5)
        process.stderr.close()
        process.stdout.close()
    if code:
        raise _failure(name, doing, told)
    return "".join(out)


def _wait(process: subprocess.Popen[str], limit: float, look: Look | None) -> int:
    if look is None:
        return process.wait(limit)
    until = time.monotonic() + limit
    while True:
        try:
            return process.wait(LOOK_EVERY)
        except subprocess.TimeoutExpired:
            if time.monotonic() > until:
                raise
        look()


def _read(stream: object, lines: list[str], log: Log | None) -> None:
    for line in stream:  # type: ignore[attr-defined]
        if _DETAIL.match(line):
            # Of what uv only says when asked to tell all, the choices are worth a line.
            choice = _CHOICE.match(line)
            if choice and log is not None:
                log(choice["pin"])
            continue
        lines.append(line)
        if log is not None and line.strip():
            log(_without_index(line.rstrip()))


def _without_index(text: str) -> str:
    # It may be an address within the firm, or carry a password.
    return re.sub(r"https?://[^\s)`'\"]+", "(the index)", text)


def _called(name: str) -> str:
    return f"The environment {name}" if name else "The environment"


def _failure(name: str, doing: str, told: list[str]) -> StudioError:
    called = _called(name)
    lines = [line.rstrip() for line in told if line.strip()]
    text = _without_index("\n".join(lines[-FAILING_LINES:]))
    flat = " ".join(line.strip(" ×╰─▶│") for line in lines)
    if _FULL.search(flat):
        return StudioError(
            f"{called} could not be {doing}: the disk is full.",
            hint="Delete unused environments on the page Environments, or free space on this machine.",
            where="environment",
            code="storage_full",
        )
    if _UNREACHABLE.search(flat):
        return IndexUnreachable(
            f"{called} could not be {doing}: the package index does not answer.\n{text}",
            hint="Try again, or have an administrator look at this machine's way to the index.",
            where="environment",
            code="failed",
        )
    package = culprit(flat)
    named = f" {package} cannot be had." if package else ""
    return StudioError(
        f"{called} could not be {doing}.{named}\n{text}",
        hint="Check names and versions; packages without wheels need an administrator's word "
        "(OFFICINA_SOURCE_PACKAGES).",
        where=f"environment.{re.split('[<>=!~]', package)[0]}" if package else "environment",
        # What cannot be resolved was asked for wrongly; what cannot be built may be our fault.
        code="invalid" if doing == "resolved" else "failed",
    )


def culprit(text: str) -> str:
    """Return the package, with its pin, that uv says it cannot find; empty when it names none."""
    for form in _MISSING:
        if match := form.search(text):
            found = match.groupdict()
            return str(found["package"]) + str(found.get("pin") or "")
    return ""


def uv_binary() -> str:
    """Return the path of uv: the one installed beside this interpreter, else the one on PATH."""
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        raise StudioError("uv is not installed.", hint="pip install uv", code="unavailable")
    return found


def _guard() -> list[str]:
    """Return what makes a command end with us: a killed worker's uv must not go on writing."""
    found = shutil.which("setpriv")
    if not found:
        return []
    # Whoever was killed before the kernel was asked sends no signal: then it does not begin at all.
    unless_alone = f'[ "$PPID" = {os.getpid()} ] && exec "$@"'
    return [found, "--pdeathsig", "KILL", "/bin/sh", "-c", unless_alone, "sh"]


def only_wheels() -> list[str]:
    """Return the options that keep packages from being built, but those an administrator allows."""
    listed = os.environ.get("OFFICINA_SOURCE_PACKAGES", "").split(",")
    allowed = [name.strip() for name in listed if re.fullmatch(r"\s*[A-Za-z0-9._-]+\s*", name)]
    return ["--only-binary", ":all:", *(word for name in allowed for word in ("--no-binary", name))]


def uv_environment() -> dict[str, str]:
    """Return the variables that uv gets."""
    env = {
        name: value
        for name, value in os.environ.items()
        if name.upper() in PASSED_ON or name.startswith("UV_")
    }
    # uv does not read pip's settings, but a machine with a mirror has usually been told of it
    # there.
    index = _pip_index()
    if index and not {"UV_DEFAULT_INDEX", "UV_INDEX_URL"} & env.keys():
        env["UV_DEFAULT_INDEX"] = index
    return env


def _pip_index() -> str | None:
    if os.environ.get("PIP_INDEX_URL"):
        return os.environ["PIP_INDEX_URL"]
    home = Path.home()
    files = [Path("/etc"), home / ".pip", home / ".config/pip", Path(sys.prefix)]
    named = Path(os.environ.get("PIP_CONFIG_FILE") or os.devnull)
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read([*(folder / "pip.conf" for folder in files), named])
    except configparser.Error:
        return None
    return parser.get("global", "index-url", fallback=None)
