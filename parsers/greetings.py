"""Lines that end in a colon and announce no history: «Buenos días:», «Contesto abajo:»; entries are compared folded."""

from __future__ import annotations

import re
from collections.abc import Sequence

from parsers.quotes import any_of, fold_line, phrases

_GREETINGS = (
    "Hola|Buenas|Buenos días|Buen día|Buenas tardes|Buenas noches|Muy buenas|Saludos|Apreciado|Apreciada|Estimado"
    "|Estimada|Estimados|Estimadas|Estimad@s|Querido|Querida|Queridos|Distinguido|Distinguida|Distinguidos"
    "|Muy señor mío|Muy señores míos|Muy señor nuestro|A la atención de|Bon dia|Bona tarda|Benvolgut|Benvolguda"
    "|Benvolguts|Bo día|Boas|Boas tardes|Egun on|Arratsalde on|Kaixo|Bom dia|Boa tarde|Olá|Ola|Prezado|Prezada"
    "|Prezados|Caro|Cara|Hello|Hi|Hey|Dear|Good morning|Good afternoon|Bonjour|Bonsoir|Cher|Chère|Hallo"
    "|Guten Tag|Guten Morgen|Sehr geehrte|Sehr geehrter|Liebe|Lieber|Buongiorno|Buonasera|Gentile|Salve|Beste|Geachte"
)
_ADDRESSED = phrases(
    "a|al|all|alle|otra|otro|vez|de|del|la|las|los|el|y|e|i|nuevo|todos|todas|todo|equipo|compañeros|compañeras"
    "|compañero|compañera|compañeros/as|compañer@s|señor|señora|señores|señoras|amigos|amigas|amigo|amiga|técnicos"
    "|soporte|chicos|chicas|tots|totes|companys|todos/as|again|there|team|everybody|everyone|colleagues|zusammen|tous"
    "|toutes|à|tutti|sr|sra|srs|sres|d|dª|dña|don|doña|tardes|noches|días|día"
)
_GREETING = re.compile(rf"^(?:{any_of(_GREETINGS)})(?!\w)")
_PLACES = any_of(
    "abajo|debajo|más abajo|aquí|entre líneas|en línea|a continuación|en rojo|en azul|en el texto|en su correo"
    "|below|inline|in line|between the lines|in red|in blue"
)
_ANSWERS = re.compile(
    rf"\b(?:(?:respondo|contesto)(?:\s(?:{_PLACES}))?"
    rf"|(?:respuestas|answers?|replies|comments|responses)(?:\s\w+)?\s(?:{_PLACES})|see (?:below|inline))\s?:$"
)
# «Le respondo abajo en azul», «Mis comentarios, entre líneas», «See my answers below», «En rojo le contesto».
_ANSWERING = any_of(
    "respondo|respondemos|contesto|contestamos|comento|mis respuestas|mis comentarios|las respuestas|respuestas"
    "|respostas|a resposta|mis notas|respon|us responc|els comentaris|comentários|meus comentários|responc"
    "|my answers|my replies|my comments|my responses|answers|replies|comments|responses|replied|answered|commented"
)
_WITHIN = any_of(
    "abajo|más abajo|debajo|aquí debajo|entre líneas|en línea|intercalado|intercaladas|intercalados|a continuación"
    "|en el texto|sobre el texto|en el propio texto|en el propio correo|en su correo|en el correo original|en rojo"
    "|en azul|en verde|en color|en negrita|en mayúsculas|abaixo|máis abaixo|entre liñas|em azul|em vermelho|en vermello"
    "|a sota|més avall|en vermell|en blau|below|inline|in line|in-line|between the lines|in red|in blue|in green"
    "|in bold|in capitals|in the text"
)
_BETWEEN = r"(?!\w)[^.;:!?]{0,40}?(?<!\w)(?<!\bde )(?<!\bdel )"
_ANSWERS_WITHIN = re.compile(
    rf"(?<!\w)(?:(?:{_ANSWERING}){_BETWEEN}(?:{_WITHIN})|(?:{_WITHIN}){_BETWEEN}(?:{_ANSWERING}))(?!\w)"
)
_ANNOUNCING_LINES = 40
_WORD = re.compile(r"[^\W\d_][\w/@ª]*")
_GREETING_CHARACTERS = 80


def announces_nothing(line: str) -> bool:
    """A greeting, or the announcement of answers between the quoted lines."""
    return len(line) <= _GREETING_CHARACTERS and (_is_greeting(line) or bool(_ANSWERS.search(fold_line(line))))


def answers_within(lines: Sequence[str]) -> bool:
    """Whether somebody says that their answers stand in the text below theirs."""
    return any(_ANSWERS_WITHIN.search(fold_line(line[:200])) for line in lines[:_ANNOUNCING_LINES])


def _is_greeting(line: str) -> bool:
    """A greeting and whom it greets, nothing else: not «Hola, un cliente dice:»."""
    greeting = _GREETING.match(fold_line(line))
    words = _WORD.findall(line)[greeting[0].count(" ") + 1 :] if greeting else []
    return greeting is not None and all(word[0].isupper() or fold_line(word) in _ADDRESSED for word in words)
