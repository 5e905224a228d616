#!/usr/bin/env python
"""Run one of the studio's commands; `manage.py up` starts the whole studio."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Hand the command line to Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        sys.exit(f"Django is not installed for {sys.executable}: {error}. Run `make run` first.")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
