"""A client's own run is written to in batches, keeps its rules, and moves as its client says."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from officina.errors import StudioError
from studio.runs import live
from studio.runs.models import Experiment, MetricSegment, MetricSeries, Run
from studio.runs.services import experiments, tracking
from studio.runs.services.metrics import Point, read_points, read_series


@pytest.fixture
def run(workspace: Any, user: Any, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(live, "send", lambda group, message: None)
    row = Experiment.objects.create(workspace=workspace, name="iris")
    return tracking.begin_tracked(workspace=workspace, experiment=row, user=user)


def test_a_metric_logged_point_by_point_is_kept_in_few_segments(run: Run) -> None:
    for step in range(600):
        tracking.log_batch(run=run, points=[Point("loss", step / 2, step, 1.0)])
    series = MetricSeries.objects.get(run=run, key="loss")
    assert (series.n, series.last_step, series.last_value) == (600, 599, 299.5)
    assert MetricSegment.objects.filter(series=series).count() < 260
    assert [row[0] for row in read_points(run=run, key="loss")] == list(range(600))


def test_a_point_sent_twice_is_one_point(run: Run) -> None:
    for _ in range(2):
        tracking.log_batch(run=run, points=[Point("loss", 0.5, 3, 7.0)])
    assert read_points(run=run, key="loss") == [(3, 7.0, 0.5)]


def test_the_current_value_is_the_one_of_the_largest_step_then_time_then_value(run: Run) -> None:
    for value, step, ts in [(5.0, 2, 10.0), (1.0, 1, 99.0), (3.0, 2, 10.0), (4.0, 2, 9.0)]:
        tracking.log_batch(run=run, points=[Point("m", value, step, ts)])
    run.refresh_from_db()
    assert run.metrics["m"] == 5.0
    tracking.log_batch(run=run, points=[Point("m", math.nan, 2, 11.0)])
    run.refresh_from_db()
    assert run.metrics["m"] == "NaN"


def test_a_parameter_never_changes_and_a_refused_batch_leaves_nothing(run: Run) -> None:
    tracking.log_batch(run=run, params={"a": "1"})
    tracking.log_batch(run=run, params={"a": "1"})
    with pytest.raises(StudioError, match="not allowed"):
        tracking.log_batch(run=run, params={"a": "2", "b": "1"}, tags={"t": "x"})
    run.refresh_from_db()
    assert run.params == {"a": "1"}
    assert run.tags == {}


def test_a_tracked_run_ends_and_is_taken_up_again(run: Run) -> None:
    assert tracking.report_status(run=run, status="Completed")
    run.refresh_from_db()
    assert run.ended is not None
    assert tracking.report_status(run=run, status="Running")
    run.refresh_from_db()
    assert (run.status, run.ended) == ("Running", None)


def test_archiving_an_experiment_hides_its_runs_and_restoring_brings_them_back(
    run: Run, user: Any
) -> None:
    experiments.archive_experiment(experiment=run.experiment, user=user)
    assert not Run.objects.shown().exists()
    experiments.restore_experiment(experiment=run.experiment, user=user)
    assert Run.objects.shown().get() == run


@pytest.mark.django_db(transaction=True)
def test_what_many_log_at_once_is_all_there_and_each_hears_of_its_own_mistake(run: Run) -> None:
    other = tracking.begin_tracked(
        workspace=run.workspace, experiment=run.experiment, user=run.owner
    )
    gone = tracking.begin_tracked(
        workspace=run.workspace, experiment=run.experiment, user=run.owner
    )
    tracking.set_deleted(run=gone, deleted=True, user=run.owner)
    guids, refused = [run.guid, other.guid, gone.guid, "f" * 32], []

    def log(number: int) -> None:
        try:
            for step in range(20):
                guid = guids[(number + step) % 4]
                try:
                    rows = {
                        "loss": [(20 * number + step, 1.0, 0.5)],
                        f"m{number}": [(step, 1.0, 1.0)],
                    }
                    tracking.log_rows(guid=guid, workspace_id=run.workspace_id, rows=rows)
                except StudioError as error:
                    refused.append((guid, error.code))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(log, range(8)))
    assert sorted(set(refused)) == sorted({(gone.guid, "invalid"), ("f" * 32, "not_found")})
    assert len(refused) == 80
    for row, first in ((run, 0), (other, 1)):
        row.refresh_from_db()
        steps = [n * 20 + step for n in range(8) for step in range(20) if (n + step) % 4 == first]
        assert [point[0] for point in read_points(run=row, key="loss")] == sorted(steps)
        assert MetricSeries.objects.get(run=row, key="loss").n == 40
        assert set(row.metrics) == {"loss", *(f"m{number}" for number in range(8))}


def test_a_long_series_is_thinned_without_losing_a_spike(run: Run) -> None:
    for first in range(0, 30_000, 1000):
        rows = [(step, 1.0 + step, 0.5) for step in range(first, first + 1000)]
        if first == 17_000:
            rows[123], rows[456] = (17_123, 18_124.0, 99.0), (17_456, 18_457.0, math.nan)
        tracking.log_rows(guid=run.guid, workspace_id=run.workspace_id, rows={"loss": rows})
    shown = read_series(run=run, key="loss", points=100)
    assert len(shown["steps"]) <= 120
    assert shown["steps"] == sorted(shown["steps"])
    assert (shown["steps"][0], shown["steps"][-1]) == (0, 29_999)
    assert shown["values"][shown["steps"].index(17_123)] == 99.0
