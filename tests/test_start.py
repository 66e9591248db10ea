"""What a start costs: each process loads what it needs, and nothing that it may never need."""

from __future__ import annotations

import subprocess
import sys

import pytest

PARSING = {"mailparser", "lxml", "inscriptis", "tnefparse", "flufl"}
SELDOM = {"psycopg", "rapidfuzz", "PIL", "holidays", "rich", "tree_sitter"}
DESK = {"peewee", "pydantic", "jinja2", "structlog", "apscheduler", "imapclient", "rules"}
LEFT_OUT = {
    ("daemon.cli", "daemon.service"): PARSING | SELDOM,
    ("daemon.mail.reader_child",): (DESK | SELDOM | PARSING),
}


@pytest.mark.parametrize(("modules", "left_out"), LEFT_OUT.items(), ids=["daemon", "parser process"])
def test_a_process_loads_only_what_it_needs(modules: tuple[str, ...], left_out: set[str]) -> None:
    program = f"import sys, {', '.join(modules)}; print(*sys.modules, sep='\\n')"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert not left_out & {name.partition(".")[0] for name in loaded.split()}
