"""What clients and gateways put before a subject: reply and forward prefixes by language, and the words of their tags.

Compared without case, accents and compatibility forms, so each spelling stands here once.
"""

from __future__ import annotations

from collections.abc import Mapping

from parsers.spelling import fold

BY_LANGUAGE: Mapping[str, str] = {
    "any": "re|fw|fwd",
    "ar": "رد|الرد|إعادة توجيه|إعادة إرسال|تحويل|توجيه",
    "bg": "отг|отговор|пр|препр|препратено",
    "bs, hr, sl, sr": "odg|odgovor|pros|proslijeđeno|prosleđeno|pos|posr|posredovano|одг|одговор|прос|проследи",
    "ca, gl": "resp|resposta|reenv|reenviat|rv|fwd|reenviado",
    "cs": "odp|odpověď|předat|předáno|přep|přeposláno",
    "cy": "atb|yml|ymlaen",
    "da": "sv|svar|vs|videresendt",
    "de": "aw|antw|antwort|wg|wtr|weitergeleitet|weiterleitung",
    "el": "απ|απάντηση|σχετ|πρθ|προώθηση|προωθ",
    "es": "rv|resp|rpta|rta|res|respuesta|contestación|reenv|reenvío|reenviado|rvdo|reply|forward",
    "et": "vs|vastus|edasi|ed",
    "eu": "er|erantz|erantzuna|birb|birbidali|bb",
    "fa": "پاسخ|هدایت|ارسال مجدد",
    "fi": "vs|vast|vastaus|vl|välitys|lähetä edelleen",
    "fr": "ré|rép|réponse|réf|tr|trans|transf|transfert|transmis",
    "ga": "ath|freagra|ar agh",
    "he": "תגובה|תשובה|השב|הועבר|העברה",
    "hi": "उत्तर|अग्रेषित",
    "hu": "vá|válasz|tov|továbbítás|továbbítva|továbbított",
    "id, ms": "bls|balas|balasan|trs|terusan|tnp|hal|bal|maj",
    "is": "sv|svar|fs|framsent|áframsent",
    "it": "r|rif|risp|risposta|i|inoltro|inoltrato|inolt|rinv",
    "ja": "返信|転送|返",
    "ko": "회신|답장|답신|전달|전송",
    "lt": "ats|atsakymas|pers|persiųsta",
    "lv": "atb|atbilde|pārs|pārsūtīts",
    "mk": "одг|препр",
    "nl": "antw|antwoord|betr|doorst|doorgestuurd|dst",
    "no": "sv|svar|vs|videresend|videresendt|vid",
    "pl": "odp|odpowiedź|pd|przek|przekazane|podaj dalej",
    "pt": "res|resp|resposta|r|enc|encam|encaminhada|encaminhado|reenc|reencaminhada|reencaminhado",
    "ro": "răsp|răspuns|redir|redirecționat|fwd",
    "ru": "отв|ответ|на|пересл|пересылка|пер",
    "sk": "odp|odpoveď|pres|preposlané|posl",
    "sv": "sv|svar|vb|vidarebefordrat|vid",
    "th": "ตอบ|ตอบกลับ|ส่งต่อ",
    "tr": "ynt|yan|yanıt|cevap|ilt|i̇lt|iletildi",
    "uk": "відп|відповідь|на|пересл|переслано|пер",
    "vi": "trả lời|tl|hồi âm|chuyển tiếp|ct",
    "zh": "回复|回覆|回復|答复|答覆|回信|转发|轉發|轉寄|转寄|转送",
}
"""Reply and forward prefixes, without dot and colon. One that answers by itself («Respuesta automática») is none."""

PREFIXES = frozenset(fold(prefix) for prefixes in BY_LANGUAGE.values() for prefix in prefixes.split("|"))

_MAKE_A_TAG = """
ext extern externo externa externos external externe externer externes externi externy zewnętrzny esterno esterna 外部
extérieur extérieure exterior exteriors harici внешний spam junk bulk phishing virus malware scam fraude graymail
sospechoso sospechosa suspicious suspect suspeito unverified untrusted unsafe caution quarantine cuarentena deseado
pourriel ungewollt
"""
_GO_WITH_IT = """
e mail email emails correo correos mensaje mensajes message msg sender remitente origen origin source from de del la
el a al non no not to the of our your fuera outside organization organisation organización empresa company org posible
possible probable probably potential potencial likely suspected maybe perhaps mögliches verdacht possibile possível
provável warning alert alerta aviso atención attention cuidado score level high low medium alto bajo medio nachricht
absender expéditeur courriel courrier mittente messaggio mensagem marked detected detectado marcado como is this was
yes sí content contenido filter filtro x achtung
"""

TAG_WORDS = frozenset(map(fold, _MAKE_A_TAG.split()))
"""A bracket, or a row of asterisks, that holds one of these is a gateway's tag…"""

TAG_COMPANY = frozenset(map(fold, _GO_WITH_IT.split()))
"""…unless it also holds a word that is neither one of those nor of these."""
