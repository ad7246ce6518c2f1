"""The only command that starts the queue: worker and scheduler in one."""

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connections

from core.tasks import sync_all_schedules


class Command(BaseCommand):
    """Bring the scheduler's table up to date with the code, then work until SIGTERM."""

    help = "Runs one queue worker with its scheduler. Start as many as you like: each job and each schedule is taken by one."

    def handle(self, *args: object, **options: object) -> None:
        sync_all_schedules()
        # Its processes are forked from this one and must not share a connection.
        connections.close_all()
        call_command("qcluster")
