"""Schedules, what each of them set off, and the rules that data has to meet."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from registry.models import Asset
from studio.runs.models import Run
from studio.runs.models.runs import new_guid
from studio.workspaces.models import Workspace


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    def visible_to(self, user: object) -> ScheduleQuerySet:
        return self.filter(workspace__in=Workspace.objects.visible_to(user))

    def due(self, now: Any) -> ScheduleQuerySet:
        return self.filter(enabled=True, next_run_at__lte=now)


class Schedule(models.Model):
    """When to do what. `document` is Azure's v2 REST `properties`; the other columns are what we ask for.

    What it starts belongs to `owner`, who saved it last: a schedule can do no more than that person.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="schedules")
    name = models.CharField(max_length=255)
    display_name = models.CharField(max_length=255, blank=True)
    document = models.JSONField(default=dict)
    enabled = models.BooleanField(default=True)
    next_run_at = models.DateTimeField(null=True)
    last_run_at = models.DateTimeField(null=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="schedules")
    created = models.DateTimeField(default=timezone.now)
    changed = models.DateTimeField(auto_now=True)

    objects = ScheduleQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="schedule_name_once")
        ]
        indexes = [models.Index(fields=["enabled", "next_run_at"], name="schedule_due")]

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> str:
        return self.display_name or self.name

    @property
    def trigger(self) -> dict[str, Any]:
        return dict(self.document.get("trigger") or {})

    @property
    def action(self) -> dict[str, Any]:
        return dict(self.document.get("action") or {})


class Firing(models.Model):
    """One time that a schedule fired, and what came of it; `missed` counts times that passed unseen before."""

    STARTING, SUBMITTED, FAILED = "Starting", "Submitted", "Failed"

    guid = models.CharField(max_length=32, unique=True, default=new_guid)
    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="firings")
    due = models.DateTimeField()
    fired = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    manual = models.BooleanField(default=False)
    state = models.CharField(max_length=16, default=STARTING)
    missed = models.PositiveIntegerField(default=0)
    run = models.ForeignKey(Run, models.SET_NULL, null=True, related_name="firings")
    error = models.JSONField(null=True)

    class Meta:
        ordering = ["-fired", "-pk"]
        indexes = [
            models.Index(fields=["state", "fired"], name="firing_state"),
            models.Index(fields=["schedule", "-fired"], name="firing_recent"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["schedule", "due"],
                condition=models.Q(manual=False),
                name="fired_once_when_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.schedule} at {self.due:%Y-%m-%d %H:%M}"


class QualityRules(models.Model):
    """The rules that the versions of a data asset have to meet."""

    asset = models.OneToOneField(Asset, models.CASCADE, related_name="quality_rules")
    rules = models.JSONField(default=list)
    changed = models.DateTimeField(auto_now=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        verbose_name_plural = "quality rules"

    def __str__(self) -> str:
        return f"{self.asset}: {len(self.rules)} rules"
