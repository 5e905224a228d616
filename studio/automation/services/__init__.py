"""What one does with schedules, imports and the rules of data."""

from __future__ import annotations

from studio.automation.services.firing import fire_due, history, trigger
from studio.automation.services.importing import import_data, imports_of
from studio.automation.services.quality import (
    check_quality,
    checks_of,
    report_of,
    rules_of,
    set_rules,
)
from studio.automation.services.schedules import (
    change_schedule,
    delete_schedule,
    find_schedule,
    next_times,
    save_schedule,
    schedules,
    shape,
)

__all__ = [
    "change_schedule",
    "check_quality",
    "checks_of",
    "delete_schedule",
    "find_schedule",
    "fire_due",
    "history",
    "import_data",
    "imports_of",
    "next_times",
    "report_of",
    "rules_of",
    "save_schedule",
    "schedules",
    "set_rules",
    "shape",
    "trigger",
]
