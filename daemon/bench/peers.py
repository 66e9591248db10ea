"""Other desks that live in mail, each in an environment of its own (daemon/bench/make_peers.sh makes them)."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from daemon.bench.servers import PASSWORD


@dataclass(frozen=True, slots=True)
class Peer:
    """How a peer's program empties a mailbox: the command for an IMAP user, and what its environment must hold."""

    python: Path
    program: Path
    arguments: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)

    def command(self, user: str) -> Sequence[str]:
        """Empty the INBOX of ``user``, then end."""
        return [str(self.python), str(self.program), user, PASSWORD, *self.arguments]


def roundup(environment: Path, folder: Path, imap: int, smtp: int) -> Peer:
    """Roundup's classic tracker on SQLite, fed by roundup-mailgw over IMAP."""
    home, python = folder / "roundup", environment / "bin" / "python"
    shutil.rmtree(home, ignore_errors=True)
    admin = [str(environment / "bin" / "roundup-admin"), "-i", str(home)]
    settings = f"mail_domain=cau.example,mail_host=127.0.0.1,mail_port={smtp},tracker_web=http://localhost/"
    _run([*admin, "install", "classic", "sqlite", settings])
    config = home / "config.ini"
    text = config.read_text(encoding="utf-8").replace("messages_to_author = no", "messages_to_author = yes")
    config.write_text(text, encoding="utf-8")
    _run([*admin, "initialise", "bench"])
    program = folder / "roundup_gateway.py"
    program.write_text(ROUNDUP, encoding="utf-8")
    return Peer(python, program, (str(imap), str(home)))


def django_helpdesk(environment: Path, folder: Path, imap: int, smtp: int) -> Peer:
    """django-helpdesk on SQLite, fed by its `get_email`."""
    home, python = folder / "helpdesk", environment / "bin" / "python"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    (home / "bench_settings.py").write_text(HELPDESK_SETTINGS.format(home=home, smtp=smtp), encoding="utf-8")
    (home / "bench_urls.py").write_text(HELPDESK_URLS, encoding="utf-8")
    variables = {"PYTHONPATH": str(home), "DJANGO_SETTINGS_MODULE": "bench_settings"}
    _run([str(environment / "bin" / "django-admin"), "migrate"], variables)
    program = folder / "helpdesk_gateway.py"
    program.write_text(HELPDESK, encoding="utf-8")
    return Peer(python, program, (str(imap),), variables)


def _run(command: Sequence[str], environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(list(command), capture_output=True, text=True, check=False, env=environment)  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")


ROUNDUP = """
import imaplib, runpy, sys
user, password, port, home = sys.argv[1:]
imaplib.IMAP4.__init__.__defaults__ = ("", int(port), None)
from roundup.scripts import roundup_mailgw
sys.argv = ["roundup-mailgw", home, "imap", f"{user}:{password}@127.0.0.1"]
sys.exit(roundup_mailgw.run())
"""
HELPDESK = """
import sys
user, password, port = sys.argv[1:]
import django
django.setup()
from helpdesk.models import Queue
Queue.objects.update_or_create(slug="bench", defaults={
    "title": "Bench", "email_address": "soporte@cau.example", "allow_email_submission": True,
    "email_box_type": "imap", "email_box_host": "127.0.0.1", "email_box_port": int(port), "email_box_user": user,
    "email_box_pass": password, "email_box_imap_folder": "INBOX", "email_box_interval": 0,
    "enable_notifications_on_email_events": True, "email_box_last_check": None,
})
from django.core.management import call_command
call_command("get_email", quiet=True)
"""
HELPDESK_URLS = """
from django.urls import include, path
urlpatterns = [path("helpdesk/", include("helpdesk.urls", namespace="helpdesk"))]
"""
HELPDESK_SETTINGS = """
SECRET_KEY = "bench"
SILENCED_SYSTEM_CHECKS = ["admin.E402", "admin.E404", "admin.E408", "admin.E409", "admin.W411"]
INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.sites",
    "django.contrib.messages", "django.contrib.humanize", "django.contrib.admin", "django.contrib.staticfiles",
    "helpdesk",
]
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": "{home}/helpdesk.db"}}}}
TEMPLATES = [{{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}}]
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware"]
ROOT_URLCONF = "bench_urls"
SITE_ID = 1
EMAIL_HOST, EMAIL_PORT = "127.0.0.1", {smtp}
MEDIA_ROOT = "{home}/media"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
HELPDESK_TEAMS_MODE_ENABLED = False
HELPDESK_KANBAN_BOARD_ENABLED = False
QUEUE_EMAIL_BOX_UPDATE_ONLY = False
USE_TZ = True
"""
