"""A draft open in a real browser, as the tests of the designer's canvas drive it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.portal import until
from tests.running import Studio

OWNER = "owner@example.org"
SEED = """
import json
from django.test import Client
from designer.services import drafts
from studio.workspaces.models import Membership, User, Workspace
workspace = Workspace.objects.get(name={workspace!r})
owner = User.objects.get(email={owner!r})
user, made = User.objects.get_or_create(email={email!r}, defaults=dict(display_name={name!r}))
if made:
    Membership.objects.create(workspace=workspace, user=user, role={role!r})
client = Client()
client.force_login(user)
graph = json.loads({graph!r})
guid = {guid!r}
if not guid:
    sample = {sample!r}
    made = drafts.create_draft(
        workspace=workspace, user=owner, name={title!r}, graph=drafts.sample_graph(sample) if sample else graph
    )
    guid = made.guid
print("SEEDED " + json.dumps([guid, client.cookies["sessionid"].value]))
"""


def seed(
    studio: Studio,
    *,
    graph: dict[str, Any] | None = None,
    sample: str = "",
    guid: str = "",
    email: str = OWNER,
    role: str = "Owner",
    title: str = "Canvas",
) -> tuple[str, str]:
    """Make a draft (or take the one named) and sign a person in; return its guid and their session."""
    code = SEED.format(
        workspace=studio.workspace, owner=OWNER, email=email, name=email.split("@")[0].title(), role=role,
        graph=json.dumps(graph), sample=sample, guid=guid, title=title,
    )  # fmt: skip
    made, session = studio.seed(code)
    return made, session


def node(
    node_id: str, component: str, x: float, y: float, params: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return a node of graph JSON."""
    place = {"x": x, "y": y}
    return {
        "id": node_id, "component": component, "version": "1", "params": params or {}, "position": place
    }  # fmt: skip


def graph(nodes: list[dict[str, Any]], *edges: str) -> dict[str, Any]:
    """Return graph JSON; an edge is written "a:out > b:in"."""
    wires = []
    for text in edges:
        source, target = text.split(" > ")
        (a, out), (b, into) = source.split(":"), target.split(":")
        wires.append(
            {"id": f"{b}:{into}", "source": a, "sourceHandle": out, "target": b, "targetHandle": into}
        )  # fmt: skip
    return {"schema": 1, "nodes": nodes, "edges": wires, "parameters": {}}


SMALL = graph(
    [
        node("import_data", "import_data", 320, 0, {"source": "sample", "sample": "diabetes"}),
        node("split_data", "split_data", 320, 160),
        node("score_model", "score_model", 320, 320),
        node("linear_regression", "linear_regression", 0, 160),
    ],
    "import_data:dataset > split_data:dataset",
)


@dataclass
class Canvas:
    """The page of one draft and what its console and its policy complained of."""

    page: Page
    studio: Studio
    guid: str
    complaints: list[str] = field(default_factory=list)

    def node(self, name: str) -> Locator:
        return self.page.locator(f".d-node[data-node='{name}']")

    def port(self, name: str, port: str, side: str) -> Locator:
        return self.page.locator(
            f".react-flow__node[data-id='{name}'] .d-handle.{side}[data-port='{port}']"
        )

    def edge(self, target: str, port: str) -> Locator:
        return self.page.locator(f".react-flow__edge[data-id='{target}:{port}']")

    def stored(self) -> dict[str, Any]:
        """Return the graph that the server holds."""
        _, body = self.studio.get(
            f"/api/v1/workspaces/{self.studio.workspace}/pipelines/{self.guid}"
        )
        graph: dict[str, Any] = json.loads(body)["graph"]
        return graph

    def stored_node(self, name: str) -> dict[str, Any]:
        return next(each for each in self.stored()["nodes"] if each["id"] == name)

    def wires(self) -> set[str]:
        """Return the stored edges as "a:out > b:in"."""
        return {
            f"{e['source']}:{e['sourceHandle']} > {e['target']}:{e['targetHandle']}"
            for e in self.stored()["edges"]
        }

    def wait_saved(self) -> None:
        expect(self.page.locator(".d-saved[data-saved=yes]")).to_be_visible(timeout=60_000)

    def select(self, name: str) -> None:
        self.node(name).click(position={"x": 60, "y": 26})

    def drag(
        self,
        start: Locator | tuple[float, float],
        end: Locator | tuple[float, float],
        steps: int = 8,
    ) -> None:
        (x1, y1), (x2, y2) = middle(start), middle(end)
        mouse = self.page.mouse
        mouse.move(x1, y1)
        mouse.down()
        mouse.move((x1 + x2) / 2, (y1 + y2) / 2, steps=steps)
        mouse.move(x2, y2, steps=steps)
        mouse.up()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)


def middle(place: Locator | tuple[float, float]) -> tuple[float, float]:
    if isinstance(place, tuple):
        return place
    box = place.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def open_canvas(
    browser: Browser, studio: Studio, guid: str, session: str, *, theme: str = "light", query: str = "", **context: Any
) -> Canvas:  # fmt: skip
    """Open the draft and wait until it is live."""
    options = {"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce", **context}
    made = browser.new_context(**options)
    made.grant_permissions(["clipboard-read", "clipboard-write"], origin=studio.url)
    made.add_cookies(
        [
            {"name": "sessionid", "value": session, "url": studio.url},
            {"name": "theme", "value": theme, "url": studio.url},
        ]
    )
    page = made.new_page()
    canvas = Canvas(page, studio, guid)
    page.on(
        "console",
        lambda said: canvas.complaints.append(said.text) if said.type == "error" else None,
    )
    page.on("pageerror", lambda error: canvas.complaints.append(str(error)))
    page.add_init_script(
        "document.addEventListener('securitypolicyviolation',"
        " e => console.error('policy: ' + e.violatedDirective + ' ' + e.blockedURI))"
    )
    page.goto(f"{studio.url}/w/{studio.workspace}/pipelines/{guid}/{query}")
    expect(page.locator(".d-saved[data-saved=yes]")).to_be_visible(timeout=60_000)
    until(page, "document.querySelector('.d-rows .d-row') || !document.querySelector('.d-palette')")
    return canvas
