"""Reports about a mail: delivery status notifications (RFC 3464), complaints (RFC 5965), and bounces without a form."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from parsers.bounces import action_of, complaint_of, read_formless
from parsers.headers import Headers, Raw
from parsers.mail_systems import is_list_post, sender_weight
from parsers.report_parts import READ, Report, Suspect, addresses_in, status_in
from parsers.skeleton import Part


def read_report(raw: Raw, headers: Headers, root: Part, text: str) -> Report | None:
    """What the mail reports, or None where it is no report.

    ``text`` is the whole readable text of the mail.
    """
    if is_list_post(headers, root):
        return None
    mail = Suspect(raw, headers, root, text[:READ])
    return _formed(mail) or read_formless(mail)


def _formed(mail: Suspect) -> Report | None:
    """What a part made for it reports; one that a person attached or passed on is none."""
    if mail.root.media_type not in ("multipart/report", *_FORMS) and not sender_weight(mail.headers):
        return None
    parts = (
        (read, part) for media_type, read in _FORMS.items() for part in mail.leaves if part.media_type == media_type
    )
    return next((read(mail, mail.blocks(part)) for read, part in parts), None)


def _status(mail: Suspect, blocks: list[Headers]) -> Report:
    """A DSN: the worst that befell any recipient is its action."""
    actions = [block.get("action").split(" ")[0].split(";")[0].strip().lower() for block in blocks if "action" in block]
    action = next((action for action in _WORST_FIRST if action in actions), "")
    recipients = [
        block.get("original-recipient") or block.get("final-recipient")
        for block in blocks
        if block.get("action").lower().startswith(action)
    ]
    status = next(filter(None, (status_in(block.get("status")) for block in blocks)), "")
    diagnostic = _first(blocks, "diagnostic-code")
    return Report(
        action or action_of(mail.text, status),
        addresses_in(recipients),
        mail.originals(blocks),
        status,
        diagnostic.partition(";")[2].strip()[:500] or diagnostic[:500],
    )


_WORST_FIRST = ("failed", "delayed", "expanded", "relayed", "delivered")


def _first(blocks: list[Headers], name: str) -> str:
    return next((block.get(name) for block in blocks if name in block), "")


_FORMS: Mapping[str, Callable[[Suspect, list[Headers]], Report]] = {
    "message/feedback-report": complaint_of,
    "message/delivery-status": _status,
    "message/global-delivery-status": _status,
}
