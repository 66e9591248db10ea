"""Reports about a mail: delivery status notifications (RFC 3464), complaints (RFC 5965), and bounces without a form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flufl.bounce import scan_message

from parsers import senders
from parsers.attachments import decoded
from parsers.headers import Budget, Headers, OverBudget, Raw, read_headers
from parsers.skeleton import Part

_READ = 64 * 1024
"""Octets of a report's part that are looked at."""
_ANY = Budget(header_block=_READ, header=_READ, headers=5000)


@dataclass(frozen=True, slots=True)
class Report:
    """A delivery status notification, a complaint or a non-delivery mail (RFC 3464, RFC 5965, and those without form).

    ``original_ids``: Message-IDs (without <>) of the mail it speaks of, in the order they were found; ``recipients``:
    the addresses that were not reached; ``action`` as in RFC 3464 (``failed``, ``delayed``, ``delivered`` …) or
    ``complaint``; ``status`` the enhanced code («5.1.1») or "".
    """

    action: str
    recipients: tuple[str, ...] = ()
    original_ids: tuple[str, ...] = ()
    status: str = ""
    diagnostic: str = ""


def read_report(raw: Raw, headers: Headers, root: Part, text: str, own_words: str) -> Report | None:
    """What the mail reports, or None where it is no report.

    ``text`` is the whole readable text, ``own_words`` that without quoted or forwarded history.
    """
    leaves = list(root.leaves())
    for media_type, reader in _FORMS:
        for part in leaves:
            if part.media_type == media_type:
                return reader(raw, part, leaves, text)
    if _is_complaint(headers, text):
        return Report("complaint", _addresses(headers.all("x-hmxmroriginalrecipient")), _originals(raw, leaves, text))
    if not _is_bounce(raw, headers, root, leaves, text, own_words):
        return None
    return _unformed(raw, headers, leaves, text)


def _status(raw: Raw, part: Part, leaves: list[Part], text: str) -> Report:
    """A DSN: the worst that befell any recipient is its action."""
    blocks = list(_blocks(_content(raw, part)))
    actions = [block.get("action").split(" ")[0].split(";")[0].strip().lower() for block in blocks if "action" in block]
    action = next((action for action in _WORST_FIRST if action in actions), "")
    recipients = [
        block.get("original-recipient") or block.get("final-recipient")
        for block in blocks
        if block.get("action").lower().startswith(action or "")
        and ("final-recipient" in block or "original-recipient" in block)
    ]
    status = next((found[0] for block in blocks if (found := _STATUS.search(block.get("status")))), "")
    diagnostic = next((block.get("diagnostic-code") for block in blocks if "diagnostic-code" in block), "")
    return Report(
        action or _action_of(text, status),
        _addresses(recipients),
        _originals(raw, leaves, text, blocks),
        status,
        diagnostic.partition(";")[2].strip()[:500] or diagnostic[:500],
    )


_WORST_FIRST = ("failed", "delayed", "expanded", "relayed", "delivered")


def _complaint(raw: Raw, part: Part, leaves: list[Part], text: str) -> Report:
    blocks = list(_blocks(_content(raw, part)))
    recipients = [value for block in blocks for value in block.all("original-rcpt-to") + block.all("removal-recipient")]
    kind = next((block.get("feedback-type") for block in blocks if "feedback-type" in block), "")
    return Report("complaint", _addresses(recipients), _originals(raw, leaves, text, blocks), "", kind)


_FORMS = (
    ("message/feedback-report", _complaint),
    ("message/delivery-status", _status),
    ("message/global-delivery-status", _status),
)


def _content(raw: Raw, part: Part) -> bytes:
    end = min(part.end, part.start + 2 * _READ)
    return b"".join(decoded(raw, part.start, end, part.encoding))[:_READ]


def _blocks(content: bytes) -> Iterator[Headers]:
    """The groups of fields that empty lines part, in a status or feedback part."""
    for block in re.split(rb"\r?\n[ \t]*\r?\n", content.strip())[:500]:
        if (headers := _fields(block)) is not None:
            yield headers


def _fields(block: bytes) -> Headers | None:
    try:
        return read_headers(block, 0, len(block), _ANY)[0]
    except OverBudget:
        return None


