"""The addresses of the pages of billing."""

from django.urls import URLPattern, URLResolver, path

from billing.states import DocumentForm
from billing.views.checkout import checkout, checkout_return, checkout_transaction
from billing.views.details import billing_details
from billing.views.documents import document_file, invoices, invoices_zip
from billing.views.order import order, quote_create
from billing.views.refund_addresses import refund_address_confirm, refund_address_remove, refund_addresses
from billing.views.sandbox import sandbox

urlpatterns: list[URLPattern | URLResolver] = [
    path("offerings/<slug:slug>/quote", quote_create, name="quote_create"),
    path("order/<uuid:public_id>", order, name="order"),
    path("checkout/<uuid:public_id>", checkout, name="checkout"),
    path("checkout/<uuid:public_id>/return", checkout_return, name="checkout_return"),
    path("checkout/<uuid:public_id>/transaction", checkout_transaction, name="checkout_transaction"),
    path("sandbox/<uuid:public_id>", sandbox, name="sandbox"),
    path("account/billing", billing_details, name="billing_details"),
    path("dashboard/refund-addresses", refund_addresses, name="refund_addresses"),
    path("dashboard/refund-addresses/confirm", refund_address_confirm, name="refund_address_confirm_kept"),
    path("dashboard/refund-addresses/confirm/<str:secret>", refund_address_confirm, name="refund_address_confirm"),
    path("dashboard/refund-addresses/<int:address_id>/remove", refund_address_remove, name="refund_address_remove"),
    path("dashboard/invoices", invoices, name="invoices"),
    path("dashboard/invoices/<int:year>.zip", invoices_zip, name="invoices_zip"),
    path("documents/<uuid:public_id>.pdf", document_file, {"form": DocumentForm.PDF}, name="document_pdf"),
    path("documents/<uuid:public_id>.xml", document_file, {"form": DocumentForm.CII}, name="document_xml"),
    path("documents/<uuid:public_id>.ubl.xml", document_file, {"form": DocumentForm.UBL}, name="document_ubl"),
]
