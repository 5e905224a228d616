"""What one changes on the compute page."""

from __future__ import annotations

from django.urls import path

from studio.compute import views

urlpatterns = [path("w/<str:workspace>/compute/quota/", views.save_quota, name="compute-quota")]
