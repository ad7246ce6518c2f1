"""The addresses of the pages of payouts."""

from django.urls import URLPattern, URLResolver, path

from payouts.views import connect, earnings, methods

urlpatterns: list[URLPattern | URLResolver] = [
    path("dashboard/provider/earnings", earnings.provider_earnings, name="provider_earnings"),
    path("dashboard/provider/payouts", earnings.provider_payouts, name="provider_payouts"),
    path("dashboard/provider/payouts/<uuid:public_id>", earnings.provider_payout, name="provider_payout"),
    path("dashboard/provider/statements", earnings.provider_statements, name="provider_statements"),
    path("dashboard/provider/statements/<int:year>-<int:month>/<str:currency>.csv", earnings.statement_csv, name="statement_csv"),
    path("dashboard/provider/statements/<int:year>-<int:month>/<str:currency>.pdf", earnings.statement_pdf, name="statement_pdf"),
    path("dashboard/provider/payout-methods", methods.payout_methods, name="payout_methods"),
    path("dashboard/provider/payout-methods/stripe", connect.payout_method_connect, name="payout_method_connect"),
    path(
        "dashboard/provider/payout-methods/<uuid:public_id>/continue", connect.payout_method_continue, name="payout_method_continue"
    ),
    path("dashboard/provider/payout-methods/<uuid:public_id>/back", connect.payout_method_back, name="payout_method_back"),
    path("dashboard/provider/payout-methods/add/<str:kind>", methods.payout_method_add, name="payout_method_add"),
    path("dashboard/provider/payout-methods/confirm", methods.payout_method_confirm, name="payout_method_confirm_kept"),
    path("dashboard/provider/payout-methods/confirm/<str:secret>", methods.payout_method_confirm, name="payout_method_confirm"),
    path("dashboard/provider/payout-methods/<uuid:public_id>", methods.payout_method, name="payout_method"),
    path(
        "dashboard/provider/payout-methods/<uuid:public_id>/link", methods.payout_method_send_again, name="payout_method_send_again"
    ),
    path("dashboard/provider/payout-methods/<uuid:public_id>/remove", methods.payout_method_remove, name="payout_method_remove"),
]
