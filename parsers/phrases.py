"""Words by which machines' mails are known, in the languages of those who send them: one pattern a line."""

from __future__ import annotations

import re


def one_of(table: str) -> re.Pattern[str]:
    """A pattern for any line of ``table``; none repeats a repetition, and a word is read up to 40 letters, so that each
    search is linear."""
    bounded = table.strip().replace(r"\w*", r"\w{0,40}").replace(r"\w+", r"\w{1,40}")
    lines = [line.strip() for line in bounded.split("\n")]
    return re.compile("|".join(f"(?:{line})" for line in lines), re.IGNORECASE)


MACHINE_SENDER = one_of(r"""
    mailer[-_ ]?daemon
    mail[-_]daemon
    \bmdaemon@
    double-bounce
    mail(?:er)? deliver\w* (?:sub)?system
    (?:e-?mail|mail) delivery (?:service|system)
    mail system(?: daemon)?\b
    deliver\w* notification
    microsoftexchange[0-9a-f]{32}@
    courier mail server
    (?:^|[<\s"])bounces?[+@]
""")
"""A From that no person has."""

MASTER_SENDER = one_of(r"""
    post[-_ ]?master
    (?:system|mail) administrator
    administrador d[eo]l? (?:sistema|correo)|administrateur syst[eè]me|amministratore di sistema|systemadministrator
    mail(?:server)?-?admin@
    systemverwalter
    content-filter|mail-?(?:marshal|scanner)|\binterscan\b
    (?:^|[<\s"_.-])(?:ndr|dsn|mta|smtp)[@_-]
""")
"""A From that is a mail server's, or the person's who runs it."""

NOBODY_SENDER = one_of(r"""
    no[-_.]?reply
    do[-_.]?not[-_.]?reply
    no[-_.]?responder
    \b(?:root|sysadmin|listserv|majordomo)@
    anti-?virus\b|\bfirewall\b
""")
"""A From that nobody reads, or that has other matters than mail: of a machine, though seldom of a mail system."""

FAILURE_SUBJECT = one_of(r"""
    undeliver|nondeliver|not? (?:be )?deliver|unable to deliver
    (?:e-?mail|messages?) (?:delivery|failed|failure|error|status|returned|delayed|rejected|bounced?|not)
    mail (?:delivery|failed|failure|error|status|returned|delayed|rejected|bounced?|system error|not)
    deliver\w* (?:status|fail\w*|delay\w*|problem|error|report|notif\w*|incomplete|unsuccessful|attempt)
    return(?:ed|ing) (?:mail|message|e-?mail|to sender)
    fail\w* (?:notice|deliver\w*|mail|notification)
    bounce
    \b(?:from you|you sent)\b|virus(?:es)? (?:detected|found)
    could not (?:be )?(?:send|sent|deliver)
    delayed mail
    error (?:sending|sent|in|from)
    permanent error
    warning: (?:could|message)
    problem delivering
    user unknown|unknown user
    mailbox (?:full|unavail)
    rejected|undelivered
    unzustellbar|nicht zugestellt|zustellung|fehlgeschlagen
    non remis|échec|non distribu|retour(?:né)? à l|remise
    no (?:se ha )?(?:podido )?entreg|devuelt|error de entrega|fall[oa] (?:en|de) (?:la )?entrega|entrega
    buz[oó]n (?:est[aá] )?llen
    não entregue|não é possível entregar|falha|devolvid
    no (?:es pot|s'ha pogut) lliurar|retornat
    mancata consegna|non recapita|recapito
    onbestelbaar|niet (?:bezorgd|afgeleverd)
    olevererbar|kunde inte|kan inte leverer|att leverera|kan ikke leveres|kunne ikke (?:leveres|afleveres)
    toimitus epäonnistui|ei voi(?:tu|da) toimittaa
    nedoručiteľn|nedoručiteln|nedoručen|kézbesíthetetlen|kézbesítés|teslim edilem|nelivrat|nu poate fi livrat
    αδυναμία παράδοσης|δεν παραδόθηκε|לא ניתן למסירה|تعذر تسليم|لم يتم تسليم
    zwrot|niedostarcz|nie dostarcz
    недостав|не доставлен|возвра|ошибка
    退信|无法|失败|未传递|无法传递
    配信|配送|不達|送信|エラー|届
    배달|반송|전송 실패
""")

