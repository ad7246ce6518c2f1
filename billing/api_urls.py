"""The machine addresses of billing, below /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from billing import api, buyer_api, document_api, vat_api, webhooks

urlpatterns: list[URLPattern | URLResolver] = [
    path("quotes", api.Quotes.as_view(), name="api_quotes"),
    path("quotes/<uuid:quote_id>", api.OneQuote.as_view(), name="api_quote"),
    path("contracts", api.Contracts.as_view(), name="api_contracts"),
    path("contracts/<str:reference>/extend", api.Extend.as_view(), name="api_contract_extend"),
    path("contracts/<str:reference>/cancel-preview", api.CancelPreview.as_view(), name="api_contract_cancel_preview"),
    path("charges/<uuid:charge_id>", api.OneCharge.as_view(), name="api_charge"),
    path("documents", document_api.Documents.as_view(), name="api_documents"),
    path("documents/<uuid:document_id>/<str:form>", document_api.DocumentFile.as_view(), name="api_document_file"),
    path("accounts/billing", buyer_api.Billing.as_view(), name="api_billing"),
    path("vat/validate", vat_api.ValidateVat.as_view(), name="api_vat_validate"),
    path("vat/checks/<uuid:check_id>", vat_api.OneVatCheck.as_view(), name="api_vat_check"),
    path("webhooks/sandbox", webhooks.sandbox, name="webhook_sandbox"),
    path("webhooks/stripe", webhooks.stripe, name="webhook_stripe"),
    path("webhooks/icpay", webhooks.icpay, name="webhook_icpay"),
]
