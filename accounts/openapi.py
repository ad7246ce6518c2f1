"""What the API's description says of our token, and of answers without a body.

Imported by the API views and not by `accounts.authentication`: the framework reads that one before its own views exist.
"""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse

from accounts.states import Scope
from core.schema import scope_of

NO_CONTENT = OpenApiResponse(description="Done.")


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # the library's hook has no types
    """The security scheme of TokenAuthentication."""

    target_class = "accounts.authentication.TokenAuthentication"
    name = "token"

    def get_security_requirement(self, auto_schema: AutoSchema) -> dict[str, list[Any]]:
        """The token, with the scope that this operation asks for (OpenAPI 3.1 lets other schemes than OAuth name such roles)."""
        scope = scope_of(auto_schema.view, auto_schema.method)
        return {self.name: [scope] if scope else []}

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """The security scheme object of OpenAPI."""
        scopes = "\n".join(f"- `{scope.value}`: {scope.label}" for scope in Scope)
        description = f"A token of your account, made under API tokens. Its scopes say what it may do:\n\n{scopes}"
        return {"type": "http", "scheme": "bearer", "bearerFormat": "dct_…", "description": description}
