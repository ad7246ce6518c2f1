"""The machine addresses of providers, below /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from providers import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("offerings", api.Offerings.as_view(), name="api_offerings"),
    path("offerings/<slug:slug>", api.OneOffering.as_view(), name="api_offering"),
]
