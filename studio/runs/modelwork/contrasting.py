"""Two model versions side by side: facts, metrics, parameters, signature, files, profile."""

from __future__ import annotations

from typing import Any

from officina.storage import Tree
from registry import services as registry
from registry.inspection import inspect_model
from registry.models import AssetVersion
from studio.runs.models import Run
from studio.runs.modelwork.facts import last_result

FACTS = ("framework", "framework_version", "cpu", "memory_in_gb", "environment")
MOST = 500


def contrast(one: AssetVersion, other: AssetVersion) -> dict[str, Any]:
    """Return what two versions have alike and what not; nothing of either is loaded."""
    trees = [_tree(each) for each in (one, other)]
    reports = [
        inspect_model(tree) if tree.files else {"flavours": [], "scans": []} for tree in trees
    ]
    runs = [Run.objects.filter(guid=each.run_guid).first() for each in (one, other)]
    return {
        "versions": [
            {
                "name": each.asset.name, "version": each.version, "stage": each.stage,
                "created": each.created, "run": run.guid if run else "", "title": run.title if run else "",
            }
            for each, run in zip((one, other), runs, strict=True)
        ],
        "facts": _pairs(*(_facts(v, r) for v, r in zip((one, other), reports, strict=True))),
        "metrics": _numbers(*(dict(run.metrics) if run else {} for run in runs)),
        "params": _pairs(*(dict(run.params) if run else {} for run in runs)),
        "signature": _pairs(*(_signature(report) for report in reports)),
        "files": _files(*trees),
        "profile": _profiles(one, other),
    }  # fmt: skip


def _tree(version: AssetVersion) -> Tree:
    if not version.tree:
        return Tree("", {})
    return registry.open_tree(workspace=version.asset.workspace, digest=version.tree)


def _facts(version: AssetVersion, report: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "flavours": ", ".join(report["flavours"]),
        "type": version.document.get("modelType", ""),
        "stage": version.stage,
        "scan": ", ".join(sorted({scan["verdict"] for scan in report["scans"]})),
        "bytes": version.size,
    }
    found |= {key: version.properties[key] for key in FACTS if version.properties.get(key)}
    return found | {f"tag {key}": value or "yes" for key, value in version.tags.items()}


def _pairs(one: dict[str, Any], other: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "key": key, "one": one.get(key), "other": other.get(key),
            "same": key in one and key in other and one[key] == other[key],
        }
        for key in list(dict.fromkeys([*one, *other]))[:MOST]
    ]  # fmt: skip


def _numbers(one: dict[str, Any], other: dict[str, Any]) -> list[dict[str, Any]]:
    found = _pairs(
        {key: _value(value) for key, value in one.items()},
        {key: _value(value) for key, value in other.items()},
    )
    for row in found:
        both = [row["one"], row["other"]]
        numbers = all(isinstance(each, int | float) for each in both)
        row["delta"] = both[1] - both[0] if numbers else None
    return found


def _value(metric: Any) -> Any:
    return metric.get("value", metric.get("last")) if isinstance(metric, dict) else metric


def _signature(report: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{part} {column['name'] or number}": column["type"]
        for part, columns in (report.get("signature") or {}).items()
        for number, column in enumerate(columns)
    }


def _files(one: Tree, other: Tree) -> list[dict[str, Any]]:
    rows = []
    for name in sorted({*one.files, *other.files})[:MOST]:
        left, right = one.files.get(name), other.files.get(name)
        state = (
            "only in the first" if right is None else "only in the second" if left is None else ""
        )
        if left is not None and right is not None:
            state = "same" if left.sha256 == right.sha256 else "changed"
        rows.append(
            {
                "path": name, "state": state, "one": left.size if left else None,
                "other": right.size if right else None,
            }
        )  # fmt: skip
    return rows


def _profiles(one: AssetVersion, other: AssetVersion) -> list[dict[str, Any]]:
    found = [
        {row["rows"]: row for row in last_result(each, "profile").get("batches", [])}
        for each in (one, other)
    ]
    return [
        {"rows": size, "one": found[0].get(size), "other": found[1].get(size)}
        for size in sorted({*found[0], *found[1]})
    ]
