"""Plotly figures as plain JSON; colours come from the theme in the browser."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from officina.finite import is_finite

Figure = dict[str, Any]


def _finite(values: Iterable[Any]) -> list[float | None]:
    """Return values that a chart can draw: words for NaN and infinity leave a gap."""
    return [v if is_finite(v) else None for v in values]


def lines(series: Sequence[dict[str, Any]], *, x_title: str = "step", y_title: str = "") -> Figure:
    """Draw one line for each `{"name", "steps", "values"}`; a lone point becomes a marker."""
    data = []
    for each in series:
        x, y = each["steps"], _finite(each["values"])
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers" if len(y) <= 30 else "lines",
                "name": each["name"],
                "x": x,
                "y": y,
                "hovertemplate": "%{y:.6~g}<extra>%{fullData.name}, step %{x}</extra>",
            }
            | ({"meta": each["meta"]} if "meta" in each else {})
        )
    return {"data": data, "layout": _axes(x_title, y_title, legend=len(data) > 1)}


def bars(names: Sequence[str], values: Sequence[Any], *, y_title: str = "") -> Figure:
    """Draw one bar for each name: metrics that were logged once."""
    trace = {"type": "bar", "x": list(names), "y": _finite(values), "name": y_title}
    layout = _axes("", y_title, legend=False)
    layout["xaxis"]["type"] = "category"
    return {"data": [trace], "layout": layout}


def over_runs(points: Sequence[dict[str, Any]], *, key: str) -> Figure:
    """Draw one metric over the runs of an experiment, oldest first."""
    trace = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": key,
        "x": [p["when"] for p in points],
        "y": _finite(p["value"] for p in points),
        "text": [p["name"] for p in points],
        "customdata": [p["url"] for p in points],
        "hovertemplate": "%{text}: %{y:.6~g}<extra></extra>",
    }
    layout = _axes("", key, legend=False)
    layout["xaxis"]["type"] = "date"
    if len(points) == 1:
        # Around one point an axis has no scale: Plotly would write milliseconds and fractions beside it.
        layout["xaxis"] |= {"tickvals": trace["x"], "tickformat": "%-d %b %Y, %H:%M"}
        layout["yaxis"] |= {"tickvals": trace["y"], "tickformat": ".6~g", "zeroline": False}
    return {"data": [trace], "layout": layout}


def confusion_matrix(value: dict[str, Any]) -> Figure:
    """Draw counts by true and predicted label, each cell with its number."""
    labels = [str(label) for label in value.get("labels", [])]
    matrix = value.get("matrix", [])
    trace = {
        "type": "heatmap",
        "x": labels,
        "y": labels,
        "z": matrix,
        "texttemplate": "%{z}",
        "showscale": False,
        "hovertemplate": "true %{y}, predicted %{x}: %{z}<extra></extra>",
    }
    layout = _axes("predicted", "true", legend=False)
    layout["xaxis"]["type"] = "category"
    layout["yaxis"] |= {"autorange": "reversed", "type": "category"}
    return {"data": [trace], "layout": layout}


def roc(value: dict[str, Any]) -> Figure:
    """Draw the ROC curve with its chance line."""
    curve = {
        "type": "scatter",
        "mode": "lines",
        "name": "ROC",
        "fill": "tozeroy",
        "x": _finite(value.get("fpr", [])),
        "y": _finite(value.get("tpr", [])),
    }
    if value.get("thresholds"):
        curve["text"] = [str(t)[:8] for t in value["thresholds"]]
        curve["hovertemplate"] = "%{y:.3f} at %{x:.3f}, threshold %{text}<extra></extra>"
    chance = {
        "type": "scatter",
        "mode": "lines",
        "name": "chance",
        "x": [0, 1],
        "y": [0, 1],
        "line": {"dash": "dot", "width": 1},
        "hoverinfo": "skip",
    }
    layout = _axes("false positive rate", "true positive rate", legend=False)
    layout["xaxis"]["range"] = [0, 1]
    layout["yaxis"]["range"] = [0, 1.02]
    return {"data": [curve, chance], "layout": layout}


def _axes(x_title: str, y_title: str, *, legend: bool) -> dict[str, Any]:
    return {
        "showlegend": legend,
        "xaxis": {"title": {"text": x_title}},
        "yaxis": {"title": {"text": y_title}},
    }
