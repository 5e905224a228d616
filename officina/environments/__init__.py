"""Environments: what a document asks for, locked by hash and built once."""

from officina.environments.build import Prepared, pins_of, prepare
from officina.environments.capture import capture, capture_conda
from officina.environments.curated import CURATED, DEFAULT, curated_names
from officina.environments.exporting import FORMS, export
from officina.environments.overlay import overlay
from officina.environments.resolving import Resolution, State, ask, look, resolved
from officina.environments.spec import Requirements, parse

__all__ = [
    "CURATED",
    "DEFAULT",
    "FORMS",
    "Prepared",
    "Requirements",
    "Resolution",
    "State",
    "ask",
    "capture",
    "capture_conda",
    "curated_names",
    "export",
    "look",
    "overlay",
    "parse",
    "pins_of",
    "prepare",
    "resolved",
]
