"""What stands below a text and nobody typed for it: footers of phones and programs, virus scanners, legal notices.

Tables of words by language; every entry is compared folded, so case and accents do not matter.
"""

from __future__ import annotations

import re

from parsers.quotes import any_of, fold_line, phrases

# -- footers of phones and programs --------------------------------------------------------------------------------

# «Sent from my iPhone»: sent, by what means, a device or a program, and nothing that only a sentence has.
_SENT = (
    "Enviado|Enviada|Mandado|Enviat|Sent|Envoyé|Gesendet|Geschickt|Inviato|Inviata|Verzonden|Verstuurd|Skickat|Sendt"
    "|Lähetetty"
    "|Wysłane|Wysłano|Odesláno|Odoslané|Küldve|Elküldve|Trimis|Отправлено|Надіслано|Відправлено|Gönderildi|Poslano"
    "|Bidalia|Εστάλη|Στάλθηκε"
)
_BY = (
    "desde|con|a través de|mediante|usando|vía|do|da|de|a partir do|a partir de|dende|des de|des del|des|amb|from|with"
    "|using|via|depuis|à partir de|avec|à l'aide de|von|mit|aus|über|dal|dallo|vanaf|met|vanuit|från|med|fra|z|ze|pe"
    "|din|с|из|з|s|iz|nire|by|az|από"
)
_THIS_WAS = (
    "Mensaje|Este mensaje fue|Este mensaje ha sido|Este correo fue|Este correo ha sido|This message was|This email was"
    "|This e-mail was|Ce message a été"
)
_SENT_FROM = re.compile(
    rf"^(?:(?:(?:{any_of(_THIS_WAS)})\s)?(?:{any_of(_SENT)})\s(?:{any_of(_BY)})"
    rf"|{any_of('Lähetetty|Gönderildi|From my|Von meinem')})\s"
)
_FROM_SENT = re.compile(
    rf"^(?:{any_of('Von|Vom|Az|Nire|Diese Nachricht wurde von')})\s(?=.{{1,60}}\s(?:{any_of(_SENT)})$)"
)
_DEVICE = re.compile(
    r"^(?:\S{0,6}['-])?(?:"
    + any_of(
        "iphon|ipad|ipod|ios|android|móvil|mòbil|móbil|mobil|mobile|outlook|samsung|galaxy|huawei|xiaomi|redmi|realme"
        "|pixel|nokia|motorola|oppo|htc|alcatel|blackberry|windows|yahoo|gmail|hotmail|mail|courrier|correo para"
        "|telefon|teléfono|telefone|téléphone|telemóvel|smartphone|dispositivo|dispositiu|appareil|device|tablet"
        "|tableta|phone|cell|handy|gerät|portable|celular|cellulare|mailbox|airmail|spark|spike|superhuman|fastmail"
        "|matkapuhelin|puhelin|komórki|telefonu|ti-85|aquamail|typeapp|typemail|bluemail|thunderbird|proton|zimbra"
        "|mailspring|mailfence|aol|hey|boxer|nine|mailbird|canary|newton|front|missive|shortwave|айфон|устройства|почты"
        "|яндекс"
    )
    + ")"
)
_MINE = phrases("mi|my|mon|meu|mio|meinem|meiner|mijn|min|mitt|mojego|mého|môjho|mojeg|mojega|moim|nire|μου")
_SMALL_WORDS = (
    _MINE
    | phrases(_SENT)
    | phrases(
        "a|al|all|am|an|app|auf|aus|az|con|correo|courriel|avec|d'un|da|dal|das|de|del|den|der|des|desde|di|die|do|dos"
        "|du|e|ein|eine|einem|el|electrónico|email|e-mail|en|et|for|fra|from|från|für|il|l'|la|le|les|lite|lo|los|ma|mein"
        "|meine|meinem|meiner|messagerie|meu|mi|mia|mijn|min|mio|mit|mitt|moj|mojego|mojeho|mon|my|mój|můj|na|new|nire"
        "|no|o|od|of|og|och|om|on|op|os|para|pe|pel|per|personal|por|pour|på|s|capable|secure|securely|sécurisé"
        "|sécurisée|segur"
        "|seguro|sicher|so|the|til|till|um|un|una|und|using|v|van|via|vom|von|voor|with|y|z|ze|network|unified"
        "|terminal"
        "|készülékemről|το|από|и|с|для|моего|мобильного|мобильной|приложения"
    )
)
# What may follow behind a stop or a comma: an excuse, or praise of the program.
_EXCUSE = re.compile(
    r"\b(?:brev|bref|kurz|disculp|perdon|excus|sorry|apolog|entschuldig|scus|desculp|desole|pardon|cifrad"
    r"|consigue la app)"
)
_EXCUSE_WORDS = 8

