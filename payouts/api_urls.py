"""The machine addresses of payouts, below /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from payouts import method_api

urlpatterns: list[URLPattern | URLResolver] = [
    path("provider/payout-methods", method_api.PayoutMethods.as_view(), name="api_payout_methods"),
]
