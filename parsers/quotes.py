"""Tables of what mail clients write around quoted history, by language: adding a client is adding a row.

Every entry is compared folded (:func:`fold_line`), so case, accents and spacing of an entry do not matter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from parsers.spelling import fold, repair, without_format

Role = Literal["from", "to", "copy", "date", "subject", "other"]

_PECULIAR = str.maketrans("łŁøØđĐı’´٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "lLoOdDi''01234567890123456789")
_ANY_PECULIAR = re.compile(f"[{''.join(map(chr, _PECULIAR))}]")


def fold_line(text: str) -> str:
    """The text as tables compare it: :func:`parsers.spelling.fold`, letters with strokes and Arabic digits as plain
    ones, a broken encoding mended, white space of any kind collapsed, trimmed."""
    if text.isascii():
        return " ".join(text.lower().split())
    text = repair(text)
    if _ANY_PECULIAR.search(text):
        text = text.translate(_PECULIAR)
    return " ".join(fold(without_format(text)).split())


def _table(rows: Mapping[Role, str]) -> dict[str, Role]:
    return {fold_line(label): role for role, labels in rows.items() for label in labels.split("|")}


def phrases(row: str) -> frozenset[str]:
    """The folded entries of a row «one|two|three»."""
    return frozenset(fold_line(word) for word in row.split("|"))


def any_of(row: str) -> str:
    """One alternation of a row's folded entries, the longest first."""
    return "|".join(sorted(map(re.escape, phrases(row)), key=len, reverse=True))


# Labels of the header block that a client writes above what it quotes or forwards.
HEADER_LABELS = _table(
    {
        "from": "De|From|Von|Da|Van|Fra|Från|Lähettäjä|Od|Feladó|Expeditor|Expeditorul|De la|От|От кого|Від|Від кого"
        "|Kimden|Gönderen|Mittente|Remitente|Remitent|Afsender|Avsändare|Avsender|Absender|Expéditeur|Nadawca"
        "|Odesílatel|Odosielateľ|Šalje|Pošiljatelj|Από|Saatja|Nork|Igorlea|Nuo|Gửi từ|Dari|差出人|送信元|送信者"
        "|发件人|寄件者|寄件人|보낸 사람|보낸사람|מאת|من|از|Frá|Од|Daripada|Từ|จาก",
        "to": "Para|To|An|A|À|Aan|Til|Till|Vastaanottaja|Do|Komu|Címzett|Către|Destinatar|Destinatarul|Pentru|Кому"
        "|Kime|Alıcı|Destinatario|Destinatari|Destinatário|Destinataire|Pour|Pre|Prima|Za|Ontvanger|Mottagare"
        "|Modtager|Adresat|Empfänger|Per a|Per|Προς|Nori|Hartzailea|До|Kam|Kepada|Đến|宛先|送信先|收件人|收件者"
        "|받는 사람|받는사람|אל|إلى|به|Iki|Adressaat|Kellele|За|Tới|ถึง",
        "copy": "Cc|Copia|Con copia|Copia a|Kopie|Kopie (CC)|Kopia|Kopi|Kopio|Kópia|Copie|Copie à|Cópia|Com cópia"
        "|Másolat|Másolatot kap|Копия|Копія|Bilgi|DW|Do wiadomości|UDW|Ccn|Bcc|Cco|Cci|Còpia|Amb còpia|Κοιν.|Tembusan"
        "|抄送|抄送至|副本|참조|עותק|نسخة",
        "date": "Fecha|Date|Data|Datum|Dato|Sent|Sent at|Enviado|Enviado el|Enviado em|Enviados|Enviada|Enviada em"
        "|Enviada el|Enviat|Enviat el|Data d'enviament|Envoyé|Envoyé le|Date d'envoi|Gesendet|Gesendet am|Inviato"
        "|Inviato il|Verzonden|Verstuurd|Sendt|Skickat|Datum|Lähetetty|Päivämäärä|Päiväys|Odesláno|Odoslané|Wysłano"
        "|Wysłane|Elküldve|Küldve|Dátum|Trimis|Trimis la|Dată|Отправлено|Дата|Дата отправки|Надіслано|Изпратено"
        "|Tarih|Gönderildi|Gönderme Tarihi|Gönderilme tarihi|Ημερομηνία|Στάλθηκε|Poslano|Poslato|Datums|Kuupäev"
        "|Saadetud|Fecha de envío|Fecha y hora|Noiz|Bidalia|Terkirim|日付|日時|送信日時|送信日|发送时间|发送日期|日期"
        "|傳送日期|寄件日期|보낸 날짜|날짜|נשלח|תאריך|تم الإرسال|تاريخ الإرسال|التاريخ"
        "|Nosūtīts|Išsiųsta|Saatmisaeg|Αποστολή|Dikirim"
        "|Dihantar|Послато|Đã gửi|ส่งเมื่อ|ส่ง|ارسال شده",
        "subject": "Asunto|Subject|Betreff|Assunto|Assumpte|Objet|Sujet|Oggetto|Onderwerp|Emne|Ämne|Aihe|Předmět"
        "|Predmet|Temat|Tárgy|Subiect|Subiectul|Тема|Konu|Θέμα|Naslov|Zadeva|Gaia|Tema|Teema|Относно|Subjek|Perihal"
        "|件名|主题|主旨|主題|제목|נושא|الموضوع|موضوع|Tēma|Efni|Chủ đề|เรื่อง",
        "other": "Reply-To|Responder a|Répondre à|Antwort an|Rispondi a|Risposta|Importance|Importancia|Importância"
        "|Priority|Prioridad|Wichtigkeit|Priorität|Importanza|Attachments|Adjuntos|Archivos adjuntos|Datos adjuntos"
        "|Anexos|Anlagen|Pièces jointes|Allegati|Categories|Cuenta|Organization|Organisation|Newsgroups",
    }
)

