"""The catalogue as rules use it: subjects of links, labels of actions and reasons, in the language of a ticket.

Rules speak keys; what people read and write stands in words.toml. What people *write* is understood in every language
of the catalogue, so that a Spanish answer to an English letter works.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from parsers.form import Field
from parsers.spelling import fold_label
from rules.desk import Desk

VALUES_ROOM = 200
"""Characters of a field's label and values that a form shows; a longer list is only told when a value is refused."""


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


def instructions(desk: Desk, fields: Iterable[Field], language: str = "") -> list[str]:
    """What stands below a form that a link of ours opens: how dates are read, where it asks for any, and how it is to
    be sent."""
    dated = any(field.type in ("date", "datetime") for field in fields)
    return [word(desk, "bodies", key, language) for key in (("date_hint",) if dated else ()) + ("form_hint",)]


def values_hints(desk: Desk, fields: Iterable[Field], language: str = "") -> list[str]:
    """What may be written in each choice among ``fields``, where it is few enough to be read: for a form that a
    technician fills in without a list at hand."""
    told = ((field.label, ", ".join(choice.value for choice in field.choices)) for field in fields if field.choices)
    hint = word(desk, "bodies", "values_hint", language)
    return [
        hint.format(label=label, values=values)
        for label, values in told
        if len(label + values) <= VALUES_ROOM and not set("[]") & set(label + values)
    ]


def form_hints(desk: Desk) -> tuple[str, ...]:
    """All such instructions, in every language."""
    keys = ("values_hint", "kind_hint", "date_hint", "form_hint")
    return tuple(text for key in keys for text in spellings(desk, "bodies", key))


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
