"""Every letter in every language: what holds for all of them, whatever they say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from html import unescape
from itertools import pairwise, product
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import lxml.html
import pytest

from daemon.composed import Composed
from daemon.writing.charts import WIDTH
from daemon.writing.formats import PROSE, Formats, wrap
from daemon.writing.letters import Letters
from daemon.writing.mime import file_header
from daemon.writing.sample_world import NOW, NUMBER, REQUESTER, sample_ticket
from daemon.writing.samples import samples
from daemon.writing.template_checks import letter_problems
from daemon.writing.ticket_views import TicketViews
from parsers.fields import FieldType
from parsers.links import MAX_LENGTH, read_mailto
from parsers.subject import find_token
from rules.action_forms import ACTIONS
from rules.assignment import manage_link
from rules.facts import SetAside
from rules.letters import LETTERS, Letter
from rules.quarantine import digest
from rules.tables import FieldTable, LettersTable
from rules.ticket import Event, Ticket
from tests.letter_reading import collapsed, contrast, links, mail_of, parts, shown
from tests.lettering import composed_samples, letters_desk, sent, token_source

PALETTE = {
    "light": {"page": "#ffffff", "box": "#f3f5f7", "fault": "#fdf0ee", "warning": "#fff6e0"},
    "dark": {"page": "#16191c", "box": "#21262b"},
}


@lru_cache(maxsize=1)
def everything() -> dict[str, bytes]:
    return {f"{language}/{name}": raw for language, name, raw in composed_samples()}


def names() -> list[str]:
    desk = letters_desk()
    return [f"{language}/{name}" for language in sorted(desk.catalogue) for name in samples(desk)]


every_letter = pytest.mark.parametrize("name", names())


@pytest.fixture
def raw(name: str) -> bytes:
    return everything()[name]


# -- a sample for each letter, and no letter without its files


def test_every_letter_has_a_sample() -> None:
    assert {name.partition(".")[0] for name in samples(letters_desk())} == set(LETTERS)


def test_the_templates_pass_their_own_check() -> None:
    assert letter_problems(letters_desk()) == ()


def test_both_languages_have_the_same_words() -> None:
    def keys(table: object, path: str = "") -> Iterator[str]:
        if isinstance(table, dict):
            for key, value in table.items():
                yield from keys(value, f"{path}.{key}")
        else:
            yield path

    catalogue = letters_desk().catalogue
    only_spanish = {".contractions.de el "}
    assert set(keys(catalogue["es"])) - only_spanish == set(keys(catalogue["en"]))


# -- what every HTML part keeps to


@every_letter
def test_one_heading_and_no_level_skipped(raw: bytes) -> None:
    levels = [int(level) for level in re.findall(r"<h([1-6])", parts(raw)[1])]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


@every_letter
def test_language_and_title(name: str, raw: bytes) -> None:
    language = name.partition("/")[0]
    tree = lxml.html.document_fromstring(parts(raw)[1])
    assert tree.get("lang") == language
    assert tree.body[0].get("lang") == language
    assert tree.findtext(".//title") == mail_of(raw)["Subject"]


@every_letter
def test_nothing_is_fetched_run_or_filled_in(raw: bytes) -> None:
    html = parts(raw)[1]
    assert not re.search(
        r"https?:|<script|<form|<input|<iframe|<link|tabindex|url\(|@import|javascript:|\son\w+=", html
    )
    assert all(source.startswith("cid:") for source in re.findall(r'<img\b[^>]*src="([^"]*)"', html))
    assert all(alternative for alternative in re.findall(r'<img\b[^>]*alt="([^"]*)"', html))


@every_letter
def test_every_table_is_layout_or_says_what_its_heads_head(raw: bytes) -> None:
    for table in lxml.html.document_fromstring(parts(raw)[1]).iter("table"):
        heads = table.xpath("./tr/th | ./tbody/tr/th")
        if table.get("role") == "presentation":
            assert not heads
        else:
            assert heads
            assert all(head.get("scope") in ("row", "col") for head in heads)


@every_letter
def test_links_have_names_of_their_own(raw: bytes) -> None:
    labels = [label for label, _ in links(parts(raw)[1])]
    assert all(len(label) > 1 for label in labels)
    assert len(set(labels)) == len(labels)


BUDGET = 30_000
"""Octets of HTML (Gmail cuts at 102 kB)."""


@every_letter
def test_the_html_stays_within_its_budget(raw: bytes) -> None:
    assert len(parts(raw)[1]) <= BUDGET


@pytest.mark.parametrize("name", ["worklist", "search_results", "status.mine", "quarantine_digest"])
def test_a_full_list_stays_within_the_budget(name: str) -> None:
    text, html = parts(sent(full_lists()[name])[1])
    assert len(html) <= BUDGET
    assert "más" in text


def full_lists() -> dict[str, Letter]:
    """Lists with more in them than a letter shows, each item as long as such items are."""
    desk = letters_desk()
    ticket = replace(sample_ticket(desk), category="Comunicaciones: corte de línea en la delegación")
    tickets = [replace(ticket, number=f"I171009_{number:06}") for number in range(60)]
    late = {"due_at": NOW, "left": -timedelta(hours=30), "late": True, "business": True, "needs_reply": True}
    values = {"rows": tuple({"ticket": ticket, **late} for ticket in tickets), "total": 60}
    links = tuple(manage_link(ticket, desk) for ticket in tickets[:25])
    lists = {name: samples(desk)[name] for name in ("worklist", "search_results", "status.mine")}
    full = {
        name: replace(letter, values={**letter.values, **values}, links=links if letter.links else ())
        for name, letter in lists.items()
    }
    mail = SetAside(
        41, "apertura", "quarantined", "parts: 5000", "una.persona.de.nombre.largo@empresa.example",
        "Un asunto bastante largo de un correo que nadie esperaba", NOW, 48_000, "Compre ya nuestro producto. " * 20,
    )  # fmt: skip
    mails = [replace(mail, id=1000 + number) for number in range(30)]
    return {**full, "quarantine_digest": digest(mails, len(mails), desk).letters[0]}


@every_letter
def test_no_letter_is_smaller_than_14_px(raw: bytes) -> None:
    html = parts(raw)[1]
    assert min(int(size) for size in re.findall(r"font-size:\s*(\d+)px", html)) >= 14


@every_letter
def test_links_are_tall_enough_for_a_thumb(raw: bytes) -> None:
    for style in re.findall(r'<a\b[^>]*style="([^"]*)"', parts(raw)[1]):
        padding = int(re.search(r"padding:\s*(\d+)px", style)[1])
        height = int(re.search(r"line-height:\s*(\d+)px", style)[1])
        assert 2 * padding + height >= 44


@every_letter
def test_the_html_stays_under_30_kb(raw: bytes) -> None:
    assert len(parts(raw)[1].encode()) < 30_000


@every_letter
def test_colours_stand_apart_in_both_schemes(raw: bytes) -> None:
    html = parts(raw)[1]
    dark = dict(re.findall(r"\.(\w+) \{ color: (#\w{6})", html))
    dark_boxes = dict(re.findall(r"\.(\w+) \{ background-color: (#\w{6})", html))
    for colour, background, classes in painted(html):
        assert contrast(colour, background) >= 4.5
        for name in classes:
            if name in dark:
                assert contrast(dark[name], PALETTE["dark"]["page"]) >= 4.5
                assert contrast(dark[name], PALETTE["dark"]["box"]) >= 4.5
            if name in ("go", "yes"):
                assert contrast("#ffffff", dark_boxes[name]) >= 4.5


SIZES = {(24, 30), (18, 24), (16, 22), (16, 24), (15, 22), (14, 20)}
HEADINGS = {"h1": (24, 30), "h2": (18, 24), "h3": (16, 22)}
LIGHT = {*PALETTE["light"].values(), "#1c2126", "#525c66", "#0b4f9e", "#176b33", "#a3261d", "#7a4b00", "#d5dbe1"}
DARK = {*PALETTE["dark"].values(), "#e8ecef", "#aab4be", "#8cc4ff", "#2b6cb8", "#2c7a47", "#ffb4ab"}
FADED = {"#f2c879", "#3a424a"}
"""A warning and a hairline in the dark, which the specification leaves open."""


@every_letter
def test_sizes_and_colours_are_those_of_the_specification(raw: bytes) -> None:
    head, _, body = parts(raw)[1].partition("<body")
    assert set(re.findall(r"#\w{6}", body)) <= LIGHT
    assert set(re.findall(r"#\w{6}", head)) == DARK | FADED
    for element in lxml.html.document_fromstring(parts(raw)[1]).iter():
        style = element.get("style", "") if isinstance(element.tag, str) else ""
        told = [int(size) for size in re.findall(r"(?:font-size|line-height):\s*(\d+)px", style)]
        if "font-size" in style and "line-height" in style:
            assert tuple(told) in SIZES
            assert tuple(told) == HEADINGS.get(element.tag, tuple(told))
        assert all(str(size) in {"14", "15", "16", "18", "20", "22", "24", "30"} for size in told)


@every_letter
def test_a_column_of_600_px_with_20_around_it(raw: bytes) -> None:
    html = parts(raw)[1]
    assert '<!--[if mso]><table role="presentation" width="600"' in html
    assert 'style="max-width:600px;margin:0 auto">\n<tr><td\nstyle="padding:20px">' in html


@every_letter
def test_a_button_is_a_cell_48_px_high_with_a_line_that_says_what_it_does(raw: bytes) -> None:
    looks = []
    for cell in lxml.html.document_fromstring(parts(raw)[1]).xpath("//td[@bgcolor]"):
        style, table = cell.get("style"), next(cell.iterancestors("table"))
        assert (cell.get("height"), "border:2px solid" in style, "mso-padding-alt" in style) == ("44", True, True)
        assert table.getnext().tag == "p"
        looks.append(cell.get("class"))
        assert (cell.get("bgcolor") == "#ffffff") == (cell.get("class") == "no")
    assert len(looks) < 2 or looks == ["yes", "no"]


@every_letter
def test_a_long_value_stands_under_its_label_and_so_do_two_that_are_compared(name: str, raw: bytes) -> None:
    rows = lxml.html.document_fromstring(parts(raw)[1]).iterfind(".//th[@width='36%']")
    beside = [label.getnext() for label in rows]
    assert all(len(cell.text_content().strip()) <= 60 and not cell.findall("br") for cell in beside)
    assert not beside or name.partition("/")[2] not in ("near_miss", "wrong_subject")


@every_letter
def test_what_was_asked_for_stands_below_the_links_and_above_what_to_copy(name: str, raw: bytes) -> None:
    own = {"es": "Su solicitud", "en": "Your request"}[name[:2]]
    headings = re.findall(r"<h2[^>]*>(.*?)</h2>", parts(raw)[1], re.S)
    last = [bool(re.match("Si (el|los) enlaces? |If the links? ", heading)) for heading in headings]
    assert last == sorted(last)
    if own in headings:
        below = parts(raw)[1].partition(f">{own}</h2>")[2]
        assert "href=" not in below


def painted(html: str) -> Iterator[tuple[str, str, list[str]]]:
    """Text colour, background and classes of each element that sets a colour."""
    for element in lxml.html.document_fromstring(html).iter():
        style = element.get("style", "") if isinstance(element.tag, str) else ""
        if colour := re.search(r"(?<!-)color:\s*(#\w{6})", style):
            yield colour[1], background_of(element), element.get("class", "").split()


def background_of(element: lxml.html.HtmlElement | None) -> str:
    while element is not None:
        if found := re.search(r"background-color:\s*(#\w{6})", element.get("style", "")):
            return found[1]
        element = element.getparent()
    return PALETTE["light"]["page"]


@every_letter
def test_the_style_element_only_improves_the_dark(raw: bytes) -> None:
    style = re.search(r"<style>(.*?)</style>", parts(raw)[1], re.S)
    assert style
    light, dark, rest = style[1].partition("@media (prefers-color-scheme: dark) {")
    assert dark
    assert rest.endswith("}\n}\n")
    assert collapsed(light) == ":root { color-scheme: light dark; supported-color-schemes: light dark; }"


# -- the words

QUOTING = {
    *("reply", "desk_rejection", "update", "update.rejection"),
    *("search_results", "search_results.more", "search_results.none"),
}
"""Letters whose preheader is what a person wrote."""


@every_letter
def test_the_preheader_says_more_than_the_subject_in_40_to_90_letters(name: str, raw: bytes) -> None:
    hidden = re.search(r"display:none[^>]*>(.*?)</div>", parts(raw)[1], re.S)
    assert hidden
    preheader = lxml.html.fromstring(f"<p>{collapsed(hidden[1])}</p>").text_content()
    assert preheader != mail_of(raw)["Subject"]
    assert 40 <= len(preheader) <= 90 or name.partition("/")[2] in QUOTING


@every_letter
def test_sentences_have_at_most_20_words(raw: bytes) -> None:
    """A date is one, and what lists all actions is no sentence."""
    for block in lxml.html.document_fromstring(parts(raw)[1]).xpath("//p | //li | //h1 | //h2 | //h3"):
        text = re.sub(r"\d\d[/ ]\w+[/ ]\d{4}( [\d:]+)?( \(UTC . [\d:]+\))?", "date", collapsed(block.text_content()))
        for sentence in re.split(r"[.?!:](?= |$)", text):
            assert len(re.findall(r"[\w@.+-]+", sentence)) <= 20 or sentence.count(",") > 10


def test_no_word_in_the_catalogue_makes_a_longer_one() -> None:
    def strings(table: object) -> Iterator[str]:
        for value in table.values() if isinstance(table, dict) else table if isinstance(table, list) else ():
            yield from [value] if isinstance(value, str) else strings(value)

    told = [text for words in letters_desk().catalogue.values() for text in strings(words)]
    assert [text for text in told if any(len(part.split()) > 20 for part in re.split(r"[.?!:;](?= |$)", text))] == []


UNWANTED = {
    "es": r"estimad[oa]|por favor|lamenta\w*|subsan\w+|remit(?:ir|a|e)|inv[aá]lid\w+|hoy|mañana|ayer|quedan",
    "en": r"dear|kindly|unfortunately|regret|invalid|today|tomorrow|yesterday",
}


@pytest.mark.parametrize("language", UNWANTED)
def test_no_letter_uses_an_unwanted_word(language: str) -> None:
    folder = Path(__file__).parent.parent / "outbox_templates" / language
    assert [
        (path.name, word)
        for path in sorted(folder.glob("*.*"))
        for word in re.findall(rf"(?i)\b(?:{UNWANTED[language]})\b", path.read_text(encoding="utf-8"))
    ] == []


# -- the text part says the same


@every_letter
def test_the_text_begins_with_the_preheader(raw: bytes) -> None:
    text, html = parts(raw)
    hidden = re.search(r"display:none[^>]*>(.*?)</div>", html, re.S)
    assert hidden
    preheader = collapsed(lxml.html.fromstring(f"<p>{hidden[1]}</p>").text_content())
    assert collapsed(text).startswith(preheader)
    assert preheader


@every_letter
def test_every_word_of_the_html_stands_in_the_text(raw: bytes) -> None:
    text, html = parts(raw)
    heads = {word for head in re.findall(r'scope="col"[^>]*>(.*?)</th>', html, re.S) for word in words(unescape(head))}
    assert words(shown(html)) - words(without_links(text)) - heads == set()


@every_letter
def test_every_word_of_the_text_stands_in_the_html(raw: bytes) -> None:
    text, html = parts(raw)
    counted = re.sub(r"(?m)^\d\. ", "", without_links(text))
    assert words(counted) - words(shown(html)) == set()


def words(text: str) -> set[str]:
    """Words, numbers, addresses and dates, without the punctuation around them."""
    return {word.strip(".:-/") for word in re.findall(r"[\w.@:/-]+", text)} - {""}


def without_links(text: str) -> str:
    return re.sub(r"(?m)^<mailto:.*>$", "", text)


UNWRAPPED = (
    "<mailto:", "Este correo es", "This message confirms", "El usuario", "Marta Gil created", "[",
    "Descripción: ", "Usted envió", "You sent", "Puede escribir", "You can write", "El correcto es", "The right one is",
    "Valoración ", "¿Quiso decir", "Did you mean",
    "Dice «", "“acuse check”", "accesos: ", "09/10/2017 11:31:59", "09 Oct 2017 11:31:59",
)  # fmt: skip
"""How the lines begin that are as long as they are: links, fixed sentences, what may be copied, values and notes."""


@every_letter
def test_prose_is_wrapped_and_nothing_ends_in_blanks(raw: bytes) -> None:
    lines = parts(raw)[0].split("\n")
    assert [line for line in lines if len(line) > PROSE and not line.startswith(UNWRAPPED)] == []
    assert all(line == "-- " or line == line.rstrip() for line in lines)
    assert lines.count("-- ") == 1


@every_letter
def test_both_parts_have_the_same_links(raw: bytes) -> None:
    text, html = parts(raw)
    assert sorted(re.findall(r"(?m)^<(mailto:[^>]+)>$", text)) == sorted(href for _, href in links(html))


# -- links


@every_letter
def test_two_readers_open_the_same_mail_from_a_link(raw: bytes) -> None:
    for _, href in links(parts(raw)[1]):
        assert len(href) <= MAX_LENGTH
        split = urlsplit(href)
        query = parse_qs(split.query, strict_parsing=True, keep_blank_values=True)
        to, subject, body = read_mailto(href)
        assert split.path == to
        assert query["subject"] == [subject]
        assert [text.replace("\r\n", "\n") for text in query.get("body", [""])] == [body]
        assert set(query) <= {"subject", "body"}
        assert "+" not in href


LISTS = ("search_results", "worklist")
"""Letters with a link for each of many tickets: that of the first shows how all of them are written."""


@every_letter
def test_what_a_link_opens_can_be_copied_too(name: str, raw: bytes) -> None:
    text, html = parts(raw)
    opened = [read_mailto(href) for _, href in links(html)]
    to_copy = opened[:1] if name.partition("/")[2].split(".")[0] in LISTS else opened
    assert {line for to, subject, _ in to_copy for line in (to, subject)} <= set(text.split("\n"))


def test_what_may_be_copied_is_never_wrapped() -> None:
    sample, form = samples(letters_desk())["refusal"], "Descripción: " + " ".join(["palabra"] * 20)
    text, _ = parts(sent(replace(sample, values={**sample.values, "form": form}))[1])
    assert form in text.split("\n")


@every_letter
def test_what_a_link_opens_and_that_it_must_be_sent_is_told_beside_it(name: str, raw: bytes) -> None:
    text = collapsed(parts(raw)[0].partition("\n-- \n")[0])
    opens, send = {
        "es": ("(Cada enlace|Se) abre un (mensaje|formulario)", "(pulse Enviar|envíelo)"),
        "en": ("(Each link|A message|A new message) opens", "send it"),
    }[name[:2]]
    first = text.find("<mailto:")
    assert first == -1 or re.search(opens, text[:first])
    assert first == -1 or re.search(f"(?i){send}", text)


def test_who_has_to_open_a_link_again_is_not_told_to_do_nothing() -> None:
    for language, do, nothing in (
        ("es", "Abra otra vez", "No tiene que hacer"),
        ("en", "Open the link again", "need to do"),
    ):
        text = parts(everything()[f"{language}/verdict_notice.altered_open"])[0]
        assert do in text
        assert nothing not in text


def test_an_update_says_what_its_ticket_is_about() -> None:
    assert "Resumen: AREN: Pérdida de Servicio" in parts(everything()["es/update.rejection"])[0].splitlines()


DATED = {
    "es/date": ("es", "date", "2017-10-09", "09/10/2017"),
    "en/date": ("en", "date", "2017-10-09", "09 Oct 2017"),
    "es/datetime": ("es", "datetime", "2017-10-09T10:23:00+02:00", "09/10/2017 10:23"),
    "en/datetime": ("en", "datetime", "2017-10-09T08:23:00+00:00", "09 Oct 2017 10:23"),
    "a date kept from when the field was a text": ("es", "date", "el lunes", "el lunes"),
    "a text that reads like a date": ("en", "text", "2017-10-09", "2017-10-09"),
}


@pytest.mark.parametrize(("language", "field_type", "stored", "told"), DATED.values(), ids=DATED)
def test_a_field_with_a_date_is_written_as_its_reader_writes_dates(
    language: str, field_type: FieldType, stored: str, told: str
) -> None:
    asked = FieldTable("Cuándo ocurrió", "happened", field_type)
    desk = letters_desk(kinds={"incident": replace(letters_desk().kinds["incident"], fields=(asked,))})
    letter = samples(letters_desk())["confirmation"]
    ticket = replace(sample_ticket(letters_desk()), fields=(("happened", stored),))
    text, html = both(sent(replace(letter, ticket=ticket), language, desk)[1])
    assert f"Cuándo ocurrió: {told}" in text
    assert f"Cuándo ocurrió {told}" in html


@pytest.mark.parametrize(
    ("kind", "came_from", "label"),
    [
        ("incident", (), "Cuándo ocurrió"),
        ("loan", ("I171009_000001",), "Cuándo ocurrió"),
        ("loan", ("W171009_000001", "I171009_000001"), "Fecha de la visita"),
        ("loan", (), "Fecha de la visita"),
        ("gone", ("I171009_000001",), "Cuándo ocurrió"),
    ],
)
def test_a_field_is_called_as_in_the_kind_that_it_was_asked_in(
    kind: str, came_from: tuple[str, ...], label: str
) -> None:
    """A reclassified ticket keeps what its new kind does not ask, too; another kind may call its own field alike."""
    plain = letters_desk().kinds["work_order"]
    fields = {"incident": "Cuándo ocurrió", "loan": "", "work_order": "Fecha de la visita"}
    kinds = {
        key: replace(plain, prefix=prefix, fields=(FieldTable(fields[key], "day"),) if fields[key] else ())
        for key, prefix in (("incident", "I"), ("loan", "L"), ("work_order", "W"))
    }
    desk = letters_desk(kinds=kinds)
    words = desk.catalogue["es"]
    ticket = Ticket("L171009_000001", kind, fields=(("day", "el lunes"),), relations=came_from)
    assert TicketViews(desk, Formats(words, desk.zone), "es").values(ticket) == [(label, "el lunes")]


def test_what_somebody_wrote_stands_in_a_story_without_the_blank_lines_around_it() -> None:
    desk = letters_desk()
    views = TicketViews(desk, Formats(desk.catalogue["es"], desk.zone), "es")
    events = [Event("I1", "note", datetime(2017, 10, 9, tzinfo=UTC), text=text) for text in ("\nYa.\n\nVa.\n\n", " \n")]
    assert [told for _, told, _ in views.story(events)] == ["Nota\nYa.\n\nVa.", "Nota"]


@every_letter
def test_no_subject_of_a_letter_holds_a_token(raw: bytes) -> None:
    assert not find_token(mail_of(raw)["Subject"])


# -- headers


@every_letter
def test_headers_say_what_machines_need(name: str, raw: bytes) -> None:
    mail, letter = mail_of(raw), name.partition("/")[2].partition(".")[0]
    spec = LETTERS[letter]
    assert mail["From"].addresses[0].addr_spec == "soporteservicios@cau.example"
    assert mail["X-Acuse-Letter"] == letter
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["Auto-Submitted"] in ("auto-replied", "auto-generated")
    assert (mail["Auto-Submitted"] == "auto-replied") >= (spec.guard in ("notice", "near_miss"))
    assert (mail["Reply-To"] or "") == ("tecnicos@cau.example" if spec.side == "group" else "")


GENUINE = {
    "es": ("Los mensajes auténticos de Soporte CAU salen de soporteservicios@cau.example.", "le pedirá una contraseña"),
    "en": ("Genuine messages from Soporte CAU come from soporteservicios@cau.example.", "will ask you for a password"),
}


@every_letter
def test_every_letter_says_how_to_know_that_it_is_genuine(name: str, raw: bytes) -> None:
    assert all(in_order(text, *GENUINE[name.partition("/")[0]]) for text in both(raw))


@every_letter
def test_raw_lines_are_short_and_end_in_crlf(raw: bytes) -> None:
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 76
    assert raw.isascii()


SUBJECTS = {
    "confirmation": "Confirmación de la incidencia {n}",
    "info_request": "Solicitud de información de la incidencia {n}",
    "reply": "Respuesta sobre la incidencia {n} - Soporte CAU",
    "validation": "Validación solución de la incidencia {n}",
    "reopening": "Reapertura de la incidencia {n}",
    "closure": "Cierre de la incidencia {n}",
    "desk_rejection": "Rechazo de la incidencia {n}",
    "reminder": "Recordatorio de la incidencia {n}",
    "status": "Estado de la incidencia {n}",
    "assignment": "Asignación de la incidencia {n}",
    "update": "Actualización de la incidencia {n}",
    "warning": "Aviso de plazo de la incidencia {n}",
    "breach": "Plazo vencido de la incidencia {n}",
}


def test_a_reply_is_known_by_these_subjects_and_no_other_letter_is_answered() -> None:
    sent = {name: mail_of(everything()[f"es/{name}"])["Subject"] for name, spec in LETTERS.items() if spec.threads}
    assert sent == {name: subject.format(n=NUMBER) for name, subject in SUBJECTS.items()}


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("kind", ["incident", "work_order"])
def test_other_subjects_have_at_most_60_characters(language: str, kind: str) -> None:
    desk = letters_desk(kinds={kind: letters_desk().kinds[kind]})
    told = samples(desk, language, draw=False)
    refused = told["desk_refusal"]
    for what, action in product(desk.words(language)["desk_refusals"], ("", *ACTIONS)):
        values = {**refused.values, "what": what, "action": action}
        told[f"desk_refusal.{what} {action}"] = replace(refused, values=values)
    subjects = {name: sent(letter, language, desk)[0].subject for name, letter in told.items()}
    assert {
        name: subject
        for name, subject in subjects.items()
        if len(subject) > 60 and not LETTERS[name.partition(".")[0]].threads
    } == {}


@pytest.mark.parametrize("name", ["confirmation", "validation", "info_request", "reply", "reopening", "closure"])
def test_a_requesters_letter_hangs_under_the_opening(name: str) -> None:
    mail = mail_of(everything()[f"es/{name}"])
    assert mail["References"].split()[0] == "<opening-1@empresa.example>"


@pytest.mark.parametrize("name", ["assignment", "update", "warning", "breach"])
def test_a_groups_letter_shares_no_thread_with_the_requester(name: str) -> None:
    mail = mail_of(everything()[f"es/{name}"])
    assert mail["References"] == f"<{NUMBER}.group@cau.example>"
    assert "opening-1" not in str(mail)


# -- the fixed sentences of the seeds, in their order


def in_order(text: str, *sentences: str) -> bool:
    """Each stands behind the one before."""
    for sentence in sentences:
        _, found, text = text.partition(sentence)
        if not found:
            return False
    return True


def test_the_confirmation_keeps_the_seeds_sentences() -> None:
    for text in both(everything()["es/confirmation"]):
        assert in_order(
            text,
            "Este correo es para confirmar que su petición ha sido creada con fecha 09/10/2017 10:23:58 (UTC + 2)",
            f"Número de Incidencia: {NUMBER}",
            "Resumen:",
            "Apertura de Incidencia Automática Aplicación / Desarrollo.",
            "AREN",
            "Pérdida de Servicio",
            "AREN no abre desde las 9:40.",
        )


def test_the_fixed_sentences_are_not_wrapped() -> None:
    text = parts(everything()["es/confirmation"])[0]
    date = "Este correo es para confirmar que su petición ha sido creada con fecha 09/10/2017 10:23:58 (UTC + 2)"
    assert {date, f"Número de Incidencia: {NUMBER}", "Tipo: Pérdida de Servicio"} <= set(text.split("\n"))


@pytest.mark.parametrize("name", ["validation", "reminder"])
def test_the_validation_keeps_the_seeds_order(name: str) -> None:
    for text in both(everything()[f"es/{name}"]):
        assert in_order(
            text,
            f"El usuario Marta Gil ha creado la petición de servicio nº {NUMBER}, "
            "desencadenando la validación pertinente.",
            "Descripción solicitud:",
            "Apertura de Incidencia Automática Aplicación / Desarrollo.",
            "Solución:",
            "Hemos reiniciado el servicio AREN.",
            "Puede validar la solicitud por Email utilizando los enlaces de abajo:",
            "Validar Petición",
            "Rechazar Petición",
        )


def test_the_two_links_write_to_the_service_address() -> None:
    mail, found = mail_of(everything()["es/validation"]), dict(links(parts(everything()["es/validation"])[1]))
    for label in ("Validar Petición", "Rechazar Petición"):
        to, subject, _ = read_mailto(found[label])
        assert to == "soporteservicios@cau.example" == mail["From"].addresses[0].addr_spec
        assert re.fullmatch(rf"{label} {NUMBER} \[[A-Z2-7]{{26}}\]", subject)


FOOT = "Recibe este mensaje porque"
HOLDS = {
    "confirmation": (
        "Primera respuesta: antes del", f"Número de Incidencia: {NUMBER}", "Archivos recibidos", "captura-aren.png",
        "Cuándo le contestaremos", "Cómo añadir algo", "Consultar el estado", "Retirar la petición", FOOT,
    ),
    "refusal": (
        "Hay 3 datos que corregir. Los demás son correctos", "1. Servicio/Aplicación:", "Usted escribió: «ARENN»",
        "Puede escribir: AREN o LIBRA", "¿Quiso decir AREN?", "3. Descripción:", "Hacen falta: 10", "Corregir y enviar",
        "Escriba lo que falta", "Adjunte otra vez captura-aren.png", "Pulse Enviar", "Si el enlace no funciona", "Para",
        "Asunto", "Texto", FOOT, "La incidencia tendrá número cuando se abra",
    ),
    "near_miss": (
        "Usted escribió", "apertura de incidencia automatica", "El correcto es", "Apertura de Incidencia Automática",
        "Abrir con el asunto correcto", FOOT,
    ),
    "assignment": (
        "AREN: Pérdida de Servicio", "Prioridad Alta.", "La abrió Marta Gil", "Primera respuesta", "Resolución",
        "Solicitud", "captura-aren.png", "Acciones", "Asignarme", "Responder", "Solicitudes anteriores",
        "Si los enlaces no funcionan", FOOT,
    ),
    "info_request": (
        "¿Desde qué equipo accede?", "Lo pregunta Ana Ruiz", "Si no contesta", "jueves 19 de octubre de 2017",
        "Su solicitud", FOOT,
    ),
    "validation": (
        "jueves 19 de octubre de 2017", "Solución:", "Ana Ruiz, L1 Campaña", "envíelo desde marta.gil@empresa.example",
        "Validar Petición", "Rechazar Petición", FOOT,
    ),
    "reopening": ("vuelve a L1 Campaña", "Su motivo", "Sigue fallando en Lugo.", "antes del 11/10/2017 10:23", FOOT),
    "closure": (
        "La solución está validada.", "se cerró el 10/10/2017", "5 Muy bien", "4 Bien", "3 Normal", "2 Mal",
        "1 Muy mal", "Si vuelve a ocurrir", "Abrir otra relacionada", "Su solicitud", FOOT,
    ),
    "reminder.info_request": ("Le recordamos el mensaje de abajo.", "¿Desde qué equipo accede?", "Su solicitud", FOOT),
    "update": ("Ha contestado Marta Gil", "Desde el puesto 14", "Marta Gil, 09/10/2017", "Cómo está ahora", FOOT),
    "reply": ("Ya estamos mirándolo.", "Ana Ruiz, L1 Campaña", "Su solicitud", FOOT),
    "warning": ("el plazo de primera respuesta", "vence el lunes 9 de octubre de 2017", "Aún no la lleva nadie", FOOT),
    "breach": (
        "el plazo de resolución", "venció el martes 10 de octubre de 2017 a las 9:23", "aún no la lleva nadie", FOOT,
    ),
    "worklist": (f"{NUMBER}", "20 min laborables de retraso", "I171009_000050", "sin plazo en marcha"),
    "report": (
        "4 peticiones pasaron de su plazo", "Nuevas", "42", "38", "Cerradas", "Reabiertas", "Sin cerrar", "17", "20",
        "Resueltas a tiempo: Urgente 66 %", "semana-2017-10-02.csv", "Recibe este mensaje cada semana",
    ),
    "quarantine_digest": (
        "1 correo en cuarentena", "<b>Oferta</b> & más", "De: raro@ejemplo.example", "Motivo: Es demasiado complicado",
        "Tratar otra vez 41", "Desechar 41", FOOT,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOLDS)
def test_what_each_letter_holds_in_order(name: str) -> None:
    for text in both(everything()[f"es/{name}"]):
        assert in_order(text, *HOLDS[name])


def both(raw: bytes) -> tuple[str, str]:
    """The words of both parts, white space collapsed."""
    text, html = parts(raw)
    return collapsed(text), shown(html)


# -- tokens


def composed(name: str, to: str = "") -> Composed:
    return sent(samples(letters_desk())[name], to=to)[0]


def test_equal_grants_share_a_token_and_others_have_their_own() -> None:
    assert len(composed("assignment").grants) == 1
    assert [grant.verb for _, grant in composed("validation").grants] == ["validate", "reject"]
    assert len({digest for digest, _ in composed("closure").grants}) == 5


def test_a_token_is_sent_as_it_is_digested() -> None:
    letter, raw = sent(samples(letters_desk())["validation"])
    tokens = [find_token(read_mailto(href)[1]) for _, href in links(parts(raw)[1])]
    assert [sha256(token.encode()).digest() for token in tokens] == [digest for digest, _ in letter.grants]


def test_a_letter_sent_again_has_new_tokens() -> None:
    desk, new_token = letters_desk(), token_source()
    letters, sample = Letters.load(desk), samples(desk)["validation"]
    digests = {d for _ in range(2) for d, _ in letters.compose(sample, REQUESTER, NOW, new_token).grants}
    assert len(digests) == 4


@pytest.mark.parametrize("name", ["assignment", "validation", "closure", "worklist", "quarantine_digest"])
def test_no_letter_keeps_a_blank_or_anothers_token(name: str) -> None:
    desk, new_token = letters_desk(), token_source()
    letters, sample = Letters.load(desk), samples(desk)[name]
    for composed in (letters.compose(sample, sample.to[0], NOW, new_token) for _ in range(2)):
        tokens = set(re.findall(r"\b[A-Z2-7]{26}\b", without_soft_breaks(composed.head)))
        assert {sha256(token.encode()).digest() for token in tokens} == {digest for digest, _ in composed.grants}


def without_soft_breaks(head: bytes) -> str:
    return head.replace(b"=\r\n", b"").decode().replace("%5B", "[").replace("%5D", "]")


@pytest.mark.parametrize("name", ["confirmation", "validation", "closure", "reminder"])
def test_a_participants_copy_has_neither_links_nor_tokens(name: str) -> None:
    sample = samples(letters_desk())[name]
    letter = replace(sample, to=(REQUESTER, "jefe@empresa.example"))
    copy, raw = sent(letter, to="jefe@empresa.example")
    assert copy.grants == ()
    assert "mailto:" not in raw.decode()
    assert copy.subject == sent(letter)[0].subject


# -- languages


def test_an_unknown_language_falls_back_to_the_desks() -> None:
    assert mail_of(sent(samples(letters_desk())["confirmation"], "xx")[1])["Subject"].startswith("Confirmación")


def test_a_spanish_desk_speaks_english_to_who_wants_it() -> None:
    raw = everything()["en/confirmation"]
    assert mail_of(raw)["Subject"] == f"Confirmation of incident {NUMBER}"
    assert "We have opened your incident" in shown(parts(raw)[1])


@pytest.mark.parametrize(
    ("phrase", "subject"),
    [
        ("la incidencia", "Confirmación de la incidencia"),
        ("el cambio", "Confirmación del cambio"),
        ("l'avís", "Confirmación de l'avís"),
        ("", "Confirmación de la incidencia"),
    ],
)
def test_subjects_agree_with_the_kinds_phrase(phrase: str, subject: str) -> None:
    desk = letters_desk()
    kinds = {"incident": replace(desk.kinds["incident"], phrase=phrase)}
    letter = sent(samples(desk)["confirmation"], desk=letters_desk(kinds=kinds))[0]
    assert letter.subject == f"{subject} {NUMBER}"


@pytest.mark.parametrize(
    ("phrase", "language", "told"),
    [
        ("l'avís", "es", "Su avís está cerrado"),
        ("la avería", "es", "Su avería está cerrada"),
        ("la avería", "en", "Your avería is closed"),
        ("l'avís", "en", "Your avís is closed"),
    ],
)
def test_a_phrase_is_told_without_its_article_where_none_belongs(phrase: str, language: str, told: str) -> None:
    desk = letters_desk()
    kinds = {"notice": replace(desk.kinds["incident"], phrase=phrase)}
    desk = letters_desk(kinds=kinds)
    assert told in parts(sent(samples(desk, language)["closure"], language, desk)[1])[0]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("confirmation", "El equipo ya tiene su aviso"),
        ("refusal", "Cómo enviarlo de nuevo"),
        ("info_request", "el aviso se cerrará solo"),
        ("validation", "el aviso se cerrará solo"),
        ("reopening", "Su aviso vuelve a estar abierto"),
        ("closure", "Su aviso está cerrado"),
        ("closed_notice", "Su aviso ya estaba cerrado: abra otro"),
        ("merged", "Su aviso se ha unido a otro"),
        ("withdrawal", "sigue abierto. Si lo retira"),
        ("assignment", "Lo abrió Marta Gil"),
        ("breach", "Aún no lo lleva nadie"),
    ],
)
def test_what_a_letter_tells_agrees_with_the_kinds_phrase(name: str, told: str) -> None:
    desk = letters_desk()
    desk = letters_desk(kinds={"incident": replace(desk.kinds["incident"], phrase="el aviso")})
    composed, raw = sent(samples(desk)[name], desk=desk)
    text, _ = parts(raw)
    assert told in f"{composed.subject} {collapsed(text)}"


def test_an_admins_own_template_wins_over_the_shipped_one(tmp_path: Path) -> None:
    own = tmp_path / "es" / "survey_thanks.j2"
    own.parent.mkdir()
    own.write_text(
        "{% extends base %}{% block subject %}Gracias{% endblock %}{% block title %}Hola{% endblock %}"
        "{% block text %}Solo texto.{% endblock %}{% block html %}<p>Solo HTML.</p>{% endblock %}",
        encoding="utf-8",
    )
    desk = letters_desk(letters=LettersTable(templates=str(tmp_path)))
    letter, raw = sent(samples(desk)["survey_thanks"], desk=desk)
    text, html = parts(raw)
    assert letter.subject == "Gracias"
    assert ("Solo texto." in text, "Solo HTML." in html, "Solo HTML." in text) == (True, True, False)


def test_a_value_that_a_letter_was_not_given_is_an_error(tmp_path: Path) -> None:
    own = tmp_path / "es" / "survey_thanks.j2"
    own.parent.mkdir()
    own.write_text("{% extends base %}{% block subject %}{{ v.nothing }}{% endblock %}", encoding="utf-8")
    told = letter_problems(letters_desk(letters=LettersTable(templates=str(tmp_path))))
    assert [(each.file, each.line) for each in told] == [(str(own), 1)]
    assert "nothing" in told[0].text


# -- hostile and unwieldy values

HOSTILE = {
    "markup": "<b>negrita</b> & <script>alert(1)</script> {{7*7}} {% raw %}",
    "a very long word": "x" * 900,
    "right to left": "שלום עולם",
    "quotes": "\"';--><!-- ]]> %0D%0ABcc: a@b",
    "dots": ".\n..\nFrom me\n-- \nfirma",
}


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_values_are_data(value: str) -> None:
    text, html = parts(sent(told(value))[1])
    tree = lxml.html.document_fromstring(html)
    assert collapsed(value) in shown(html)
    assert value.split("\n")[0] in text
    assert not tree.xpath("//script | //body//b")


def told(description: str, **changes: object) -> Letter:
    """A confirmation whose description is ``description``."""
    ticket = replace(sample_ticket(letters_desk()), requester_name=description.split("\n")[0][:60])
    fields = (*ticket.fields[:-1], ("description", description))
    return replace(samples(letters_desk())["confirmation"], ticket=replace(ticket, fields=fields), **changes)


def test_five_thousand_characters_are_folded_and_go_along_whole() -> None:
    long = "\n".join(f"línea {n}: algo que contar" for n in range(200))
    text, html = parts(raw := sent(told(long))[1])
    assert "(texto completo adjunto)" in text
    assert "(texto completo adjunto)" in shown(html)
    assert "línea 199" not in text
    (whole,) = mail_of(raw).iter_attachments()
    assert whole.get_filename() == "Descripción.txt"
    assert whole.get_content().replace("\r\n", "\n").rstrip("\n") == long


@pytest.mark.parametrize("name", ["a\r\nBcc: x@y", "=?utf-8?q?a=0D=0ABcc:_evil@x?=", "a\x00b\u2028c", "\u202eabc"])
def test_a_name_cannot_break_out_of_a_header(name: str) -> None:
    letter = replace(
        samples(letters_desk())["near_miss"],
        values={**samples(letters_desk())["near_miss"].values, "read": name, "right": name},
    )
    mail = mail_of(sent(letter)[1])
    assert "Bcc" not in mail
    assert not mail.defects


def test_an_address_that_is_none_is_refused() -> None:
    sample = samples(letters_desk())["confirmation"]
    with pytest.raises(ValueError, match="address"):
        sent(replace(sample, to=("a@b, c@d",)))


# -- attachments


def test_attachments_follow_by_digest() -> None:
    letter, raw = sent(samples(letters_desk())["assignment"])
    files = {part.get_filename(): part.get_content() for part in mail_of(raw).iter_attachments()}
    assert list(files) == ["captura-aren.png", "registro.txt"]
    assert files["captura-aren.png"] == b"a" * 64
    assert [digest for _, digest in letter.attachments] == ["a" * 64, "b" * 64]


@pytest.mark.parametrize("letter", ["a b", "ñ", "漢", "🙂", "é%20"])
def test_each_line_of_a_long_file_name_can_be_read_by_itself(letter: str) -> None:
    for length in range(1, 60):
        name = "x" * (length % 9) + (letter * length).strip() + ".pdf"
        header = file_header(name, "application/pdf").decode()
        pieces = re.findall(r"filename\*(?:\d+\*)?=(\S+?);?\r\n", header)
        assert name in ("".join(map(unquote, pieces)).removeprefix("utf-8''"), *re.findall('filename="(.*)"', header))
        assert max(map(len, header.split("\r\n"))) <= 78


def test_charts_stand_inside_the_letter_and_the_csv_beside_it() -> None:
    mail = mail_of(everything()["es/report"])
    assert [part.get_content_type() for part in mail.walk() if not part.is_multipart()] == [
        "text/plain", "text/html", "image/png", "image/png", "text/csv",
    ]  # fmt: skip
    pictures = re.findall(r'cid:(\w+)"[^>]* width="(\d+)"', parts(everything()["es/report"])[1])
    assert dict(pictures) == dict.fromkeys(("compliance", "ages"), str(WIDTH // 2))


@pytest.mark.parametrize("language", ["es", "en"])
def test_a_requester_reads_reasons_in_words_for_requesters(language: str) -> None:
    desk = letters_desk()
    status, words = samples(desk)["status"], desk.words(language)
    assert words["reasons_told"].keys() == words["reasons"].keys()
    for reason, told in words["reasons_told"].items():
        assert status.ticket is not None
        _, raw = sent(replace(status, ticket=replace(status.ticket, reason=reason)), language)
        shown_rows = parts(raw)[0].splitlines()
        assert f"{words['layout']['reason']}: {told}" in shown_rows


def test_a_mail_address_breaks_at_its_joints_and_is_copied_as_it_is() -> None:
    desk = letters_desk()
    sample = samples(desk)["delivery_failure"]
    long = "una.persona+avisos@con-un-nombre.largo.empresa.example"
    html = parts(sent(replace(sample, values={**sample.values, "address": long}))[1])[1]
    broken = "una.<wbr>persona+avisos@<wbr>con-un-nombre.<wbr>largo.<wbr>empresa.<wbr>example"
    assert broken in html
    assert long in shown(html.partition("<body")[2])


KEPT = {
    "many blank lines are one": ("Uno.\n\n \n\nDos.", "Uno.\n\nDos.", "Uno.<br>\n<br>\nDos."),
    "a log keeps its shape": ("Error:\n   en AREN", "Error:\n   en AREN", "Error:<br>\n&#160;&#160; en AREN"),
    "and so does a table": ("a  b\tc", "a  b\tc", "a&#160; b&#160;&#160;&#160; c"),
}


@pytest.mark.parametrize(("written", "in_text", "in_html"), KEPT.values(), ids=KEPT)
def test_what_a_person_wrote_keeps_its_shape_in_both_parts(written: str, in_text: str, in_html: str) -> None:
    sample = samples(letters_desk())["reply"]
    text, html = parts(sent(replace(sample, values={**sample.values, "text": written}))[1])
    assert in_text in text
    assert in_html in html


def test_a_date_in_figures_stays_on_one_line() -> None:
    for date in ("09/10/2017 10:23:58 (UTC + 2)", "09 Oct 2017 10:23:58 (UTC + 5:30)", "09 Oct 2017"):
        assert all(date in wrap(f"{'a' * before} el {date}. Después.") for before in range(30, 80))


def test_a_list_says_what_may_be_written_as_an_action_and_of_a_row_without_a_link_whose_it_is() -> None:
    sample = samples(letters_desk())["worklist"]
    listed = replace(sample, values={**sample.values, "actions": ("take", "resolve")}, links=sample.links[:1])
    text = collapsed(parts(sent(listed)[1])[0])
    assert "Después de «Acción:» escriba una que su estado admita: Asignarme, Resolver. " in text
    assert "Si faltan campos, los pedimos. " in text
    assert "sin plazo en marcha Sin enlace: es de L1 Campaña Libros/Cuentas" in text
    assert text.count("Sin enlace") == 1
