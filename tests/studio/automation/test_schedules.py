"""A schedule fires each due time once, for the person who saved it, and says what came of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from designer.services import drafts, publishing
from officina.errors import StudioError
from studio.automation import services
from studio.automation.models import Firing, Schedule
from studio.automation.services import firing
from studio.runs.models import Run
from studio.workspaces.models import AuditEntry, Event, Membership, User, Workspace

pytestmark = pytest.mark.django_db
MINUTE = {"triggerType": "Recurrence", "frequency": "Minute", "interval": 1}
JOB = {
    "jobType": "Command", "command": "echo ${{inputs.when}}", "environmentId": "azureml:current",
    "inputs": {"when": {"jobInputType": "literal", "value": "${{creation_context.trigger_time}}"}},
}  # fmt: skip


def saved(workspace: Workspace, user: User, **more: Any) -> Schedule:
    document = {"trigger": MINUTE, "action": {"actionType": "CreateJob", "jobDefinition": JOB}}
    row, _ = services.save_schedule(
        workspace=workspace, name="tick", document=document | more, user=user
    )
    return row


@pytest.fixture(autouse=True)
def quiet(home: Any, messages: Any) -> None:
    """Keep what is submitted from running."""


def test_a_due_schedule_starts_its_job_with_the_time_that_was_due(
    workspace: Workspace, user: User
) -> None:
    row = saved(workspace, user)
    assert services.fire_due() == 0
    due = row.next_run_at
    assert due is not None
    assert services.fire_due(now=due + dt.timedelta(seconds=1)) == 1
    run = Run.objects.get()
    assert run.tags == {"schedule": "tick"} and run.owner == user
    assert run.params == {"when": due.strftime("%Y-%m-%dT%H:%M:%SZ")}
    row.refresh_from_db()
    assert row.next_run_at == due + dt.timedelta(minutes=1)
    found = services.history(row).get()
    assert (found.run, found.state, found.missed, found.manual) == (run, "Submitted", 0, False)


def test_what_azure_has_and_this_studio_lacks_is_told(workspace: Workspace, user: User) -> None:
    with pytest.raises(StudioError, match="does not run monitors on schedules yet") as told:
        saved(workspace, user, action={"actionType": "CreateMonitor", "monitorDefinition": {}})
    assert "CreateJob" in told.value.hint


def test_two_beats_at_once_fire_once(workspace: Workspace, user: User) -> None:
    row = saved(workspace, user)
    now = row.next_run_at + dt.timedelta(seconds=1)
    one, other = Schedule.objects.get(pk=row.pk), Schedule.objects.get(pk=row.pk)
    claimed = [firing.claim(one, now=now), firing.claim(other, now=now)]
    assert [each is not None for each in claimed] == [True, False]
    assert Firing.objects.count() == 1


def test_a_time_that_fired_before_is_passed_over(workspace: Workspace, user: User) -> None:
    row = saved(workspace, user)
    due = row.next_run_at
    assert services.fire_due(now=due) == 1
    Schedule.objects.update(next_run_at=due)  # as after the machine's clock was put back
    assert services.fire_due(now=due) == 0
    row.refresh_from_db()
    assert row.next_run_at == due + dt.timedelta(minutes=1)
    assert Firing.objects.count() == 1


def test_what_passed_while_the_studio_was_down_fires_once_and_is_told(
    workspace: Workspace, user: User
) -> None:
    row = saved(workspace, user)
    later = row.next_run_at + dt.timedelta(minutes=90, seconds=5)
    assert services.fire_due(now=later) == 1
    found = services.history(row).get()
    assert (found.missed, found.due) == (90, row.next_run_at + dt.timedelta(minutes=90))
    row.refresh_from_db()
    assert row.next_run_at > later
    assert services.fire_due(now=later) == 0


def test_a_schedule_that_is_off_or_over_does_not_fire(workspace: Workspace, user: User) -> None:
    row = saved(workspace, user)
    services.change_schedule(row, user=user, enabled=False)
    far = timezone.now() + dt.timedelta(days=1)
    assert services.fire_due(now=far) == 0
    row = services.change_schedule(row, user=user, enabled=True)
    assert row.next_run_at is not None and row.next_run_at > timezone.now()
    soon = (timezone.now() + dt.timedelta(seconds=90)).isoformat()
    row = saved(workspace, user, trigger=MINUTE | {"endTime": soon})
    assert services.fire_due(now=far) == 1
    row.refresh_from_db()
    assert row.next_run_at is None and services.next_times(row) == []


def test_a_firing_that_cannot_start_is_kept_and_told(workspace: Workspace, user: User) -> None:
    row = saved(workspace, user)
    Membership.objects.filter(user=user).update(role="Reader")
    services.fire_due(now=row.next_run_at)
    found = services.history(row).get()
    assert found.state == "Failed" and "lacks the operation runs.submit" in found.error["message"]
    event = Event.objects.get(type="ScheduleFailed")
    assert event.subject == "schedule/tick" and event.data["firing"] == found.guid
    assert not Run.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_run_of_a_schedule_that_fails_is_told(workspace: Workspace, user: User) -> None:
    from studio.runs.services.ending import end_run

    services.trigger(saved(workspace, user), user=user)
    run = Run.objects.get()
    end_run(run, run.status, "Failed", error={"message": "no such file"})
    assert Event.objects.get(type="ScheduleFailed").data["message"] == "no such file"


def test_a_start_that_died_with_its_process_is_told_once(workspace: Workspace, user: User) -> None:
    row = saved(workspace, user)
    now = row.next_run_at
    firing.claim(row, now=now)
    later = now + dt.timedelta(minutes=11)
    Schedule.objects.update(enabled=False)
    for _ in range(2):
        services.fire_due(now=later)
    assert "stopped while" in services.history(row).get().error["message"]
    assert Event.objects.filter(type="ScheduleFailed").count() == 1


def test_saving_again_keeps_the_rhythm_unless_the_trigger_changes(
    workspace: Workspace, user: User
) -> None:
    row = saved(workspace, user)
    due = row.next_run_at
    assert saved(workspace, user, description="the same").next_run_at == due
    assert saved(workspace, user, trigger=MINUTE | {"interval": 7}).next_run_at != due
    assert Schedule.objects.count() == 1
    actions = AuditEntry.objects.filter(target="schedule/tick").order_by("pk")
    assert list(actions.values_list("action", flat=True)) == [
        "schedule.create", "schedule.update", "schedule.update",
    ]  # fmt: skip


def test_a_past_job_is_run_again_with_other_inputs(workspace: Workspace, user: User) -> None:
    first = services.trigger(saved(workspace, user), user=user).run
    assert first is not None
    again = {"sourceJobId": f"azureml:{first.name}", "inputs": {"when": {"value": "now"}}}
    row = saved(workspace, user, action={"actionType": "CreateJob", "jobDefinition": again})
    second = services.trigger(row, user=user).run
    assert second is not None and second.pk != first.pk
    assert second.params == {"when": "now"} and second.tags["schedule"] == "tick"


def test_a_published_pipeline_is_run_with_its_parameters(workspace: Workspace, user: User) -> None:
    graph = {"schema": 1, "nodes": [{"id": "data", "component": "import_data", "version": "1",
             "params": {}, "position": {"x": 0, "y": 0}}], "edges": []}  # fmt: skip
    pipeline = drafts.create_draft(workspace=workspace, user=user, name="daily", graph=graph)
    endpoint = publishing.publish(pipeline=pipeline, user=user, name="daily").endpoint
    action = {"actionType": "InvokePipelineEndpoint", "endpoint": "daily"}
    run = services.trigger(saved(workspace, user, action=action), user=user).run
    assert run is not None and run.kind == "pipeline"
    assert publishing.runs_of(endpoint).get() == run


@pytest.mark.parametrize(
    ("action", "where"),
    [
        ({"actionType": "Dance"}, "action.actionType"),
        ({"actionType": "CreateJob"}, "action.jobDefinition"),
        ({"actionType": "CreateJob", "jobDefinition": {"sourceJobId": "azureml:gone"}},
         "action.jobDefinition.sourceJobId"),
        ({"actionType": "CreateJob", "jobDefinition": JOB | {"codeId": "./src"}}, None),
        ({"actionType": "InvokePipelineEndpoint", "endpoint": "gone"}, "endpoint"),
        ({"actionType": "ImportData", "dataImportDefinition": {"assetName": "x"}}, "source"),
    ],
)  # fmt: skip
def test_an_action_that_could_never_start_is_refused_when_it_is_saved(
    action: dict[str, Any], where: str | None, workspace: Workspace, user: User
) -> None:
    with pytest.raises(StudioError) as caught:
        saved(workspace, user, action=action)
    assert where is None or caught.value.where == where
    assert not Schedule.objects.exists()


def test_who_may_do_what_over_the_api(cast: Any) -> None:
    place = "/api/v1/workspaces/lab/schedules"
    body = {"properties": {"trigger": MINUTE, "action": {"actionType": "CreateJob",
                                                         "jobDefinition": JOB}}}  # fmt: skip
    assert cast.client("reader").put(f"{place}/a", body).status_code == 403
    assert cast.client("outsider").get(place).status_code == 404
    made = cast.client("contributor").put(f"{place}/a", body)
    assert (made.status_code, made.json()["when"]) == (201, "Every minute (UTC)")
    found = cast.client("reader").get(f"{place}/a").json()
    assert len(found["next_times"]) == 5 and found["properties"]["isEnabled"] is True
    off = cast.client("owner").patch(f"{place}/a", {"isEnabled": False}).json()
    assert off["next_run"] is None and off["owner"] == "carl@example.org"
    fired = cast.client("owner").post(f"{place}/a/trigger").json()
    assert fired["state"] == "Submitted" and fired["by"] == "olga@example.org"
    assert Run.objects.get().owner == cast.owner
    assert cast.client("reader").get(f"{place}/a/history").json()["total"] == 1
    assert cast.client("reader").delete(f"{place}/a").status_code == 403
    assert cast.client("owner").delete(f"{place}/a").status_code == 204
    assert Run.objects.exists()


def test_the_pages_show_a_schedule_and_its_form_saves_one(cast: Any) -> None:
    pages = cast.client("contributor")
    form = {
        "name": "weekly", "trigger": "recurrence", "frequency": "Week", "interval": "1",
        "hours": "6, 18", "minutes": "0", "week_days": ["Monday"], "time_zone": "Europe/Berlin",
        "enabled": "on", "action": "create_job",
        "create_job": "type: command\r\ncommand: echo hi\r\nenvironment: azureml:current\r\n",
    }  # fmt: skip
    told = pages.post("/w/lab/schedules/preview/", form, format="multipart").content.decode()
    assert "Every week on Monday at 06:00 and 18:00 (Europe/Berlin)" in told
    answer = pages.post("/w/lab/schedules/new/", form, format="multipart")
    assert (answer.status_code, answer["Location"]) == (302, "/w/lab/schedules/of/weekly/")
    row = Schedule.objects.get()
    assert row.trigger["schedule"] == {"hours": [6, 18], "minutes": [0], "weekDays": ["Monday"]}
    wrong = pages.post("/w/lab/schedules/new/", form | {"hours": "late"}, format="multipart")
    assert wrong.status_code == 400 and "not a list of whole numbers" in wrong.content.decode()
    assert "06:00" in pages.get("/w/lab/schedules/new/?of=weekly").content.decode()
    listed = cast.client("reader").get("/w/lab/schedules/").content.decode()
    assert "weekly" in listed and "lacks runs.submit" in listed
    assert "Next times" in cast.client("reader").get(answer["Location"]).content.decode()
