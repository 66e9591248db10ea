"""The catalogue as rules use it: subjects of links, labels of actions and reasons, in the language of a ticket.

Rules speak keys; what people read and write stands in words.toml. What people *write* is understood in every language
of the catalogue, so that a Spanish answer to an English letter works.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from parsers.form import Choice, Field
from parsers.spelling import fold_label
from rules.desk import Desk

VALUES_ROOM, MEANINGS_ROOM = 200, 400
"""Characters of a field's values, and of values with their meanings, that a form shows; a longer list is only told when
a value is refused."""


def phrase(desk: Desk, kind: str, language: str = "") -> str:
    """A kind with its article: «la incidencia». The TOML's own holds in the desk's language, else the catalogue's; a
    language whose phrases have no article does without that of the desk's, and one that adds its own («the») without
    the one that was written."""
    kind_, words = desk.kinds[kind], desk.words(language)
    known = words.get("kinds", {}).get(kind, {}).get("phrase", "")
    own = kind_.phrase.removeprefix(_added(desk.words()))
    if not language or language == desk.desk.language:
        return own or known or kind_.label
    foreign = () if _articles(words) else _articles(desk.words())
    article = next((article for article in foreign if own.startswith(article)), "")
    return known or own.removeprefix(article) or kind_.label


def noun(desk: Desk, kind: str, language: str = "") -> str:
    """A kind without its article: «incidencia»."""
    called = phrase(desk, kind, language)
    article = next((article for article in _articles(desk.words(language)) if called.startswith(article)), "")
    return called.removeprefix(article)


def _added(words: Mapping[str, Any]) -> str:
    """The article that a language puts before a phrase itself."""
    return str(words.get("grammar", {}).get("the", "")).partition("{phrase}")[0]


def _articles(words: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(words.get("grammar", {}).get("articles", ()))


def of(desk: Desk, kind: str, language: str = "") -> str:
    """«de la incidencia»: the phrase behind its preposition, contracted where the language does so."""
    words = desk.words(language)
    joined = str(words.get("of", "{phrase}")).format(phrase=phrase(desk, kind, language))
    for apart, contracted in words.get("contractions", {}).items():
        joined = joined.replace(apart, contracted)
    return joined


def subject(desk: Desk, key: str, /, language: str = "", kind: str = "", **values: Any) -> str:
    """The subject of the mail that a link opens: `[subjects]` of the catalogue, filled in; ``of`` «de la
    incidencia», ``the`` «la incidencia»."""
    if kind:
        values |= {"of": of(desk, kind, language), "the": phrase(desk, kind, language)}
    return str(desk.words(language)["subjects"][key]).format(**values)


def word(desk: Desk, section: str, key: str, language: str = "") -> str:
    """One entry of the catalogue; the key itself where it has none."""
    return str(desk.words(language).get(section, {}).get(key, key))


def record(desk: Desk, at: datetime) -> str:
    """«09/10/2017 10:23:58» in the desk's language and zone."""
    return at.astimezone(desk.zone).strftime(str(desk.words()["dates"]["record"]))


def spellings(desk: Desk, section: str, key: str) -> tuple[str, ...]:
    """An entry in every language of the catalogue: all that people may write for it."""
    found = (words.get(section, {}).get(key, "") for words in desk.catalogue.values())
    return tuple(dict.fromkeys(str(text) for text in found if text))


def key_of(desk: Desk, section: str, text: str) -> str:
    """The key whose entry, in any language, reads like ``text``; "" for none."""
    wanted = fold_label(text)
    return next((key for key, entry in _entries(desk, section) if fold_label(entry) == wanted), "")


def instructions(
    desk: Desk, fields: Sequence[Field], known: Mapping[str, str], language: str = "", either: Sequence[str] = ()
) -> list[str]:
    """What stands below a form that a link of ours opens. Of the ``fields`` that ``known`` leaves open: what may be
    written in each, of which, named in ``either``, one is enough, and which may stay empty. Then how dates are read,
    where it asks for any, and how it is to be sent."""
    left = [field for field in fields if not known.get(field.name)]
    either = () if any(known.get(name) for name in either) else either
    enough = [field.label for field in left if field.name in either]
    free = [f.label for f in left if not (f.required or f.required_when or f.name in either)]
    told = (
        *(("values_hint", field.label, listed(field.choices)) for field in left),
        *(("help_hint", field.label, field.hint) for field in left),
        ("either_hint", "", ", ".join(enough) if len(enough) > 1 else ""),
        ("optional_hint", "", ", ".join(free)),
    )
    hints = [
        word(desk, "bodies", key, language).format(label=label, values=values)
        for key, label, values in told
        if 0 < len(values) <= MEANINGS_ROOM and not set("[]") & set(label + values)
    ]
    dated = ["date_hint"] if any(field.type in ("date", "datetime") for field in fields) else []
    last = "form_hint" if fields else "confirm_hint"
    return hints + [word(desk, "bodies", key, language) for key in (*dated, last)]


def listed(choices: Sequence[Choice]) -> str:
    """What may be chosen, with its meanings where there is room for them; "" where it is too much to be read."""
    values = ", ".join(choice.value for choice in choices)
    explained = ", ".join(choice.explained for choice in choices)
    if explained != values and len(explained) <= MEANINGS_ROOM:
        return explained
    return values if len(values) <= VALUES_ROOM else ""


FORM_HINTS = (
    "values_hint", "help_hint", "either_hint", "optional_hint", "relation_hint", "kind_hint", "case_hint", "date_hint",
    "form_hint", "confirm_hint",
)  # fmt: skip
"""The catalogue's instructions below forms."""


def form_hints(desk: Desk) -> tuple[str, ...]:
    """All such instructions, in every language."""
    return tuple(text for key in FORM_HINTS for text in spellings(desk, "bodies", key))


def date_forms(desk: Desk, language: str = "") -> tuple[str, str]:
    """How a form that we write says a day, and a day with its time (strftime)."""
    dates = desk.words(language)["dates"]
    return str(dates["day"]), str(dates["moment"])


def own_lines(desk: Desk) -> tuple[str, ...]:
    """Every line that our links write into a body: what else stands there was typed by a person."""
    return tuple(str(text) for words in desk.catalogue.values() for text in words.get("bodies", {}).values())


def state_label(desk: Desk, kind: str, state: str, language: str = "") -> str:
    """«Resuelto», for a work order «Terminado»: the TOML's, else the catalogue's for the kind, else for all."""
    words = desk.words(language)
    special: Mapping[str, str] = words.get(f"states_{reasons_table(desk, kind)}", {})
    return desk.kinds[kind].states.get(state) or special.get(state) or word(desk, "states", state, language)


def state_literals(desk: Desk, state: str) -> tuple[str, ...]:
    """Everything that people may call ``state``: of all kinds, in every language; the desk's own word first."""
    labels = (state_label(desk, kind, state, language) for language in ("", *desk.catalogue) for kind in desk.kinds)
    return tuple(dict.fromkeys((word(desk, "states", state), *labels, *spellings(desk, "states", state))))


def reasons_table(desk: Desk, kind: str) -> str:
    """Whose reasons hold for ``kind``: `incident` or `work_order`."""
    named = desk.kinds[kind].reasons
    return named or ("work_order" if kind == "work_order" else "incident")


def _entries(desk: Desk, section: str) -> list[tuple[str, str]]:
    return [(key, str(text)) for words in desk.catalogue.values() for key, text in words.get(section, {}).items()]
