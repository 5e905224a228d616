"""Where the live feeds answer."""

from __future__ import annotations

from django.urls import path

from studio.runs.consumers import LiveConsumer

websocket_urlpatterns = [
    path("ws/w/<str:workspace>/", LiveConsumer.as_asgi()),
    path("ws/w/<str:workspace>/runs/<str:guid>/", LiveConsumer.as_asgi()),
]
