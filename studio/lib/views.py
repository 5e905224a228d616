"""Views without an app of their own."""

from __future__ import annotations

from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from officina.documents.schemas import schemas
from studio.lib import health


@never_cache
@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    """Answer 200 only when database, broker, worker and beat are alive, and name what is not."""
    parts = health.report()
    failing = [name for name, state in parts.items() if state != "ok"]
    body = {"status": "failing" if failing else "ok", "failing": failing, "parts": parts}
    response = JsonResponse(body, status=503 if failing else 200)
    # Probes ask every few seconds: an answer of 503 is what they want to know, not an error of ours to log.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


@require_safe
def json_schema(_request: HttpRequest, name: str) -> JsonResponse:
    """Give editors the JSON schema of a YAML file that the studio reads, such as `schedule.schema.json`."""
    found = schemas().get(name)
    if found is None:
        raise Http404(f"There is no schema {name!r}; there are: {', '.join(schemas())}.")
    response = JsonResponse(found, json_dumps_params={"indent": 1})
    response["Access-Control-Allow-Origin"] = "*"  # editors in a browser ask too; it is public
    return response
