"""Work on model versions, each piece a run: conversion to ONNX, packages, profiles; and comparing two."""

from __future__ import annotations

from studio.runs.modelwork.contrasting import contrast
from studio.runs.modelwork.facts import Piece, actions, history, newest
from studio.runs.modelwork.keeping import keep
from studio.runs.modelwork.submitting import submit

__all__ = ["Piece", "actions", "contrast", "history", "keep", "newest", "submit"]
