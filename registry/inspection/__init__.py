"""What a model's files say of themselves, read as bytes: nothing of them is ever loaded or run."""

from __future__ import annotations

from registry.inspection.models import inspect_model

__all__ = ["inspect_model"]
