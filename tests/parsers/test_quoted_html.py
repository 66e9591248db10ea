"""The history that HTML mails mark as such is cut, client by client; a person's own markup stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.quoted_html import cut_quote

KEPT = "<p>Sigue sin cargar.</p>"
HISTORY = "<p>Hemos tomado nota</p>"
HTML = {
    "gmail": '<div dir="ltr">{own}</div><br><div class="gmail_quote">'
    '<div dir="ltr" class="gmail_attr">El mar escribió:<br>'
    '</div><blockquote class="gmail_quote" style="margin:0">{history}</blockquote></div>',
    "gmail, old": '{own}<div class="gmail_extra"><br><div class="gmail_quote">El mar escribió:<br>'
    '<blockquote class="gmail_quote">{history}</blockquote></div><br></div>',
    "gmail, container": '{own}<div class="gmail_quote gmail_quote_container"><div class="gmail_attr">El mar:</div>'
    '<blockquote class="gmail_quote">{history}<blockquote class="gmail_quote">{history}</blockquote>'
    "</blockquote></div>",
    "gmail, forward": '{own}<div class="gmail_quote"><div class="gmail_attr">--- Forwarded</div>{history}'
    "<div>{history}</div></div>",
    "thunderbird": '{own}<div class="moz-cite-prefix">El 3/3/26, Mesa escribió:<br></div>'
    '<blockquote type="cite" cite="mid:1@cau.example">{history}</blockquote>',
    "thunderbird, below": '<div class="moz-cite-prefix">El 3/3/26:</div><blockquote type="cite">{history}'
    "</blockquote>{own}",
    "apple": '<div>{own}<br><blockquote type="cite"><div>El 3 mar, Mesa escribió:</div>{history}</blockquote></div>',
    "outlook web": '<div>{own}</div><div id="appendonsend"></div><hr style="width:98%" tabindex="-1">'
    '<div id="divRplyFwdMsg" dir="ltr"><b>De:</b> Mesa<br></div>{history}',
    "outlook web, rule": '{own}<hr tabindex="-1"><div id="divRplyFwdMsg"><b>De:</b> Mesa</div><div>{history}</div>',
    "outlook desktop": "{own}<div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'>"
    "<p class=MsoNormal><b><span lang=ES>De:</span></b> Mesa<br><b>Enviado el:</b> martes</p></div></div>{history}",
    "outlook express": '{own}<div class="OutlookMessageHeader"><b>De:</b> Mesa</div>{history}',
    "outlook phone": '{own}<div id="mail-editor-reference-message-container"><div><b>De:</b> Mesa</div>{history}</div>',
    "yahoo": '{own}<div id="ydp1yahoo_quoted_2" class="ydp1yahoo_quoted"><div>El mar escribió:</div>{history}</div>',
    "yahoo, iphone": '{own}<blockquote class="iosymail"><p>El mar, Mesa escribió:</p>{history}</blockquote>',
    "zimbra": '{own}<hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__"><b>De: </b>Mesa</div>'
    '<div data-marker="__QUOTED_TEXT__">{history}</div>',
    "zimbra, below": '<hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__"><b>De: </b>Mesa</div>'
    '<div data-marker="__QUOTED_TEXT__">{history}</div>{own}',
    "zimbra, old": '{own}<hr id="zwchr"><b>De: </b>Mesa<br>{history}',
    "roundcube": '<p id="reply-intro">El 2026-03-03, Mesa escribió:</p><blockquote type="cite">{history}'
    "</blockquote>{own}",
    "proton": '{own}<div class="protonmail_quote">El martes:<blockquote class="protonmail_quote">{history}'
    "</blockquote></div>",
    "spark": '{own}<div name="messageReplySection">El 4 feb, Mesa escribió:<blockquote>{history}</blockquote></div>',
    "windows mail": '{own}<div style="padding-top: 5px; border-top-color: rgb(229, 229, 229); border-top-width: 1px; '
    'border-top-style: solid;"><div><b>De:</b>&nbsp;Mesa<br><b>Enviado:</b> martes</div></div>{history}',
    "upper case": "<HTML><BODY>{own}<BLOCKQUOTE TYPE=CITE>{history}</BLOCKQUOTE></BODY></HTML>",
    "never closed": '<div>{own}</div><div class="gmail_quote"><blockquote class="gmail_quote">{history}<p>y más',
    "closed wrongly": '{own}<blockquote type="cite"><div>{history}</blockquote></div></div>',
}


@pytest.mark.parametrize("form", HTML.values(), ids=HTML)
def test_the_quoted_block_that_html_marks_is_cut(form: str) -> None:
    shown = cut_quote(form.format(own=KEPT, history=HISTORY))
    assert KEPT in shown
    assert "Hemos tomado nota" not in shown
    assert "Mesa" not in shown and "El mar" not in shown


UNMARKED_BLOCKS = {
    "yandex": '03.03.2026, 08:05, "Mesa" &lt;mesa@cau.example&gt;:',
    "rainloop": '3 de marzo de 2026 8:05, "Mesa" &lt;<a href="mailto:m@cau.example">m@cau.example</a>&gt; escribió:',
}


@pytest.mark.parametrize("attribution", UNMARKED_BLOCKS.values(), ids=UNMARKED_BLOCKS)
def test_a_block_below_an_attribution_is_quoted_though_nothing_marks_it(attribution: str) -> None:
    block = f"<div>{attribution}<br></div><blockquote>{HISTORY}</blockquote>"
    assert "Hemos tomado nota" not in cut_quote(KEPT + block)


OUR_LINK = '<a href="mailto:soporte@cau.example?subject=Validar">Validar Petición</a>'


@pytest.mark.parametrize("attribution", ["Soporte CAU escribió:", "El lunes, Soporte CAU escribió:", "Support wrote:"])
def test_a_letter_of_ours_in_a_block_below_an_attribution_without_a_date_is_quoted(attribution: str) -> None:
    block = f"<p>{attribution}</p><blockquote>{HISTORY}{{link}}</blockquote><p>Debajo.</p>"
    assert cut_quote(KEPT + block.format(link=OUR_LINK)) == f"{KEPT}<p>{attribution}</p><p>Debajo.</p>"
    assert cut_quote(KEPT + block.format(link="")) == KEPT + block.format(link="")


def test_what_is_typed_between_and_below_quoted_blocks_stays() -> None:
    block = f'<blockquote class="gmail_quote">{HISTORY}</blockquote>'
    inside = f'<div class="gmail_attr">El mar:</div>{block}<p>Uno.</p>{block}<p>Dos.</p>'
    shown = cut_quote(f'<div class="gmail_quote">{inside}</div><p>Tres.</p>')
    assert all(text in shown for text in ("Uno.", "Dos.", "Tres."))
    assert "Hemos tomado nota" not in shown and "El mar" not in shown


WHOLE_HTML = {
    "no mark": f"<html><body>{KEPT}<hr>{HISTORY}</body></html>",
    "author's blockquote": f"{KEPT}<blockquote>{HISTORY}</blockquote>",
    "author's blockquote with a class": f'{KEPT}<blockquote class="nota">{HISTORY}</blockquote>',
    "author's blockquote, introduced": f"<p>El 3/3/2026 dice el manual:</p><blockquote>{HISTORY}</blockquote>",
    "author's blockquote, told of": f"{KEPT}<p>El 3/3/2026 Juan escribió:</p><blockquote>{HISTORY}</blockquote>",
    "border above one label": f"{KEPT}<div style='border-top:1px solid #ccc'><b>De:</b> Vigo a Madrid</div>{HISTORY}",
    "border without header": f"{KEPT}<div style='border:none;border-top:solid #E1E1E1 1.0pt'><b>Nota</b> aparte</div>",
    "appendonsend of a new mail": f'{KEPT}<div id="appendonsend"></div><p>Fin</p>',
    "nothing else but its style": f'<body><style>p {{ color: red }}</style><blockquote type="cite">{HISTORY}',
    "nothing else": f'<html><head><title>x</title></head><body><br>&nbsp;<blockquote type="cite">{HISTORY}'
    f"</blockquote></body></html>",
    "mark in a comment": f'{KEPT}<!-- <blockquote type="cite"> -->{HISTORY}',
    "mark in an attribute": f'{KEPT}<a title="<blockquote type=cite>">{HISTORY}</a>',
    "mark in a style": f"<style>.gmail_quote {{}}</style>{KEPT}",
    "plain text": "a < b > c & d",
    "empty": "",
}


@pytest.mark.parametrize("html", WHOLE_HTML.values(), ids=WHOLE_HTML)
def test_html_without_marks_or_without_anything_else_stays(html: str) -> None:
    assert cut_quote(html) == html


HOSTILE_HTML = {
    "open tags": "<div>" * 50_000,
    "open brackets": "<" * 100_000,
    "quotes": "<a '" * 30_000,
    "comments": "<!--" * 30_000,
    "styles": "<style>" * 30_000,
    "styles closed in upper case": "<style></STYLE>" * 10_000,
    "closing tags": "<p></div>" * 30_000,
    "one long tag": "<div " + "a=b " * 50_000,
    "blocks below colons": "<blockquote>el 3/3/2026 (a@b.example) a las:" * 8_000,
    "blocks closed below colons": "el 3/3/2026 (a@b.example) a las 10:11:<blockquote>x</blockquote>" * 10_000,
    "lines of Outlook": "<div style='border:none;border-top:solid #E1E1E1 1.0pt'>" * 3_000,
}


@pytest.mark.parametrize("html", HOSTILE_HTML.values(), ids=HOSTILE_HTML)
def test_hostile_html_comes_back_whole(html: str) -> None:
    assert cut_quote(html) == html


def test_deeply_nested_blocks_are_one_cut() -> None:
    assert cut_quote(KEPT + '<blockquote type="cite">' * 5_000 + HISTORY) == KEPT


@given(
    st.lists(
        st.sampled_from(["<div>", "</div>", '<blockquote type="cite">', "</blockquote>", "a", "<hr>", "<!--", "'", ">"])
    )
)
def test_cut_html_is_made_of_pieces_of_the_input(pieces: list[str]) -> None:
    html = "".join(pieces)
    rest = iter(html)
    assert all(letter in rest for letter in cut_quote(html))
