"""`manage.py create_staff EMAIL`: the first way into the admin of a new installation."""

import getpass
import os
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.services import create_user, make_staff
from core.errors import Refused


class Command(BaseCommand):
    """Makes a user who may open the admin, or lets an existing one in. The admin then asks for a second factor."""

    help = "Make a member of staff: a new user, or an existing one. The password is asked for, or read from STAFF_PASSWORD."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--superuser", action="store_true", help="with every right in the admin")

    def handle(self, *args: Any, **options: Any) -> None:
        known = User.objects.filter(email=options["email"].strip().lower()).first()
        user = make_staff(known or self._new_user(options["email"]), superuser=options["superuser"])
        self.stdout.write(f"{user.email} may open /admin/ after setting up a second factor at /account/security.")

    def _new_user(self, email: str) -> User:
        password = os.environ.get("STAFF_PASSWORD") or getpass.getpass("Password: ")
        try:
            validate_password(password, User(email=email))
            return create_user(email, password, verified=True)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except Refused as refused:
            raise CommandError(refused.reason) from refused
