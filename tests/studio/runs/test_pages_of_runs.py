"""The run pages answer for those who may see them, and for nobody else."""

from __future__ import annotations

import csv
import io
import re

import pytest
from django.test import Client
from django.utils import timezone

from registry import services as registry
from studio.runs import many
from studio.runs.models import Experiment, Run, Status
from studio.runs.services import record_metrics, store_artifact
from studio.runs.services.creating import label_run
from studio.runs.services.metrics import Point
from studio.workspaces import events
from tests.conftest import Cast

TABS = ("overview", "metrics", "steps", "outputs", "definition", "lineage")


@pytest.fixture
def run(cast: Cast) -> Run:
    return made(cast, "brave-heron", auc=0.91, lr=0.05)


def made(cast: Cast, name: str, *, auc: float, lr: float, status: str = Status.COMPLETED) -> Run:
    """Make an ended run with a metric, a parameter and two files."""
    experiment, _ = Experiment.objects.get_or_create(workspace=cast.lab, name="churn")
    now = timezone.now()
    literal = {"jobInputType": "literal", "value": lr}
    run = Run.objects.create(
        workspace=cast.lab, experiment=experiment, name=name, display_name=name, owner=cast.owner,
        kind="command", status=status, params={"lr": lr, "seed": 42},
        document={"jobType": "Command", "command": "python a.py", "inputs": {"lr": literal}},
        queued=now, started=now, ended=now,
    )  # fmt: skip
    label_run(run)
    record_metrics(run=run, points=[Point("auc", auc - 0.1, 0, 1.0), Point("auc", auc, 1, 2.0)])
    store_artifact(run=run, path="outputs/scores.csv", source=b"id,score\n1,0.5\n2,0.7\n")
    store_artifact(run=run, path="outputs/evil.html", source=b"<script>alert(1)</script>")
    return run


def page(cast: Cast, url: str, who: str = "owner") -> Client:
    client = Client()
    client.force_login(getattr(cast, who))
    return client.get(f"/w/lab/{url}")


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_opens_for_a_reader(cast: Cast, run: Run, tab: str) -> None:
    answer = page(cast, f"runs/{run.guid}/?tab={tab}", "reader")
    assert answer.status_code == 200
    assert "brave-heron" in answer.content.decode()


def test_an_outsider_finds_no_run(cast: Cast, run: Run) -> None:
    assert page(cast, f"runs/{run.guid}/", "outsider").status_code == 404
    assert page(cast, f"runs/{run.guid}/files/outputs/scores.csv", "outsider").status_code == 404


def test_a_reader_sees_no_button_that_changes_anything(cast: Cast, run: Run) -> None:
    body = page(cast, f"runs/{run.guid}/", "reader").content.decode()
    assert "rerun-dialog" not in body
    assert "edit-dialog" not in body


def test_a_changed_parameter_shows_its_old_value(cast: Cast, run: Run) -> None:
    newer = made(cast, "calm-otter", auc=0.93, lr=0.08)
    Run.objects.filter(pk=newer.pk).update(display_name=run.display_name)
    body = page(cast, f"runs/{newer.guid}/").content.decode()
    assert "1 changed from" in body
    assert "<del>" in body


def test_a_file_of_the_run_never_runs_in_the_browser(cast: Cast, run: Run) -> None:
    answer = page(cast, f"runs/{run.guid}/files/outputs/evil.html")
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Security-Policy"].startswith("sandbox")
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_csv_is_previewed_as_a_table(cast: Cast, run: Run) -> None:
    body = page(cast, f"runs/{run.guid}/?tab=outputs&file=outputs/scores.csv").content.decode()
    assert "2 rows" in body
    assert '"score"' in body


def test_markup_in_a_previewed_file_stays_text(cast: Cast, run: Run) -> None:
    body = page(cast, f"runs/{run.guid}/?tab=outputs&file=outputs/evil.html").content.decode()
    assert "&lt;script&gt;" in body
    assert "<script>alert(1)" not in body


