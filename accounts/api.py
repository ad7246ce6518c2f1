"""The machine door of accounts: who am I, SSH keys, API tokens."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import queries, services
from accounts.access import account_of, open_scopes, own_ssh_key, own_token, require_role, token_of, user_of
from accounts.models import ApiToken, SshKey
from accounts.openapi import NO_CONTENT
from accounts.permissions import AnyToken
from accounts.ssh import LONGEST_LINE
from accounts.states import AccountKind, Role, Scope
from core.errors import Refused
from core.idempotency import SecretResponse, idempotent


class MeSerializer(serializers.Serializer[Any]):
    """Who asks, and for which account."""

    email = serializers.EmailField()
    email_verified = serializers.BooleanField()
    name = serializers.CharField()
    account_id = serializers.IntegerField()
    account_name = serializers.CharField()
    account_kind = serializers.ChoiceField(choices=AccountKind.choices)
    role = serializers.ChoiceField(choices=Role.choices)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=Scope.choices))


class SshKeySerializer(serializers.ModelSerializer[SshKey]):
    """A key as it is kept."""

    class Meta:
        model = SshKey
        fields = ["id", "name", "key_type", "bits", "public_key", "fingerprint", "created_at"]
        read_only_fields = fields


class NewSshKeySerializer(serializers.Serializer[Any]):
    """A key as it is sent in."""

    name = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")
    public_key = serializers.CharField(max_length=4 * LONGEST_LINE, help_text="One line, as in the file that ends in .pub.")


class TokenSerializer(serializers.ModelSerializer[ApiToken]):
    """A token, never its secret."""

    scopes = serializers.ListField(child=serializers.ChoiceField(choices=Scope.choices), read_only=True)

    class Meta:
        model = ApiToken
        fields = ["id", "name", "prefix", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at"]
        read_only_fields = fields


class FreshTokenSerializer(TokenSerializer):
    """A token that was just made, with its secret: the only time."""

    secret = serializers.CharField(read_only=True)

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "secret"]
        read_only_fields = fields


class NewTokenSerializer(serializers.Serializer[Any]):
    """What a new token is to be."""

    name = serializers.CharField(max_length=80)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=Scope.choices), min_length=1, max_length=len(Scope))
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None, help_text="Null: until revoked.")


class Me(GenericAPIView[Any]):
    """The caller."""

    permission_classes = [AnyToken]
    serializer_class = MeSerializer

    @extend_schema(operation_id="me_read")
    def get(self, request: Request) -> Response:
        """Who the credentials stand for, which account they act for, and what they may do."""
        user, account = user_of(request), account_of(request)
        answer = {
            "email": user.email,
            "email_verified": queries.has_verified_email(user),
            "name": user.name,
            "account_id": account.pk,
            "account_name": account.name,
            "account_kind": account.kind,
            "role": require_role(request, *Role).role,
            "scopes": open_scopes(request),
        }
        return Response(MeSerializer(answer).data)


class SshKeys(GenericAPIView[SshKey]):
    """The SSH keys of the account."""

    scopes = {"GET": Scope.SSH_KEYS_READ, "POST": Scope.SSH_KEYS_WRITE}
    serializer_class = SshKeySerializer
    keyset_order = ("-created_at", "-id")

    def get_queryset(self) -> QuerySet[SshKey]:
        return queries.ssh_keys(account_of(self.request))

    @extend_schema(operation_id="ssh_keys_list", responses=SshKeySerializer(many=True))
    def get(self, request: Request) -> Response:
        """All keys, newest first."""
        rows = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(SshKeySerializer(rows, many=True).data)

    @extend_schema(operation_id="ssh_keys_create", request=NewSshKeySerializer, responses={201: SshKeySerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Add a key. It is parsed for real; private keys, short RSA keys and options are refused."""
        data = NewSshKeySerializer(data=request.data)
        data.is_valid(raise_exception=True)
        require_role(request, Role.OWNER, Role.MEMBER)
        key = services.add_ssh_key(account_of(request), user_of(request), **data.validated_data)
        location = reverse("api_ssh_key", args=[key.pk])
        return Response(SshKeySerializer(key).data, status=201, headers={"Location": location})


class OneSshKey(GenericAPIView[SshKey]):
    """One SSH key of the account."""

    scopes = {"GET": Scope.SSH_KEYS_READ, "DELETE": Scope.SSH_KEYS_WRITE}
    serializer_class = SshKeySerializer

    @extend_schema(operation_id="ssh_keys_read")
    def get(self, request: Request, key_id: int) -> Response:
        """The key."""
        return Response(SshKeySerializer(own_ssh_key(request, key_id)).data)

    @extend_schema(operation_id="ssh_keys_delete", responses={204: NO_CONTENT})
    def delete(self, request: Request, key_id: int) -> Response:
        """Forget the key. Running rentals keep the one they were delivered with."""
        key = own_ssh_key(request, key_id)
        require_role(request, Role.OWNER, Role.MEMBER)
        services.remove_ssh_key(account_of(request), user_of(request), key.pk)
        return Response(status=204)


class Tokens(GenericAPIView[ApiToken]):
    """One's own API tokens for the account."""

    scopes = {"GET": Scope.TOKENS_READ, "POST": Scope.TOKENS_WRITE}
    serializer_class = TokenSerializer
    keyset_order = ("-created_at", "-id")

    def get_queryset(self) -> QuerySet[ApiToken]:
        return queries.api_tokens(user_of(self.request), account_of(self.request))

    @extend_schema(operation_id="tokens_list", responses=TokenSerializer(many=True))
    def get(self, request: Request) -> Response:
        """All tokens, ended ones too, newest first. Never a secret."""
        rows = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(TokenSerializer(rows, many=True).data)

    @extend_schema(operation_id="tokens_create", request=NewTokenSerializer, responses={201: FreshTokenSerializer})
    @idempotent
    def post(self, request: Request) -> SecretResponse:
        """Make a token. `secret` is shown in this answer and never again. A token makes no token that may more than itself."""
        data = NewTokenSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        if token_of(request) is None and not set(data.validated_data["scopes"]) <= set(open_scopes(request)):
            raise Refused(_("Only staff may work on payouts, with a second factor."), code="staff_only", field="scopes")
        token, secret = services.create_token(
            user_of(request), account_of(request), **data.validated_data, within=token_of(request)
        )
        answer = {**TokenSerializer(token).data, "secret": secret}
        location = reverse("api_token", args=[token.pk])
        return SecretResponse(answer, status=201, headers={"Location": location, "Cache-Control": "no-store"})


class OneToken(GenericAPIView[ApiToken]):
    """One of one's own API tokens."""

    scopes = {"GET": Scope.TOKENS_READ, "DELETE": Scope.TOKENS_WRITE}
    serializer_class = TokenSerializer

    @extend_schema(operation_id="tokens_read")
    def get(self, request: Request, token_id: int) -> Response:
        """The token, without its secret."""
        return Response(TokenSerializer(own_token(request, token_id)).data)

    @extend_schema(operation_id="tokens_revoke", responses={204: NO_CONTENT})
    def delete(self, request: Request, token_id: int) -> Response:
        """Revoke the token for good; it stays in the list."""
        services.revoke_token(user_of(request), account_of(request), own_token(request, token_id).pk)
        return Response(status=204)