FAILURE_TEXT = one_of(r"""
    (?:could|can|was|were|has|have|had|is|are|did)(?: ?n[o']t| not)\s+(?:able\s+to\s+)?(?:be\s+|been\s+|get\s+)?deliver
    undeliver|unable to (?:be )?(?:deliver|relay|send)
    (?:not|never)\s+(?:have\s+)?(?:been\s+)?delivered
    deliver\w*\s+(?:\w+\s+){0,4}(?:fail|delay|abort|suspend|stopp|error|permanent|problem|impossible|unsuccess)
    fail\w*\s+(?:\w+\s+){0,3}(?:deliver|recipient|address)
    (?:error|problem)\w*\s+(?:\w+\s+){0,6}(?:deliver|sending)
    return(?:ed|ing)\s+(?:\w+\s+){0,3}(?:to (?:the )?sender|mail|message|undeliver|below|unopened)
    transcript of session
    permanent(?:ly)?\s+(?:fatal\s+)?(?:error|fail|reject)|permanent fatal|fatal error
    giving up|given up
    user(?:name|id)? (?:is )?(?:not )?(?:unknown|found|listed|known)
    unknown (?:user|recipient|address|mailbox|local)
    no such (?:user|recipient|address|mailbox|person|local)
    mailbox (?:is |was )?(?:full|unavail|not found|disabled|inactive)
    (?:over|exceed\w*)\s+(?:\w+\s+){0,3}quota|quota\s+(?:\w+\s+){0,2}exceed
    (?:does not|doesn't) (?:exist|have a)
    account (?:is )?(?:disabled|inactive|full)
    (?:invalid|bad|unrecogni[sz]ed|non-?existent)\s+(?:\w+\s+){0,2}(?:address|recipient|mailbox|user)
    hop count|too many hops|mail loop
    host (?:\w+ )?(?:unknown|not found)
    (?:message|mail)\s+(?:\w+\s+){0,4}(?:bounced|rejected|refused|blocked|delayed|not accepted|returned)
    recipient\w*\s+(?:\w+\s+){0,4}(?:reject|refus|unknown|fail|not)
    rejected (?:by|your|the)
    refused to (?:accept|talk)
    could not (?:send|find|connect|contact)
    trouble delivering
    qmail-send
    this is the mail system|mail delivery (?:sub)?system
    final-recipient:|diagnostic-code:
    remote host said
    <<< ?[45]\d\d|>>> ?(?:rcpt|data)
    original message follows|copy of (?:the|your) (?:original )?message
    still being retried|will (?:continue|keep|be) (?:\w+ )?(?:trying|retr)
    no (?:se )?(?:ha |han |pudo |puede |fue )(?:sido |podido |posible |ser ){0,2}(?:entreg|envia)
    no (?:se )?entreg[oó]|error de entrega|fall[oó] la entrega
    no (?:s'ha |s'han |es )(?:pogut |pot )?(?:lliura|envia)
    (?:usuario|destinatario|buz[oó]n)\s+(?:\w+\s+){0,3}(?:no existe|desconocid|est[aá] llen|inexistente)
    não (?:foi|pôde|pode) (?:\w+ )?(?:entreg|envi)|falha na entrega
    (?:error|fallo) en la entrega|entrega (?:\S+ ){1,6}(?:se ha retrasado|ha fallado)|error en el lliurament
    no se pudo contactar con los (?:siguientes )?destinatarios
    no lleg[oó] a (?:ninguno de )?los (?:siguientes )?destinatarios
    n'(?:a|ont) (?:pas )?(?:pu|été) (?:\w+ )?(?:\w+ )?(?:remis|distribu|livr)|impossible de (?:remettre|distribuer)
    échec de (?:la )?(?:remise|distribution)
    nicht (?:\w+ )?zugestellt|konnte nicht|unzustellbar|fehler bei der (?:nachrichten)?zustellung
    nie (?:\w+ ){0,3}dostarcz|niedostarcz
    (?:kunde|gick) inte (?:att )?(?:\w+ )?lever|går (?:ej|inte) att leverera
    (?:kunne|kan|blev) ikke (?:bli )?(?:leveres|levert|afleveret|afleveres|leveret)
    ei voi(?:tu|da) toimittaa|toimitus epäonnistui
    (?:nepodařilo|nepodarilo|nelze|nebylo možné) (?:se )?doruč|nedoručiteľn|nedoručiteln
    kézbesítése (?:\w+ )?(?:nem sikerült|sikertelen)|kézbesíthetetlen|nem kézbesíthető
    teslim edilem|nu (?:a putut fi|s-a putut|poate fi) livra|δεν παραδόθηκε|δεν ήταν δυνατή η παράδοση
    לא נמסרה|لم يتم تسليم|تعذر تسليم
    non (?:è stato )?(?:possibile )?(?:consegn|recapit)|recapito non riuscito
    (?:kan|kon) niet (?:worden )?(?:be|af)(?:zorg|lever)
    dostarczenie (?:\S+ ){1,7}nie powiodło|leverans\w* (?:\S+ ){1,6}misslyckad
    не (?:был[оа]? |может быть )?доставлен|не удалось|не существует|недостав|отклонен
    送信できません|配信できません|配送できません|送信に失敗|届けることができ|配達できません|エラーが発生|存在しません|宛先
    配信に失敗|無法|无法|退回|退信|失败|不存在|拒收
""")

