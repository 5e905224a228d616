"""`python -m officina.cli`, for where the command is not on PATH."""

from __future__ import annotations

from officina.cli.app import main

main()
