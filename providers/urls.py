"""The addresses of the pages of providers."""

from django.urls import URLPattern, URLResolver, path

from providers import market_views, marketplace_views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", market_views.home, name="home"),
    path("marketplace", marketplace_views.marketplace, name="marketplace"),
    path("compare", market_views.compare, name="compare"),
    path("providers/<slug:slug>", market_views.provider, name="provider"),
]
