"""What Linux's /proc says about a job's processes; standard library only, for the shim's sake."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # typing itself costs 5 ms
if TYPE_CHECKING:
    import signal

PAGE = os.sysconf("SC_PAGE_SIZE")


def start_time(pid: int) -> int | None:
    """Return when the kernel started `pid`, in ticks: it tells processes of one number apart."""
    fields = _stat(pid)
    return int(fields[19]) if fields else None


def session(pid: int) -> int | None:
    """Return the session that `pid` belongs to."""
    fields = _stat(pid)
    return int(fields[3]) if fields else None


def is_zombie(pid: int) -> bool:
    """Return whether `pid` has ended and only waits to be collected."""
    fields = _stat(pid)
    return bool(fields) and fields[0] == "Z"


def everyone() -> list[int]:
    """Return every process of this machine that we can see."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def descendants(root: int | None = None) -> list[int]:
    """Return the living processes below `root` (this process if not given), parents first."""
    found: list[int] = []
    waiting = _children(root or os.getpid())
    while waiting:
        pid = waiting.pop(0)
        if not is_zombie(pid):
            found.append(pid)
        waiting += _children(pid)
    return found


def signal_all(number: signal.Signals) -> None:
    """Send a signal to every process below this one."""
    for pid in descendants():
        send(pid, number)


def send(pid: int, number: signal.Signals) -> bool:
    """Signal one process; false when it is gone or not ours."""
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def rss(pid: int) -> int:
    """Return the resident memory of `pid` in bytes, shared pages included; 0 when it is gone."""
    text = read(f"/proc/{pid}/statm")
    return int(text.split()[1]) * PAGE if text else 0


def pss(pid: int) -> int:
    """Return the memory of `pid` with shared pages divided among their users; slow, exact."""
    for line in read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return rss(pid)


def close_all_but(*keep: int) -> None:
    """Close descriptors above 2 but these, so that no job holds a socket or lock of its starter."""
    first = 3
    for handle in sorted(number for number in keep if number > 2):
        os.closerange(first, handle)
        first = handle + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))


def interpreter_folders(argv: list[str], env: dict[str, str]) -> list[str]:
    """Return the environments a job starts from, by its program and PATH, and their bases."""
    folders = [os.path.dirname(argv[0])] if argv and "/" in argv[0] else []
    folders += env.get("PATH", "").split(":")
    found: list[str] = []
    for folder in dict.fromkeys(folders):
        prefix = os.path.dirname(folder.rstrip("/"))
        settings = read(f"{prefix}/pyvenv.cfg") if prefix else ""
        if settings:
            found.append(prefix)
            home = next(
                (
                    line.partition("=")[2].strip()
                    for line in settings.splitlines()
                    if line.startswith("home")
                ),
                "",
            )
            for place in (home, os.path.dirname(os.path.realpath(f"{folder}/python"))):
                if os.path.basename(place) == "bin":
                    found.append(os.path.dirname(place))
    return found


def input_targets(folder: str) -> list[str]:
    """Return what the links in a run's `inputs` folder lead to.

    To be asked before the start only: until then just the worker has written there.
    """
    try:
        entries = [f"{folder}/{name}" for name in os.listdir(folder)]
    except OSError:
        return []
    return [os.path.realpath(entry) for entry in entries if os.path.islink(entry)]


def read(path: str) -> str:
    """Return a small file's text, empty when it is gone or not for us."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _stat(pid: int) -> list[str]:
    text = read(f"/proc/{pid}/stat")
    return text[text.rindex(")") + 2 :].split() if ")" in text else []


def _children(pid: int) -> list[int]:
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    if threads and not os.path.exists(f"/proc/{pid}/task/{threads[0]}/children"):
        return _children_by_search(pid)
    found: list[int] = []
    for thread in threads:
        found += [int(number) for number in read(f"/proc/{pid}/task/{thread}/children").split()]
    return found


def _children_by_search(pid: int) -> list[int]:
    # A kernel without CONFIG_PROC_CHILDREN has no short way.
    parents = {other: _stat(other) for other in everyone()}
    return [other for other, fields in parents.items() if fields and int(fields[1]) == pid]