def test_the_list_keeps_only_runs_above_a_metric(cast: Cast, run: Run) -> None:
    made(cast, "weak-one", auc=0.5, lr=0.1)
    body = page(cast, "runs/?metric=auc+%3E+0.9").content.decode()
    assert "brave-heron" in body
    assert "weak-one" not in body


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("metric:auc", "weak-one"),
        ("-metric:auc", "brave-heron"),
        ("param:lr", "brave-heron"),
        ("-param:lr", "weak-one"),
        ("-name", "weak-one"),
    ],
)
def test_the_list_sorts_by_column_metric_and_parameter(
    cast: Cast, run: Run, sort: str, first: str
) -> None:
    made(cast, "weak-one", auc=0.5, lr=0.1)
    body = page(cast, f"runs/?sort={sort}").content.decode()
    other = {"weak-one": "brave-heron", "brave-heron": "weak-one"}[first]
    assert body.index(f">{first}</a>") < body.index(f">{other}</a>")


def test_a_pipeline_is_listed_with_what_its_steps_measured(cast: Cast, run: Run) -> None:
    pipeline = Run.objects.create(
        workspace=cast.lab, experiment=run.experiment, name="wide-river", owner=cast.owner,
        display_name="wide-river", kind=Run.PIPELINE, status=Status.COMPLETED, document={},
    )  # fmt: skip
    Run.objects.filter(pk=run.pk).update(parent=pipeline, root=pipeline, step="train")
    body = page(cast, "experiments/churn/").content.decode()
    assert "wide-river" in body
    assert "brave-heron" not in body
    assert re.search(r'<td class="num">\s*0\.91\s*</td>', body)
    assert "wide-river" in page(cast, "runs/?metric=auc+>+0.9").content.decode()
    assert "wide-river" not in page(cast, "runs/?metric=auc+>+0.95").content.decode()


def test_news_of_a_run_leads_to_its_page(cast: Cast, run: Run) -> None:
    events.emit(cast.lab, events.RUN_COMPLETED, f"run/{run.guid}", {"name": run.name})
    body = page(cast, "activity/").content.decode()
    assert f'href="/w/lab/runs/{run.guid}/">brave-heron</a>' in body


def test_a_metric_filter_that_cannot_be_read_says_how_to_write_one(cast: Cast, run: Run) -> None:
    body = page(cast, "runs/?metric=good+ones").content.decode()
    assert "is not a metric filter" in body


def test_chosen_columns_are_remembered(cast: Cast, run: Run) -> None:
    client = Client()
    client.force_login(cast.owner)
    client.get("/w/lab/runs/?columns=&columns=status&columns=metric:auc")
    body = client.get("/w/lab/runs/").content.decode()
    assert "0.91" in body


def test_comparing_marks_what_changed_and_the_best(cast: Cast, run: Run) -> None:
    other = made(cast, "weak-one", auc=0.5, lr=0.1)
    body = page(cast, f"compare/?runs={run.guid},{other.guid}").content.decode()
    assert "(best)" in body
    assert ">lr<" in body
    assert ">seed<" not in body


def test_a_run_is_registered_as_a_model(cast: Cast, run: Run) -> None:
    client = Client()
    client.force_login(cast.owner)
    answer = client.post(
        f"/w/lab/runs/{run.guid}/register/", {"name": "churn", "source": "files:outputs/scores.csv"}
    )
    assert answer.status_code == 302
    version = registry.find(workspace=cast.lab, kind="model", name="churn")
    assert version.run_guid == run.guid
    body = client.get("/w/lab/models/churn/").content.decode()
    assert "scores.csv" in body


def test_tags_and_name_are_edited(cast: Cast, run: Run) -> None:
    client = Client()
    client.force_login(cast.owner)
    client.post(
        f"/w/lab/runs/{run.guid}/edit/",
        {"display_name": "Champion", "tags": "best\nweek=47", "notes": "kept"},
    )
    run.refresh_from_db()
    assert (run.display_name, run.tags, run.notes) == (
        "Champion",
        {"best": "", "week": "47"},
        "kept",
    )


