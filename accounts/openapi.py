"""What the API's description says of our token, and of answers without a body.

Imported by the API views and not by `accounts.authentication`: the framework reads that one before its own views exist.
"""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse

NO_CONTENT = OpenApiResponse(description="Done.")


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # the library's hook has no types
    """The security scheme of TokenAuthentication."""

    target_class = "accounts.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """The security scheme object of OpenAPI."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "dct_…"}
