"""A Django process that stays: code sent to it runs in a studio's own settings, without another start of seconds.

A request is one JSON line `{"code": ...}` on standard input, the answer one line `{"printed", "error"}`.
It ends with its input, so with the test process that holds the other end.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import traceback
from pathlib import Path


def main() -> None:
    """Answer until the input ends."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    os.environ["DJANGO_SETTINGS_MODULE"] = "studio.settings"
    import django

    django.setup()
    from django.core.management.commands.shell import Command
    from django.db import close_old_connections, connections

    names = Command().get_namespace(verbosity=0, no_imports=False)
    for line in sys.stdin:
        printed, error = io.StringIO(), ""
        with contextlib.redirect_stdout(printed):
            try:
                exec(json.loads(line)["code"], dict(names))
            except Exception:
                error = traceback.format_exc()
        close_old_connections()
        connections.close_all()
        sys.stdout.write(json.dumps({"printed": printed.getvalue(), "error": error}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
