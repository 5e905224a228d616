"""Experiments, runs of every kind, and what a run leaves behind."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F
from django.utils import timezone

from studio.compute.models import ComputeTarget
from studio.workspaces.models import Workspace


class Status(models.TextChoices):
    """Azure's names, in the order that a run goes through them."""

    NOT_STARTED = "NotStarted"
    QUEUED = "Queued"
    PREPARING = "Preparing"
    RUNNING = "Running"
    FINALIZING = "Finalizing"
    CANCEL_REQUESTED = "CancelRequested"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELED = "Canceled"


ENDED = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELED})
# Statuses in which a worker holds the run, so a lease must be alive.
HELD = frozenset({Status.PREPARING, Status.RUNNING, Status.FINALIZING, Status.CANCEL_REQUESTED})
MOVES: dict[str, frozenset[str]] = {
    Status.NOT_STARTED: frozenset({Status.QUEUED, Status.RUNNING, *ENDED}),
    Status.QUEUED: frozenset({Status.PREPARING, Status.CANCELED, Status.FAILED}),
    Status.PREPARING: frozenset(
        {Status.RUNNING, Status.QUEUED, Status.FAILED, Status.CANCELED, Status.CANCEL_REQUESTED}
    ),
    Status.RUNNING: frozenset({Status.FINALIZING, Status.QUEUED, Status.CANCEL_REQUESTED, *ENDED}),
    Status.FINALIZING: frozenset({Status.CANCEL_REQUESTED, Status.QUEUED, *ENDED}),
    Status.CANCEL_REQUESTED: ENDED,
}
# What a tracked run may do besides: nobody but its client runs it, and may take it up again.
TRACKED_MOVES: dict[str, frozenset[str]] = {
    Status.NOT_STARTED: frozenset({Status.RUNNING, *ENDED}),
    Status.RUNNING: frozenset({Status.NOT_STARTED, *ENDED}),
    **{old: frozenset({Status.NOT_STARTED, Status.RUNNING, *(ENDED - {old})}) for old in ENDED},
}


class ExperimentQuerySet(models.QuerySet["Experiment"]):
    def visible_to(self, user: object) -> ExperimentQuerySet:
        return self.filter(workspace__in=Workspace.objects.visible_to(user))


class Experiment(models.Model):
    """A name that groups runs."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="experiments")
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    archived = models.BooleanField(default=False)
    tags = models.JSONField(default=dict)
    created = models.DateTimeField(auto_now_add=True)
    changed = models.DateTimeField(auto_now=True)

    objects = ExperimentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="experiment_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class SavedView(models.Model):
    """A person's filters, order and columns of the run list under a name."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=2000)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "user", "name"], name="view_name_once")
        ]

    def __str__(self) -> str:
        return self.name


def new_guid() -> str:
    return uuid.uuid4().hex


class RunQuerySet(models.QuerySet["Run"]):
    def visible_to(self, user: object) -> RunQuerySet:
        return self.filter(workspace__in=Workspace.objects.visible_to(user))

    def roots(self) -> RunQuerySet:
        return self.filter(parent=None)

    def ended(self) -> RunQuerySet:
        return self.filter(status__in=ENDED)

    def shown(self) -> RunQuerySet:
        """Leave out what was deleted and can still be restored."""
        return self.filter(deleted=None)

    def listed(self, which: str) -> RunQuerySet:
        """Leave out archived runs (`active`), all others (`archived`) or none (`all`)."""
        # `IN (0)` and not `NOT archived`, as for assets: SQLite then keeps to the index's order.
        return self if which == "all" else self.filter(archived__in=[which == "archived"])

    def held(self) -> RunQuerySet:
        return self.filter(status__in=HELD).exclude(kind__in=(Run.PIPELINE, Run.TRACKED))


