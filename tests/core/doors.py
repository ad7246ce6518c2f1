"""A machine door of its own for the tests: views that create, refuse, break and list, at the addresses of a test's urlconf."""

from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from rest_framework import generics, serializers
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.errors import Refused
from core.idempotency import SecretResponse, idempotent
from core.models import DomainEvent
from core.outbox import emit


class Body(serializers.Serializer[Any]):
    """What is sent to the door."""

    name = serializers.CharField(max_length=20)
    number = serializers.IntegerField(required=False, max_value=100)
    lines = serializers.ListField(child=serializers.DictField(child=serializers.IntegerField()), required=False)


class Create(APIView):
    """Creates an event; `name` says how the answer goes."""

    permission_classes = ()

    @idempotent
    def post(self, request: Request, **kwargs: Any) -> Response:
        """201, or what the name asks for."""
        body = Body(data=request.data)
        body.is_valid(raise_exception=True)
        with transaction.atomic():
            event = emit("test.nobody", "door:1", name=body.validated_data["name"])
        match body.validated_data["name"]:
            case "refuse":
                raise Refused("Sold out since 14:02.", code="sold_out", data={"free": 0})
            case "break":
                raise ZeroDivisionError
            case "unavailable":
                return Response({"id": event.pk}, status=503)
            case "secret":
                return SecretResponse({"token": "dct_secret"}, status=201, headers={"Location": f"/things/{event.pk}"})
        return Response({"id": event.pk}, status=201, headers={"Location": f"/things/{event.pk}"})


class Fail(APIView):
    """Fails in the way that the address names."""

    permission_classes = ()

    def get(self, request: Request, how: str) -> Response:
        """Raises."""
        raise {
            "missing": Http404("SELECT secret FROM inside"),
            "forbidden": PermissionDenied(),
            "suspicious": SuspiciousOperation("inside"),
            "throttled": Throttled(wait=7),
            "refused": Refused("Sold out.", code="sold_out"),
            "refused-field": Refused("Too long.", code="too_long", field="lines.0.hours", data={"longest": 720}),
            "fault": ZeroDivisionError(),
        }[how]


class Row(serializers.ModelSerializer[DomainEvent]):
    """An event in a list."""

    class Meta:
        model = DomainEvent
        fields = ("id", "name")


class Rows(generics.ListAPIView[DomainEvent]):
    """All events, newest first."""

    permission_classes = ()
    serializer_class = Row
    queryset = DomainEvent.objects.all()
    keyset_order = ("-at", "-id")


def page(request: HttpRequest, **kwargs: str) -> HttpResponse:
    """An ordinary page that reads everything."""
    return HttpResponse(f"{request.GET.dict()} {request.POST.dict()}")


urlpatterns = [
    path("api/things", Create.as_view()),
    path("api/others", Create.as_view()),
    path("api/fail/<how>", Fail.as_view()),
    path("api/rows", Rows.as_view()),
    path("api/page", page),
    path("page", page),
    path("page/<name>", page),
]
handler400 = "django.views.defaults.bad_request"
