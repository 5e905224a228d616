"""Tells open websockets that their user's rights have changed."""

from __future__ import annotations

import logging

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

log = logging.getLogger(__name__)


def user_group(user_id: int) -> str:
    """Return the channel group that every socket of a user joins."""
    return f"user.{user_id}"


def cut_off(user_id: int) -> None:
    """Send `live.revoked` to the user's sockets on commit; each then asks for its access again."""
    transaction.on_commit(lambda: _tell(user_id), robust=True)


def _tell(user_id: int) -> None:
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        async_to_sync(layer.group_send)(user_group(user_id), {"type": "live.revoked"})
    except Exception as error:
        # The hint is lost with the broker; sockets also ask again by themselves.
        log.warning("could not tell the sockets of user %s: %s", user_id, error)
