"""Groups, people and domains: can every letter reach somebody, and can somebody act on every ticket?"""

from __future__ import annotations

from collections.abc import Iterator

from daemon.config.accounts import Written
from daemon.config.crosschecks import Check, at, repeated
from daemon.config.positions import Path
from daemon.config.shape import Misfit, shown
from parsers.senders import bare
from rules.access import domain_of


def is_address(text: str) -> bool:
    """Whether ``text`` is one bare address that we would write to; only a letter can tell whether it exists."""
    return bool(text) and bare(text).lower() == text.lower()


def people(written: Written) -> Iterator[Misfit]:
    """Addresses look like addresses; nobody is known twice; no letter of the desk comes back to the desk."""
    own = {a.lower() for box in written.mailboxes for a in (box.address, *box.addresses)}
    for path, address in at(written, *ADDRESSES):
        if address and not is_address(address):
            yield Misfit(
                path, f'{shown(address)} is no mail address; write one bare address, such as "ana@cau.example"'
            )
        elif address.lower() in own:
            yield Misfit(path, "this is a mailbox of the desk itself; another address is needed here")
    yield from repeated(at(written, "people.*.addresses.*"), "this person's address", str.lower)
    for number, person in enumerate(written.people):
        if not person.addresses:
            yield Misfit(("people", number, "addresses"), "a person is known by an address; write at least one")


def blocked(written: Written) -> Iterator[Misfit]:
    """Nobody of the desk writes from where mail goes unread, and each entry can be somebody's."""
    staff = {part for _, address in at(written, *ADDRESSES) for part in (address.lower(), domain_of(address))}
    for number, entry in enumerate(written.senders.blocked):
        if "*" in entry or not (is_address(entry) or is_address(f"acuse@{entry.lstrip('@')}")):
            text = f'{shown(entry)} is no address and no domain, and blocks nobody; write one such as "spam.example"'
            yield Misfit(("senders", "blocked", number), text, warning=True)
        if entry.lower().lstrip("@") in staff:
            text = "somebody of the desk, or of [[people]], writes from here, and would be filed away unread"
            yield Misfit(("senders", "blocked", number), text, warning=True)


ADDRESSES = (
    "groups.*.address", "groups.*.coordinator", "groups.*.members.*", "desk.admins.*", "reports.recipients.*",
    "alerts.to.*", "people.*.addresses.*",
)  # fmt: skip
"""Where people's addresses stand."""


def groups(written: Written) -> Iterator[Misfit]:
    """Somebody can act for every group, in the way that it is told to."""
    for key, group in written.groups.items():
        place: Path = ("groups", key)
        members = (((*place, *path), member) for path, member in at(group, "members.*"))
        yield from repeated(members, "this member's address", str.lower)
        if not group.members and not group.coordinator:
            yield Misfit(place, 'nobody could act for this group; write "members" or a "coordinator"', at_key=True)
        if group.triage and not group.coordinator:
            yield Misfit((*place, "triage"), 'this group has no "coordinator", who would say who does it')
        if group.escalates_to == key:
            yield Misfit((*place, "escalates_to"), "a group cannot escalate to itself; name another group")
        if not group.free_text and not any(key in reply.groups or not reply.groups for reply in written.canned):
            yield Misfit((*place, "free_text"), "this group could not answer; write a [[canned]] reply that it may use")


def admins(written: Written) -> Iterator[Misfit]:
    """Somebody is told when something fails."""
    if not written.desk.admins:
        text = 'nobody would be told when something fails; write at least one address, such as "admin@cau.example"'
        yield Misfit(("desk", "admins"), text, warning=True)


def domains(written: Written) -> Iterator[Misfit]:
    """The domain of Message-IDs is one, and those whose people may write are."""
    for path, text in at(written, "desk.domain", "requesters.domains.*"):
        domain = text if path[0] == "desk" else text.lstrip("@")
        if not is_address(f"acuse@{domain}"):
            yield Misfit(path, f'{shown(domain)} is no domain; write one such as "cau.example"')


def admitted(written: Written) -> Iterator[Misfit]:
    """Somebody may open a ticket."""
    if written.requesters.policy == "domains" and not written.requesters.domains:
        text = (
            '"domains" admits nobody but the desk and [[people]]: write theirs, such as domains = ["cliente.example"]'
        )
        yield Misfit(("requesters", "policy"), text, warning=True)


def proof(written: Written) -> Iterator[Misfit]:
    """Whose word counts on who the sender is."""
    senders = written.senders
    if senders.authentication != "off" and not senders.trusted_authserv:
        text = (
            f'"{senders.authentication}" needs "trusted_authserv": the name that your server writes into its verdicts'
        )
        yield Misfit(("senders", "authentication"), text)


CHECKS: tuple[Check, ...] = (people, blocked, groups, admins, domains, admitted, proof)
"""The checks of this module, in the order in which their misfits are told."""
