"""The addresses of the account pages. Signing in and its factors are allauth's, below /accounts/."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
