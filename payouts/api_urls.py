"""The machine addresses of payouts, below /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from payouts import api, method_api

urlpatterns: list[URLPattern | URLResolver] = [
    path("provider/payout-methods", method_api.PayoutMethods.as_view(), name="api_payout_methods"),
    path("admin/payment-releases", api.PaymentReleases.as_view(), name="api_payment_releases"),
    path("admin/payouts", api.Payouts.as_view(), name="api_payouts"),
    path("admin/payouts/<uuid:payout_id>", api.OnePayout.as_view(), name="api_payout"),
]
