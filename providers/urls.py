"""The addresses of the pages of providers."""

from django.urls import URLPattern, URLResolver, path

from providers.views import importing, market, marketplace, offerings, profile

urlpatterns: list[URLPattern | URLResolver] = [
    path("", market.home, name="home"),
    path("marketplace", marketplace.marketplace, name="marketplace"),
    path("marketplace/search", marketplace.query_language, name="query_language"),
    path("compare", market.compare, name="compare"),
    path("providers/<slug:slug>", market.provider, name="provider"),
    path("dashboard/provider/start", profile.provider_become, name="provider_become"),
    path("dashboard/provider/profile", profile.provider_profile, name="provider_profile"),
    path("dashboard/provider/offerings", offerings.provider_offerings, name="provider_offerings"),
    path("dashboard/provider/offerings/new", offerings.offering_new, name="offering_new"),
    path("dashboard/provider/offerings/import", importing.offering_import, name="offering_import"),
    path("dashboard/provider/offerings/import/<int:preview>", importing.offering_preview, name="offering_preview"),
    path("dashboard/provider/offerings/export", importing.offering_export, name="offering_export"),
    path("dashboard/provider/offerings/template", importing.offering_template, name="offering_template"),
    path("dashboard/provider/offerings/<slug:slug>/edit", offerings.offering_edit, name="offering_edit"),
    path("dashboard/provider/offerings/<slug:slug>/publish", offerings.offering_publish, name="offering_publish"),
    path("dashboard/provider/offerings/<slug:slug>/archive", offerings.offering_archive, name="offering_archive"),
    path("dashboard/provider/offerings/<slug:slug>/duplicate", offerings.offering_duplicate, name="offering_duplicate"),
    path("dashboard/provider/offerings/<slug:slug>/access", offerings.offering_access, name="offering_access"),
]
