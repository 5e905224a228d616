"""How the API pages its lists."""

from __future__ import annotations

from typing import Any

from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response


class Page(PageNumberPagination):
    """`?page=2&page_size=100` -> `{items, total, page, page_size, next, previous}`."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 1000

    def get_paginated_response(self, data: Any) -> Response:
        page: Any = self.page
        return Response(
            {
                "items": data,
                "total": page.paginator.count,
                "page": page.number,
                "page_size": page.paginator.per_page,
                "next": self.get_next_link(),
                "previous": self.get_previous_link(),
            }
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "nullable": True, "format": "uri"}
        return {
            "type": "object",
            "required": ["items", "total", "page", "page_size"],
            "properties": {
                "items": schema,
                "total": {"type": "integer"},
                "page": {"type": "integer"},
                "page_size": {"type": "integer"},
                "next": link,
                "previous": link,
            },
        }
