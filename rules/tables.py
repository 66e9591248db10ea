"""What the admin wrote, table by table: the configuration contract, declared once.

A key of config.toml is an attribute here, its default stands here (larger defaults in daemon/config/defaults.toml), and
daemon/config/settings.py validates the file against these dataclasses. :mod:`rules.desk` joins them to one value.
Tables that only the daemon needs (database, smtp, log …) are declared in daemon/config/accounts.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from typing import Any, Literal

from parsers.fields import Choice, FieldType
from rules.durations import Duration

Role = Literal["opening", "service", "desk"]


@dataclass(frozen=True, slots=True)
class Address:
    """What a further address of a mailbox fixes (J: an address per priority)."""

    priority: str = ""
    kinds: tuple[str, ...] = ()
    """Kinds that may be opened there; () for all."""
    group: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Folders:
    """IMAP folders that a treated mail is moved to."""

    done: str = "Acuse/Tratados"
    untreated: str = "Acuse/No tratados"
    automatic: str = "Acuse/Automáticos"
    quarantine: str = "Acuse/Cuarentena"
    held: str = "Acuse/Retenidos"

    @property
    def names(self) -> tuple[str, ...]:
        """Each folder once: an admin may file mails of several verdicts into the same one."""
        return tuple(dict.fromkeys(astuple(self)))


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A watched mailbox as the rules see it; daemon/config/accounts.py adds how to reach it."""

    name: str
    roles: tuple[Role, ...]
    address: str
    addresses: Mapping[str, Address] = field(default_factory=dict)
    folders: Folders = Folders()


