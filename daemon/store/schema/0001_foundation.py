"""The first schema. Times are integer UTC microseconds; digests of mails and files are hexadecimal SHA-256."""

from typing import Any

TYPES = {
    "sqlite": {"id": "INTEGER PRIMARY KEY", "blob": "BLOB", "clustered": "WITHOUT ROWID"},
    "postgresql": {"id": "BIGSERIAL PRIMARY KEY", "blob": "BYTEA", "clustered": ""},
}
"""What the tables are written with, on each database."""

TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE mails (
  id {id}, mailbox TEXT NOT NULL, uidvalidity BIGINT NOT NULL, uid BIGINT NOT NULL,
  message_id TEXT NOT NULL, digest TEXT NOT NULL, copy_key {blob},
  verdict TEXT NOT NULL, why TEXT NOT NULL, number TEXT NOT NULL, sender TEXT NOT NULL, subject TEXT NOT NULL,
  received_at BIGINT NOT NULL, size BIGINT NOT NULL, headers_only SMALLINT NOT NULL, raw_digest TEXT NOT NULL,
  attempts INTEGER NOT NULL, attempts_alone INTEGER NOT NULL, taken_at BIGINT NOT NULL, decided_at BIGINT,
  filed_at BIGINT, folder TEXT NOT NULL, folder_uidvalidity BIGINT, folder_uid BIGINT,
  held_until BIGINT, released_at BIGINT, detail TEXT NOT NULL
);
CREATE UNIQUE INDEX mails_uid ON mails (mailbox, uidvalidity, uid);
CREATE INDEX mails_copy ON mails (mailbox, copy_key) WHERE copy_key IS NOT NULL;
CREATE INDEX mails_unfiled ON mails (mailbox, id) WHERE filed_at IS NULL;
CREATE INDEX mails_set_aside ON mails (verdict, sender) WHERE verdict IN ('held', 'quarantined');
CREATE INDEX mails_held_until ON mails (held_until) WHERE held_until IS NOT NULL;

CREATE TABLE mail_raws (mail_id BIGINT PRIMARY KEY REFERENCES mails (id), raw {blob} NOT NULL);

CREATE TABLE mail_tries (
  id {id}, mail_id BIGINT NOT NULL REFERENCES mails (id), verdict TEXT NOT NULL, why TEXT NOT NULL,
  number TEXT NOT NULL, decided_at BIGINT NOT NULL, attempts INTEGER NOT NULL, detail TEXT NOT NULL
);
CREATE INDEX mail_tries_mail ON mail_tries (mail_id);

CREATE TABLE tickets (
  number TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, priority TEXT NOT NULL,
  rank INTEGER NOT NULL, category TEXT NOT NULL, group_key TEXT NOT NULL, assignee TEXT NOT NULL,
  requester TEXT NOT NULL, requester_name TEXT NOT NULL, opened_at BIGINT NOT NULL, closed_at BIGINT,
  due_at BIGINT, due_name TEXT NOT NULL, points_to TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE INDEX tickets_requester ON tickets (requester, opened_at);
CREATE INDEX tickets_opened ON tickets (opened_at);
CREATE INDEX tickets_open ON tickets (group_key, rank) WHERE state <> 'closed';
CREATE INDEX tickets_due ON tickets (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE events (
  id {id}, number TEXT NOT NULL REFERENCES tickets (number), seq INTEGER NOT NULL, at BIGINT NOT NULL,
  name TEXT NOT NULL, actor TEXT NOT NULL, mail_id BIGINT REFERENCES mails (id), text TEXT NOT NULL,
  visible SMALLINT NOT NULL, changes TEXT NOT NULL, attachments TEXT NOT NULL, version SMALLINT NOT NULL
);
CREATE UNIQUE INDEX events_seq ON events (number, seq);

CREATE TABLE unindexed (event_id BIGINT PRIMARY KEY REFERENCES events (id));

CREATE TABLE counters (
  prefix TEXT NOT NULL, day TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (prefix, day)
) {clustered};

CREATE TABLE subjects (
  subject TEXT PRIMARY KEY, number TEXT NOT NULL, side TEXT NOT NULL, letter TEXT NOT NULL
) {clustered};

CREATE TABLE tokens (
  digest {blob} PRIMARY KEY, purpose TEXT NOT NULL, verb TEXT NOT NULL, number TEXT NOT NULL,
  addressee TEXT NOT NULL, group_key TEXT NOT NULL, round INTEGER NOT NULL, mail_id BIGINT,
  expires_at BIGINT, used_at BIGINT
) {clustered};
CREATE UNIQUE INDEX tokens_verdict ON tokens (number, round) WHERE purpose = 'verdict' AND used_at IS NOT NULL;

CREATE TABLE outbox (
  id {id}, message_id TEXT NOT NULL, letter TEXT NOT NULL, number TEXT NOT NULL, recipient TEXT NOT NULL,
  subject TEXT NOT NULL, mail_id BIGINT REFERENCES mails (id), created_at BIGINT NOT NULL, guard TEXT NOT NULL,
  head {blob}, attachments TEXT NOT NULL, tail {blob}
);
CREATE UNIQUE INDEX outbox_message_id ON outbox (message_id);
CREATE INDEX outbox_recipient ON outbox (recipient, id);
CREATE INDEX outbox_number ON outbox (number, id) WHERE number <> '';

CREATE TABLE deliveries (
  id BIGINT PRIMARY KEY REFERENCES outbox (id), status TEXT NOT NULL, attempts INTEGER NOT NULL, next_at BIGINT,
  lease INTEGER NOT NULL, claimed_by TEXT NOT NULL, reply TEXT NOT NULL, sent_at BIGINT
);
CREATE INDEX deliveries_waiting ON deliveries (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE windows (
  name TEXT NOT NULL, bucket BIGINT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (name, bucket)
) {clustered};

CREATE TABLE breakers (
  name TEXT PRIMARY KEY, opened_at BIGINT NOT NULL, probed_at BIGINT NOT NULL, tripped_at BIGINT NOT NULL
);

CREATE TABLE people (
  id {id}, name TEXT NOT NULL, organisation TEXT NOT NULL, tax_id TEXT NOT NULL, language TEXT NOT NULL,
  details TEXT NOT NULL
);
CREATE INDEX people_tax_id ON people (tax_id) WHERE tax_id <> '';
CREATE TABLE person_addresses (address TEXT PRIMARY KEY, person_id BIGINT NOT NULL REFERENCES people (id));
CREATE INDEX person_addresses_person ON person_addresses (person_id);

CREATE TABLE leases (
  mailbox TEXT PRIMARY KEY, owner TEXT NOT NULL, fence BIGINT NOT NULL, expires_at BIGINT NOT NULL
);
"""
WORDS = {
    "sqlite": "CREATE VIRTUAL TABLE words USING fts5 (text, number UNINDEXED)",
    "postgresql": "CREATE TABLE words (rowid BIGINT PRIMARY KEY, text TSVECTOR NOT NULL, number TEXT NOT NULL);"
    "CREATE INDEX words_text ON words USING GIN (text)",
}
"""What is written in a ticket, word by word; `rowid` is the event's id."""


def up(_migrator: Any, database: Any) -> None:
    """Make the tables."""
    name = "sqlite" if hasattr(database, "pragma") else "postgresql"
    for statement in (TABLES.format(**TYPES[name]) + WORDS[name]).split(";"):
        if statement.strip():
            database.execute_sql(statement)
