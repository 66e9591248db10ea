"""Who may what (J, M, T): open a ticket, take part in one, act on one; and whether a mail is proven its sender's."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal

from authres import AuthenticationResultsHeader, AuthResError

from parsers.mail import Mail
from rules.desk import Desk
from rules.facts import Person
from rules.ticket import Ticket

Proof = Literal["off", "pass", "fail", "none"]

_NAMELESS = "nameless.invalid"
"""Put in front of a header that names no server."""


def domain_of(address: str) -> str:
    """What stands behind the last «@», in lower case; "" where there is none."""
    return address.rpartition("@")[2].lower() if "@" in address else ""


def is_shared(address: str, desk: Desk) -> bool:
    """Whether several people read this address («info@…»), so that nobody answers for what it writes (J)."""
    local = address.rpartition("@")[0].lower()
    return local in {name.lower() for name in desk.requesters.shared}


def is_known(address: str, desk: Desk, person: Person | None = None) -> bool:
    """Whether the address is somebody's: registered by mail (``person``), in `[[people]]`, or of the desk's staff."""
    return person is not None or desk.person_at(address) is not None or address.lower() in desk.staff


def language_of(address: str, desk: Desk, person: Person | None = None) -> str:
    """The language that somebody known wants letters in; "" where nothing is known."""
    listed = desk.person_at(address)
    return (person.language if person else "") or (listed.language if listed else "")


def of_listed_domain(address: str, desk: Desk) -> bool:
    """Whether the address belongs to one of `requesters.domains`."""
    return domain_of(address) in {domain.lower().lstrip("@") for domain in desk.requesters.domains}


def admits(desk: Desk, sender: str, person: Person | None) -> bool:
    """Whether the policy lets ``sender`` open tickets; ``person`` is whoever registered that address."""
    match desk.requesters.policy:
        case "open":
            return True
        case "domains":
            return of_listed_domain(sender, desk) or is_known(sender, desk, person)
        case "registered":
            return is_known(sender, desk, person) and not is_shared(sender, desk)


def may_join(desk: Desk, address: str, registered_people: Collection[str]) -> bool:
    """Whether an address in copy may take part in a ticket (J): nobody gets to read one because a stranger named them.

    ``registered_people``: those among the mail's addresses that belong to registered people, in lower case.
    """
    lower = address.lower()
    if not domain_of(lower) or lower in desk.own_addresses or lower in desk.group_addresses:
        return False
    return (
        desk.requesters.participants == "any"
        or lower in registered_people
        or desk.person_at(lower) is not None
        or of_listed_domain(lower, desk)
    )


def newcomers(desk: Desk, addresses: Iterable[str], known: frozenset[str]) -> tuple[str, ...]:
    """Those of ``addresses`` whose people have none among ``known``, in lower case: one of each person's, in order."""
    joining: list[str] = []
    for address in addresses:
        person = desk.addresses_of(address)
        if known.isdisjoint(person):
            joining.append(address)
            known |= person
    return tuple(joining)


def acts_for(desk: Desk, ticket: Ticket, sender: str) -> bool:
    """Whether ``sender`` may act on ``ticket``: members and coordinators of its group, and of the coordination group
    that passed it on to this one (T: a specialist's ticket stays its coordinators')."""
    groups = set(desk.groups_of(sender))
    return ticket.group in groups or _coordination_of(ticket, desk) in groups


def _coordination_of(ticket: Ticket, desk: Desk) -> str:
    """The coordination group that the ticket came from last; "" where it came from none."""
    last = ticket.came_from[-1] if ticket.came_from else ""
    return last if any(group.escalates_to == last for group in desk.groups.values()) else ""


def unproven(desk: Desk, mail: Mail, under: Literal["warn", "require"]) -> bool:
    """Whether no trusted server vouches for the sender. Where the desk is ``under`` `warn`, the ledger notes it and the
    group is shown it; under `require` the mail is set aside."""
    return desk.senders.authentication == under and authentication(desk, mail) != "pass"


# -- sender authentication (RFC 8601, RFC 7489)


def authentication(desk: Desk, mail: Mail) -> Proof:
    """What our own receiving server says of the sender: ``pass`` is a DMARC pass for the domain of From.

    Only the topmost Authentication-Results that names a trusted server counts: anything below it may be the
    sender's own writing. "" among `senders.trusted_authserv` trusts a header without a name, as Microsoft 365
    writes it. ``none``: no trusted header, or no verdict in it.
    """
    if desk.senders.authentication == "off":
        return "off"
    trusted = {name.lower() for name in desk.senders.trusted_authserv}
    for text in mail.auth_results:
        server, header = _parse(text)
        if header and server in trusted:
            return _dmarc(header, domain_of(mail.sender))
    return "none"


def _parse(text: str) -> tuple[str, AuthenticationResultsHeader | None]:
    """The server's name in lower case, "" where the header has none, and the header; None where it has no form."""
    for before, name in (("", None), (f"{_NAMELESS}; ", "")):
        try:
            header = AuthenticationResultsHeader.parse(f"Authentication-Results: {before}{text}")
        except (SyntaxError, AuthResError, RecursionError, ValueError):
            continue
        return (str(header.authserv_id).lower() if name is None else name), header
    return "", None


def _dmarc(header: AuthenticationResultsHeader, domain: str) -> Proof:
    """The verdicts on ``domain``: one that fails outweighs those that pass; a pass for another domain is a failure."""
    found = {
        result.result if _header_from(result) == domain else "fail"
        for result in header.results
        if result.method == "dmarc" and result.result in ("pass", "fail")
    }
    if not found:
        return "none"
    return "pass" if found == {"pass"} else "fail"


def _header_from(result: object) -> str:
    properties = getattr(result, "properties", ())
    return next((str(p.value).lower() for p in properties if (p.type, p.name) == ("header", "from")), "")
