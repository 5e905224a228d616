"""Live news over websockets: a run's own feed, and a workspace's."""

from __future__ import annotations

from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from officina.errors import StudioError
from studio.runs import live
from studio.runs.models import Run
from studio.workspaces import access
from studio.workspaces.live import user_group

REFUSED = {"unauthenticated": 4401, "forbidden": 4403, "not_found": 4404}


class LiveConsumer(AsyncJsonWebsocketConsumer):
    """Passes on what is sent to the group of one run or of one workspace.

    The client asks history over HTTP by offset; what comes here are hints with cursors.
    """

    group = ""
    # Where the people's app says that this person's rights have changed.
    own_group = ""

    async def connect(self) -> None:
        try:
            self.group = await database_sync_to_async(self.find_group)()
        except StudioError as error:
            # Accepting first lets the browser see the code that says why.
            await self.accept()
            await self.send_json({"type": "error", "error": error.as_json()})
            await self.close(code=REFUSED.get(error.code, 4400))
            return
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.channel_layer.group_add(self.own_group, self.channel_name)
        await self.accept()
        await self.send_json({"type": "hello"})

    def find_group(self) -> str:
        kwargs = self.scope["url_route"]["kwargs"]
        workspace = access.for_scope(self.scope, kwargs["workspace"], "runs.read")
        self.own_group = user_group(access.user_of_scope(self.scope)[0].pk)
        guid = kwargs.get("guid")
        if guid is None:
            return live.workspace_group(workspace.pk)
        if not Run.objects.filter(workspace=workspace, guid=guid).exists():
            raise StudioError("There is no such run.", code="not_found")
        return live.run_group(guid)

    async def disconnect(self, code: int) -> None:
        if self.group:
            await self.channel_layer.group_discard(self.group, self.channel_name)
            await self.channel_layer.group_discard(self.own_group, self.channel_name)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """Answer a ping; every other word of the client is a subscription that it has already."""
        if isinstance(content, dict) and content.get("type") == "ping":
            await self.check_again()

    async def check_again(self) -> None:
        """Cut a person whose membership ended since the connection was made."""
        try:
            await database_sync_to_async(self.find_group)()
        except StudioError as error:
            await self.close(code=REFUSED.get(error.code, 4400))
        else:
            await self.send_json({"type": "pong"})

    async def live_message(self, event: dict[str, Any]) -> None:
        await self.send_json(event["message"])

    async def live_revoked(self, event: dict[str, Any]) -> None:
        await self.check_again()
