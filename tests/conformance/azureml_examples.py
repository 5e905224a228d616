"""How many of the public azureml-examples' YAML files are accepted, can run, or are refused and why.

    python -m tests.conformance.azureml_examples FOLDER [--oracle PYTHON] [--verbose]

FOLDER is a checkout (or part of one) of github.com/Azure/azureml-examples, PYTHON an interpreter
with azure-ai-ml, whose own loaders are asked too: what they accept must be accepted, with the same
step names, bindings and compute. Ends with 1 when it is not.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from officina.client.datastores import load_datastore
from officina.documents import load_job
from officina.documents.assets import load_asset
from officina.documents.computes import load_compute
from officina.documents.references import bare_compute
from officina.documents.schedules import load_schedule
from officina.errors import StudioError

ORACLE = Path(__file__).with_name("oracle.py")
NOT_OURS = re.compile(
    r"deployment|endpoint|connection|registry|flow|run|package|import|monitor", re.I
)
KIND_OF_TYPE = {
    "amlcompute": "compute", "computeinstance": "compute", "virtualmachine": "compute",
    "kubernetes": "compute", "synapsespark": "compute", "azure_blob": "datastore",
    "azure_file": "datastore", "azure_data_lake_gen1": "datastore",
    "azure_data_lake_gen2": "datastore", "one_lake": "datastore",
}  # fmt: skip


@dataclass
class Tally:
    """What became of the files of one kind."""

    files: int = 0
    oracle: int = 0
    accepted: int = 0
    runs: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    not_run: Counter[str] = field(default_factory=Counter)
    behind: list[str] = field(default_factory=list)


def kind_of(path: Path) -> tuple[str, str]:
    """Return which loader a file is for, and its kind as the table names it; '' for none."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError):
        text = path.read_text(encoding="utf-8", errors="replace")
        found = re.search(r"\$schema:\s*\S*/(\w+)\.schema\.json", text)
        document = {"$schema": found[0].split()[-1]} if found else None
    if not isinstance(document, dict):
        return "", ""
    name = str(document.get("$schema") or "").rsplit("/", 1)[-1].split(".")[0]
    low = name.lower()
    if low.endswith("component"):
        return "component", name
    if low.endswith("job") and low != "importjob":
        return "job", name
    if low in {"data", "dataset", "asset"}:
        return "data", "data"
    if low in {"environment", "model", "workspace", "schedule"}:
        return low, low
    if re.search(r"compute(instance)?$", low):
        return "compute", name
    if low.startswith(("azureblob", "azurefile", "azuredatalake", "onelake")):
        return "datastore", name
    if low and NOT_OURS.search(low):
        return "", name
    kind = str(document.get("type") or "").lower()
    if kind in KIND_OF_TYPE:
        return KIND_OF_TYPE[kind], kind
    if "jobs" in document or "command" in document or kind in {"pipeline", "automl", "spark"}:
        is_component = "component" in kind or (
            kind and "name" in document and "jobs" not in document
        )
        return ("component", "component") if is_component else ("job", f"{kind or 'command'} job")
    return "", ""


def ours(kind: str, path: Path) -> dict[str, Any]:
    """Return whether our loaders accept a file and whether it can run; `reason` where not."""
    try:
        if kind == "job":
            loaded = load_job(path, flat=False, runnable=False)
            answer: dict[str, Any] = {"accepted": True, "document": loaded.document}
            try:
                load_job(path)
                answer["runs"] = True
            except StudioError as error:
                answer["reason"] = error.message
            return answer
        if kind in {"data", "model", "environment", "component"}:
            # `az ml component create --name` may bring a name that the file leaves out.
            load_asset(kind, path)
        elif kind == "compute":
            load_compute(path)
        elif kind == "datastore":
            load_datastore(path)
        elif kind == "schedule":
            load_schedule(path)
        else:
            return {"accepted": False, "reason": f"a {kind} is not read from a file"}
    except StudioError as error:
        return {"accepted": False, "reason": error.message}
    return {"accepted": True, "runs": True}


def ask_oracle(python: str, asked: list[tuple[str, Path]]) -> dict[str, dict[str, Any]]:
    """Return what azure-ai-ml says of each file."""
    lines = "".join(f"{kind}\t{path}\n" for kind, path in asked)
    done = subprocess.run(
        [python, str(ORACLE)], input=lines, capture_output=True, text=True, timeout=3600
    )
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(answers) == len(asked), done.stderr[-2000:]
    return {answer["path"]: answer for answer in answers}


# -- comparing --------------------------------------------------------------------------------------


