"""The bench's result says what is missed, and why."""

from bench.table import Row, missed, table

MET = Row("market page", "90 requests/s", "100 requests/s bare Django", "0.90", "≥ 0.5", met=True, why="Never asked.")
MISSED = Row("one order", "9 ms", "2 ms by pgbench", "4.50", "≤ 3", met=False, why="7 ms of it in Python.")


def test_columns_stand_below_each_other() -> None:
    lines = table([MET, MISSED]).splitlines()
    assert lines[2].index("0.90") == lines[3].index("4.50") == lines[0].index("ratio")
    assert lines[2].endswith("ok")
    assert lines[3].endswith("MISSED")


def test_only_what_is_missed_is_explained() -> None:
    assert missed([MET]) == "Nothing is missed."
    assert missed([MET, MISSED]) == "Missed:\n- one order: 9 ms, goal ≤ 3. 7 ms of it in Python."
