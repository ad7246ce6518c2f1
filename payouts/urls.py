"""The addresses of the pages of payouts."""

from django.urls import URLPattern, URLResolver, path

from payouts.views import methods

urlpatterns: list[URLPattern | URLResolver] = [
    path("dashboard/provider/payout-methods", methods.payout_methods, name="payout_methods"),
    path("dashboard/provider/payout-methods/add/<str:kind>", methods.payout_method_add, name="payout_method_add"),
    path("dashboard/provider/payout-methods/confirm/<str:secret>", methods.payout_method_confirm, name="payout_method_confirm"),
    path("dashboard/provider/payout-methods/<uuid:public_id>", methods.payout_method, name="payout_method"),
    path("dashboard/provider/payout-methods/<uuid:public_id>/remove", methods.payout_method_remove, name="payout_method_remove"),
]
