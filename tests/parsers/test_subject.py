"""Subjects as tables: cleaned, freed of prefixes and tags, near misses, tokens, numbers."""

from __future__ import annotations

import sys
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.spelling import repair, without_format
from parsers.subject import (
    SubjectMarks,
    clean,
    find_token,
    mixed_scripts,
    opening_key,
    slips,
    thread_key,
    without_token,
)

OPENING = "Apertura de Incidencia Automática Aplicación / Desarrollo."
OURS = "Confirmación de la incidencia I171009_000049"

CLEANED = {
    "as it is": (OPENING, OPENING),
    "folded": ("Apertura de Incidencia\r\n Automática Aplicación\r\n\t/ Desarrollo.", OPENING),
    "spaces of any kind": (" Apertura  de\tIncidencia\xa0Automática\u2003Aplicación\u3000/ Desarrollo. ", OPENING),
    "line separators": ("Apertura de\u2028Incidencia\u2029Automática\x85Aplicación\x0b/\x1cDesarrollo.", OPENING),
    "decomposed": (unicodedata.normalize("NFD", OPENING), OPENING),
    "zero-width": ("Apertura\u200b de Inci\u00addencia\u200d Automática Aplicación\u2060 / Desarrollo.\ufeff", OPENING),
    "bidi marks": ("\u202eApertura de \u2066Incidencia\u2069 Automática Aplicación / Desarrollo.\u202c", OPENING),
    "NUL and bells": ("Apertura\x00 de Incidencia\x07 Automática Aplicación / Desarrollo.\x7f", OPENING),
    "tags of emoji": ("Apertura de Incidencia Automática Aplicación / Desarrollo.\U000e0041\U000e007f", OPENING),
    "broken once": (OPENING.encode().decode("cp1252"), OPENING),
    "broken as latin-1": (OPENING.encode().decode("latin-1"), OPENING),
    "broken capitals": ("VALIDACIÃ“N SOLUCIÃ“N Ã\x81REA Ã\x8d", "VALIDACIÓN SOLUCIÓN ÁREA Í"),
    "broken letters that hide format characters": ("AnÃ¡lisis aquÃ\xad", "Análisis aquí"),
    "broken letters that hide spaces": ("Ã\xa0 la carte", "à la carte"),
    "broken quotes and dashes": ("CAU â€“ Â«bajaÂ»", "CAU – «baja»"),
    "broken letters beside a whole invisible one": ("\u200bPeticiÃ³n\xa0de alta", "Petición de alta"),
    "broken twice stays": ("PeticiÃƒÂ³n", "PeticiÃƒÂ³n"),
    "partly broken stays": ("PeticiÃ³n y Petición", "PeticiÃ³n y Petición"),
    "honest capitals stay": ("SE CORTÓ… «CAFÉ» MANHÃ", "SE CORTÓ… «CAFÉ» MANHÃ"),
    "full-width digits are not mapped": ("I１７１００９_000049", "I１７１００９_000049"),
    "ligatures are not mapped": ("oﬁcina", "oﬁcina"),
    "prefixes and tags stay": ("RE: [EXT] Hola", "RE: [EXT] Hola"),
    "nothing": ("", ""),
}  # fmt: skip


@pytest.mark.parametrize(("read", "cleaned"), CLEANED.values(), ids=CLEANED)
def test_a_subject_is_cleaned(read: str, cleaned: str) -> None:
    assert clean(read) == cleaned


@given(st.text("aÑé ñ\u0301\u200b\xad«»…ÃÂ³©\x85\xa0€", max_size=20))
def test_cleaning_gives_composed_text_without_format_characters(text: str) -> None:
    cleaned = clean(text)
    assert cleaned == unicodedata.normalize("NFC", cleaned) == " ".join(cleaned.split())
    assert not {"Cc", "Cf"} & set(map(unicodedata.category, cleaned))


@given(st.text(max_size=40))
def test_what_is_broken_once_is_mended(text: str) -> None:
    broken = "".join(bytes([octet]).decode("cp1252", "ignore") or chr(octet) for octet in text.encode())
    assert repair(broken) in (text, broken)
    assert repair(repair(text)) == repair(text)


