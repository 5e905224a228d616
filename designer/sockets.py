"""Where the canvases meet. y-websocket's provider drops the slash at the end, so both forms answer."""

from __future__ import annotations

from django.urls import path

from designer.consumers import DraftConsumer

websocket_urlpatterns = [
    path("ws/w/<str:workspace>/pipelines/<str:guid>", DraftConsumer.as_asgi()),
    path("ws/w/<str:workspace>/pipelines/<str:guid>/", DraftConsumer.as_asgi()),
]
