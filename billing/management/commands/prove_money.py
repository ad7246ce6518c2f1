"""`manage.py prove_money [--all]`: whether every unit of money is where it belongs; exit code 1 with each difference by name."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.proof import Scope, questions, record_proof
from billing.proof.proving import BEGINNING
from core.errors import Refused


class Command(BaseCommand):
    """Makes a proof, keeps it beside the nightly ones, and prints what was checked and what does not agree."""

    help = "Proves the ledger against itself, the gateways' reports, documents and their files. Exit code 1 when something differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--all",
            action="store_true",
            help="read the gateways' reports from the beginning and every stored file, not the last weeks and a sample",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        scope = Scope(since=BEGINNING, every_file=True) if options["all"] else Scope()
        try:
            proof = record_proof(scope)
        except Refused as refused:
            raise CommandError(refused.reason) from refused
        assert proof.finished_at is not None
        self.stdout.write("Checked:")
        for question in questions():
            for name, proved in question.checks.items():
                faults = sum(difference["check"] == name for difference in proof.differences)
                self.stdout.write(f"  {'FAULTY' if faults else 'ok':7}{name:18}{proved}")
        looked_at = ", ".join(f"{count:,} {what}" for what, count in proof.checked.items())
        seconds = (proof.finished_at - proof.started_at).total_seconds()
        self.stdout.write(f"Looked at {looked_at}, in {seconds:.1f} s.")
        if not proof.differences:
            self.stdout.write("Every unit is where it belongs.")
            return
        self.stdout.write(f"{len(proof.differences)} differences:")
        for difference in proof.differences:
            rows = ", ".join(difference["rows"])
            self.stdout.write(f"- {difference['check']}: {difference['text']}" + (f" [{rows}]" if rows else ""))
        sys.exit(1)