def test_every_format_and_control_character_is_known() -> None:
    everything = map(chr, range(sys.maxunicode + 1))
    expected = [c for c in everything if unicodedata.category(c) in ("Cc", "Cf", "Cs") and not c.isspace()]
    assert without_format("".join(expected)) == ""
    kept = "".join(
        c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Cn")
    )
    assert without_format(kept) == kept


# -- prefixes and tags


PREFIXES = (
    "Re RE re Fw FW Fwd FWD fwd RV Rv REENV Resp RPTA Respuesta Reenviado RES Res ENC Enc R RIF I TR Tr "
    "Réf RÉP REP AW Aw WG Antw Antwort SV Sv VS VB VL Vast Vidarebefordrat Videresend Odp ODP PD YNT İLT "
    "ilt Vá VÁ Továbbítás TOVÁBBÍTÁS ATB BLS Redir Răsp "
    "ΑΠ Απ ΣΧΕΤ ΠΡΘ Отв ОТВ Ответ Пересл На Відп Odg Doorst Betr 回复 回覆 答复 "
    "转发 轉寄 返信 転送 회신 전달 תגובה השב הועבר رد Ｒｅ Ats Pārs "
)


@pytest.mark.parametrize("prefix", [*PREFIXES.split(), "إعادة توجيه", "Trả lời"])
def test_prefixes_of_every_language(prefix: str) -> None:
    written = (": ", " : ", ":", "： ", ":\xa0", ":\u200b", "[2]: ", "(3): ", "^2: ", "2: ", ":\r\n ", ".: ")
    assert {thread_key(prefix + colon + OURS) for colon in written} == {OURS}
    assert thread_key(f"{prefix}: {prefix}: Re: {prefix}: {OURS}") == OURS
    assert opening_key(f"{prefix}: {OPENING}") != OPENING


TAGS = [
    "[EXTERNO]", "[Externo]", "[EXT]", "[ext]", "[EXTERNAL]", "[External Email]", "[CORREO EXTERNO]",
    "[Remitente externo]", "[EXTERNO A LA ORGANIZACIÓN]", "[EXT-EMAIL]", "[CAUTION: EXTERNAL]", "(EXTERNO)",
    "<EXTERNAL>", "{EXT}", "**EXTERNAL**", "EXTERNO:", "EXT:", "SPAM:", "[EXT]:", "[SPAM]", "[Spam]", "[ SPAM ]",
    "[SPAM?]", "{Spam?}", "{Posible spam?}", "[POSIBLE SPAM]", "[Suspected Spam]", "[SPAM 7.5]", "[SPAM:####]",
    "***SPAM***", "*****SPAM*****", "*** SPAM ***", "##SPAM##", "--SPAM--", "!!SPAM!!", "[BULK]", "[Junk]",
    "[Phishing?]", "[[EXT]]", "[Correo no deseado]", "[Extern]", "[EXTERNE]", "[Esterno]", "[Externí]",
    "【外部】", "[ACHTUNG: EXTERN]",
]  # fmt: skip


@pytest.mark.parametrize("tag", TAGS)
def test_gateway_tags(tag: str) -> None:
    assert opening_key(f"{tag} {OPENING}") == OPENING
    assert opening_key(tag + OPENING) == OPENING
    assert thread_key(f"RE: {tag} RV: {tag}{tag} Re[2]: {OURS}") == OURS


@pytest.mark.parametrize("tag", [t for t in TAGS if not t.endswith(":")])
def test_gateway_tags_at_the_end(tag: str) -> None:
    assert opening_key(f"{OPENING} {tag}") == OPENING


@pytest.mark.parametrize(
    "written", ["⚠ ", "⚠\ufe0f [EXTERNO] ", "📧RE: ", "CAUTION: EXTERNAL - ", "[EXT] - RE: ", "Re:: "]
)
def test_what_gateways_draw_before_a_subject(written: str) -> None:
    assert thread_key(written + OURS) == OURS


def test_a_dash_before_a_tag_at_the_end_goes_with_it() -> None:
    assert thread_key(f"RE: {OURS} - [EXT]") == OURS


@pytest.mark.parametrize("read", [f"[Fwd: {OURS}]", f"{OURS} (fwd)", f"Re: [FWD: {OURS}]", f"[EXT] [Fwd: Re: {OURS}]"])
def test_forwards_of_old_clients(read: str) -> None:
    assert thread_key(read) == OURS


