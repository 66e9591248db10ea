"""Lines that end in a colon and announce no history: «Buenos días:», «Contesto abajo:»; entries are compared folded."""

from __future__ import annotations

import re

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
_WORD = re.compile(r"[^\W\d_][\w/@ª]*")
_GREETING_CHARACTERS = 80


def announces_nothing(line: str) -> bool:
    """A greeting, or the announcement of answers between the quoted lines."""
    return len(line) <= _GREETING_CHARACTERS and (_is_greeting(line) or bool(_ANSWERS.search(fold_line(line))))


def _is_greeting(line: str) -> bool:
    """A greeting and whom it greets, nothing else: not «Hola, un cliente dice:»."""
    greeting = _GREETING.match(fold_line(line))
    words = _WORD.findall(line)[greeting[0].count(" ") + 1 :] if greeting else []
    return greeting is not None and all(word[0].isupper() or fold_line(word) in _ADDRESSED for word in words)
