"""Whether a job is archived is now the run's own fact, which the portal and the command share."""

from django.db import migrations


def hand_over(apps, schema_editor):
    hidden = apps.get_model("azureml", "SentJob").objects.filter(hidden=True)
    apps.get_model("runs", "Run").objects.filter(pk__in=hidden.values("run_id")).update(
        archived=True
    )


def take_back(apps, schema_editor):
    archived = apps.get_model("runs", "Run").objects.filter(archived=True)
    apps.get_model("azureml", "SentJob").objects.filter(run__in=archived).update(hidden=True)


class Migration(migrations.Migration):
    dependencies = [
        ("azureml", "0001_blobs_and_sent_jobs"),
        ("runs", "0006_archived_runs"),
    ]

    operations = [
        migrations.RunPython(hand_over, take_back),
        migrations.RemoveField("sentjob", "hidden"),
    ]
