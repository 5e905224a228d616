"""One HTTP connection to a studio: retries that double nothing, errors as StudioError."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import httpx

from officina import __version__
from officina.client.profile import Profile
from officina.errors import HTTP_STATUS, StudioError

ATTEMPTS = 5
_PASSING = {502, 503, 504}
_CODES = {status: code for code, status in HTTP_STATUS.items()}
TIMEOUT = httpx.Timeout(60.0, connect=5.0)


class Transport:
    """Sends requests with the token; a lost connection is tried again while that is safe."""

    def __init__(self, profile: Profile, *, transport: httpx.BaseTransport | None = None) -> None:
        self._profile = profile
        headers = {"User-Agent": f"officina/{__version__}", "Accept": "application/json"}
        if profile.token:
            headers["Authorization"] = f"Bearer {profile.token}"
        # Redirects are not followed: the token would go along to wherever they lead.
        self._http = httpx.Client(
            base_url=profile.url, headers=headers, timeout=TIMEOUT, transport=transport
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def json(self, method: str, path: str, **options: Any) -> Any:
        """Return the answer's JSON (None for an empty answer)."""
        answer = self.request(method, path, **options)
        if not answer.content:
            return None
        try:
            return answer.json()
        except ValueError as error:
            raise StudioError(
                "The answer is not JSON; there may be another program at this address.",
                hint="Check OFFICINA_URL.",
                where=self._profile.url,
                code="unavailable",
            ) from error

    def request(
        self,
        method: str,
        path: str,
        *,
        key: str | None = None,
        content: Callable[[], Any] | None = None,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> httpx.Response:
        """Return the answer, once it is a success.

        `key` is an idempotency key: with it a POST too may be sent again, the studio answers a
        repetition with the first one's result. `content` makes the body anew for each attempt.
        """
        send = {**(headers or {}), **({"Idempotency-Key": key} if key else {})}
        repeatable = method in {"GET", "PUT"} or key is not None
        for attempt in range(1, ATTEMPTS + 1):
            last = attempt == ATTEMPTS or not repeatable
            body = {"content": content()} if content else {}
            try:
                answer = self._http.request(method, path, headers=send, **body, **options)
            except httpx.TransportError as error:
                if last:
                    raise self._unreachable(error) from error
                _pause(attempt, None)
                continue
            if answer.status_code in _PASSING and not last:
                _pause(attempt, answer.headers.get("Retry-After"))
                continue
            break
        return self._checked(answer)

    @contextmanager
    def stream(
        self, path: str, *, headers: Mapping[str, str] | None = None
    ) -> Iterator[httpx.Response]:
        """Give a GET's answer before its body is read; the caller retries."""
        try:
            with self._http.stream("GET", path, headers=dict(headers or {})) as answer:
                if not answer.is_success and answer.status_code != 416:
                    answer.read()
                    self._checked(answer)
                yield answer
        except httpx.TransportError as error:
            raise self._unreachable(error) from error

    def pages(self, path: str, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the items of all pages of a list."""
        number = 1
        while True:
            page = self.json("GET", path, params={**params, "page": number})
            items = page["items"]
            yield from items
            if not items or not page.get("next"):
                return
            number += 1

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_success:
            return answer
        raise _error(answer, self._profile.url)

    def _unreachable(self, error: httpx.TransportError) -> StudioError:
        return StudioError(
            f"The studio cannot be reached ({type(error).__name__}).",
            hint="Is it running ('make run'), and is OFFICINA_URL right?",
            where=self._profile.url,
            code="unavailable",
        )


def _pause(attempt: int, wanted: str | None) -> None:
    wait = min(4.0, 0.2 * 2 ** (attempt - 1)) * random.uniform(0.75, 1.25)  # noqa: S311 - spreads retries
    if wanted and wanted.isdigit():
        wait = min(float(wanted), 10.0)
    time.sleep(wait)


def _error(answer: httpx.Response, url: str) -> StudioError:
    try:
        body = cast("dict[str, Any]", answer.json()["error"])
        message = str(body["message"])
    except (ValueError, KeyError, TypeError):
        return StudioError(
            f"The studio answered {answer.status_code} {answer.reason_phrase}.",
            hint="See its log." if answer.status_code >= 500 else "Check OFFICINA_URL.",
            where=url,
            code=_CODES.get(answer.status_code, "failed"),
        )
    hint = str(body.get("hint") or "")
    if answer.status_code == 401 and not hint:
        hint = "Run 'officina login', or set OFFICINA_TOKEN."
    code = str(body.get("code") or "")
    return StudioError(
        message,
        hint=hint,
        where=str(body.get("where") or ""),
        code=code if code in HTTP_STATUS else _CODES.get(answer.status_code, "failed"),
    )
