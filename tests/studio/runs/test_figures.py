"""What a chart is drawn from."""

from __future__ import annotations

from studio.runs import figures


def _over(values: list[float]) -> figures.Figure:
    points = [
        {"when": f"2026-01-0{at}T10:00:00Z", "value": value, "name": f"run {at}", "url": f"/{at}"}
        for at, value in enumerate(values, start=1)
    ]
    return figures.over_runs(points, key="auc")


def test_one_run_alone_is_marked_on_both_axes_where_it_is() -> None:
    layout = _over([0.9])["layout"]
    assert layout["xaxis"]["tickvals"] == ["2026-01-01T10:00:00Z"]
    assert layout["yaxis"]["tickvals"] == [0.9]


def test_several_runs_have_an_axis_of_their_own() -> None:
    layout = _over([0.9, 0.8])["layout"]
    assert "tickvals" not in layout["xaxis"] | layout["yaxis"]
