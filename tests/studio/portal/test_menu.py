"""The menu shows what exists and what a person may open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.portal import menu
from studio.portal.context import initials

if TYPE_CHECKING:
    import pytest

ALL = frozenset(entry.operation for group in menu.MENU for entry in group.entries)


def labels(groups: list[dict[str, object]]) -> list[str]:
    return [entry["label"] for group in groups for entry in group["entries"]]  # type: ignore[attr-defined]


def test_a_page_that_does_not_exist_is_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(menu, "exists", lambda path: path != "models/")
    shown = labels(menu.menu_for("team", ALL, "/"))
    assert "Models" not in shown
    assert "Runs" in shown


def test_a_page_that_the_role_may_not_open_is_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(menu, "exists", lambda path: True)
    hidden = {"compute.read", "workspace.read", "designer.read", "runs.read"}
    groups = menu.menu_for("team", ALL - hidden, "/")
    assert "Compute" not in labels(groups)
    assert "Operate" not in [group["label"] for group in groups]


def test_the_open_page_is_marked_and_so_is_the_list_that_it_belongs_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(menu, "exists", lambda path: True)

    def marks(path: str) -> dict[str, str]:
        groups = menu.menu_for("team", ALL, path)
        return {e["label"]: e["current"] for g in groups for e in g["entries"] if e["current"]}

    assert marks("/w/team/runs/") == {"Runs": "page"}
    assert marks("/w/team/runs/0f/") == {"Runs": "true"}
    assert marks("/w/team/") == {"Home": "page"}


def test_no_page_exists_at_a_path_that_nothing_answers() -> None:
    assert not menu.exists("no-such-page-at-all/")


def test_initials_stand_for_a_name() -> None:
    assert [initials(name) for name in ("Mina Ortega", "growth-analytics", "solo", "")] == [
        "MO",
        "GA",
        "SO",
        "?",
    ]
