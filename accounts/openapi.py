"""How the schema names our token. Imported by the API views, since the framework reads authentication before its own views."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema


class TokenScheme(OpenApiAuthenticationExtension):
    """The security scheme of TokenAuthentication."""

    target_class = "accounts.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """The security scheme object of OpenAPI."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "dct_…"}
