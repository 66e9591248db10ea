"""The configuration of a private Dovecot: one template for 2.3 (Debian 12), one for 2.4 (Debian 13)."""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path

_COMMON = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
listen = 127.0.0.1
ssl = no
first_valid_uid = 1
mail_max_userip_connections = 100
auth_failure_delay = 0
{identity}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
}}
service stats {{
  chroot =
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
"""
V23 = (
    _COMMON
    + """
protocols = imap
disable_plaintext_auth = no
mail_location = maildir:{mail}/%u
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={mail}/%u
}}
"""
)
V24 = (
    """
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
"""
    + _COMMON
    + """
protocols {{
  imap = yes
}}
auth_allow_cleartext = yes
mail_driver = maildir
mail_path = {mail}/%{{user}}
mail_home = {mail}/%{{user}}
passdb static {{
  password = {password}
}}
userdb static {{
  fields {{
    uid = {user}
    gid = {group}
    home = {mail}/%{{user}}
  }}
}}
"""
)


def configuration(version: str, folder: Path, mail: Path, port: int, password: str) -> str:
    """What a Dovecot of this ``version`` in ``folder`` needs to serve every user's mailbox in ``mail`` on loopback."""
    user, group = mail_owner()
    own = f"default_internal_user = {user}\ndefault_login_user = {user}\ndefault_internal_group = {group}"
    return (V23 if version.startswith("2.3") else V24).format(
        folder=folder, mail=mail, port=port, password=password, user=user, group=group,
        identity=own if os.getuid() else "",
    )  # fmt: skip


def mail_owner() -> tuple[str, str]:
    """User and group that the mails belong to. Root may not hold any: Dovecot refuses to serve it."""
    if os.getuid() == 0:
        return "nobody", "nogroup"
    return pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
