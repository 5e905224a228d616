"""What tracking clients describe beside runs: the datasets and the models that runs read and wrote."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from studio.runs.models.runs import Experiment, Run


class Dataset(models.Model):
    """A dataset as a client described it; runs of one experiment share it by name and digest."""

    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="datasets")
    name = models.CharField(max_length=500)
    digest = models.CharField(max_length=36)
    source_type = models.CharField(max_length=36)
    source = models.TextField()
    schema = models.TextField(blank=True)
    profile = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["experiment", "name", "digest"], name="dataset_once")
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.digest}"


class DatasetUse(models.Model):
    """A run read a dataset; the tag `mlflow.data.context` says what for."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="dataset_uses")
    dataset = models.ForeignKey(Dataset, models.CASCADE, related_name="uses")
    tags = models.JSONField(default=dict)
    context = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "dataset"], name="dataset_use_once")]

    def __str__(self) -> str:
        return f"{self.run_id} uses {self.dataset_id}"


class LoggedModel(models.Model):
    """A model that a run logged before anyone registers it; its files are added one by one.

    `files` is {path: {"sha256", "size"}}; `metrics` a list of MLflow's metric objects about it.
    """

    guid = models.CharField(max_length=34, unique=True)
    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="logged_models")
    run = models.ForeignKey(Run, models.SET_NULL, null=True, related_name="logged_models")
    name = models.CharField(max_length=500)
    model_type = models.CharField(max_length=500, blank=True)
    status = models.CharField(max_length=40, default="LOGGED_MODEL_PENDING")
    status_message = models.CharField(max_length=5000, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    params = models.JSONField(default=dict)
    tags = models.JSONField(default=dict)
    metrics = models.JSONField(default=list)
    files = models.JSONField(default=dict)
    created = models.DateTimeField(default=timezone.now)
    changed = models.DateTimeField(default=timezone.now)
    deleted = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["experiment", "-created", "guid"], name="logged_model_list")
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.guid}"


class LoggedModelUse(models.Model):
    """A run read (`in`) or wrote (`out`) a logged model."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="model_uses")
    model = models.ForeignKey(LoggedModel, models.CASCADE, related_name="uses")
    way = models.CharField(max_length=3)
    step = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "model", "way"], name="logged_model_use_once")
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.way} {self.model_id}"