# Headers that only a pasted raw mail shows: such a block is the author's evidence, no quote of a client.
RAW_HEADERS = phrases(
    "received|return-path|message-id|mime-version|content-type|content-transfer-encoding|delivered-to|dkim-signature"
    "|authentication-results|in-reply-to|references|received-spf|x-mailer|user-agent|x-originating-ip"
)

# Verbs that end (or, in German and Finnish, stand inside) the line above a quote: «El … escribió:».
_VERBS = (
    "escribió|escribi�|escribi?|escribi=C3=B3|escribi=F3|ha escrito|escribía|escribiste|wrote|writes|has written"
    "|a écrit|écrivait|avez écrit|a rédigé|escreveu|escreveste|va escriure|ha escrit|escrigué|schrieb|schrieben"
    "|hat geschrieben|geschrieben|schreef|geschreven"
    "|ha scritto|scrive|ha inviato|escribiu|idatzi du|idatzi zuen|igorleak hau idatzi du|napisał"
    "|napisał(a)|napisała|pisze|napsal|napsal(a)|napsala|napísal|napísal(a)|napísala|napísali|píše|skrev|skreiv"
    "|kirjoitti|írta|ezt írta|a scris|написал|написал(а)|написал (а)|написала|пишет|писал|писали|пише|написав|написала"
    "|написано|написа|yazdı|şunu yazdı|έγραψε|napisa|je napisao|je napisala|je napisao/la|je napisal|je napisal/-a"
    "|napisao|napisala|kirjutas|rakstīja|rašė|menulis|đã viết"
)
_VERBS_WITHOUT_SPACES = (
    "書きました|تمت كتابة ما يلي بواسطة|のメール|写道|寫道|님이 작성|작성|כתב|כתבה|كتب|نوشت|เขียนว่า|लिखा"
)
VERB = re.compile(rf"(?<!\w)(?:{any_of(_VERBS)})(?!\w)|{any_of(_VERBS_WITHOUT_SPACES)}")
_VERB_WORDS = {max(re.findall(r"\w+", verb), key=len) for verb in phrases(_VERBS)} | phrases(_VERBS_WITHOUT_SPACES)
_VERB_STEMS = tuple(word for word in _VERB_WORDS if not any(stem in word for stem in _VERB_WORDS - {word}))
_VERB_LAST = re.compile(rf"(?:(?<!\w)(?:{any_of(_VERBS)})|(?:{any_of(_VERBS_WITHOUT_SPACES)}))\s?:?$")
_VERB_ENDS = tuple(phrases(_VERBS) | phrases(_VERBS_WITHOUT_SPACES))


def ends_in_verb(folded: str) -> bool:
    """Whether a folded text ends in one of the verbs, with or without a colon. Nearly no line does: comparing its end
    takes a tenth of the time in which an expression looks for a verb at each of its characters."""
    return folded.removesuffix(":").rstrip().endswith(_VERB_ENDS) and bool(_VERB_LAST.search(folded))


def find_verb(folded: str) -> re.Match[str] | None:
    """The first of the verbs in a folded text; looking for the longest word of each takes a fifth of the time."""
    return VERB.search(folded) if any(stem in folded for stem in _VERB_STEMS) else None


NAME_WORD = r"[^\W\d_a-z][\w.'-]*|de|del|la|las|los|el|y|i|e|da|do|dos|van|von|der|[-–|/&]"
"""A word of a person's or a desk's name, as it stands (not folded)."""
NAME = re.compile(rf"\s*(?:{NAME_WORD})(?:\s(?:{NAME_WORD})){{0,4}}\s*$")

# Words, as clients write them, with which a dated attribution begins.
OPENINGS = "El|O|Le|On|Am|Em|No dia|Il|In data|Op|Den|W dniu|Dnia|Dne|Στις|În|На|Pada"

