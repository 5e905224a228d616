"""How icons, statuses, times and numbers are written on every page."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

from django import template
from django.template.defaultfilters import date as format_date
from django.utils import timezone
from django.utils.html import format_html
from django_vite.templatetags.django_vite import vite_asset_url

register = template.Library()

# What is longer gets lines of its own.
SHORT = 40

# status -> (look, icon, word); the words are what people read, the statuses what Azure calls them.
STATUS = {
    "NotStarted": ("queued", "circle-dashed", "Not started"),
    "Queued": ("queued", "clock", "Queued"),
    "Preparing": ("running", "loader-2", "Preparing"),
    "Running": ("running", "loader-2", "Running"),
    "Finalizing": ("running", "loader-2", "Finalizing"),
    "Completed": ("completed", "circle-check-filled", "Completed"),
    "Failed": ("failed", "circle-x-filled", "Failed"),
    "CancelRequested": ("canceled", "ban", "Canceling"),
    "Canceled": ("canceled", "ban", "Canceled"),
    "Reused": ("reused", "recycle", "Reused"),
    "Warning": ("warning", "alert-triangle-filled", "Warning"),
}


@register.simple_tag
def sprite_url() -> str:
    """Return the address of the icon sprite that the front-end build made."""
    return str(vite_asset_url("src/img/sprite.svg"))


@register.simple_tag
def icon(name: str, classes: str = "", label: str = "") -> str:
    """Draw a Tabler icon; without a label it is decoration and hidden from screen readers."""
    if label:
        return format_html(
            '<svg class="icon {}" role="img" aria-label="{}" focusable="false"><use href="{}#{}"></use></svg>',
            classes,
            label,
            sprite_url(),
            name,
        )
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        classes,
        sprite_url(),
        name,
    )


def look_of(status: str, reused_from: Any = None) -> tuple[str, str, str]:
    """Return (look, icon, word) of a run's status; a completed run that was reused says so."""
    key = "Reused" if reused_from and status == "Completed" else str(status)
    return STATUS.get(key, ("queued", "help-circle", key))


@register.inclusion_tag("parts/status_pill.html")
def status_pill(status: str, reused_from: Any = None) -> dict[str, Any]:
    """Show a status as icon, word and colour."""
    kind, glyph, word = look_of(status, reused_from)
    return {"kind": kind, "glyph": glyph, "word": word, "status": status, "sprite": sprite_url()}


@register.simple_tag
def status_icon(status: str, reused_from: Any = None) -> str:
    """Show a status as an icon with its word for screen readers, where a pill is too wide."""
    kind, glyph, word = look_of(status, reused_from)
    return icon(glyph, f"status-icon status-{kind}", label=word)


@register.filter
def ago(moment: datetime | None) -> str:
    """Say how long ago a moment was; the exact time shows on hover and stays readable by scripts."""
    if moment is None:
        return format_html('<span class="muted">{}</span>', "never")
    if timezone.is_naive(moment):
        moment = moment.replace(tzinfo=UTC)
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}" data-ago>{}</time>',
        moment.isoformat(timespec="seconds"),
        format_date(local, "j M Y, H:i:s T"),
        in_words(timezone.now() - moment),
    )


def in_words(age: timedelta) -> str:
    """Write an age (or, when negative, a time to come) in the largest unit that fits."""
    seconds = age.total_seconds()
    if abs(seconds) < 5:
        return "just now"
    amount, unit = abs(seconds), "s"
    for size, name in ((86_400, "day"), (3_600, "h"), (60, "min")):
        if abs(seconds) >= size:
            amount, unit = abs(seconds) // size, name
            break
    text = f"{int(amount):,} {unit}{'s' if unit == 'day' and amount >= 2 else ''}"
    return f"{text} ago" if seconds > 0 else f"in {text}"


@register.filter
def number(value: Any, digits: int | None = None) -> str:
    """Group thousands; shorten a float to six significant digits, or to `digits` after the point."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if math.isnan(value) or math.isinf(value):
        return {"nan": "NaN", "inf": "∞", "-inf": "−∞"}[str(value)]
    if digits is not None:
        return f"{value:,.{digits}f}"
    if value != 0 and not 1e-4 <= abs(value) < 1e9:
        return f"{value:.4g}"
    return f"{value:,.6g}" if abs(value) < 1e5 else f"{value:,.1f}"


@register.filter
def as_json(value: Any) -> str:
    """Write a value as one would in JSON or YAML; text stays as it is, and what is long gets a line for each part."""
    if value is None or value == "":
        return "–"
    if isinstance(value, str):
        return value.strip("\n")
    text = json.dumps(value, ensure_ascii=False, default=str)
    return (
        text if len(text) <= SHORT else json.dumps(value, ensure_ascii=False, default=str, indent=2)
    )


@register.filter
def duration(value: Any) -> str:
    """Write seconds (a number or a timedelta) as 0.4 s, 12 s, 1:32 or 2:05:10."""
    if value is None or value == "":
        return "–"
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if seconds < 10:
        return f"{max(seconds, 0):.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


@register.filter(name="bytes")
def byte_size(value: Any) -> str:
    """Write a size in bytes with the unit that keeps it short."""
    if value is None or value == "":
        return "–"
    size = float(value)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:,.3g} TB"
