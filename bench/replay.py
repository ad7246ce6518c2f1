"""Only pgbench: recorded statements as its script, with fresh ids for each time, and how long it takes over them."""

import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence

from django.db import connection

from contracts.references import ALPHABET
from decentcloud import embedded_database

_REFERENCE = re.compile(f"'[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}'")
_UUID = re.compile(r"'[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}'")
_LATENCY = re.compile(r"latency average = ([0-9.]+) ms")
_DONE = re.compile(r"transactions actually processed: ([0-9]+)")


class Replay:
    """The script of one recorded call. `numbers` are those that grew with it, `given` the tables whose new ids it named."""

    def __init__(self, statements: Sequence[str], numbers: Mapping[str, int], given: Mapping[str, str]) -> None:
        self.counted = list(numbers)
        self.written = {str(number): name for name, number in numbers.items()}
        self.given = dict(given)
        for name, table in given.items():
            # Of several in a call the latest is the one that is named next.
            count = sum(_inserts_into(table, statement) for statement in statements)
            self.written |= {str(_last_id(table) - back): f"{name}_id" for back in range(count)}
        lines = [f"\\set {name} :{name} + 1" for name in self.counted]
        self.script = "\n".join([*lines, *(self._line(statement) for statement in statements)]) + "\n"

    def run(self, first: Mapping[str, int], seconds: float) -> tuple[float, int]:
        """Replay for so long with one client, the numbers counting up from `first`: mean seconds of a call, and how many."""
        settings = connection.settings_dict
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
            script.write(self.script)
            script.flush()
            starts = [f"--define={name}={first[name] - 1}" for name in self.counted]
            command = [
                str(embedded_database.program("pgbench")),
                *("--no-vacuum", "--protocol=simple", "--client=1", f"--time={seconds:.0f}", f"--file={script.name}", *starts),
                *(f"--host={settings['HOST']}", f"--port={settings['PORT']}", f"--username={settings['USER']}", settings["NAME"]),
            ]
            done = subprocess.run(command, check=False, capture_output=True, text=True)
        latency, count = _LATENCY.search(done.stdout), _DONE.search(done.stdout)
        if done.returncode or latency is None or count is None:
            raise SystemExit(f"pgbench failed: {done.stdout}{done.stderr}")
        return float(latency.group(1)) / 1000, int(count.group(1))

    def _line(self, statement: str) -> str:
        """One statement as pgbench reads it; ids that later ones name are kept."""
        # Asked for by itself it is known before the rest runs, so that what is looked up by it can be found by an index.
        text = _UUID.sub("(SELECT gen_random_uuid())", statement)
        # As good as random, and never twice.
        text = _REFERENCE.sub(f"right(reverse((:{self.counted[0]})::text), 9)", text)
        for number, name in self.written.items():
            # Behind a colon of the text itself, such as 'contract:12', pgbench would not see its own.
            text = re.sub(rf"(?<=:){number}\b", f"' || :{name} || '", text)
            text = re.sub(rf"(?<![0-9]){number}\b", f":{name}", text)
        for name, table in self.given.items():
            if _inserts_into(table, text):
                return f"{text} \\gset {name}_"
        return f"{text};"


def _inserts_into(table: str, statement: str) -> bool:
    return statement.startswith((f'INSERT INTO "{table}" ', f"INSERT INTO {table} "))


def _last_id(table: str) -> int:
    """The id that this connection gave last in a table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT currval(pg_get_serial_sequence(%s, 'id'))", [table])
        return int(cursor.fetchone()[0])
