"""The addresses of the pages of dashboard."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, path, register_converter

from dashboard.references import ReferenceConverter
from dashboard.views import deal, desk, evidence, offering, rental, rentals

register_converter(ReferenceConverter, "reference")

urlpatterns: list[URLPattern | URLResolver] = [
    path("offerings/<slug:slug>", offering.offering, name="offering"),
    path("dashboard/rentals", rentals.rentals, name="rentals"),
    path("dashboard/rentals/<reference:reference>", rental.rental, name="rental"),
    path("dashboard/rentals/<reference:reference>/terms", rental.rental_terms, name="rental_terms"),
    path("dashboard/rentals/<reference:reference>/watch", rental.rental_watch, name="rental_watch"),
    path("dashboard/rentals/<reference:reference>/confirm", rental.rental_confirm, name="rental_confirm"),
    path("dashboard/rentals/<reference:reference>/complain", rental.rental_complain, name="rental_complain"),
    path("dashboard/rentals/<reference:reference>/cancel", rental.rental_cancel, name="rental_cancel"),
    path("dashboard/rentals/<reference:reference>/extend", rental.rental_extend, name="rental_extend"),
    path("dashboard/provider", desk.provider_desk, name="provider_desk"),
    path("dashboard/provider/<reference:reference>", deal.deal, name="provider_contract"),
    path("dashboard/provider/<reference:reference>/accept", deal.provider_accept, name="provider_accept"),
    path("dashboard/provider/<reference:reference>/reject", deal.provider_reject, name="provider_reject"),
    path("dashboard/provider/<reference:reference>/start", deal.provider_start, name="provider_start"),
    path("dashboard/provider/<reference:reference>/deliver", deal.provider_deliver, name="provider_deliver"),
    path("dashboard/provider/<reference:reference>/fail", deal.provider_fail, name="provider_fail"),
    path("dashboard/provider/<reference:reference>/cancel", deal.provider_cancel, name="provider_cancel"),
    path(
        "dashboard/staff/disputes/<int:dispute_id>/evidence.zip",
        admin.site.admin_view(evidence.dispute_evidence),
        name="dispute_evidence",
    ),
]
