"""The addresses of core: health, for machines that watch."""

from django.urls import URLPattern, URLResolver, path

from core import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