# «Get Outlook for iOS»: one of these words, a program, a system, small words.
_OFFER = phrases(
    "get|obtener|obtenga|obtén|obtenez|obtenir|obter|obteniu|consigue|descargar|descarga|descargue|baixe|baixa"
    "|télécharger|téléchargez|holen|sie|sich|beziehen|herunterladen|scarica|ottieni|download|downloaden|skaffa|hämta"
    "|hent|få|hanki|skaff|pobierz|aplikację|program|dla|systemu|získat|získať|obțineți|pentru|скачать|получить"
    "|отримати|для|deg|获取|取得|edinin|için"
)
_OFFERED = re.compile(r"(?:l')?(?:outlook|bluemail|typeapp)")
_SYSTEM = re.compile(r"(?:l')?(?:ios|android|iphone|ipad|mac\b)")

_SCANNED = (
    "Libre de virus|Lliure de virus|Livre de vírus|Virus-free|Virenfrei|Sans virus|Garanti sans virus|Privo di virus"
    "|Este correo electrónico ha sido|Este mensaje ha sido|El software de antivirus|This email has been checked"
    "|Diese E-Mail wurde von|Questa e-mail è stata controllata|Este e-mail foi verificado"
)
_WHOLE = re.compile(
    rf"^(?:{any_of('Disculpa mi brevedad|Disculpe la brevedad|Disculpa la brevedad|Please excuse my brevity')}"
    rf"|{any_of('This message was sent using IMP')}"
    rf"|{any_of('Please excuse any typos|Yahoo Mail: busca|Yahoo Mail: search|Provenance : Courrier')}"
    rf"|(?:{any_of('從我的|发自我的|發自我的|寄件自|나의')}).{{0,40}}$"
    rf"|(?:iphone|ipad|android).{{0,20}}\s(?:{any_of('küldve')})$"
    r"|.{0,40}(?:iphone|ipad|android)(?:から送信|'\w{1,6} gonderildi)"
    rf"|(?:{any_of(_SCANNED)}).{{0,60}}\b(?:avast|avg|eset|norton|mcafee|kaspersky)\b.{{0,60}}$)"
)
_FOOTER_CHARACTERS = 200
_FOOTER_WORDS = 14
_BEFORE = re.compile(r"^(?:\[https?://\S+\]|<https?://[^\s>]+>|[-–—]{1,2}\s|\s)+(?=\S)")
_BRACKETS = str.maketrans(dict.fromkeys("[]<>(*_", " "))


def is_footer(line: str) -> bool:
    """A line that a phone or a program adds: «Enviado desde mi iPhone», «Get Outlook for iOS», «Libre de virus»."""
    if len(line) >= _FOOTER_CHARACTERS:
        return False
    text = " ".join(_BEFORE.sub("", line).translate(_BRACKETS).split())
    folded = fold_line(text).rstrip(".")
    return bool(_WHOLE.match(folded)) or _offers_a_program(folded) or _is_sent_from(text, folded)


def _offers_a_program(folded: str) -> bool:
    words = folded.split()
    if len(words) > _FOOTER_WORDS or not any(map(_OFFERED.match, words)) or not any(map(_SYSTEM.match, words)):
        return False
    others = [word for word in words if word.isalpha() and not _OFFERED.match(word) and not _SYSTEM.match(word)]
    return bool(_OFFER.intersection(others)) and all(word in _OFFER or word in _SMALL_WORDS for word in others)