def _originals(raw: Raw, leaves: Iterable[Part], text: str, blocks: Iterable[Headers] = ()) -> tuple[str, ...]:
    """Message-IDs of the mail that came back: of the copy of it, of the report's fields, of lines in the text."""
    found: list[str] = []
    for part in leaves:
        if part.media_type in (
            "message/rfc822",
            "message/global",
            "text/rfc822-headers",
            "message/rfc822-headers",
            "message/global-headers",
        ):
            inner = _fields(_content(raw, part).lstrip())
            found += _IDS.findall(inner.get("message-id")) if inner else []
    for block in blocks:
        for name in ("original-message-id", "x-original-message-id", "original-envelope-id"):
            found += _IDS.findall(block.get(name))
    found += [match for match in _ID_LINE.findall(text[:_READ])]
    return tuple(dict.fromkeys(found))


_IDS = re.compile(r"<\s*([^<>\s]{1,900})\s*>")
_ID_LINE = re.compile(
    r"^[>|\s]{0,20}(?:x-)?(?:original-)?message[- ]?id\s*[:=]\s*<\s*([^<>\s]{1,900})\s*>", re.IGNORECASE | re.MULTILINE
)
_STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"'`]{1,200}@[A-Za-z0-9-]{1,60}(?:\.[A-Za-z0-9-]{1,60}){0,8}")


def _addresses(values: Iterable[str]) -> tuple[str, ...]:
    found = (senders.bare(address) for value in values for address in _ADDRESS.findall(value[:2000]))
    return tuple(dict.fromkeys(filter(None, found)))


# --- reports without a form -------------------------------------------------------------------------------------------

_MACHINE = re.compile(
    r"mailer[-_ ]?daemon|mail[-_]daemon|mdaemon|double-bounce|mail(?:er)? deliver\w* (?:sub)?system|mail delivery service"
    r"|email delivery system|mail system(?: daemon)?\b|deliver\w* notification|bounces?\+[^ ]*@|bounce@",
    re.IGNORECASE,
)
_MASTER = re.compile(
    r"post[-_ ]?master|system administrator|mail administrator|mail(?:server)?-?admin@|systemverwalter", re.IGNORECASE
)

