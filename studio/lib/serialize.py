"""JSON for the cache, so that nobody who can write to Redis can make the studio unpickle."""

from __future__ import annotations

import json
from typing import Any


class JSONSerializer:
    """What `django.core.cache.backends.redis` asks of a serializer; whole numbers stay bare so that INCR works."""

    def dumps(self, value: Any) -> bytes | int:
        """Return the value as JSON bytes."""
        return value if type(value) is int else json.dumps(value, separators=(",", ":")).encode()

    def loads(self, data: bytes) -> Any:
        """Return the value that the bytes hold."""
        return json.loads(data)
