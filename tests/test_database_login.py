"""A password of the database may be kept beside the configuration: it reaches the server, and nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.config.accounts import Database, SecretError
from daemon.store.connections import schema_of
from daemon.store.errors import StoreError


@pytest.mark.parametrize(
    ("url", "login"),
    [
        ("postgresql://acuse@db.cau.test/acuse", "postgresql://acuse:p%40ss%2Fw%C3%B6rd@db.cau.test/acuse"),
        (
            "postgresql://acuse@127.0.0.1:5433/acuse?x=1",
            "postgresql://acuse:p%40ss%2Fw%C3%B6rd@127.0.0.1:5433/acuse?x=1",
        ),
        ("sqlite:////var/lib/acuse/acuse.db", "sqlite:////var/lib/acuse/acuse.db"),
    ],
)
def test_a_kept_password_is_put_into_the_url(tmp_path: Path, url: str, login: str) -> None:
    (tmp_path / "password").write_text("p@ss/wörd\n", encoding="utf-8")
    assert Database(url=url, password_file=str(tmp_path / "password")).login_url() == login


def test_without_one_the_url_is_used_as_it_stands() -> None:
    assert Database(url="postgresql://a:b@h/d").login_url() == "postgresql://a:b@h/d"


def test_it_is_never_shown(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hush-hush")
    database = Database(url="postgresql://acuse@h/d", password_file=str(tmp_path / "password"))
    assert "hush" not in f"{database!r} {database.shown}"


def test_a_file_that_is_missing_is_told() -> None:
    with pytest.raises(SecretError, match="cannot read"):
        Database(url="postgresql://acuse@h/d", password_file="/nonexistent/password").login_url()


def test_a_url_that_postgresql_cannot_read_is_told_without_its_password() -> None:
    with pytest.raises(StoreError, match="none that PostgreSQL takes") as told:
        schema_of("postgresql://acuse:geheim@[127.0.0.1/acuse")
    assert "geheim" not in str(told.value)