_SUBJECT = re.compile(
    r"undeliver|nondeliver|not? (?:be )?deliver|unable to deliver|(?:mail|message|e-?mail|messages?) (?:delivery|failed|failure|error|status"
    r"|returned|delayed|rejected|bounced?|not)|deliver\w* (?:status|fail\w*|delay\w*|problem|error|report|notif\w*|incomplete|"
    r"unsuccessful|attempt)|return(?:ed|ing) (?:mail|message|e-?mail|to sender)|fail\w* (?:notice|deliver\w*|mail|notification)|bounce"
    r"|could not (?:be )?(?:send|sent|deliver)|delayed mail|error (?:sending|sent|in|from)|permanent error|warning: (?:could|message)"
    r"|mail system error|problem delivering|user unknown|unknown user|mailbox (?:full|unavail)|rejected|undelivered|mail (?:failed|failure)"
    r"|unzustellbar|nicht zugestellt|zustellung|fehlgeschlagen|non remis|échec|non distribu|retour(?:né)? à l|remise"
    r"|no (?:se ha )?(?:podido )?entreg|no entregad|devuelt|error de entrega|fall[oa] (?:en|de) (?:la )?entrega|entrega"
    r"|não entregue|falha|devolvid|mancata consegna|non recapita|recapito|onbestelbaar|niet (?:bezorgd|afgeleverd)|olevererbar|kunde inte"
    r"|недостав|не доставлен|возвра|ошибка|退信|无法|失败|系统退信|配信|配送|不達|送信|エラー|届|배달|반송|전송 실패",
    re.IGNORECASE,
)
_SENTENCE = re.compile(
    r"(?:could|can|was|were|has|have|had|is|are|did|been)(?: ?n[o']t| not)?\s+(?:able\s+to\s+)?(?:be\s+|been\s+|get\s+)?(?:un)?deliver|undeliver|unable to (?:be )?(?:deliver|relay|send)"
    r"|(?:not|never)\s+(?:been\s+)?delivered|deliver\w*\s+(?:\w+\s+){0,4}(?:fail|delay|abort|suspend|error|permanent|problem|impossible|unsuccess)"
    r"|fail\w*\s+(?:\w+\s+){0,3}(?:deliver|recipient|address)|problem\w*\s+(?:\w+\s+){0,3}deliver|error\w*\s+(?:\w+\s+){0,6}(?:deliver|sending)"
    r"|return(?:ed|ing)\s+(?:\w+\s+){0,3}(?:to (?:the )?sender|mail|message|undeliver|below|unopened)|transcript of session"
    r"|permanent(?:ly)?\s+(?:fatal\s+)?(?:error|fail|reject)|permanent fatal|fatal error|giving up|given up|user(?:name|id)? (?:is )?(?:not )?(?:unknown|found|listed)"
    r"|unknown (?:user|recipient|address|mailbox|local)|no such (?:user|recipient|address|mailbox|person|local)|mailbox (?:is |was )?(?:full|unavail|not found|disabled|inactive)"
    r"|(?:over|exceed\w*)\s+(?:\w+\s+){0,3}quota|quota\s+(?:\w+\s+){0,2}exceed|(?:does not|doesn't) (?:exist|have a)|account (?:is )?(?:disabled|inactive|full)"
    r"|(?:invalid|bad|unrecogni[sz]ed|nonexistent|non-existent)\s+(?:\w+\s+){0,2}(?:address|recipient|mailbox|user)|hop count|too many hops|mail loop|host (?:\w+ )?(?:unknown|not found)"
    r"|(?:message|mail)\s+(?:\w+\s+){0,4}(?:bounced|rejected|refused|blocked|not accepted|returned)|recipient\w*\s+(?:\w+\s+){0,4}(?:reject|refus|unknown|fail|not)|rejected (?:by|your|the)"
    r"|refused to (?:accept|talk)|could not (?:send|find|connect|contact)|trouble delivering|qmail-send|this is the mail system|mail delivery (?:sub)?system"
    r"|final-recipient:|diagnostic-code:|remote host said|<<< ?[45]\d\d|>>> ?(?:rcpt|data)|original message follows|copy of (?:the|your) (?:original )?message"
    r"|still being retried|will (?:continue|keep|be) (?:\w+ )?(?:trying|retr)|no se (?:ha )?(?:podido|pudo) (?:entregar|enviar)|no (?:fue|ha sido) (?:posible )?(?:entreg|enviad)"
    r"|não (?:foi|pôde|pode) (?:\w+ )?(?:entreg|envi)|n'(?:a|ont) (?:pas )?(?:pu|été) (?:\w+ )?(?:\w+ )?(?:remis|distribu|livr)|nicht (?:\w+ )?zugestellt|konnte nicht|unzustellbar"
    r"|non (?:è stato )?(?:possibile )?(?:consegn|recapit)|не (?:был[оа]? |может быть )?доставлен|не удалось|не существует|недостав|отклонен|送信できません|配信できません|配送できません|"
    r"送信に失敗|届けることができ|配達できません|エラーが発生|存在しません|宛先|無法|无法|退回|退信|失败|不存在|拒收",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"\b[45]\d\d[ -]#?[45]\.\d{1,3}\.\d{1,3}\b|\b[45]\.\d\.\d{1,2}\b|\b(?:4[25]\d|5[05]\d)[ -](?:\S+ ){0,6}\S*|\bstatus: ?[45]\."
)
_ORIGINAL = re.compile(
    r"^[>|\s]{0,20}(?:message-id|received|return-path|from|to|subject|date|x-mailer):\s", re.IGNORECASE | re.MULTILINE
)
_DELAY = re.compile(
    r"delay|still being retried|will (?:continue|keep|be) (?:\w+ )?(?:trying|retr)|not yet been|warning: (?:could|message)|has not been delivered yet"
    r"|temporar\w+ (?:problem|fail|error)|this is a warning|(?:no|not) need to (?:resend|retransmit)|verzögert|retras|demora|en attente|retard",
    re.IGNORECASE,
)
_STATUS_FIELDS = re.compile(r"^[>|\s]{0,20}final-recipient:\s", re.IGNORECASE | re.MULTILINE)


def _is_bounce(raw: Raw, headers: Headers, root: Part, leaves: list[Part], text: str, own_words: str) -> bool:
    """Marks are weighed, since one alone is nothing: people redirect mail with a null sender, and postmasters write."""
    if "x-failed-recipients" in headers or root.parameters.get("report-type") == "delivery-status":
        return True
    text = text[:_READ]
    if not own_words.strip() and _STATUS_FIELDS.search(text):
        return True  # a status notification that somebody forwarded without a word
    if _is_cloud_notice(headers, text):
        return True
    sender = _sender_weight(headers)
    if not sender:
        return False
    weight = sender + 2 * bool(_SUBJECT.search(headers.text("subject"))) + 2 * bool(_SENTENCE.search(text))
    weight += bool(_CODE.search(text)) + _returns_original(leaves, text)
    return weight >= 5 or (weight >= 2 and _known_to_library(raw))