def test_a_reader_may_not_edit(cast: Cast, run: Run) -> None:
    client = Client()
    client.force_login(cast.reader)
    assert client.post(f"/w/lab/runs/{run.guid}/edit/", {"notes": "x"}).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "",
        "runs/",
        "experiments/",
        "experiments/churn/",
        "compare/",
        "models/",
        "data/",
        "environments/",
        "components/",
        "components/split_data/",
        "samples/",
        "compute/",
    ],
)
def test_every_page_opens_for_a_reader(cast: Cast, run: Run, path: str) -> None:
    assert page(cast, path, "reader").status_code == 200


def test_search_finds_runs_of_the_workspace_only(cast: Cast, run: Run) -> None:
    found = page(cast, "search.json?q=heron").json()["results"]
    assert [line["label"] for line in found] == ["brave-heron"]


def test_a_run_leads_to_the_data_and_the_model_that_went_in(cast: Cast, run: Run) -> None:
    run.inputs = {
        "rows": {"jobInputType": "uri_file", "uri": "tree:0", "asset": "azureml:sales:3"},
        "model": {"jobInputType": "custom_model", "uri": "tree:0", "asset": "azureml:churn:2"},
    }
    run.save(update_fields=["inputs"])
    shown = page(cast, f"runs/{run.guid}/", "reader").content.decode()
    assert "/w/lab/data/sales/?version=3" in shown
    assert "/w/lab/models/churn/?version=2" in shown


def test_the_list_is_sent_as_csv_with_every_parameter_and_metric(cast: Cast, run: Run) -> None:
    other = made(cast, "=cmd()", auc=0.8, lr=0.1)
    answer = page(cast, "runs/?experiment=churn&sort=name&download=csv", "reader")
    assert answer["Content-Disposition"] == 'attachment; filename="lab-runs.csv"'
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert [row["title"] for row in rows] == ["'=cmd()", "brave-heron"]
    assert [row["param:lr"] for row in rows] == ["0.1", "0.05"]
    assert [row["metric:auc"] for row in rows] == ["0.8", "0.91"]
    assert rows[0]["guid"] == other.guid
    none = page(cast, "runs/?q=nobody&download=csv")
    assert b"".join(none.streaming_content).count(b"\r\n") == 1
    assert page(cast, "runs/?download=csv", "outsider").status_code == 404


def test_all_runs_that_fit_are_compared_over_what_differs(cast: Cast, run: Run) -> None:
    worse = made(cast, "late-owl", auc=0.8, lr=0.1)
    answer = page(cast, "compare/all/?experiment=churn&sort=created", "reader")
    drawn = answer.context["parallel"]
    assert [each["guid"] for each in drawn["runs"]] == [run.guid, worse.guid]
    # The seed is the same in both, so it is no axis.
    assert [(each["of"], each["name"], each["values"]) for each in drawn["axes"]] == [
        ("param", "lr", [0.05, 0.1]),
        ("metric", "auc", [0.91, 0.8]),
    ]
    empty = page(cast, "compare/all/?experiment=nobody").content.decode()
    assert "No run fits these filters" in empty
    assert page(cast, "compare/all/", "outsider").status_code == 404


def test_parameters_that_are_text_lie_on_axes_as_numbers_or_words(cast: Cast) -> None:
    runs = [
        Run(guid=str(at), workspace=cast.lab, params={"lr": lr, "kernel": kernel, "id": f"u{at}"})
        for at, (lr, kernel) in enumerate([("0.1", "rbf"), ("1e-3", None)] * 20)
    ]
    axes = {axis["name"]: axis for axis in many.parallel(runs)["axes"]}
    assert axes["lr"]["kind"] == "number"
    assert axes["lr"]["values"][:2] == [0.1, 0.001]
    # One word does not tell runs apart, and forty words are too many to read.
    assert set(axes) == {"lr"}
