"""Parameter Range: the values that a learner is to be tried with, written as text."""

from __future__ import annotations

import re

from officina.modules.errors import NOT_PARSED, module_error

SPAN = re.compile(r"\s*(\S+?)\s*\.\.\s*(\S+?)\s*x\s*(\d+)\s*(log)?\s*$", re.IGNORECASE)


def parse_range(
    text: str,
    *,
    where: str,
    whole: bool = False,
    low: float | None = None,
    high: float | None = None,
) -> list[float]:
    """Read `2; 8; 32`, or `0.01..1 x 5 log` for five values spread evenly over the logarithm."""
    try:
        span = SPAN.fullmatch(text)
        if span:
            values = _spread(float(span[1]), float(span[2]), int(span[3]), bool(span[4]))
        else:
            values = [float(part) for part in re.split(r"[;,\s]+", text.strip()) if part]
    except ValueError as error:
        raise module_error(
            NOT_PARSED,
            f'"{text}" is no range: {error}',
            where=where,
            hint="Write values as 2; 8; 32 or a span as 0.01..1 x 5 log.",
        ) from error
    values = list(dict.fromkeys(round(value) if whole else value for value in values))
    for value in values:
        if (low is not None and value < low) or (high is not None and value > high):
            limits = f"{'' if low is None else low} to {'' if high is None else high}"
            raise module_error(
                "0008", f"{value:g} is out of range.", where=where, hint=f"Allowed: {limits}."
            )
    if not values:
        raise module_error("0003", "The range is empty.", where=where, hint="Give a value.")
    return values


def _spread(first: float, last: float, count: int, log: bool) -> list[float]:
    if count < 1 or count > 1000:
        raise ValueError("a span has 1 to 1000 values")
    if log and min(first, last) <= 0:
        raise ValueError("a logarithmic span needs values above 0")
    if count == 1:
        return [first]
    shares = [index / (count - 1) for index in range(count)]
    if log:
        return [first * (last / first) ** share for share in shares]
    return [first + (last - first) * share for share in shares]