class Run(models.Model):
    """One execution: a command job, a designer module, a pipeline, or a step of one.

    A tracked run is executed elsewhere: a client reports it, no queue and no worker knows it.

    `status` changes only by `move`, which hits one row or none. `fence` grows with each hand-over to
    a worker, and every later write of that worker names it, so what a lost worker still sends is
    refused.
    """

    PIPELINE = "pipeline"
    COMMAND = "command"
    MODULE = "module"
    TRACKED = "mlflow"

    guid = models.CharField(max_length=32, unique=True, default=new_guid)
    name = models.CharField(max_length=255)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="runs")
    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="runs")
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="children")
    root = models.ForeignKey("self", models.CASCADE, null=True, related_name="+")
    step = models.CharField(max_length=255, blank=True)
    kind = models.CharField(max_length=16)
    display_name = models.CharField(max_length=255, blank=True)
    description = models.TextField(blank=True)
    notes = models.TextField(blank=True)
    document = models.JSONField(default=dict)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.NOT_STARTED)
    reason = models.CharField(max_length=500, blank=True)
    error = models.JSONField(null=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="runs")
    compute = models.ForeignKey(ComputeTarget, models.SET_NULL, null=True, related_name="runs")
    priority = models.IntegerField(default=0)
    slots = models.PositiveIntegerField(default=1)

    attempt = models.PositiveIntegerField(default=1)
    max_attempts = models.PositiveIntegerField(default=1)
    fence = models.PositiveIntegerField(default=0)
    lease_owner = models.CharField(max_length=255, blank=True)
    lease_until = models.DateTimeField(null=True)
    node = models.CharField(max_length=255, blank=True)
    # How far the monitor has read: {"log": bytes, "messages": bytes}; moved in the transaction that
    # stores what was read, so an adopting worker neither skips nor doubles anything.
    cursor = models.JSONField(default=dict)

    step_key = models.CharField(max_length=64, blank=True)
    key_parts = models.JSONField(default=dict)
    reused_from = models.ForeignKey("self", models.SET_NULL, null=True, related_name="reuses")
    environment = models.CharField(max_length=255, blank=True)
    git = models.JSONField(null=True)
    inputs = models.JSONField(default=dict)
    outputs = models.JSONField(default=dict)
    params = models.JSONField(default=dict)
    tags = models.JSONField(default=dict)
    metrics = models.JSONField(default=dict)

    progress = models.FloatField(null=True)
    progress_text = models.CharField(max_length=255, blank=True)
    confinement = models.CharField(max_length=255, blank=True)
    peak_memory = models.BigIntegerField(null=True)
    exit_code = models.IntegerField(null=True)
    version = models.PositiveIntegerField(default=0)
    created = models.DateTimeField(default=timezone.now)
    queued = models.DateTimeField(null=True)
    started = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)
    deleted = models.DateTimeField(null=True)
    archived = models.BooleanField(default=False)

    objects = RunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="run_name_once"),
            models.UniqueConstraint(
                fields=["parent", "step"],
                condition=models.Q(parent__isnull=False),
                name="step_once_per_parent",
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "parent", "-created"], name="run_list"),
            models.Index(
                fields=["workspace", "parent", "status", "-created"], name="run_by_status"
            ),
            models.Index(fields=["experiment", "parent", "-created"], name="run_by_experiment"),
            models.Index(fields=["status", "lease_until"], name="run_lease"),
            # A turn of the queue asks for its lines, then for the first few of each.
            models.Index(
                fields=["status", "compute", "workspace", "owner", "-priority", "queued"],
                name="run_queue",
            ),
            models.Index(fields=["workspace", "step_key", "status"], name="run_step_key"),
            models.Index(fields=["experiment", "-started", "guid"], name="run_by_start"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_ended(self) -> bool:
        return self.status in ENDED

    @property
    def is_reused(self) -> bool:
        return self.reused_from_id is not None

    @property
    def own_tags(self) -> dict[str, str]:
        """The tags that people gave it, without those that a tracking client or the designer keeps for itself."""
        kept = ("mlflow.", "officina.")
        return {key: value for key, value in self.tags.items() if not key.startswith(kept)}

    @property
    def title(self) -> str:
        return self.display_name or self.step or self.name

    @property
    def seconds(self) -> float | None:
        """Return how long the run has worked, without its time in the queue."""
        if self.started is None:
            return None
        return ((self.ended or timezone.now()) - self.started).total_seconds()

    def move(self, old: str | tuple[str, ...], new: str, **changes: Any) -> bool:
        """Claim the change from `old` to `new`; False when another got there first.

        With a fence in `changes["where"]` only the holder of that fence succeeds.
        """
        olds = (old,) if isinstance(old, str) else old
        moves = TRACKED_MOVES if self.kind == Run.TRACKED else MOVES
        for each in olds:
            if new not in moves.get(each, frozenset()):
                raise ValueError(f"no move from {each} to {new}")
        where = changes.pop("where", {})
        now = timezone.now()
        if new == Status.QUEUED:
            changes.setdefault("queued", now)
        if new == Status.RUNNING and self.started is None:
            changes.setdefault("started", now)
        if new in ENDED:
            changes.setdefault("ended", now)
            changes |= {"lease_until": None, "lease_owner": ""}
        changed = Run.objects.filter(pk=self.pk, status__in=olds, **where).update(
            status=new, version=F("version") + 1, **changes
        )
        if changed:
            self.status = new
            self.version += 1
            for key, value in changes.items():
                setattr(self, key, value)
        return bool(changed)

    def touch(self, *, where: dict[str, Any] | None = None, **changes: Any) -> bool:
        """Write columns and raise the version, for the holder of the fence in `where` alone."""
        changed = Run.objects.filter(pk=self.pk, **(where or {})).update(
            version=F("version") + 1, **changes
        )
        if changed:
            self.version += 1
            for key, value in changes.items():
                setattr(self, key, value)
        return bool(changed)


class MetricSeries(models.Model):
    """The summary of one metric of a run: all that lists and leaderboards read."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="series")
    key = models.CharField(max_length=250)
    n = models.IntegerField(default=0)
    last_step = models.BigIntegerField(default=0)
    last_ts = models.FloatField(default=0)
    # NaN and infinities cannot be columns on every database: null, with the word beside it.
    last_value = models.FloatField(null=True)
    last_word = models.CharField(max_length=9, blank=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "key"], name="series_once")]
        indexes = [models.Index(fields=["key", "last_value"], name="series_value")]

    def __str__(self) -> str:
        return self.key


class MetricSegment(models.Model):
    """Packed points of one series: little-endian int64 steps, float64 times, float64 values."""

    series = models.ForeignKey(MetricSeries, models.CASCADE, related_name="segments")
    first_step = models.BigIntegerField()
    n = models.IntegerField()
    data = models.BinaryField()

    class Meta:
        indexes = [models.Index(fields=["series", "first_step"], name="segment_order")]

    def __str__(self) -> str:
        return f"{self.n} points from {self.first_step}"


class MetricBatch(models.Model):
    """A batch that was stored, so that a client's retry changes nothing."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="+")
    batch = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "batch"], name="batch_once")]

    def __str__(self) -> str:
        return self.batch


