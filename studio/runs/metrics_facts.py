"""What pages say about metric values: which way is better, and by how much one run beats another."""

from __future__ import annotations

from typing import Any

from officina.finite import is_finite

# Words in a metric's name that say "less is better"; scores, accuracies and the rest are better high.
_LOWER = (
    "loss",
    "error",
    "mae",
    "mse",
    "rmse",
    "rae",
    "rse",
    "mape",
    "perplexity",
    "time",
    "duration",
    "latency",
    "deviance",
)
_HIGHER = (
    "accuracy",
    "precision",
    "recall",
    "auc",
    "f1",
    "r2",
    "score",
    "map",
    "ndcg",
    "determination",
)


def lower_is_better(key: str) -> bool:
    """Say whether a smaller value of this metric is the better one, by its name."""
    words = (
        key.lower()
        .replace("-", "_")
        .replace(".", "_")
        .replace("/", "_")
        .replace(" ", "_")
        .split("_")
    )
    if any(word in _HIGHER for word in words):
        return False
    return any(word in _LOWER or word.endswith(("loss", "error")) for word in words)


def number(value: Any) -> float | None:
    """Return a finite number, or None for words, NaN and what is not a number."""
    return float(value) if is_finite(value) else None


def shown(value: Any) -> str:
    """Write a metric's value for people: six significant digits at most, thousands grouped."""
    plain = number(value)
    if plain is None:
        return "" if value is None else str(value)
    if plain == int(plain) and abs(plain) < 1e15:
        return f"{int(plain):,}"
    if abs(plain) >= 1000:
        return f"{plain:,.1f}"
    return f"{plain:.4f}" if abs(plain) >= 0.001 else f"{plain:.3g}"


def difference(key: str, value: Any, reference: Any) -> dict[str, Any] | None:
    """Return the change against a reference value with its arrow and whether it is better."""
    new, old = number(value), number(reference)
    if new is None or old is None or new == old:
        return None
    change = new - old
    return {
        "text": f"{'↗' if change > 0 else '↘'} {shown(abs(change))}",
        "up": change > 0,
        "better": (change < 0) == lower_is_better(key),
    }


def best(key: str, values: list[Any]) -> int | None:
    """Return the place of the best of several values; None when they do not differ."""
    known = [(v, i) for i, v in enumerate(map(number, values)) if v is not None]
    if len({v for v, _ in known}) < 2:
        return None
    return (min if lower_is_better(key) else max)(known, key=lambda pair: pair[0])[1]
