"""Every address of the site: each app's pages at the root, each app's machine door under /api/v1/."""

from django.contrib import admin
from django.urls import include, path

from decentcloud import api_docs, pages

handler400 = pages.bad_request
handler403 = pages.permission_denied
handler404 = pages.not_found
handler500 = pages.server_error

urlpatterns = [
    path("how-it-works", pages.RulesPage.as_view(template_name="pages/how.html"), name="how"),
    path("how-we-measure", pages.RulesPage.as_view(template_name="pages/measure.html"), name="measure"),
    path("help", pages.RulesPage.as_view(template_name="pages/help.html"), name="help"),
    path("terms", pages.RulesPage.as_view(template_name="pages/terms.html"), name="terms"),
    path("privacy", pages.RulesPage.as_view(template_name="pages/privacy.html"), name="privacy"),
    path("imprint", pages.ImprintPage.as_view(), name="imprint"),
    path("theme", pages.choose_theme, name="theme"),
    path("favicon.ico", pages.favicon, name="favicon"),
    path("styleguide", pages.styleguide_page, name="styleguide"),
    path("", include("core.urls")),
    path("", include("accounts.urls")),
    path("", include("providers.urls")),
    path("", include("contracts.urls")),
    path("", include("billing.urls")),
    path("", include("payouts.urls")),
    path("", include("messaging.urls")),
    path("", include("dashboard.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/schema", api_docs.schema, name="api_schema"),
    path("api/v1/docs", api_docs.docs, name="api_docs"),
    path("api/v1/", include("core.api_urls")),
    path("api/v1/", include("accounts.api_urls")),
    path("api/v1/", include("providers.api_urls")),
    path("api/v1/", include("contracts.api_urls")),
    path("api/v1/", include("billing.api_urls")),
    path("api/v1/", include("payouts.api_urls")),
    path("api/v1/", include("messaging.api_urls")),
    path("api/v1/", include("dashboard.api_urls")),
]
