"""The tables whose cold queries (lists, searches, audit) are put together with peewee.

The schema itself is made by the scripts in `schema/`; a test compares the two.
"""

from __future__ import annotations

from peewee import BigIntegerField, BlobField, IntegerField, Model, TextField


class Ticket(Model):
    """A ticket's row: the fold of its journal (`body`), and what is looked up of it."""

    number = TextField(primary_key=True)
    kind = TextField()
    state = TextField()
    reason = TextField()
    priority = TextField()
    rank = IntegerField()
    category = TextField()
    group_key = TextField()
    assignee = TextField()
    requester = TextField()
    requester_name = TextField()
    opened_at = BigIntegerField()
    closed_at = BigIntegerField(null=True)
    due_at = BigIntegerField(null=True)
    due_name = TextField()
    points_to = TextField()
    version = IntegerField()
    body = TextField()

    class Meta:
        table_name = "tickets"


class Mail(Model):
    """A row of the ledger; its octets stand in `mail_raws` or among the files under `raw_digest`."""

    id = BigIntegerField(primary_key=True)
    mailbox = TextField()
    uidvalidity = BigIntegerField()
    uid = BigIntegerField()
    message_id = TextField()
    digest = TextField()
    copy_key = BlobField(null=True)
    verdict = TextField()
    why = TextField()
    number = TextField()
    sender = TextField()
    subject = TextField()
    received_at = BigIntegerField()
    size = BigIntegerField()
    headers_only = IntegerField()
    raw_digest = TextField()
    attempts = IntegerField()
    attempts_alone = IntegerField()
    taken_at = BigIntegerField()
    decided_at = BigIntegerField(null=True)
    filed_at = BigIntegerField(null=True)
    folder = TextField()
    folder_uidvalidity = BigIntegerField(null=True)
    folder_uid = BigIntegerField(null=True)
    held_until = BigIntegerField(null=True)
    released_at = BigIntegerField(null=True)
    detail = TextField()

    class Meta:
        table_name = "mails"


class Letter(Model):
    """A letter for one recipient: head and tail compressed, attachments as [part header, digest]."""

    id = BigIntegerField(primary_key=True)
    message_id = TextField()
    letter = TextField()
    number = TextField()
    recipient = TextField()
    subject = TextField()
    mail_id = BigIntegerField(null=True)
    created_at = BigIntegerField()
    guard = TextField()
    head = BlobField(null=True)
    attachments = TextField()
    tail = BlobField(null=True)

    class Meta:
        table_name = "outbox"


class Delivery(Model):
    """Where a letter stands: queued, claimed, deferred, sent, failed, erased."""

    id = BigIntegerField(primary_key=True)
    status = TextField()
    attempts = IntegerField()
    next_at = BigIntegerField(null=True)
    lease = IntegerField()
    claimed_by = TextField()
    reply = TextField()
    sent_at = BigIntegerField(null=True)

    class Meta:
        table_name = "deliveries"
