"""Outputs with an address of their own: checked when a job comes, written there when it is done."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from officina.errors import StudioError
from officina.storage import Tree
from registry.datastores import addresses
from registry.models import Datastore
from studio.runs.models import Run
from studio.workspaces.models import Workspace

_WORD = re.compile(r"\$\{\{\s*(name|output_name|default_datastore)\s*\}\}")
_AN_EXAMPLE = "x"


def check_places(workspace: Workspace, document: Mapping[str, Any], *, user: Any) -> None:
    """Refuse an output whose address cannot be written to, before anything runs."""
    default = _default(document)
    for where, name, entry in _named(document):
        told = _filled(entry["uri"], workspace, run=_AN_EXAMPLE, output=name, default=default)
        if not addresses.names_place(told) or "${{" in told:
            continue
        try:
            addresses.check_writable(workspace=workspace, uri=told, user=user, where=where)
        except StudioError as error:
            raise StudioError(
                error.message, hint=error.hint, where=where, code=error.code
            ) from error


def fill_names(
    document: Mapping[str, Any], *, workspace: Workspace, run: str,
    pipeline: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Put the run's own name and the output's into the addresses of a document's own outputs."""
    default = _default(pipeline or document)
    for name, entry in (document.get("outputs") or {}).items():
        if isinstance(entry, dict) and isinstance(entry.get("uri"), str):
            entry["uri"] = _filled(entry["uri"], workspace, run=run, output=name, default=default)


def write_outputs(run: Run, trees: Mapping[str, Tree]) -> dict[str, str]:
    """Write what a job left to the addresses that it named; return the address of each such output."""
    written = {}
    for name, entry in (run.document.get("outputs") or {}).items():
        uri = str(entry.get("uri") or "")
        if name not in trees or "${{" in uri or not addresses.names_place(uri):
            continue
        try:
            addresses.write_tree(
                workspace=run.workspace, uri=uri, tree=trees[name], user=run.owner,
                is_file=entry.get("jobOutputType") == "uri_file",
            )  # fmt: skip
        except StudioError as error:
            raise StudioError(
                f"Output {name} could not be written to {uri}: {error.message}", hint=error.hint,
                where=f"outputs.{name}", code=error.code,
            ) from error  # fmt: skip
        written[name] = uri
    return written


def _named(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield where an output is told, its name and its entry, of the job and its steps."""
    holders = [("", document)]
    holders += [(f"jobs.{step}.", node) for step, node in (document.get("jobs") or {}).items()]
    for where, holder in holders:
        for name, entry in (holder.get("outputs") or {}).items():
            if isinstance(entry, Mapping) and isinstance(entry.get("uri"), str):
                yield f"{where}outputs.{name}", name, entry


def _default(document: Mapping[str, Any]) -> str:
    return str((document.get("settings") or {}).get("default_datastore") or "")


def _filled(uri: str, workspace: Workspace, *, run: str, output: str, default: str) -> str:
    def word(match: re.Match[str]) -> str:
        if match[1] == "default_datastore" and default:
            return default
        if match[1] == "default_datastore":
            rows = Datastore.objects.filter(workspace=workspace, is_default=True)
            return rows.values_list("name", flat=True).first() or "workspaceblobstore"
        return run if match[1] == "name" else output

    return _WORD.sub(word, uri)
