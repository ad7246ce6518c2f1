"""`manage.py load_demo`: something to look at and three people to sign in as, for DEBUG only."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from decentcloud import demo


class Command(BaseCommand):
    """Loads the demo market once; loading it again changes nothing. Start the queue's worker after it."""

    help = "Loads the demo market: catalogue, demo accounts, three months of rentals. Refused when DEBUG is off."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if demo.is_loaded():
                self.stdout.write("The demo market is there already.")
                return
            count = demo.load()
        except demo.CannotLoad as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"The demo market is there, with {count} rentals.")
