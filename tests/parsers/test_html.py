# ruff: noqa: E501 - the rows of these tables are mails
"""HTML as its reader sees it: the labels and values of a form stand on lines of their own, hidden text nowhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.html import declared_charset, looks_like_html, to_text

FORM = ["Servicio/Aplicación: AREN", "Tipo: Error Funcional", "Descripción: No abre", "desde ayer"]

PAGES = {
    "paragraphs": "<p>Servicio/Aplicación: AREN</p><p>Tipo: Error Funcional</p><p>Descripción: No abre<br>desde ayer</p>",
    "word": """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style><!-- p.MsoNormal {margin:0} --></style>
        <!--[if gte mso 9]><xml><o:OfficeDocumentSettings>no</o:OfficeDocumentSettings></xml><![endif]--></head>
        <body lang=ES><div class=WordSection1><p class=MsoNormal>Servicio/Aplicación: <b>AREN</b><o:p></o:p></p>
        <p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoNormal><span lang=ES>Tipo:&nbsp;Error
        Funcional</span></p><p class=MsoNormal>Descripción: No abre<br>desde ayer<o:p></o:p></p></div></body></html>""",
    "outlook": """<div class="elementToProof" style="font-size: 12pt">Servicio/Aplicación: AREN</div>
        <div class="elementToProof">Tipo: Error Funcional</div><div>Descripción: No abre</div><div>desde ayer</div>""",
    "gmail": """<div dir="ltr">Servicio/Aplicación: AREN<div>Tipo: Error Funcional</div><div><br></div>
        <div>Descripción: No abre</div><div>desde ayer</div></div>""",
    "apple mail": """<html><body style="word-wrap: break-word">Servicio/Aplicación: AREN<div class="">Tipo: Error Funcional
        </div><div class="">Descripción: No abre</div><div class=""><br class=""></div>desde ayer</body></html>""",
    "table": """<table><tr><td>Servicio/Aplicación:</td><td>AREN</td></tr><tr><td>Tipo:</td><td>Error Funcional</td></tr>
        <tr><td>Descripción:</td><td>No abre<br>desde ayer</td></tr></table>""",
    "table of paragraphs": """<table border=0><tbody><tr><td><p>Servicio/Aplicación:</p></td><td><p>AREN</p></td></tr>
        <tr><td><p>Tipo:</p></td><td><p>Error Funcional</p></td></tr><tr><td><p>Descripción:</p></td>
        <td><p>No abre<br>desde ayer</p></td></tr></tbody></table>""",
    "bold labels": """<b>Servicio/Aplicación:</b> AREN<br><strong>Tipo:</strong> Error Funcional<br>
        <b>Descripción:</b> No abre<br>desde ayer""",
    "preformatted": "<pre>Servicio/Aplicación: AREN\nTipo: Error Funcional\nDescripción: No abre\ndesde ayer</pre>",
    "no tag at all": "Servicio/Aplicaci&oacute;n: AREN<br>Tipo: Error Funcional<br>Descripci&#243;n: No abre<br>desde ayer",
    "declared xml": """<?xml version="1.0" encoding="utf-8"?><html><body><p>Servicio/Aplicación: AREN</p>
        <p>Tipo: Error Funcional</p><p>Descripción: No abre<br/>desde ayer</p></body></html>""",
    "never closed": "<div>Servicio/Aplicación: AREN<p>Tipo: Error Funcional<p>Descripción: No abre<br>desde ayer<div><b>",
}


@pytest.mark.parametrize("page", PAGES)
def test_a_form_of_any_client(page: str) -> None:
    assert [line for line in to_text(PAGES[page]).split("\n") if line] == FORM


def test_a_list_of_definitions_stands_on_lines_of_its_own() -> None:
    page = "<dl><dt>Tipo:</dt><dd>Error Acceso</dd><dt>Descripción:</dt><dd>No abre</dd></dl><center>Eva</center>fin"
    assert to_text(page).split() == ["Tipo:", "Error", "Acceso", "Descripción:", "No", "abre", "Eva", "fin"]
    assert "Acceso\nDescripción:" in to_text(page)


def test_lists() -> None:
    assert to_text("<ul><li>Tipo: uno</li><li>dos</li></ul><ol><li>tres</li></ol>").split() == (
        ["*", "Tipo:", "uno", "*", "dos", "1.", "tres"]
    )


HIDDEN = [
    '<div style="display:none">no</div>',
    '<div style="DISPLAY : none !important">no<p>no</p></div>',
    '<span style="visibility:hidden">no</span>',
    '<span style="font-size:0">no</span>',
    '<span style="color:red;font-size:0px;">no</span>',
    '<span style="font-size:1px">no</span>',
    '<span style="mso-hide:all">no</span>',
    '<span style="opacity:0">no</span>',
    '<div style="max-height:0;overflow:hidden">no</div>',
    "<div hidden>no</div>",
    "<style>no</style>",
    "<script>no</script>",
    "<title>no</title>",
    "<!-- no -->",
    "<!--[if mso]>no<![endif]-->",
    "<template>no</template>",
]


@pytest.mark.parametrize("hidden", HIDDEN)
def test_hidden_text_does_not_count(hidden: str) -> None:
    assert to_text(f"<body><p>antes</p>{hidden}<p>después</p></body>").split() == ["antes", "después"]


@pytest.mark.parametrize("hidden", HIDDEN)
def test_nor_in_a_page_too_large_for_tables(hidden: str) -> None:
    filler = "<b></b>" * 40_000
    assert to_text(f"<body><p>antes</p>{hidden}<p>después</p></body>{filler}").split() == ["antes", "después"]


@pytest.mark.parametrize(
    "style",
    ["font-size:10px", "font-size:0.9em", "line-height:0", "opacity:0.8", "width:0", "height:100%;overflow:hidden"],
)
def test_what_is_seen_counts(style: str) -> None:
    assert to_text(f'<div style="{style}">sí</div>') == "sí"


def test_deep_quotes_are_read_where_the_converter_gives_up() -> None:
    assert to_text("<blockquote>" * 800 + "hondo" + "</blockquote>" * 800) == "hondo"


@pytest.mark.parametrize("end", ["</html>", "</body>", "</body></html>", "</BODY >\n</HTML>\n"])
def test_what_stands_below_the_end_of_a_page_is_read(end: str) -> None:
    assert to_text(f"<html><body><p>uno</p>{end}<p>dos</p><html><body>tres</body></html>").split() == [
        "uno",
        "dos",
        "tres",
    ]


@pytest.mark.parametrize(
    ("text", "is_page"),
    [
        ("<html><body>hola</body></html>", True),
        ("  <!DOCTYPE html><html>a</html>", True),
        ("<div>hola</div>", True),
        ("Descripción: falla <html> </html>", False),
        ("<ana@cau.example> escribió", False),
        ("", False),
    ],
)
def test_a_page_that_says_it_is_plain(text: str, is_page: bool) -> None:
    assert looks_like_html(text) is is_page


def test_the_charset_a_page_names() -> None:
    assert declared_charset(b'<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1">') == "iso-8859-1"
    assert declared_charset(b"<meta charset='utf-8'>") == "utf-8"
    assert declared_charset(b"<p>charset=no") == ""


@given(st.lists(st.sampled_from(["<", ">", "<p>", "</p>", "<table>", "<td>", "<!--", "-->", "<br>", "&amp", "a", '"', "'",
                                 "<div style='", "\x00", "<pre>", "\n", "<li>", "</table>", "<![CDATA["]), max_size=40))  # fmt: skip
def test_never_raises(pieces: list[str]) -> None:
    assert "\x00" not in to_text("".join(pieces))
