"""Mail servers with a will of their own."""

from collections.abc import Sequence
from smtplib import SMTPException
from typing import Any

from django.core.mail.backends.locmem import EmailBackend


class Stubborn(EmailBackend):
    """Refuses the addresses in `refused`, takes all others."""

    refused: set[str] = set()

    def send_messages(self, messages: Sequence[Any]) -> int:
        for message in messages:
            if self.refused & set(message.to):
                raise SMTPException("421 try again\r\nlater")
        return int(super().send_messages(messages))
