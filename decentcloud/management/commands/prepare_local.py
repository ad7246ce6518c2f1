"""What a local market needs before it opens: tables, and with DEBUG on something to look at."""

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from decentcloud import demo


class Command(BaseCommand):
    """Migrate, and load the demo market into a database that has none. Called by `make run`."""

    help = "Prepares the database of `make run`."
    # `make check` asks these questions; a start should not take the time.
    requires_system_checks = ()

    def handle(self, *args: object, **options: object) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        if settings.DEBUG and settings.SANDBOX_ENABLED and not demo.is_loaded():
            self.stdout.write("Loading the demo market; this is done once…")
            self.stdout.flush()
            call_command("load_demo", stdout=self.stdout)