def _is_sent_from(text: str, folded: str) -> bool:
    sent = _SENT_FROM.match(folded) or _FROM_SENT.match(folded)
    said = _without_excuse(text) if sent else None
    return sent is not None and said is not None and _names_a_device(said, sent[0].count(" "))


def _without_excuse(text: str) -> str | None:
    """``text`` up to its excuse («, disculpe la brevedad»); None where another sentence follows."""
    for mark in (". ", ", "):
        said, _, rest = text.partition(mark)
        if rest and _EXCUSE.search(fold_line(rest)) and len(rest.split()) <= _EXCUSE_WORDS:
            return said
        if rest and mark == ". ":
            return None
    return text


def _names_a_device(text: str, at: int) -> bool:
    """Whether the words of ``text`` from the ``at``-th on name a device or a program, with nothing of a sentence: a
    small word that no footer has is the author's («Sent from the main server, …»)."""
    words = text.split()[at:]
    if len(words) > _FOOTER_WORDS or text.isupper():
        return False
    if not any(_DEVICE.match(word) or word in _MINE for word in map(fold_line, words)):
        return False
    small = (fold_line(word).strip(".,!") for word in words if word.islower())
    return all(word in _SMALL_WORDS or _DEVICE.match(word) or not word.isalpha() for word in small)


# -- legal notices ---------------------------------------------------------------------------------------------------

# A legal notice begins so and speaks of several matters, …
_NOTICE_TITLES = (
    "Aviso legal|Aviso de confidencialidad|Cláusula de confidencialidad|Advertencia legal|Nota de confidencialidad"
    "|Confidentiality notice|Disclaimer|Legal notice|Legal disclaimer|Avis de confidentialité|Avertissement"
    "|Vertraulichkeitshinweis|Haftungsausschluss|Aviso de confidencialidade|Avís legal|Avís de confidencialitat"
    "|Información confidencial|Informació confidencial"
    "|Información básica sobre protección de datos"
    "|Confidencialidad|Confidencialitat|Confidencialidade|Protección de datos:"
)
_NOTICE_OPENINGS = (
    "Este mensaje y|Este mensaje, |Este mensaje se dirige|Este mensaje va dirigido|Este mensaje contiene información"
    "|Este mensaje es confidencial|Este mensaje puede contener|Este correo electrónico y|Este correo y"
    "|Este correo electrónico contiene|Este correo electrónico es|Este e-mail y|La información contenida en este"
    "|La información contenida en el presente|El presente correo|El presente mensaje|El contenido de este mensaje"
    "|El contenido de este correo|Si usted ha recibido este|Si ha recibido este|Si no es usted el destinatario"
    "|La información incluida en este|This e-mail and|This email and|This message and|This message is intended"
    "|This message contains|This e-mail message|This email message|This communication|This e-mail is|This email is"
    "|This e-mail may|This email may"
    "|If you are not the intended|If you have received this"
    "|The information contained in this|The information in this|The contents of this|Ce message et|Ce courriel et"
    "|Ce mail et|Ce message est"
    "|Les informations contenues dans ce|Si vous n'êtes pas le destinataire"
    "|Diese E-Mail enthält|Diese E-Mail und|Diese Nachricht enthält|Diese Nachricht und"
    "|Esta mensagem|Este e-mail e|As informações contidas"
    "|Mezu hau|Mezu honek|Mezu elektroniko hau"
    "|Aquest missatge|Aquest correu|Esta mensaxe|Questo messaggio|Questa e-mail|Le informazioni contenute"
    "|Deze e-mail en|Dit bericht en|Dit bericht kan informatie|De informatie in dit"
    "|Denne e-posten og|Denne e-mail og|Denna e-post och|Detta meddelande och"
)
_NOTICE_LAW = (
    rf"(?:{any_of('De conformidad con|En cumplimiento de|De acuerdo con|En virtud de')})"
    r".{0,200}\b(?:les? (?:informamos|comunicamos)|se le informa)"
    r"|responsable(?: del tratamiento)?\s?: .{1,120}\bfinalidad"
    r"|(?:les? informamos|se le informa)(?: de)? que (?:sus|los) datos"
)
_NOTICE_CALL = rf"(?:(?:{any_of('Importante|Important|Aviso|Notice|Nota|Note|Atención|Warning|Wichtig')})\s?[:.!-]\s*)?"
NOTICE_START = re.compile(
    rf"^[*_\s]*(?:(?P<title>{any_of(_NOTICE_TITLES)})|{_NOTICE_CALL}(?:{any_of(_NOTICE_OPENINGS)})|{_NOTICE_LAW})(?!\w)"
)
# … a duty among them: words that a person may write about a mail, too, are not enough.
_NOTICE_DUTY = (
    "confiden|konfiden|privileg|vertraulich|vertrouwelijk|fortrolig|proteccion de datos|rgpd|lopd|gdpr|unauthori|prohib"
    "|riservat|interdit|verboten|isilpek|konfidentzial|niet voor u (?:is )?bestemd|legitimacion|politica de privacidad"
)
_NOTICE_MATTERS = (
    _NOTICE_DUTY,
    "mensaje|mensaxe|mensagem|message|messaggio|missatge|nachricht|mail|correo|correu|courriel|bericht|e-post|mezu",
    "informa[ct]|informazioni|adjunt|attach|anex|anhang|pieces jointes|allegat|bijlage|vedlegg|vedhaeft|bilag|erantsi",
    "destinatari|destinataire|addressee|recipient|destinate|adressat|empfanger|dirigid[oa]|geadresseerde|mottaker"
    "|modtager|hartzaile",
    "datos personales|datos de caracter personal|personal data|responsable del? tratamiento",
    "finalidad|(?:seran|son|siendo) tratados",
    "rectificacion|supresion|ejercer|sus derechos",
    "por error|in error|by mistake|par erreur|irrtum|por engano|per errore|per error|intended",
)
_MATTERS_OF_A_NOTICE = 3  # a title is one where a duty stands below it