DELAY = one_of(r"""
    delay|retard|retras|demora|verzögert|en attente
    still being retried
    will (?:continue|keep|be) (?:\w+ )?(?:trying|retr)
    not yet been|has not been delivered yet
    warning: (?:could|message)|this is a warning
    temporar\w+ (?:problem|fail|error)
    (?:no|not) need to (?:resend|retransmit)
""")

COMPLAINT_SUBJECT = one_of(r"""
    ^\W{0,3}(?:abuse|spam|complaint|junk)\b[^\n]{0,40}\b(?:report|about|complaint|notification)
    ^\W{0,3}complaint about (?:message|e-?mail)
""")

COMPLAINT_TEXT = one_of(r"""
    this is an? (?:\w+ )?(?:e-?mail )?(?:abuse|spam|fraud|virus)[ -]report
    (?:abuse|spam|fraud) report for an? (?:e-?mail )?message
    feedback-type\s*:\s*\w
""")

AWAY_SUBJECT = one_of(r"""
    auto(?:matic|mated|mática|matique|matico)?[-_ ]?(?:reply|response|answer|resp\w+|antwort|svar)\b
    automatische?\s+(?:antwort|beantwoording)|abwesen\w*
    (?:respuesta|contestaci[oó]n)\s+autom[aá]tica|fuera\s+de\s+(?:la\s+)?oficina|ausente?\b|ausencia
    (?:de\s+)?vacaciones\b|me\s+encuentro\s+(?:ausente|de\s+(?:baja|permiso|vacaciones)|fuera\s)
    est(?:oy|ar[eé])\s+(?:ausente|de\s+(?:baja|permiso|vacaciones)|fuera\s)|no\s+est(?:oy|ar[eé])\s+en\s+la\s+oficina
    (?:mensaje|respuesta|aviso|nota)\s+de\s+(?:ausencia|vacaciones)
    (?:de\s+)?baja\s+(?:m[eé]dica|laboral|maternal|paternal|por\s+(?:maternidad|paternidad|enfermedad))\b
    erantzun\s+automatiko|bulegotik\s+kanpo|oporretan
    resposta\s+autom[àáa]tica|fora\s+(?:de\s+l'|d[oa]\s+|de\s+)(?:oficina|escrit[óo]rio)|f[ée]rias|ausência|abs[eè]ncia
    r[eé]ponse\s+automatique|(?:message\s+d.|avis\s+d.)?absen(?:ce|t)\b|en\s+cong[ée]s?
    risposta\s+automatica|fuori\s+(?:sede|ufficio)|assente
    automatisch\s+antwoord|afwezig|niet\s+(?:op\s+kantoor|aanwezig)
    (?:ich\s+bin\s+)?im\s+urlaub\b
    automatiskt?\s+svar|autosvar|frånvar|fravær
    (?:automaattinen\s+|auto)vastaus|poissa
    nieobecn|autoodpowied|automatyczna\s+odpowied|odpowied\S+\s+automatyczna|poza\s+biurem
    автоответ|автоматический\s+ответ|вне\s+офиса|отпуск|отсутствую|отсутствие\s+на\s+работе
    автоматична\s+відповідь|автоматичен\s+отговор|автоматски\s+одговор|автовідповід|відсутн|извън\s+офиса
    automatski\s+odgovor|samodejni\s+odgovor|odsut(?:an|na)\b|odsoten|izvan\s+ureda
    automaatvastus|automatinis\s+atsakymas|automātisk\S+\s+atbilde|sjálfvirkt\s+svar
    αυτόματη\s+απάντηση|εκτός\s+γραφείου|תשובה\s+אוטומטית|מענה\s+אוטומטי|رد\s+تلقائي|خارج\s+المكتب|پاسخ\s+خودکار
    trả\s+lời\s+tự\s+động|ตอบกลับอัตโนมัติ|balasan\s+(?:otomatis|automatik)|स्वचालित\s+उत्तर
    自動(?:返信|応答|回覆)|不在|自动(?:回复|答复)|자동\s*(?:회신|응답)|부재
    automatick\w+\s+odpov|automat(?:a|ikus)\s+válasz|otomatik\s+yanıt|r[aă]spuns\s+automat
    out[- ]of[- ](?:the\s+)?office|ooo\b|auto\s*:|away\s*(?:\s(?:until|from|till)|:)|i(?:\s+a|['’])m\s+(?:away|out)
    (?:on\s+)?(?:vacation|(?:(?:annual|sick|maternity|paternity|parental)\s+)?leave|holiday)\b
    (?:[^\W\d_]\S{0,40}\s+){1,4}(?:is|está|est|ist|è)\s+(?:out\s+of|away|on\s+(?:leave|holiday|vacation)|fuera\s+de|de\s+vacaciones|absente?|ausente|abwesend)
    (?:mensaje|correo|acuse\s+de\s+recibo)\s+autom[aá]tico|mensagem\s+autom[aá]tica|missatge\s+autom[àa]tic
""")
"""Looked for at the beginning of a subject, behind one reply prefix at most."""

