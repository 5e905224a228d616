"""Say how far a learner is while it fits, from what scikit-learn prints about its rounds."""

from __future__ import annotations

import contextlib
import io
import re
import time
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from officina.modules.context import Reporter

ROUND = re.compile(r"(?:Iteration |-- Epoch |building tree |^\[)(\d+)")
TOTALS = ("max_iter", "n_estimators")
SECONDS = 1.0


class _Listener(io.TextIOBase):
    """Stands in for standard output; nothing of what a learner prints goes to the log."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        self._tell = tell
        self._line = ""

    def writable(self) -> bool:
        """Say that texts may be written."""
        return True

    def write(self, text: str) -> int:
        """Look for the number of the round in each line, also before the line ends."""
        self._line += text
        if (found := ROUND.search(self._line)) and not self._line.endswith(found[1]):
            self._tell(int(found[1]))
            self._line = ""
        if "\n" in self._line:
            self._line = self._line.rpartition("\n")[2]
        return len(text)


@contextlib.contextmanager
def watched(model: Any, report: Reporter | None, text: str = "training") -> Iterator[None]:
    """Report the learner's rounds as progress, at most once a second."""
    talkers = _talkers(model) if report else {}
    total = max((count for _, count in talkers.values()), default=0)
    if report is None or not total:
        yield
        return
    last = time.monotonic()

    def tell(done: int) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS:
            last = time.monotonic()
            report.progress(min(done / total, 0.99), f"{text}: round {done} of {total}")

    before = {name: model.get_params()[name] for name in talkers}
    model.set_params(**{name: level for name, (level, _) in talkers.items()})
    try:
        # Joblib, under the forests, tells the same on standard error.
        with (
            contextlib.redirect_stdout(_Listener(tell)),
            contextlib.redirect_stderr(io.StringIO()),
            warnings.catch_warnings(),
        ):
            yield
    finally:
        model.set_params(**before)
        _hush(model)


def _talkers(model: Any) -> dict[str, tuple[int, int]]:
    """Return the verbosity to set and the number of rounds, for each part that can tell."""
    params = model.get_params()
    found: dict[str, tuple[int, int]] = {}
    for name in params:
        owner, _, last = name.rpartition("__")
        # What runs scikit-learn's own L-BFGS has a solver, and is quick.
        if last != "verbose" or not owner or f"{owner}__solver" in params:
            continue
        for total in TOTALS:
            count = params.get(f"{owner}__{total}")
            if isinstance(count, int):
                found[name] = (1 if isinstance(params[name], bool) else 2, count)
    return found


def _hush(model: Any) -> None:
    """Make fitted copies quiet too; they would talk when scoring, and differ when pickled."""
    for part in (model, *(step for _, step in getattr(model, "steps", ()))):
        copy = getattr(part, "regressor_", None)
        if copy is not None:
            names = [name for name in copy.get_params() if name.endswith("verbose")]
            copy.set_params(**dict.fromkeys(names, False))
