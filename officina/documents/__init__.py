"""The v2 job documents: loaded from YAML or JSON, checked against the known words, resolved, and
sent as REST.
"""

from __future__ import annotations

from officina.documents.expressions import command_line, references_in, resolve
from officina.documents.jobs import LoadedJob, LocalRef, load_job, replace
from officina.documents.nesting import flatten
from officina.documents.references import Reference, parse_reference
from officina.documents.rest import from_rest, to_rest
from officina.documents.yamlio import load_yaml

__all__ = [
    "LoadedJob",
    "LocalRef",
    "Reference",
    "command_line",
    "flatten",
    "from_rest",
    "load_job",
    "load_yaml",
    "parse_reference",
    "references_in",
    "replace",
    "resolve",
    "to_rest",
]
