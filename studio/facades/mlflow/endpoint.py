"""One address of the protocol: sign in, read the fields, call the handler, answer as MLflow does."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from django.core.exceptions import RequestDataTooBig
from django.db.utils import OperationalError
from django.http import HttpRequest, UnreadablePostError
from django.http.response import HttpResponseBase

from officina.errors import StudioError
from studio.facades.mlflow import callers, wire
from studio.facades.mlflow.wire import Handler, Message, Refusal
from studio.lib import limits, problems
from studio.lib.bridge import Gone

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Call:
    """What a verb at an address does and asks for; `of_run` is what a job's own token must hold.

    `raw` leaves the body alone: an artifact's bytes, whatever type they claim to be, up to `takes` of them.
    """

    handler: Handler
    operation: str
    of_run: str = ""
    raw: bool = False
    takes: int = limits.DOCUMENT


class Endpoint:
    """The view of one address; `cls.operations` is what the tests of access read."""

    csrf_exempt = True  # only tokens sign in here, and no other site's page can send those

    def __init__(self, calls: Mapping[str, Call]) -> None:
        self.calls = dict(calls)
        named = {method: call.operation for method, call in calls.items()}
        # What a class-based view shows of itself: its methods, and their operations.
        self.cls = type("MlflowCalls", (), {"operations": named, **dict.fromkeys(calls)})
        self.takes = {method.upper(): call.takes for method, call in calls.items()}
        self.token_only = True
        # Django names a view by both when it reverses any address.
        self.__name__ = self.__qualname__ = next(iter(calls.values())).handler.__name__

    def __call__(
        self, request: HttpRequest, workspace: str | None = None, **named: str
    ) -> HttpResponseBase:
        try:
            return self._answer(request, workspace, named)
        except Refusal as refusal:
            return wire.refuse(refusal)
        except StudioError as error:
            return wire.refuse(wire.as_refusal(error))
        except RequestDataTooBig:
            return wire.refuse(Refusal("The request is too large.", wire.INVALID, 413))
        except (Gone, UnreadablePostError):
            # Nobody is there to read this; it is told apart from our own mistakes.
            return wire.refuse(
                Refusal("The request ended before its body was whole.", "BAD_REQUEST")
            )
        except OperationalError:
            logger.exception("the database could not answer %s", request.path)
            busy = Refusal("The database is busy; try again.", "TEMPORARILY_UNAVAILABLE")
            return wire.refuse(busy)
        except Exception:
            number = problems.new_id()
            logger.exception("unexpected error %s in %s %s", number, request.method, request.path)
            said = f"Unexpected error. Tell your administrator the id {number}."
            return wire.refuse(Refusal(said, "INTERNAL_ERROR"))

    def _answer(
        self, request: HttpRequest, workspace: str | None, named: dict[str, str]
    ) -> HttpResponseBase:
        method = (request.method or "").lower()
        call = self.calls.get("get" if method == "head" else method)
        if call is None:
            raise Refusal(f"{request.method} is not for this address.", "BAD_REQUEST", 405)
        caller = callers.enter(request, workspace, call.operation, call.of_run)
        message = Message(named) if call.raw else wire.read(request)
        if named and not call.raw:
            message = Message({**message.fields, **named})
        result = call.handler(caller, message)
        return result if isinstance(result, HttpResponseBase) else wire.answer(result)