def differences(theirs: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    """Yield what azure-ai-ml reads otherwise: steps, bindings, computes."""
    if _compute(theirs.get("compute")) != _compute(document.get("computeId")):
        yield f"compute {theirs.get('compute')!r} is {document.get('computeId')!r}"
    if "jobs" in theirs:
        default = (document.get("settings") or {}).get("default_compute")
        if _compute(theirs.get("default_compute")) != _compute(default):
            yield f"default_compute {theirs['default_compute']!r} is {default!r}"
        yield from _steps(theirs["jobs"], document.get("jobs") or {}, "")


def _compute(value: Any) -> str | None:
    return bare_compute(value) if isinstance(value, str) else None


def _steps(theirs: Mapping[str, Any], mine: Mapping[str, Any], place: str) -> Iterator[str]:
    if list(theirs) != list(mine):
        yield f"{place}steps {list(theirs)} are {list(mine)}"
        return
    for step, node in theirs.items():
        here = f"{place}{step}"
        own = mine[step]
        if _compute(node.get("compute")) != _compute(own.get("computeId")):
            yield f"{here}: compute {node.get('compute')!r} is {own.get('computeId')!r}"
        for group in ("inputs", "outputs"):
            wanted = _values(node.get(group))
            given = _values(own.get(group))
            for name, value in wanted.items():
                if name not in given or (value is not None and given[name] != value):
                    yield f"{here}.{group}.{name}: {value!r} is {given.get(name)!r}"
        inner = own.get("component")
        if node.get("jobs") and isinstance(inner, Mapping):
            yield from _steps(node["jobs"], inner.get("jobs") or {}, f"{here}/")


def _values(group: Any) -> dict[str, str | None]:
    """Return the binding or literal of each input; None for data that is given in place."""
    found: dict[str, str | None] = {}
    for name, entry in (group or {}).items():
        value = entry
        if isinstance(entry, Mapping):
            value = entry.get("value", entry.get("uri", entry.get("path")))
        bound = isinstance(value, str) and value.startswith("${{parent.")
        is_data = isinstance(entry, Mapping) and "value" not in entry and not bound
        found[name] = None if is_data or value is None else _spelled(value)
    return found


def _spelled(value: Any) -> str:
    text = str(value).strip()
    if text.lower() in {"true", "false"}:
        return repr(float(text.lower() == "true"))
    try:
        return repr(float(text))
    except ValueError:
        return text


# -- the table --------------------------------------------------------------------------------------


def general(reason: str) -> str:
    """Return a reason without the names that differ from file to file."""
    text = re.sub(r"step '[^']*': ", "", reason)
    text = re.sub(r"'[^']*'", "'…'", text) if not text.startswith("kind") else text
    return text.split(":")[0][:90]


def survey(folder: Path, oracle: str | None) -> tuple[dict[str, Tally], Counter[str]]:
    """Return a tally for each kind, and how many files of other kinds there are."""
    files = sorted([*folder.rglob("*.yml"), *folder.rglob("*.yaml")])
    kinds = {path: kind_of(path) for path in files}
    asked = [(kind, path) for path, (kind, _) in kinds.items() if kind]
    theirs = ask_oracle(oracle, asked) if oracle else {}
    tallies: dict[str, Tally] = defaultdict(Tally)
    for kind, path in asked:
        tally = tallies[kinds[path][1]]
        tally.files += 1
        mine, other = ours(kind, path), theirs.get(str(path), {"accepted": None})
        tally.oracle += bool(other["accepted"])
        tally.accepted += mine["accepted"]
        tally.runs += bool(mine.get("runs"))
        if not mine["accepted"]:
            tally.refused[general(mine["reason"])] += 1
            if other["accepted"] and kind != "workspace":
                tally.behind.append(f"{path}: {mine['reason']}")
        elif not mine.get("runs"):
            tally.not_run[general(mine["reason"])] += 1
        if mine["accepted"] and other["accepted"] and kind == "job":
            tally.behind += [f"{path}: {text}" for text in differences(other, mine["document"])]
    others = Counter(name or "no schema" for kind, name in kinds.values() if not kind)
    return tallies, others


def show(tallies: Mapping[str, Tally], others: Mapping[str, int]) -> None:
    """Print the table and the reasons."""
    print("| kind | files | azure-ai-ml | accepted | can run | refused, not run |")
    print("|---|---|---|---|---|---|")
    for name, tally in sorted(tallies.items(), key=lambda item: -item[1].files):
        reasons = [*tally.refused.items(), *tally.not_run.items()]
        told = "; ".join(f"{count} {reason}" for reason, count in reasons)
        counts = f"{tally.files} | {tally.oracle} | {tally.accepted} | {tally.runs}"
        print(f"| {name} | {counts} | {told} |")
    print("\nNot read:", ", ".join(f"{name} {count}" for name, count in others.items()))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--oracle", help="an interpreter that has azure-ai-ml")
    given = parser.parse_args()
    tallies, others = survey(given.folder.resolve(), given.oracle)
    show(tallies, others)
    behind = [line for tally in tallies.values() for line in tally.behind]
    for line in behind:
        print("DIFFERS", line)
    return 1 if behind else 0


if __name__ == "__main__":
    sys.exit(main())