AWAY_TEXT = one_of(r"""
    out of (?:the )?office|away (?:from|until)|(?:on|annual) (?:vacation|holiday|leave)|currently away
    returning to the office|limited access to (?:my )?e-?mail
    fuera de (?:la |mi )?oficina|de vacaciones|estar[eé] ausente|me encuentro ausente
    fora d[oae] |f[ée]rias
    abwesend|nicht im (?:büro|haus)|urlaub
    absent|en congés?
    fuori (?:sede|ufficio)|ferie
    afwezig|vakantie|semester
    вне офиса|отпуск
    不在
""")

HTML_STUB = one_of(r"""
    \b(?:activ\w+|habilit\w+|utilic\w+|us[ae]r?|cambi\w+|ative)\b[^\n]{0,60}\bhtml\b
    \b(?:enable|turn on|switch|use|aktivier\w+)\b[^\n]{0,60}\bhtml\b
    \b(?:to|para|um)\s+(?:view|read|see|display|ver|leer|visualizar|mostrar|lesen|ler)\b[^\n]{0,90}\bhtml\b
    \b(?:pour|per)\s+(?:lire|afficher|visualiser|leggere|veure)\b[^\n]{0,90}\bhtml\b
    \b(?:your|su|votre|ihr|seu|tu)\s+(?:e-?mail|mail|correo|client\w*|program\w*|lector|reader|leitor)\b[^\n]{0,80}\bhtml\b
    \bthis (?:e-?mail|message|mail)\b[^\n]{0,40}\bhtml\b|\beste (?:mensaje|correo)\b[^\n]{0,40}\bhtml\b
    \bdiese (?:nachricht|e-?mail)\b[^\n]{0,40}\bhtml\b|\bce (?:message|courriel)\b[^\n]{0,40}\bhtml\b
    \bhtml[ -](?:only|capable|enabled|compatible)\b
    multi-?part message in mime
""")
"""A plain text that only sends its reader to the HTML."""
