"""The machine addresses of billing, below /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from billing import webhooks

urlpatterns: list[URLPattern | URLResolver] = [
    path("webhooks/sandbox", webhooks.sandbox, name="webhook_sandbox"),
]