def _sender_weight(headers: Headers) -> int:
    """How far the mail comes from a mail system: by its From, and by its null return path."""
    sender = " ".join(map(str, headers.all("from")))
    weight = 0
    if "from" in headers and (_MACHINE.search(sender) or sender.strip() in ("", "<>")):
        weight = 3
    elif _MASTER.search(sender):
        weight = 2
    path = headers.get("return-path")
    null = "return-path" in headers and (path.strip() in ("", "<>") or bool(_MACHINE.search(path)))
    return weight + 2 * null


def _returns_original(leaves: list[Part], text: str) -> int:
    attached = any(part.media_type in ("message/rfc822", "text/rfc822-headers") for part in leaves)
    return int(attached or len(_ORIGINAL.findall(text)) >= 3)


def _is_cloud_notice(headers: Headers, text: str) -> bool:
    """Amazon's queue sends its bounces and complaints as JSON."""
    return '"notificationType":"' in text[:2000].replace(" ", "") and ('"bounce"' in text or '"complaint"' in text)


_COMPLAINT = re.compile(
    r"^(?:\[?(?:abuse|spam|complaint|junk)\b[^\n]{0,40}\b(?:report|about|complaint|notification)|complaint about (?:message|email))",
    re.IGNORECASE,
)
_COMPLAINT_TEXT = re.compile(
    r"this is an? (?:\w+ )?(?:e-?mail )?(?:abuse|spam|fraud|virus)(?: |-)report|(?:abuse|spam|fraud) report for an? (?:e-?mail )?message|feedback-type\s*:\s*\w",
    re.IGNORECASE,
)


def _is_complaint(headers: Headers, text: str) -> bool:
    if "x-hmxmroriginalrecipient" in headers:
        return True
    return bool(_COMPLAINT_TEXT.search(text[:4000])) and (
        "x-loop" in headers
        or bool(_COMPLAINT.match(headers.text("subject")))
        or "abuse" in headers.get("from").lower()
        or "user-agent:" in text.lower()
    )


def _known_to_library(raw: Raw) -> bool:
    """flufl.bounce knows odd forms of its own; it raises on many mails."""
    import email

    try:
        return bool(scan_message(email.message_from_bytes(raw[:_READ])))
    except Exception:  # noqa: BLE001 - whatever it raises, the mail is none that it knows
        return False


def _unformed(raw: Raw, headers: Headers, leaves: list[Part], text: str) -> Report:
    recipients = _addresses(headers.all("x-failed-recipients")) or _addresses(_named(text[:_READ]))
    status = _STATUS.search(text[:_READ])
    code = _CODE.search(text[:_READ])
    line = text[text.rfind("\n", 0, code.start()) + 1 :].partition("\n")[0] if code else ""
    originals = _originals(raw, leaves, text)
    thread = _IDS.findall(headers.get("in-reply-to")) + _IDS.findall(headers.get("references"))
    action = _action_of(headers.text("subject") + "\n" + text[:4000], status[0] if status else "")
    return Report(
        action, recipients, tuple(dict.fromkeys((*originals, *thread))), status[0] if status else "", line.strip()[:500]
    )


_NAMED = re.compile(
    r"^[ \t>]*<?([^\s<>()\[\],;:\"']{1,200}@[A-Za-z0-9.-]{1,200})>?[ \t]*(?::|\.\.\.|$)|(?:rcpt to|final-recipient|original-recipient|to|recipient|user)\s*:?\s*(?:rfc822;)?\s*<?([^\s<>()\[\],;:\"']{1,200}@[A-Za-z0-9.-]{1,200})",
    re.IGNORECASE | re.MULTILINE,
)


def _named(text: str) -> list[str]:
    """The addresses that the text complains of, above the copy of the mail."""
    head = re.split(r"(?im)^[>|\s]{0,20}(?:received|return-path|message-id):\s", text, maxsplit=1)[0]
    return [first or second for first, second in _NAMED.findall(head)][:50]


def _action_of(text: str, status: str) -> str:
    if status.startswith("5"):
        return "failed"
    return "delayed" if status.startswith("4") or _DELAY.search(text) else "failed"
