"""Environments: what a document asks for, locked by hash and built once."""

from officina.environments.build import Prepared, environment_key, pins_of, prepare
from officina.environments.capture import capture, capture_conda
from officina.environments.checking import check, resolved
from officina.environments.curated import CURATED, DEFAULT, curated_names
from officina.environments.exporting import FORMS, export
from officina.environments.overlay import overlay
from officina.environments.spec import Requirements, parse

__all__ = [
    "CURATED",
    "DEFAULT",
    "FORMS",
    "Prepared",
    "Requirements",
    "capture",
    "capture_conda",
    "check",
    "curated_names",
    "environment_key",
    "export",
    "overlay",
    "parse",
    "pins_of",
    "prepare",
    "resolved",
]