STAYS = [
    "Respuesta automática: " + OURS, "Automatic reply: " + OURS, "Fuera de la oficina: " + OURS, "Leído: " + OURS,
    "Réponse automatique : " + OURS, "Undeliverable: " + OURS, "Abwesenheitsnotiz: " + OURS, "Aceptada: " + OURS,
    "Urgente: " + OURS, "[URGENTE] " + OURS, "Sobre " + OURS, "Re " + OURS, "Re; " + OURS, "Recordatorio: " + OURS,
    "[Externo del CAU de Madrid] " + OURS, "Nota externa sobre " + OURS, "Fwd " + OURS, "Re - " + OURS,
]  # fmt: skip


@pytest.mark.parametrize("subject", STAYS)
def test_what_is_neither_prefix_nor_tag_stays(subject: str) -> None:
    assert thread_key(subject) == clean(subject)


DIFFERENT = [
    OURS.lower(), OURS + ".", OURS.replace("ó", "o"), OURS.replace("0", "０"), OURS.replace("a", "а"), OURS + " 2",
    OURS[:-1], OURS.replace("_", "-"), OURS.replace(" la ", " La "), "", "Re:",
]  # fmt: skip


@pytest.mark.parametrize("subject", DIFFERENT)
def test_only_the_exact_subject_is_ours(subject: str) -> None:
    assert thread_key("RE: " + subject) != OURS


def test_an_admin_adds_prefixes_and_tags() -> None:
    marks = SubjectMarks(prefixes=("Contesta", "ZZ:"), tags=("[CLIENTE]", "Ministerio", "(sala 4)"))
    for read in (
        "CONTESTA: zz: X",
        "[cliente] X",
        "[Ministerio] contesta : X",
        "X [CLIENTE]",
        "(SALA 4) X",
        "**MINISTERIO** X",
    ):
        assert (thread_key(read, marks), thread_key(read)) == ("X", read)
    assert opening_key("[CLIENTE] contesta: X", marks) == "contesta: X"


def test_a_long_row_of_prefixes_costs_little() -> None:
    started = time.process_time()
    assert thread_key("Re:" * 2700 + OURS) == OURS
    for hostile in (
        "[" * 8000,
        "Re" * 4000,
        "*" * 8000,
        "[a " * 2700,
        "Re[" * 2700,
        "(fwd)" * 1600,
        "[" * 4000 + "]" * 4000,
        "[Re:" * 1600 + "]" * 1600,
        " " * 8000 + ":",
    ):
        thread_key(hostile)
        find_token(hostile)
        slips(hostile, OPENING)
    assert time.process_time() - started < 5


# -- near misses


NEAR = {
    "small letters": OPENING.lower(),
    "capitals": OPENING.upper(),
    "no accents": "Apertura de Incidencia Automatica Aplicacion / Desarrollo.",
    "no full stop": OPENING[:-1],
    "no spaces about the slash": "Apertura de Incidencia Automática Aplicación/Desarrollo.",
    "another dash": "Apertura de Incidencia Automática Aplicación - Desarrollo.",
    "no spaces": OPENING.replace(" ", ""),
    "plus for spaces": OPENING.replace(" ", "+"),
    "quoted": f"«{OPENING}»",
    "a reply prefix": "Re: " + OPENING,
    "prefix and tag": "[EXT] RV: RE: " + OPENING,
    "a letter too many": "Apertura de Incidencias Automática Aplicación / Desarrollo.",
    "a letter too few": "Apertra de Incidencia Automática Aplicación / Desarrollo.",
    "a word's end": "Apertura de Incidencia Automático Aplicaciones / Desarrollo.",
    "accents lost": OPENING.encode("ascii", "replace").decode(),
    "homoglyphs": OPENING.replace("a", "а", 2),
    "the last four letters lost": OPENING.replace("rollo.", "r."),
}  # fmt: skip


@pytest.mark.parametrize("subject", NEAR.values(), ids=NEAR)
def test_near_misses(subject: str) -> None:
    assert slips(subject, OPENING) is not None
    assert opening_key(subject) != OPENING


