"""`make test` for an ordinary user: what the tests need and lacks is named, with the command that installs it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.patience import PATIENCE_S

SCRIPT = Path(__file__).with_name("servers.sh")


def test_an_ordinary_user_is_told_what_is_missing_and_how_to_install_it(tmp_path: Path) -> None:
    """A PATH without openssl, ps and systemd-analyze, and somebody who is not root."""
    for name in ("ls", "sh"):
        (tmp_path / name).symlink_to(shutil.which(name) or "")
    (tmp_path / "id").write_text("#!/bin/sh\necho 1000\n", encoding="utf-8")
    (tmp_path / "id").chmod(0o755)
    environment = {**os.environ, "PATH": str(tmp_path)}
    done = subprocess.run([SCRIPT], env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    said, command = done.stderr.splitlines()
    assert said.startswith("The tests need these packages, which are not installed:")
    assert command.startswith("On Debian: sudo apt-get install")
    assert {"openssl", "procps", "systemd"} <= set(said.split()) & set(command.split())


def test_where_everything_is_there_nothing_is_said() -> None:
    done = subprocess.run([SCRIPT], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
