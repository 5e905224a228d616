"""A command run from submission to its end, with a real shim and a real process."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from officina.errors import StudioError
from officina.execution import processes
from registry.models import AssetVersion, StoredTree
from studio.compute import services as computes
from studio.compute.models import Node
from studio.runs import services
from studio.runs.logs import read_log
from studio.runs.models import Run
from studio.runs.services import leases
from studio.runs.services.monitoring import Watch
from studio.workspaces import services as services_of_people
from studio.workspaces.models import ApiToken, AuditEntry, Event
from tests.studio.runs.conftest import stored_folder

pytestmark = pytest.mark.django_db(transaction=True)
OUTPUT = {"o": {"jobOutputType": "uri_folder"}}


def test_a_command_runs_and_keeps_log_artifacts_and_outputs(
    submit: Callable[..., Run], command: Callable[..., dict[str, Any]], work: Callable[[], None]
) -> None:
    text = "echo hello; echo x > outputs/a.txt; echo y > ${{outputs.o}}/b.txt"
    outputs = {"o": {"jobOutputType": "uri_folder", "mode": "rw_mount"}}
    run = submit(command(text, outputs=outputs))
    work()
    run.refresh_from_db()
    assert (run.status, run.exit_code, run.attempt) == ("Completed", 0, 1)
    assert read_log(run=run, offset=0).data.decode().endswith("hello\n")
    assert {a.path for a in run.artifacts.all()} == {"outputs/a.txt", "logs/std_log.txt"}
    assert run.outputs["o"]["files"] == 1
    assert Event.objects.filter(type="RunCompleted", subject=f"run/{run.guid}").count() == 1
    assert not ApiToken.objects.filter(scope__run=run.guid).exists()


def test_a_failing_command_says_how_and_shows_its_last_line(
    submit: Callable[..., Run], command: Callable[..., dict[str, Any]], work: Callable[[], None]
) -> None:
    run = submit(command("echo partial > outputs/p.txt; echo no such column >&2; exit 3"))
    work()
    run.refresh_from_db()
    assert run.status == "Failed"
    assert run.error["message"] == "The job exited with code 3."
    assert "no such column" in run.error["hint"]
    assert run.artifacts.filter(path="outputs/p.txt").exists()


def test_a_failed_attempt_is_retried_by_its_policy_and_the_log_goes_on(
    submit: Callable[..., Run], command: Callable[..., dict[str, Any]], work: Callable[[], None],
    home: Path,
) -> None:  # fmt: skip
    # The job sees only its own folders, so the environment of the attempt is what differs.
    run = submit(command("echo trying; exit 1", maxAttempts=2))
    work()
    run.refresh_from_db()
    assert (run.status, run.attempt) == ("Failed", 2)
    assert read_log(run=run, offset=0).data.decode().split("\n").count("trying") == 2


def test_code_that_was_changed_on_the_disk_is_not_run(
    submit: Callable[..., Run], command: Callable[..., dict[str, Any]], work: Callable[[], None],
    workspace: Any, home: Path, tmp_path: Path,
) -> None:  # fmt: skip
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "a.sh").write_text("echo as it was\n")
    run = submit(command("sh a.sh", codeId=stored_folder(workspace, folder)))
    for path in (home / "store").rglob("*"):
        if path.is_file() and path.read_bytes() == b"echo as it was\n":
            path.chmod(0o600)
            path.write_bytes(b"echo an attack\n")
    work()
    run.refresh_from_db()
    assert run.status == "Failed"
    assert "attack" not in read_log(run=run, offset=0).data.decode().replace("[officina]", "")
    assert "digest" in json.dumps(run.error)


def test_a_job_of_an_isolated_workspace_reaches_no_network(
    submit: Callable[..., Run], command: Callable[..., dict[str, Any]], work: Callable[[], None],
    workspace: Any, user: Any,
) -> None:  # fmt: skip
    text = (
        "python -c \"import socket; socket.create_connection(('127.0.0.1', {0}), 5).recv(2)\""
        " && echo reached"
    )
    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=lambda: [door.accept() for _ in range(2)], daemon=True).start()
        text = text.format(door.getsockname()[1]).replace(".recv(2)", "")
        services_of_people.update_workspace(workspace=workspace, actor=user, isolated=True)
        closed = submit(command(text))
        work()
        services_of_people.update_workspace(workspace=workspace, actor=user, isolated=False)
        opened = submit(command(text))
        work()
    for run in (closed, opened):
        run.refresh_from_db()
    log = read_log(run=closed, offset=0).data.decode()
    assert "this workspace is isolated" in log
    assert "Error" in log and "reached" not in log
    assert "isolated" in closed.error["hint"]
    assert (closed.status, opened.status) == ("Failed", "Completed"), log
    assert "network off" in closed.confinement or "TCP off" in closed.confinement
    assert list(
        AuditEntry.objects.filter(action__in=["workspace.isolate", "workspace.open"])
        .order_by("pk").values_list("action", "actor_name")
    ) == [("workspace.isolate", user.email), ("workspace.open", user.email)]  # fmt: skip


def test_no_process_is_left_of_a_job_whose_results_cannot_be_kept(
    submit: Callable[..., Run], command: Callable[..., dict[str, Any]], work: Callable[[], None]
) -> None:
    text = (
        "echo x > a.txt; "
        """echo '{"type":"artifact","path":"a.txt","name":"../a.txt"}' >> $OFFICINA_MESSAGES; """
        "sleep 300"
    )
    run = submit(command(text))
    work()
    run.refresh_from_db()
    assert (run.status, run.error["where"]) == ("Failed", "path")
    environments = {pid: processes.read(f"/proc/{pid}/environ") for pid in processes.everyone()}
    assert not [pid for pid, text in environments.items() if run.guid in text]


def test_a_job_that_takes_too_much_memory_is_ended_with_peak_and_limit(
    submit: Callable[..., Run], command: Callable[..., dict[str, Any]], work: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(computes, "memory_limit", lambda: 100 << 20)
    run = submit(command("python -c 'import time; x = b\"x\" * (300 << 20); time.sleep(600)'"))
    work()
    run.refresh_from_db()
    assert run.status == "Failed"
    assert "peak " in run.error["message"] and "its limit is 100 MiB" in run.error["message"]
    assert run.peak_memory > 100 << 20


def test_a_job_that_the_machine_kills_says_what_that_means(
    submit: Callable[..., Run], command: Callable[..., dict[str, Any]], work: Callable[[], None]
) -> None:
    run = submit(command("cat /proc/self/oom_score_adj; kill -9 $$"))
    work()
    run.refresh_from_db()
    assert "killed by signal 9; its memory was" in run.error["message"]
    # The kernel takes a job before anything of the studio's.
    assert b"\n500\n" in read_log(run=run, offset=0).data


def test_cancel_ends_a_working_run(
    submit: Callable[..., Run], command: Callable[..., dict[str, Any]], work: Callable[[], None],
    user: Any,
) -> None:  # fmt: skip
    run = submit(command("trap '' TERM; sleep 600 & wait; sleep 600"))
    worker = threading.Thread(target=work)
    worker.start()
    _wait_for(run, "Running")
    services.cancel_run(run=Run.objects.get(pk=run.pk), user=user)
    worker.join(120)
    run.refresh_from_db()
    assert run.status == "Canceled"


class CancelAt:
    """Cancels a run just before the worker's n-th statement: between them nobody's wish can be seen."""

    def __init__(self, run: Run, user: Any, point: int) -> None:
        self.run, self.user, self.left = run, user, point
        self.accepted = False

    def __call__(self, execute: Any, *given: Any) -> Any:
        if not connection.in_atomic_block:
            self.left -= 1
            if self.left == 0:
                with contextlib.suppress(StudioError):  # it has ended already
                    row = services.cancel_run(run=Run.objects.get(pk=self.run.pk), user=self.user)
                    self.accepted = row.status in {"CancelRequested", "Canceled"}
        return execute(*given)


def test_cancel_at_each_point_of_a_run_ends_it_and_leaves_nothing(
    submit: Callable[..., Run], command: Callable[..., dict[str, Any]],
    messages: list[tuple[int, int]], user: Any, home: Path,
) -> None:  # fmt: skip
    accepted: list[bool] = []
    while accepted[-2:] != [False, False]:
        point = len(accepted) + 1
        run = submit(command("sleep 0.4; echo x > outputs/x", outputs=OUTPUT))
        hook = CancelAt(run, user, point)
        with connection.execute_wrapper(hook):
            while messages:
                pk, fence = messages.pop(0)
                services.execute(run_id=pk, fence=fence)
        run.refresh_from_db()
        if hook.accepted:
            assert (run.status, run.outputs) == ("Canceled", {}), point
        assert run.is_ended and not (home / "work" / run.guid).exists(), point
        assert not ApiToken.objects.filter(scope__run=run.guid).exists(), point
        accepted.append(hook.accepted)
    assert accepted.count(True) >= 6


def test_cancel_ends_a_waiting_run_at_once(
    submit: Callable[..., Run], command: Callable[..., dict[str, Any]], user: Any
) -> None:
    from studio.compute.models import Node

    Node.objects.all().delete()
    run = submit(command("true"))
    run.refresh_from_db()
    assert (run.status, run.reason) == ("Queued", "no node is attached to local")
    services.cancel_run(run=run, user=user)
    assert run.status == "Canceled"
    with pytest.raises(StudioError, match="has ended already"):
        services.cancel_run(run=run, user=user)


def test_the_second_delivery_of_a_message_does_nothing(
    submit: Callable[..., Run], command: Callable[..., dict[str, Any]],
    messages: list[tuple[int, int]], work: Callable[[], None],
) -> None:  # fmt: skip
    run = submit(command("echo once"))
    messages.append(messages[0])
    work()
    run.refresh_from_db()
    assert read_log(run=run, offset=0).data.decode().count("once") == 1


def test_a_worker_that_fell_silent_is_replaced_and_its_job_adopted(
    submit: Callable[..., Run], command: Callable[..., dict[str, Any]],
    messages: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch, work: Callable[[], None],
) -> None:  # fmt: skip
    from studio.runs.services import monitoring

    run = submit(command("for i in 1 2 3 4 5 6; do echo line $i; sleep 0.3; done"))

    class Killed(BaseException):
        pass

    def die(self: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(monitoring.Watch, "follow", die)
        with pytest.raises(Killed):
            work()
    Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert services.reap() == 1
    work()
    run.refresh_from_db()
    assert (run.status, run.attempt) == ("Completed", 1)
    assert read_log(run=run, offset=0).data.decode().count("line") == 6


def test_a_database_that_fails_meanwhile_leaves_the_run_to_the_next_worker(
    submit: Callable[..., Run], command: Callable[..., dict[str, Any]],
    messages: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    run = submit(command("echo begun; echo result > outputs/r.txt"))
    full = OperationalError("database or disk is full")
    with monkeypatch.context() as broken, pytest.raises(OperationalError):
        broken.setattr(Watch, "finish", Mock(side_effect=full))
        services.execute(run_id=run.pk, fence=messages.pop(0)[1])
    run.refresh_from_db()
    assert (run.status, run.error) == ("Running", None)
    # It was given back: nobody waits for the lease to run out.
    assert services.reap() == 1
    pk, fence = messages.pop(0)
    services.execute(run_id=pk, fence=fence)
    run.refresh_from_db()
    assert (run.status, run.attempt) == ("Completed", 1)
    assert read_log(run=run, offset=0).data.count(b"begun") == 1
    assert run.artifacts.filter(path="outputs/r.txt").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_full_store_fails_the_run_in_words_and_registers_nothing_until_there_is_room(
    submit: Callable[..., Run], command: Callable[..., dict[str, Any]], work: Callable[[], None],
    home: Path, workspace: Any,
) -> None:  # fmt: skip
    store = home / "store"
    store.mkdir(exist_ok=True)
    words = {"type": "register_model", "name": "m", "path": "a", "description": "", "tags": {}}
    text = f"echo a > a; echo '{json.dumps(words)}' >> $OFFICINA_MESSAGES"
    large = "head -c 3000000 /dev/urandom > ${{outputs.o}}/o"
    job = command(f"{text}; {large}", outputs={"o": {"jobOutputType": "uri_folder"}})
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", store], check=True)
    try:
        run = submit(job)
        work()
        run.refresh_from_db()
        assert (run.status, run.error["code"]) == ("Failed", "storage_full"), run.error
        assert "full" in run.error["message"] and run.error["hint"]
        assert not run.outputs
        assert not AssetVersion.objects.exists() and not StoredTree.objects.exists()
        assert not [path for path in (store / "incoming").iterdir()]
        subprocess.run(["mount", "-o", "remount,size=32m", store], check=True)
        again = submit(job)
        work()
        again.refresh_from_db()
        assert again.status == "Completed", again.error
        assert AssetVersion.objects.get().asset.name == "m"
    finally:
        subprocess.run(["umount", "-l", store], check=True)


@pytest.mark.parametrize("minutes", [5, -5, 60, -60])
def test_a_clock_that_is_wrong_takes_no_run_from_its_worker_and_no_node_from_its_pool(
    submit: Callable[..., Run], command: Callable[..., dict[str, Any]], work: Callable[[], None],
    messages: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch, minutes: int,
) -> None:  # fmt: skip
    run = submit(command("echo whole"))
    Node.objects.update(seen=timezone.now())
    right = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: right() + timedelta(minutes=minutes))
    computes.beat_node()
    assert services.reap() == 0  # handed over by a machine with another clock
    assert leases.take(run_id=run.pk, fence=messages[0][1]) is not None
    assert services.reap() == 0  # and held by one
    assert computes.limits("local").slots > 0
    Run.objects.filter(pk=run.pk).update(lease_until=right() - timedelta(seconds=1))
    assert services.reap() == 1
    messages.pop(0)
    work()
    run.refresh_from_db()
    assert run.status == "Completed"


def test_a_late_write_of_a_lost_worker_is_refused(
    submit: Callable[..., Run], command: Callable[..., dict[str, Any]],
    messages: list[tuple[int, int]],
) -> None:  # fmt: skip
    run = submit(command("true"))
    pk, fence = messages.pop()
    Run.objects.filter(pk=pk).update(fence=fence + 1)
    run.refresh_from_db()
    assert run.move("Preparing", "Running", where={"fence": fence}) is False
    assert run.touch(where={"fence": fence}, progress=0.5) is False


def test_metrics_params_and_models_reported_by_the_job_are_stored(
    submit: Callable[..., Run], command: Callable[..., dict[str, Any]], work: Callable[[], None]
) -> None:
    script = (
        "from officina.tracking import Run; r = Run.get_context();"
        "[r.log('loss', 1 / (i + 1)) for i in range(5)]; r.log('bad', float('nan'));"
        "r.log_param('depth', 3); open('m.bin', 'w').write('m');"
        "r.register_model(model_name='tiny', model_path='m.bin')"
    )
    run = submit(command(f'python -c "{script}"'))
    work()
    run.refresh_from_db()
    assert run.status == "Completed", run.error
    assert run.metrics == {"loss": 0.2, "bad": "NaN"}
    series = services.read_series(run=run, key="loss")
    assert series["values"] == [1.0, 0.5, 1 / 3, 0.25, 0.2]
    assert run.params["depth"] == 3
    from registry.models import AssetVersion

    assert AssetVersion.objects.get(asset__name="tiny").run_guid == run.guid


def test_a_link_in_outputs_does_not_lead_to_the_servers_files(
    submit: Callable[..., Run], command: Callable[..., dict[str, Any]], work: Callable[[], None]
) -> None:
    run = submit(command("ln -s /etc/passwd outputs/p.txt; ln -s /etc outputs/etc; echo ok"))
    work()
    run.refresh_from_db()
    assert run.error["message"] == "The link 'etc' leads outside its folder."
    assert {a.path for a in run.artifacts.all()} == {"logs/std_log.txt"}


def test_an_unknown_compute_is_refused_with_the_known_ones(
    submit: Callable[..., Run], command: Callable[..., dict[str, Any]]
) -> None:
    with pytest.raises(StudioError, match=r"Known: .*cpu-cluster") as caught:
        submit(command("true", computeId="big-one"))
    assert caught.value.where == "compute"
    assert not Run.objects.exists()


def _wait_for(run: Run, status: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        run.refresh_from_db()
        if run.status == status:
            return
        time.sleep(0.02)
    raise AssertionError(f"still {run.status}")