FAR = [
    "", "Re:", "Oferta de tóner", "Apertura", "Apertura de Incidencia", "Incidencia",
    "No puedo entrar en la aplicación",
    OPENING.replace("rollo.", "."),
    "Apertura de Orden de Trabajo.", "Apertura de Incidencia Automática Aplicación / Desarrollo. Es muy urgente",
    "x" * 8000,
]  # fmt: skip


@pytest.mark.parametrize("subject", FAR)
def test_anything_further_away_is_not_near(subject: str) -> None:
    assert slips(subject, OPENING) is None


@pytest.mark.parametrize("subject", [OPENING, f"[EXT] {OPENING}", f" {OPENING} ", OPENING.encode().decode("cp1252")])
def test_the_exact_subject_is_no_near_miss(subject: str) -> None:
    assert slips(subject, OPENING) is None


def test_a_short_subject_must_be_nearer() -> None:
    assert slips("turno", "Turno") == 0
    assert slips("Trueno", "Turno") is None


# -- tokens


TOKEN = "ABCDEFGHIJKLMNOPQRSTUVWX27"
VERDICT = f"Validar Petición I171009_000049 [{TOKEN}]"

TOKENS = {
    "as sent": VERDICT,
    "Outlook in Spanish": f"RE: RV: {VERDICT}",
    "Outlook in French": f"TR : {VERDICT}",
    "Outlook in German, capitals": f"AW: {VERDICT.upper()}",
    "small letters": VERDICT.lower(),
    "folded before the token": VERDICT.replace(" [", "\r\n ["),
    "folded inside the token": VERDICT.replace("KLM", "K\r\n LM"),
    "folded twice inside": VERDICT.replace("KLM", "K LM").replace("VWX", "V WX"),
    "spaces in the brackets": VERDICT.replace("[", "[ ").replace("]", " ]"),
    "encoded words joined without a space": VERDICT.replace(" ", ""),
    "decomposed": unicodedata.normalize("NFD", VERDICT),
    "a broken encoding": VERDICT.encode().decode("cp1252"),
    "accents lost": VERDICT.encode("ascii", "replace").decode(),
    "NBSP for spaces": VERDICT.replace(" ", "\xa0"),
    "zero-width in the token": VERDICT.replace("MNO", "M\u200bN\ufeffO"),
    "quoted": f"«{VERDICT}»",
    "a gateway's tag before": f"[EXTERNO] {VERDICT}",
    "a gateway's tag behind": f"{VERDICT} [EXTERNO]",
    "forwarded by an old client": f"[Fwd: {VERDICT}]",
    "plus for spaces": VERDICT.replace(" ", "+"),
    "two tokens: the last one counts": f"[{TOKEN[::-1]}] {VERDICT}",
    "text behind": f"{VERDICT} gracias",
}  # fmt: skip


@pytest.mark.parametrize("subject", TOKENS.values(), ids=TOKENS)
def test_a_token_is_found_whatever_a_client_did(subject: str) -> None:
    assert find_token(clean(subject)) == TOKEN


@pytest.mark.parametrize(
    "subject",
    [
        "", "Validar Petición I171009_000049", f"Validar {TOKEN}", f"[{TOKEN[:-1]}]", f"[{TOKEN}A]", f"[{TOKEN[:-1]}1]",
        f"[{TOKEN[:-1]}Ａ]", f"[{TOKEN[:-1]}\u212a]", f"({TOKEN})",
        f"[{' '.join(TOKEN)}]", f"[{TOKEN[:13]}-{TOKEN[13:]}]",
        "[no es una ficha sino una frase]",
    ],
)  # fmt: skip
def test_what_is_no_token(subject: str) -> None:
    assert find_token(subject) == ""


def test_a_subject_without_its_token() -> None:
    assert without_token(VERDICT) == "Validar Petición I171009_000049"
    assert without_token(f"{VERDICT} [EXT]") == "Validar Petición I171009_000049 [EXT]"
    assert without_token(OURS) == OURS


# -- scripts


@pytest.mark.parametrize(
    ("text", "mixed"),
    [
        ("Apertura", False),
        ("Аpertura", True),
        ("Αpertura de", True),
        ("Отв: Apertura", False),
        ("漢字 kanji", False),
        ("I171009", False),
    ],
)
def test_scripts_that_imitate_each_other_are_flagged(text: str, mixed: bool) -> None:
    assert mixed_scripts(text) is mixed
