#!/bin/sh
# What the tests need of Debian: Dovecot, Postfix, PostgreSQL, and systemd's judgement of our unit. Root installs what is
# missing; anybody else is told what to install.
set -eu
PATH="$PATH:/usr/sbin:/sbin"

have_dovecot() { command -v dovecot >/dev/null && ls /usr/lib/dovecot/imap >/dev/null 2>&1; }
have_postfix() { command -v postfix >/dev/null; }
have_postgresql() { command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }

missing=""
have_dovecot || missing="$missing dovecot-imapd"
have_postfix || missing="$missing postfix"
have_postgresql || missing="$missing postgresql"
command -v openssl >/dev/null || missing="$missing openssl"
command -v ps >/dev/null || missing="$missing procps"
command -v systemd-analyze >/dev/null || missing="$missing systemd"
[ -z "$missing" ] && exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "The tests need these packages, which are not installed:$missing" >&2
  echo "On Debian: sudo apt-get install$missing" >&2
  exit 1
fi

echo "Installing for the tests:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# What a package starts by itself would hold ports and memory that nobody asked for.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
apt-get update -qq
case "$missing" in
  *postfix*) echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections ;;
esac
# shellcheck disable=SC2086 # a list of names
apt-get install -y -qq --no-install-recommends $missing >/dev/null

have_dovecot && have_postfix && have_postgresql || { echo "Some servers could not be installed:$missing" >&2; exit 1; }