@dataclass(frozen=True, slots=True)
class FieldTable:
    """`[[kinds.K.fields]]`: how an admin writes a :class:`parsers.form.Field`."""

    label: str
    name: str
    type: FieldType = "text"
    lines: Literal["one", "many"] = "one"
    required: bool = True
    required_when: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    values: tuple[str | Choice, ...] = ()
    from_: str = ""
    """`from = "services"` (or "priorities", "categories"): the values are that table's names and aliases."""
    pattern: str = ""
    min_length: int = 0
    max_length: int = 20_000
    hint: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """`[kinds.K]`: a kind of ticket, opened by one exact subject."""

    label: str
    prefix: str
    subject: str
    default_group: str
    phrase: str = ""
    number_label: str = ""
    description: str = ""
    default_priority: str = ""
    states: Mapping[str, str] = field(default_factory=dict)
    """Literals that differ from the catalogue's, by state (a work order's resolved is «Terminado»)."""
    reasons: Literal["", "incident", "work_order"] = ""
    """Whose reasons for a state hold (T); "": those of the kind's own key, else incident."""
    fields: tuple[FieldTable, ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """`[[services]]`: the catalogue behind a choice with `from = "services"`."""

    name: str
    aliases: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class Priority:
    """`[priorities.P]`: what it promises; times count in its calendar, else the group's, else round the clock."""

    response: Duration
    resolution: Duration
    description: str = ""
    calendar: str = ""
    rank: int = 0
    """0 is the most urgent; worklists sort by it. Without one, the order of the file."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """`[calendars.C]`: business hours."""

    days: str = "mon-fri"
    hours: tuple[str, ...] = ("00:00-24:00",)
    holidays: str = ""
    """«ES», or with a region «ES-MD»; "" for none."""
    extra_holidays: tuple[str, ...] = ()
    """Own days off: «2026-05-15», or every year «05-15»."""
    working_days: tuple[str, ...] = ()
    """Days that count although the calendar says otherwise: «2026-12-07»."""


@dataclass(frozen=True, slots=True)
class Group:
    """`[groups.G]`: a support group with its address, its people and who coordinates it."""

    label: str
    address: str
    members: tuple[str, ...] = ()
    coordinator: str = ""
    calendar: str = ""
    escalates_to: str = ""
    free_text: bool = True
    triage: Literal["", "coordinator"] = ""
    language: str = ""

    @property
    def people(self) -> tuple[str, ...]:
        """Whoever may act for it: members and coordinator."""
        return (*self.members, self.coordinator) if self.coordinator else self.members


@dataclass(frozen=True, slots=True)
class RuleTest:
    """`[[rules.tests]]`: given these facts, routing must give this."""

    given: Mapping[str, Any]
    expect: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """`[[rules]]`: conditions (all must hold) and what follows; first match wins unless `continue`."""

    name: str
    when: Mapping[str, Any] = field(default_factory=dict)
    then: Mapping[str, Any] = field(default_factory=dict)
    continue_: bool = False
    tests: tuple[RuleTest, ...] = ()


@dataclass(frozen=True, slots=True)
class Rates:
    """Openings an hour, those of «Abrir» among them, before further ones are held."""

    per_sender: int = 60
    total: int = 1000


@dataclass(frozen=True, slots=True)
class Senders:
    """`[senders]`: how far From is believed."""

    authentication: Literal["off", "warn", "require"] = "off"
    trusted_authserv: tuple[str, ...] = ()
    rates: Rates = Rates()
    blocked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Requesters:
    """`[requesters]`: who may open tickets and take part in them."""

    policy: Literal["open", "domains", "registered"] = "open"
    domains: tuple[str, ...] = ()
    participants: Literal["", "any"] = ""
    shared: tuple[str, ...] = ("info", "soporte", "admin", "administracion", "contacto", "oficina", "buzon")
    """Local parts of shared addresses, refused under `registered`."""
    registration_subject: str = "Solicitud Usuario de Tiquetes de Soporte"
    registration_fields: tuple[FieldTable, ...] = ()


@dataclass(frozen=True, slots=True)
class PersonTable:
    """`[[people]]`: somebody known from the start, the same person from each of their addresses."""

    name: str
    addresses: tuple[str, ...]
    organisation: str = ""
    tax_id: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """`[limits]`: sizes in bytes."""

    mail: int = 40 * 1024 * 1024
    attachment: int = 25 * 1024 * 1024
    attachments: int = 50
    participants: int = 50
    header_block: int = 64 * 1024
    header: int = 8 * 1024
    headers: int = 500
    parts: int = 200
    depth: int = 20
    attempts: int = 3


@dataclass(frozen=True, slots=True)
class Breaker:
    """`[guards.breaker]`: when the loop breaker opens; counts an hour."""

    notices_per_domain: int = 100
    notices_total: int = 500
    same_content: int = 10


@dataclass(frozen=True, slots=True)
class Guards:
    """`[guards]`: letters to one address outside the desk in one hour."""

    letters: int = 60
    notices: int = 3
    near_miss: int = 1
    failed_tokens: int = 20
    staff: int = 300
    """Letters an hour to one address of the desk's own that mails cause; openings are bounded by `senders.rates`."""
    breaker: Breaker = Breaker()


@dataclass(frozen=True, slots=True)
class Validation:
    """`[validation]`: reminders and closing of a solution nobody answers, in business days."""

    reminders: tuple[int, ...] = (2, 5)
    close_after: int = 7
    expiry: int = 30
    """Days (natural) that a verdict link lives."""


@dataclass(frozen=True, slots=True)
class Pending:
    """`[pending]`: reminders and closing of a question nobody answers, in business days."""

    reminders: tuple[int, ...] = (2, 5, 8)
    close_after: int = 10


QualityMode = Literal["off", "warn", "refuse"]


@dataclass(frozen=True, slots=True)
class Quality:
    """`[quality]`: checks on the text of a request (J, M)."""

    too_short: QualityMode = "off"
    all_capitals: QualityMode = "off"
    shouting: QualityMode = "off"
    call_me: QualityMode = "off"
    missing_attachment: QualityMode = "off"
    secret: QualityMode = "warn"  # noqa: S105 - the name of a check
    encrypted: QualityMode = "refuse"
    similar: QualityMode = "warn"


@dataclass(frozen=True, slots=True)
class Category:
    """`[[categories]]`: shown as the summary in searches and worklists; may fix the group."""

    name: str
    group: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Escalation:
    """`[[escalations]]`: a case for «Escalar», with the fields and files that it demands (T)."""

    name: str
    kind: str = ""
    fields: tuple[FieldTable, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Canned:
    """`[[canned]]`: a canned reply; text from a file, with default attachments and the groups that may use it."""

    title: str
    text: str = ""
    file: str = ""
    attachments: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LettersTable:
    """`[letters]`: the templates' folder ("" for the shipped ones) and the foot's own line."""

    language: str = ""
    templates: str = ""
    foot: str = ""


@dataclass(frozen=True, slots=True)
class Reports:
    """`[reports]`: when the weekly report and the daily proof go out, and to whom besides coordinators."""

    weekly: str = "mon 08:00"
    proof: str = "07:00"
    digest: str = "08:00"
    recipients: tuple[str, ...] = ()
    worklist: tuple[str, ...] = ()
    """Times at which a shift starts: «08:00»."""


@dataclass(frozen=True, slots=True)
class Retention:
    """`[retention]`: days that raw mails, sent bytes and closed tickets are kept; 0: for ever."""

    raw_mails: int = 0
    sent: int = 365
    closed_tickets: int = 0


@dataclass(frozen=True, slots=True)
class DeskTable:
    """`[desk]`."""

    name: str
    domain: str
    timezone: str = "Europe/Madrid"
    language: str = "es"
    admins: tuple[str, ...] = ()
    standard_priorities: bool = True
    """Urgente, Alta, Media and Baja exist (L), whatever `[priorities]` adds to them."""
