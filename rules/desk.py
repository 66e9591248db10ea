"""What the admin wrote: the desk as one frozen value, made of the tables of rules/tables.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from parsers.form import Choice, Field
from parsers.reply import TextMarks
from parsers.subject import SubjectMarks
from rules.letters import File
from rules.tables import (
    Address,
    Calendar,
    Canned,
    Category,
    DeskTable,
    Escalation,
    FieldTable,
    Group,
    Guards,
    Kind,
    LettersTable,
    Limits,
    Mailbox,
    Pending,
    PersonTable,
    Priority,
    Quality,
    Reports,
    Requesters,
    Retention,
    Rule,
    Senders,
    Service,
    Validation,
)


@dataclass(frozen=True)
class Desk:
    """What the rules may know of the configuration. Built by daemon/config/settings.py; never changed, only replaced.

    ``service_address`` is smtp.sender: the From of every letter and the address that verdict links write to.
    """

    desk: DeskTable
    mailboxes: tuple[Mailbox, ...]
    kinds: Mapping[str, Kind]
    groups: Mapping[str, Group]
    service_address: str = ""
    services: tuple[Service, ...] = ()
    priorities: Mapping[str, Priority] = field(default_factory=dict)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    senders: Senders = field(default_factory=Senders)
    requesters: Requesters = field(default_factory=Requesters)
    people: tuple[PersonTable, ...] = ()
    limits: Limits = field(default_factory=Limits)
    guards: Guards = field(default_factory=Guards)
    threading: SubjectMarks = field(default_factory=SubjectMarks)
    text: TextMarks = field(default_factory=TextMarks)
    validation: Validation = field(default_factory=Validation)
    pending: Pending = field(default_factory=Pending)
    quality: Quality = field(default_factory=Quality)
    categories: tuple[Category, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    canned: tuple[Canned, ...] = ()
    letters: LettersTable = field(default_factory=LettersTable)
    reports: Reports = field(default_factory=Reports)
    retention: Retention = field(default_factory=Retention)
    catalogue: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """words.toml by language: labels of actions, reasons and fields that people write in mails (see :meth:`words`)."""
    files: Mapping[str, File] = field(default_factory=dict)
    """The files that canned replies carry, by the path that their table gives."""

    @property
    def zone(self) -> ZoneInfo:
        """The desk's time zone."""
        return ZoneInfo(self.desk.timezone)

    @property
    def desk_address(self) -> str:
        """The first `desk` mailbox's address: Reply-To of group letters, target of action links."""
        return next((box.address for box in self.mailboxes if "desk" in box.roles), self.service_address)

    def is_desk(self, box: Mailbox) -> bool:
        """Whether technicians write to this mailbox: it has the role, or is a service mailbox where none has."""
        role = "desk" if any("desk" in each.roles for each in self.mailboxes) else "service"
        return role in box.roles

    @property
    def opening_address(self) -> str:
        """The first `opening` mailbox's address: target of the links that open a ticket."""
        return next((box.address for box in self.mailboxes if "opening" in box.roles), self.service_address)

    @cached_property
    def takers(self) -> Mapping[str, tuple[str, ...]]:
        """The addresses at which tickets of each kind are opened by mail, by kind."""
        boxes = [box for box in self.mailboxes if "opening" in box.roles]
        fixed = {a: box.addresses.get(a, Address()).kinds for box in boxes for a in (box.address, *box.addresses)}
        return {kind: tuple(a for a, kinds in fixed.items() if not kinds or kind in kinds) for kind in self.kinds}

    def opens_at(self, address: str, kind: str) -> str:
        """``address`` where tickets of ``kind`` are opened at it, with all that it fixes; else the first that takes
        them."""
        takers = self.takers[kind]
        return address if address in takers else next(iter(takers), self.opening_address)

    def fixed_at(self, address: str, kind: str) -> Address:
        """What ``address`` fixes for a ticket of ``kind`` that was opened at it; nothing where it takes none."""
        fixed = {a.lower(): each for box in self.mailboxes for a, each in box.addresses.items()}
        found = fixed.get(address.lower(), Address())
        return found if not found.kinds or kind in found.kinds else Address()

    def words(self, language: str = "") -> Mapping[str, Any]:
        """The catalogue of ``language``, else of the desk's own."""
        return self.catalogue.get(language) or self.catalogue[self.desk.language]

    def fields_of(self, kind: str) -> tuple[Field, ...]:
        """The form of a kind, ready for the parser."""
        return self._forms[kind]

    @cached_property
    def _forms(self) -> Mapping[str, tuple[Field, ...]]:
        """Made once: every mail reads a form, and its hash and grammar are looked up by the very same fields."""
        return {key: tuple(self.field(table) for table in kind.fields) for key, kind in self.kinds.items()}

    def named_fields(self, *kinds: str) -> Mapping[str, Field]:
        """Fields by their name: those of the first of ``kinds`` that has one, else of any kind."""
        forms = [self._forms[kind] for kind in (*self._forms, *reversed(kinds)) if kind in self._forms]
        return {field.name: field for form in forms for field in form}

    def kind_of(self, number: str) -> str:
        """The kind that gives such numbers; "" for none."""
        prefix = number.rstrip("_0123456789")
        return next((key for key, kind in self.kinds.items() if kind.prefix == prefix), "")

    def field(self, table: FieldTable) -> Field:
        """One TOML field as the parser's :class:`Field`, its values looked up where they come from a table."""
        return Field(
            name=table.name,
            label=table.label,
            type=table.type,
            many_lines=table.lines == "many",
            required=table.required,
            required_when=tuple(
                (name, (values,) if isinstance(values, str) else tuple(values))
                for name, values in table.required_when.items()
            ),
            choices=self._choices(table),
            pattern=table.pattern,
            min_length=table.min_length,
            max_length=table.max_length,
            hint=table.hint,
            aliases=table.aliases,
        )

    def _choices(self, table: FieldTable) -> tuple[Choice, ...]:
        sources: dict[str, tuple[Choice, ...]] = {
            "services": tuple(Choice(s.name, s.aliases, s.description) for s in self.services),
            "priorities": tuple(Choice(name, (), p.description) for name, p in self.priorities.items()),
            "categories": tuple(Choice(c.name, c.aliases) for c in self.categories),
        }
        own = tuple(value if isinstance(value, Choice) else Choice(value) for value in table.values)
        return sources.get(table.from_, ()) + own

    @cached_property
    def staff(self) -> frozenset[str]:
        """Every address of the desk itself: groups, members, coordinators, admins, whatever else `[[people]]` lists for
        one of them; a class of their own for guards."""
        named = {a for group in self.groups.values() for a in (*group.people, group.address)} | set(self.desk.admins)
        return frozenset(own for address in named for own in self.addresses_of(address))

    @cached_property
    def group_addresses(self) -> frozenset[str]:
        """Where the groups get their letters: nobody's own address, unless it stands among a group's people."""
        people = {own for group in self.groups.values() for a in group.people for own in self.addresses_of(a)}
        return frozenset(group.address.lower() for group in self.groups.values()) - people

    @cached_property
    def own_addresses(self) -> frozenset[str]:
        """Every address that Acuse itself reads or writes from."""
        boxes = {a for box in self.mailboxes for a in (box.address, *box.addresses)}
        return frozenset(a.lower() for a in boxes | {self.service_address} if a)

    def person_at(self, address: str) -> PersonTable | None:
        """Whoever stands in `[[people]]` with this address."""
        return self._people.get(address.lower())

    @cached_property
    def _people(self) -> Mapping[str, PersonTable]:
        return {address.lower(): person for person in self.people for address in person.addresses}

    def addresses_of(self, address: str) -> frozenset[str]:
        """Every address, in lower case, of whoever has ``address``: those that `[[people]]` lists beside it. Which
        of them somebody writes from makes no difference to what they may; a letter goes to the one that is known."""
        person = self.person_at(address)
        return frozenset(a.lower() for a in person.addresses) if person else frozenset((address.lower(),))

    def groups_of(self, address: str) -> tuple[str, ...]:
        """The groups of which whoever has ``address`` is a member or the coordinator."""
        return self._groups_of.get(address.lower(), ())

    @cached_property
    def _groups_of(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for key, group in self.groups.items():
            for own in {own for address in group.people for own in self.addresses_of(address)}:
                found[own] = (*found.get(own, ()), key)
        return found

    def known_as(self, address: str, group: str) -> str:
        """The address by which groups know whoever has ``address``, ``group`` before any other; ``address`` itself
        where none does."""
        known = (*self.groups[group].people, *(a for each in self.groups.values() for a in each.people))
        return next((a for a in known if a.lower() in self.addresses_of(address)), address)