# Attributions that name the person first and the date last, without a verb: «Missatge de … del dia …:».
AUTHOR_FIRST = re.compile(
    rf"^(?:{any_of('Missatge de|Mensaje de|Message from|Message de|Mensagem de|Wiadomość napisana przez')}"
    rf"|{any_of('Quoting|Citando a|Citando|Estase citando|Mensaje citado por|Zitat von|Citiram|Cytowanie')}"
    rf"|{any_of('S’està citant|Cituji|Citát|Citat af|Citerar|Siterer|Citeren|Citēju|Lainaus|Цитирую|Цитую|Alıntı')}"
    rf"|{any_of('引用|引述|Hau idatzi du')})\s"
)

ORIGINAL_PHRASES = phrases(
    "Mensaje original|Original Message|Original Mail|Mail original|Courriel original|Message d'origine"
    "|Message original|Mensagem original"
    "|Ursprüngliche Nachricht|Originalnachricht|Original-Nachricht|Original Nachricht|Missatge original"
    "|Mensaxe orixinal|Jatorrizko mezua|Messaggio originale|Oorspronkelijk bericht|Origineel bericht"
    "|Ursprungligt meddelande|Originalmeddelande|Oprindelig meddelelse|Original meddelelse|Opprinnelig melding"
    "|Original melding|Alkuperäinen viesti|Wiadomość oryginalna|Oryginalna wiadomość|Původní zpráva|Pôvodná správa"
    "|Eredeti üzenet|Mesaj original|Mesajul original|Исходное сообщение|Оригинальное сообщение|Первоначальное сообщение"
    "|Оригінальне повідомлення|Orijinal İleti|Orijinal mesaj|Özgün İleti|Αρχικό μήνυμα|Izvorna poruka|Originalna poruka"
    "|Izvirno sporočilo|Reply message|Mensaje citado|Reply to message|Respuesta original|Correo original"
    "|Cita original|Original Appointment|Původní e-mail|Replied Message"
    "|元のメッセージ|原始邮件|原始郵件|原邮件|回复的原邮件|원본 메시지|הודעה מקורית|الرسالة الأصلية"
    # help desks ask for an answer above a line
    "|Responda por encima de esta línea|Por favor, responda por encima de esta línea|Responda acima desta linha"
    "|Escriba su respuesta por encima de esta línea|Por favor, escriba su respuesta por encima de esta línea"
    "|Reply above this line|Please reply above this line|Please type your reply above this line"
    "|Répondez au-dessus de cette ligne|Bitte antworten Sie oberhalb dieser Zeile"
)
# What Orange writes above its header block.
MESSAGE_OF = re.compile(r"message du \d")
FORWARD_PHRASES = phrases(
    "Mensaje reenviado|Forwarded message|Fwd. message|Forwarded by|Begin forwarded message|Inicio del mensaje reenviado"
    "|Message transféré|Message réexpédié|Message transmis|Début du message réexpédié|Début du message transféré"
    "|Mensagem encaminhada|Mensagem reencaminhada|Início da mensagem encaminhada|Início da mensagem reencaminhada"
    "|Weitergeleitete Nachricht|Weitergeleitete Mail|Anfang der weitergeleiteten Nachricht|Weitergeleitet von"
    "|Missatge reenviat|Inici del missatge reenviat|Mensaxe reenviada|Messaggio inoltrato|Inizio messaggio inoltrato"
    "|Doorgestuurd bericht|Begin doorgestuurd bericht|Vidarebefordrat meddelande|Vidarebefordrat mail"
    "|Vidarebefordrat brev|Videresendt meddelelse|Videresendt besked|Start på videresendt besked|Videresendt melding"
    "|Videresendt e-post|Videresendt epost|Start på videresendt e-post|Välitetty viesti|Välitetty viesti alkaa"
    "|Välitetty viesti / Fwd.Msg|Przekazana wiadomość|Wiadomość przekazana|Wiadomość przesłana dalej"
    "|Początek przekazywanej wiadomości|Treść przekazanej wiadomości|Přeposlaná zpráva|Začátek přeposílané zprávy"
    "|Preposlaná správa|Začiatok preposlanej správy|Továbbított üzenet|Továbbított levél|Továbbított levél kezdete"
    "|Mesaj redirecționat|Mesaj retransmis|Începe mesajul redirecționat|Пересылаемое сообщение|Пересланное сообщение"
    "|Перенаправленное сообщение|Начало переадресованного сообщения|Переслане повідомлення|Перенаправлене повідомлення"
    "|Початок листа, що пересилається|İletilen İleti|İletilen mesaj|Yönlendirilen ileti|İleti başlangıcı"
    "|Başlangıç iletilen ileti|Proslijeđena poruka|Započni proslijeđenu poruku|Posredovano sporočilo"
    "|Προωθημένο μήνυμα|メッセージを転送|転送されたメッセージ"
    "|转发邮件|转发的邮件|轉寄郵件|전달된 메시지|הודעה שהועברה|رسالة معاد توجيهها"
)

# Horde, and what a person redirects, name whose mail it is behind the phrase.
FORWARDED_BY = re.compile(
    rf"(?:forwarded|reenviado) (?:by|por) .*[@\d/]|(?:{'|'.join(map(re.escape, FORWARD_PHRASES))}) .*@"
)
