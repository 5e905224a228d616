"""What one changes on the compute pages."""

from __future__ import annotations

from django.urls import path

from studio.compute import views

W = "w/<str:workspace>"
urlpatterns = [
    path(f"{W}/compute/quota/", views.save_quota, name="compute-quota"),
    path(f"{W}/compute/create/", views.create, name="compute-create"),
    path(f"{W}/compute/of/<str:name>/change/", views.change, name="compute-change"),
]
