"""Every address of the site: each app's pages at the root, each app's machine door under /api/v1/."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView

urlpatterns = [
    path("", include("core.urls")),
    path("", include("accounts.urls")),
    path("", include("providers.urls")),
    path("", include("contracts.urls")),
    path("", include("billing.urls")),
    path("", include("messaging.urls")),
    path("", include("dashboard.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/schema", SpectacularJSONAPIView.as_view(), name="api_schema"),
    path("api/v1/", include("core.api_urls")),
    path("api/v1/", include("accounts.api_urls")),
    path("api/v1/", include("providers.api_urls")),
    path("api/v1/", include("contracts.api_urls")),
    path("api/v1/", include("billing.api_urls")),
    path("api/v1/", include("messaging.api_urls")),
    path("api/v1/", include("dashboard.api_urls")),
]
