"""Pages of runs and experiments, and their websockets."""

from __future__ import annotations

from django.urls import path, re_path

from studio.runs.consumers import LiveConsumer
from studio.runs.views import actions, comparing, data, lists, models, page

W = "w/<str:workspace>"
RUN = f"{W}/runs/<str:guid>"
MODEL = f"{W}/models/<str:name>"

urlpatterns = [
    path(f"{W}/experiments/", lists.experiments, name="experiments"),
    path(f"{W}/experiments/<str:name>/", lists.experiment, name="experiment"),
    path(f"{W}/runs/", lists.runs, name="runs"),
    path(f"{W}/run-views/", lists.save_view, name="run-view-save"),
    path(f"{W}/run-views/<int:pk>/delete/", lists.delete_view, name="run-view-delete"),
    path(f"{W}/compare/", comparing.compare, name="compare"),
    path(f"{W}/compare/all/", comparing.compare_all, name="compare-all"),
    path(f"{W}/compare/chart.json", data.compare_chart, name="compare-chart"),
    path(f"{RUN}/", page.run_page, name="run"),
    path(f"{RUN}/chart.json", data.chart, name="run-chart"),
    path(f"{RUN}/figure.json", data.figure, name="run-figure"),
    path(f"{RUN}/graph.json", data.graph, name="run-graph"),
    path(f"{RUN}/timeline.json", data.timeline, name="run-timeline"),
    path(f"{RUN}/cancel/", actions.cancel, name="run-cancel"),
    path(f"{RUN}/rerun/", actions.rerun, name="run-rerun"),
    path(f"{RUN}/archive/", actions.archive, name="run-archive"),
    path(f"{RUN}/priority/", actions.move, name="run-priority"),
    path(f"{RUN}/edit/", actions.edit, name="run-edit"),
    path(f"{RUN}/register/", actions.register, name="run-register"),
    path(f"{MODEL}/compare/", models.compare, name="model-compare"),
    path(f"{MODEL}/versions/<str:version>/work/", models.work, name="model-work"),
    path(f"{MODEL}/versions/<str:version>/work/start/", models.start, name="model-work-start"),
    path(
        f"{MODEL}/versions/<str:version>/work/profile.json",
        models.chart,
        name="model-profile-chart",
    ),
    path(
        f"{MODEL}/versions/<str:version>/packages/<int:number>/<str:file>",
        models.package,
        name="model-package",
    ),
    re_path(
        r"^w/(?P<workspace>[^/]+)/runs/(?P<guid>[^/]+)/(?P<place>files|output|input|snapshot)/(?P<path>.+)$",
        data.run_file,
        name="run-file",
    ),
]

websocket_urlpatterns = [
    path("ws/w/<str:workspace>/", LiveConsumer.as_asgi()),
    path("ws/w/<str:workspace>/runs/<str:guid>/", LiveConsumer.as_asgi()),
]
