"""Schedules: made from YAML and from Python, listed, switched off and on, fired, deleted."""

from azure.ai.ml import dsl, load_component
from azure.ai.ml.constants import TimeZone
from azure.ai.ml.entities import CronTrigger, JobSchedule, RecurrencePattern, RecurrenceTrigger
from azure.ai.ml.entities._load_functions import load_schedule
from pipelines import component_folder
from shared import V, folder, wait, workflow

CRON = """
$schema: https://azuremlschemas.azureedge.net/latest/schedule.schema.json
name: by_cron
display_name: Every Monday
description: from YAML
trigger:
  type: cron
  expression: "15 10 * * 1"
  start_time: "2030-01-01T10:00:00"
  time_zone: Pacific Standard Time
create_job: ./job.yml
"""
JOB = """
$schema: https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json
type: pipeline
settings: {default_compute: azureml:cpu-cluster}
inputs: {word: hello}
jobs:
  say:
    type: command
    command: echo ${{inputs.word}}
    environment: azureml:minimal@latest
    inputs: {word: "${{parent.inputs.word}}"}
"""


@workflow
def a_schedule_from_yaml(ml):
    name = f"by_cron_{V}"
    place = folder("schedule", s__yml=CRON.replace("by_cron", name), job__yml=JOB)
    made = ml.schedules.begin_create_or_update(load_schedule(str(place / "s.yml"))).result()
    assert (made.name, made.is_enabled, made.display_name) == (name, True, "Every Monday")
    got = ml.schedules.get(name)
    assert got.trigger.expression == "15 10 * * 1" and got.create_job.type == "pipeline"
    assert got.trigger.time_zone == "Pacific Standard Time", got.trigger
    fired = getattr(ml.schedules, "trigger", None)
    if fired:
        assert wait(ml, fired(name).job_name).status == "Completed"
    assert not ml.schedules.begin_disable(name).result().is_enabled
    assert name not in [s.name for s in ml.schedules.list()]
    assert ml.schedules.begin_enable(name).result().is_enabled
    assert name in [s.name for s in ml.schedules.list()]
    ml.schedules.begin_delete(name).result()
    assert name not in [s.name for s in ml.schedules.list()]


@workflow
def a_schedule_from_python(ml):
    add = load_component(str(component_folder() / "component.yml"))

    @dsl.pipeline(default_compute="cpu-cluster")
    def adding():
        add(number=3)

    name = f"by_recurrence_{V}"
    trigger = RecurrenceTrigger(
        frequency="week",
        interval=2,
        schedule=RecurrencePattern(hours=[6, 18], minutes=[0, 30], week_days=["monday"]),
        time_zone=TimeZone.UTC,
    )
    schedule = JobSchedule(name=name, trigger=trigger, create_job=adding(), tags={"a": "b"})
    made = ml.schedules.begin_create_or_update(schedule).result()
    assert (made.trigger.interval, made.tags["a"]) == (2, "b"), made
    assert made.trigger.schedule.hours == [6, 18], made.trigger.schedule
    job = ml.jobs.create_or_update(adding())
    again = JobSchedule(
        name=name, trigger=CronTrigger(expression="0 5 * * *"), create_job=job, description="anew"
    )
    changed = ml.schedules.begin_create_or_update(again).result()
    assert (changed.description, changed.trigger.expression) == ("anew", "0 5 * * *")
    ml.schedules.begin_delete(name).result()
