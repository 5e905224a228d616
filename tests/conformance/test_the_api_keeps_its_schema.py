"""The API's OpenAPI document, held to: bounded random requests, the same ones each time.

No answer is a server error, each success is one that the document describes, and each refusal has
the shape of our errors. The requests go to a workspace of their own in the running studio.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case

from tests.running import Studio

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.clients]
WORKSPACE = "fuzzed"
EXAMPLES = 4
# A stream that never ends, and a download of everything.
LEFT_OUT = ("/events", "/export")


class Fuzzer:
    """A workspace with a few things in it, and what is sent to it."""

    def __init__(self, studio: Studio) -> None:
        self.base = studio.url
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {studio.token}"
        self.call("POST", "/api/v1/workspaces", name=WORKSPACE)
        job = {"jobType": "Command", "command": "true", "environmentId": "azureml:minimal@latest"}
        run = self.at("POST", "/runs", document=job)
        draft = self.at("POST", "/pipelines", name="fuzzed")
        self.at("POST", "/environments", name="known", document={"image": "python:3.11"})
        self.at("POST", "/data", name="known", document={"dataUri": "https://host.example/a.csv"})
        self.at("POST", "/models", name="known", document={"modelUri": "https://host.example/m"})
        trigger = {"triggerType": "Cron", "expression": "0 5 1 1 *"}
        action = {"actionType": "CreateJob", "jobDefinition": job}
        self.at(
            "POST", "/schedules", name="known", properties={"trigger": trigger, "action": action}
        )
        self.known: dict[str, list[Any]] = {
            "kind": ["data", "models", "environments", "components"],
            "guid": [run.get("guid"), draft.get("guid")],
            "name": ["known", "cpu-cluster", "workspaceblobstore", "rows"],
            "version": ["1", "latest"],
            "port": ["artifacts"],
            "number": [1],
        }
        self.dice = random.Random(7)

    def call(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        answer = self.session.request(method, self.base + path, json=body, timeout=60)
        return dict(answer.json()) if answer.content else {}

    def at(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        return self.call(method, f"/api/v1/workspaces/{WORKSPACE}{path}", **body)

    def operations(self) -> Iterator[Any]:
        document = self.session.get(f"{self.base}/api/v1/schema", timeout=120).json()
        schema = schemathesis.openapi.from_dict(document)
        schema.config.update(base_url=self.base)
        for found in schema.get_all_operations():
            operation = found.ok()
            if not operation.path.endswith(LEFT_OUT):
                yield operation

    def aimed(self, case: Case) -> Case:
        """Send most requests to things that are there: a random name finds nothing."""
        given = dict(case.path_parameters or {})
        for key in given:
            if key == "workspace":
                given[key] = WORKSPACE
            elif key == "id":
                given[key] = 900_000 + self.dice.randrange(9)  # never its own token or membership
            elif key in self.known and self.dice.random() < 0.7:
                given[key] = self.dice.choice(self.known[key])
        case.path_parameters = given
        return case


def problem_of(operation: Any, answer: Any) -> str:
    """Return what is wrong with an answer, or nothing."""
    status = answer.status_code
    if status >= 500 and status != 501:
        return f"{status}: {answer.text[:300]}"
    if status < 300:
        described = sorted(operation.definition.raw["responses"])
        if str(status) not in described:
            return f"{status} is not described, {described} are"
        try:
            operation.validate_response(answer)
        except BaseExceptionGroup as group:
            return "; ".join(_told(each) for each in group.exceptions)
        except Exception as error:
            return str(error)[:300]
    # A path with `..` in it leads out of the API before it is sent.
    if status >= 400 and "/api/v1/" in str(answer.request.url):
        try:
            fine = {"code", "message"} <= set(answer.json()["error"])
        except (ValueError, KeyError, TypeError):
            fine = False
        return "" if fine else f"{status} without our error: {answer.text[:200]}"
    return ""


def _told(error: BaseException) -> str:
    """Return what is violated and where in the schema, in one line."""
    lines = [line.strip() for line in str(error).split("\n")]
    return " ".join(line for line in lines if line and not line.startswith(("{", "}", '"')))[:200]


def send_examples(fuzzer: Fuzzer, operation: Any, problems: dict[str, str]) -> int:
    """Send an operation's examples, note the first problem and return how many were sent."""
    sent = 0

    @seed(7)
    @settings(
        max_examples=EXAMPLES, derandomize=True, database=None, deadline=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def send(case: Case) -> None:
        nonlocal sent
        try:
            answer = fuzzer.aimed(case).call(session=fuzzer.session, timeout=60)
        except requests.exceptions.InvalidHeader:
            return
        sent += 1
        if found := problem_of(operation, answer):
            problems.setdefault(operation.label, f"{case.path_parameters} {case.query}: {found}")

    send()
    return sent


def test_no_request_meets_a_server_error_or_an_answer_that_is_not_described(
    studio_server: Studio,
) -> None:
    fuzzer = Fuzzer(studio_server)
    problems: dict[str, str] = {}
    sent = sum(send_examples(fuzzer, each, problems) for each in fuzzer.operations())
    assert sent > 500
    assert not problems, "\n".join(f"{label} {text}" for label, text in problems.items())