class RunTag(models.Model):
    """A tag or parameter in searchable form; the run's JSON columns are what pages show."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="labels")
    kind = models.CharField(max_length=5)
    key = models.CharField(max_length=250)
    value = models.CharField(max_length=500)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "kind", "key"], name="label_once")]
        indexes = [models.Index(fields=["kind", "key", "value"], name="label_value")]

    def __str__(self) -> str:
        return f"{self.key}={self.value}"


class Artifact(models.Model):
    """A file that a run left: `path` inside the run, bytes in the content store."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="artifacts")
    path = models.CharField(max_length=1000)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    # "file", "image", "table", "confusion_matrix", "roc": how the run page shows it.
    kind = models.CharField(max_length=20, default="file")
    key = models.CharField(max_length=250, blank=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "path"], name="artifact_once")]
        ordering = ["path"]

    def __str__(self) -> str:
        return self.path


class LineageEdge(models.Model):
    """`source` went into `target`; ends are `run/<guid>`, `data/<name>/<version>`, `model/...`."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    source = models.CharField(max_length=400)
    target = models.CharField(max_length=400)
    label = models.CharField(max_length=250, blank=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "source", "target", "label"], name="lineage_once"
            )
        ]
        indexes = [models.Index(fields=["workspace", "target"], name="lineage_up")]

    def __str__(self) -> str:
        return f"{self.source} -> {self.target}"