def is_notice(text: str) -> bool:
    """A folded text that begins like a legal notice, and goes on as one about the mail it stands in."""
    start = NOTICE_START.match(text)
    if not start or not re.search(_NOTICE_DUTY, text):
        return False
    title = start["title"]
    matters = [bool(re.search(matter, text[start.end() :] if title else text)) for matter in _NOTICE_MATTERS]
    return sum(matters) + bool(title and matters[0]) >= _MATTERS_OF_A_NOTICE


_BEFORE_PRINTING = (
    "Antes de imprimir|Piense antes de imprimir|Piensa antes de imprimir|No imprima este|No imprimas este"
    "|Por favor, piense en el medio ambiente antes de imprimir|Piense en el medio ambiente antes de imprimir"
    "|Por favor, considere el medio|Por favor considere el medio|Considere el medio ambiente"
    "|Considere su responsabilidad"
    "|Proteja el medio|Protege el medio|Protejamos el|Cuidemos el|Cuide el|Ayúdenos a cuidar|Ayúdanos a cuidar"
    "|El medio ambiente está en nuestra|Por favor, tenga en cuenta el medio ambiente|Necesita imprimir este correo"
    "|Necesitas imprimir este correo"
    "|Please consider the environment before printing|Think before printing|Think before you print|Before printing"
    "|Bitte denken Sie an die Umwelt|Pensez à l'environnement|Avant d'imprimer|Abans d'imprimir|Prima di stampare"
)
# What is printed may be the matter of the mail: only who pleads for nature adds a footer.
PRINTING = re.compile(
    r"^(?=.{0,200}(?:imprim|print|druck|stampa))"
    r"(?=.{0,200}(?:ambient|arbol|arbre|tree|planeta|naturaleza|piense|piensa|penseu|pensez|think|environnement|umwelt"
    rf"|environment))(?:p |[^\w\s]+ ?)?(?:{any_of(_BEFORE_PRINTING)})"
)
