"""The machine addresses of contracts, below /api/v1/. The list itself stands in billing, which adds ordering to it."""

from django.urls import URLPattern, URLResolver, path

from contracts import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("contracts/<str:reference>", api.OneContract.as_view(), name="api_contract"),
    path("contracts/<str:reference>/timeline", api.Timeline.as_view(), name="api_contract_timeline"),
    path("contracts/<str:reference>/confirm", api.Confirm.as_view(), name="api_contract_confirm"),
    path("contracts/<str:reference>/cancel", api.Cancel.as_view(), name="api_contract_cancel"),
]
