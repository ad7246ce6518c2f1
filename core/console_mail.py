"""Only how mails look on a console: as they are, but for attachments, of which it names no more than names and sizes."""

from copy import copy

from django.core.mail import EmailMessage
from django.core.mail.backends import console


class EmailBackend(console.EmailBackend):
    """Django's own, without pages of base64 for each PDF."""

    def write_message(self, message: EmailMessage) -> None:
        """The mail, and a line for each of its attachments."""
        shown = copy(message)
        shown.attachments = []
        super().write_message(shown)
        for attached in message.attachments:
            name, data, _media_type = tuple(attached)  # nothing of ours attaches ready MIME parts
            self.stream.write(f"Attached: {name}, {len(data):,} bytes\n")
