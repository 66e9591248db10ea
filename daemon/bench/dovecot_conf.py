"""Dovecot's configuration for a benchmark: one template for 2.3 (Debian 12), one for 2.4 (Debian 13)."""

from __future__ import annotations

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
