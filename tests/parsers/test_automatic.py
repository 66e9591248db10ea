# ruff: noqa: E501 - the rows of these tables are mails
"""Mail that machines write: reports of every form, automatic answers, lists; and people's mail that looks like it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.mail import Mail, Report, parse
from tests.parsers.mails import BODY, SUBJECT, machine_mail, mail_of, multipart, part, raw_mail

ORIGINAL = part("message/rfc822", "Message-ID: <carta@cau.example>\nFrom: c@cau.example\nSubject: Confirmación\n\nhola")
RETURNED_HEADERS = part("text/rfc822-headers", "Message-ID: <carta@cau.example>\nSubject: Confirmación\n")
NOTE = part("text/plain; charset=utf-8", "Su mensaje no se pudo entregar.")
QUOTED = "\n\nReceived: from cau.example\nMessage-ID: <carta@cau.example>\nFrom: c@cau.example\nSubject: Confirmación\n"


def status(action: str, code: str, address: str = "maria@cliente.example") -> bytes:
    return part(
        "message/delivery-status",
        "Reporting-MTA: dns; mx.cliente.example\n\n"
        f"Final-Recipient: rfc822; {address}\nAction: {action}\nStatus: {code}\n"
        f"Diagnostic-Code: smtp; 550 {code} desconocido\n",
    )


def dsn(*parts: bytes) -> bytes:
    return mail_of("report", parts, report_type="delivery-status")


def mixed_dsn(sender: str) -> bytes:
    content_type, body = multipart("mixed", [NOTE, status("failed", "5.1.1"), ORIGINAL])
    return raw_mail(body, content_type=content_type, sender=sender)


def bounce(text: str, sender: str = "MAILER-DAEMON@mx.example", title: str = "failure notice", *more: str) -> bytes:
    return machine_mail(text, f"From: {sender}", f"Subject: {title}", *more)


FAILED = Report("failed", ("maria@cliente.example",), ("carta@cau.example",), "5.1.1", "550 5.1.1 desconocido")

FEEDBACK = "Feedback-Type: abuse\nOriginal-Rcpt-To: <maria@cliente.example>\n"
COMPLAINT = Report("complaint", ("maria@cliente.example",), ("carta@cau.example",), "", "abuse")

REPORTS = {
    "dsn with the mail": (dsn(NOTE, status("failed", "5.1.1"), ORIGINAL), FAILED),
    "dsn with its headers": (dsn(NOTE, status("failed", "5.1.1"), RETURNED_HEADERS), FAILED),
    "dsn of a delay": (
        dsn(NOTE, status("delayed", "4.4.1"), ORIGINAL),
        Report("delayed", ("maria@cliente.example",), ("carta@cau.example",), "4.4.1", "550 4.4.1 desconocido"),
    ),
    "dsn of a delivery": (
        dsn(NOTE, part("message/delivery-status", "Final-Recipient: rfc822; a@b.example\nAction: delivered\nStatus: 2.0.0")),
        Report("delivered", ("a@b.example",), (), "2.0.0"),
    ),
    "dsn of two fates: the worst counts": (
        dsn(NOTE, part("message/delivery-status",
                       "Final-Recipient: rfc822; a@b.example\nAction: delivered\n\n"
                       "Final-Recipient: rfc822; c@d.example\nAction: failed\nStatus: 5.2.2\n")),
        Report("failed", ("c@d.example",), (), "5.2.2"),
    ),
    "dsn that says mixed": (mixed_dsn("Mail Delivery System <MAILER-DAEMON@mx.example>"), FAILED),
    "complaint": (
        mail_of("report", [part("text/plain", "This is an email abuse report"), part("message/feedback-report", FEEDBACK),
                           ORIGINAL], report_type="feedback-report"),
        COMPLAINT,
    ),
    "complaint of hotmail": (
        mail_of("mixed", [part("message/rfc822", "X-HmXmrOriginalRecipient: maria@cliente.example\n"
                                                 "Message-ID: <carta@cau.example>\n\nhola")]),
        Report("complaint", ("maria@cliente.example",), ("carta@cau.example",)),
    ),
    "complaint, its fields as another type": (
        mail_of("report", [part("text/plain", "hola"), part("application/octet-stream", FEEDBACK), ORIGINAL],
                report_type="feedback-report"),
        COMPLAINT,
    ),
    "complaint that says mixed": (
        mail_of("mixed", [part("text/plain", "This is an email abuse report"), part("message/feedback-report", FEEDBACK),
                          ORIGINAL], boundary="b8"),
        COMPLAINT,
    ),
    "complaint that is nothing else": (
        raw_mail(FEEDBACK, content_type="message/feedback-report"),
        Report("complaint", ("maria@cliente.example",), (), "", "abuse"),
    ),
    "complaint of hotmail, in the text": (
        raw_mail("X-HmXmrOriginalRecipient: maria@cliente.example\nMessage-ID: <carta@cau.example>\n\nhola",
                 title="complaint about message from 192.0.2.1"),
        Report("complaint", ("maria@cliente.example",), ("carta@cau.example",)),
    ),
    "complaint between providers": (raw_mail("hola", "X-XARF: PLAIN", title="Abuse"), Report("complaint")),
    "unsubscribing robot": (raw_mail("hola", "X-Apple-Unsubscribe: true"), Report("complaint")),
    "exim": (
        bounce("This message was created automatically by mail delivery software.\n\n  maria@cliente.example\n"
               "    550 5.1.1 desconocido" + QUOTED,
               "Mail Delivery System <Mailer-Daemon@mx.example>", "Mail delivery failed: returning message to sender",
               "X-Failed-Recipients: maria@cliente.example"),
        Report("failed", ("maria@cliente.example",), ("carta@cau.example",), "5.1.1", "550 5.1.1 desconocido"),
    ),
    "a code beside an IP address": (
        bounce("<maria@cliente.example>: host mx[1.2.3.4] said: 550 5.1.1 desconocido" + QUOTED),
        Report("failed", ("maria@cliente.example",), ("carta@cau.example",), "5.1.1",
               "<maria@cliente.example>: host mx[1.2.3.4] said: 550 5.1.1 desconocido"),
    ),
    "qmail": (
        bounce("Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your message.\n\n"
               "<maria@cliente.example>:\n550 5.1.1 desconocido" + QUOTED),
        Report("failed", ("maria@cliente.example",), ("carta@cau.example",), "5.1.1", "550 5.1.1 desconocido"),
    ),
    "cloud notice": (
        machine_mail('{"notificationType":"Bounce","bounce":{"bouncedRecipients":[{"emailAddress":"maria@cliente.example",'
                     '"status":"5.1.1"}]},"mail":{"headers":[{"name":"Message-ID","value":"<carta@cau.example>"}]}}',
                     "From: no-reply@sns.example", "Subject: AWS Notification Message"),
        Report("failed", ("maria@cliente.example",), ("carta@cau.example",), "5.1.1"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", REPORTS)
def test_a_report(form: str) -> None:
    raw, report = REPORTS[form]
    assert parse(raw).report == report


BOUNCES = {
    "postmaster, german": bounce("Ihre Nachricht konnte nicht zugestellt werden.\n550 5.1.1 unbekannt" + QUOTED,
                                 "Postmaster <postmaster@mx.example>", "Unzustellbar: Confirmación"),
    "postmaster, spanish": bounce("No se ha podido entregar el mensaje.\n550 5.1.1" + QUOTED,
                                  "postmaster@mx.example", "No se puede entregar: Confirmación"),
    "a gateway": bounce("Requested action not taken: mailbox unavailable\n550" + QUOTED,
                        "E500_SMTP_Mail_Service@mx.example", "Returned Mail - Error During Delivery"),
    "a robot of its own name": bounce("A message that you sent could not be delivered." + QUOTED,
                                      "ndr@mx.example", "Mail delivery failed"),
    "french": bounce("Votre message n'a pas pu être remis.\n", title="Message non remis"),
    "no subject, no language": bounce("550 5.1.1\n" + QUOTED, title=""),
    "null sender in From": bounce("The following recipient failed:\nmaria@cliente.example", "<>", "Mail delivery failed"),
    "no name, null path": machine_mail("Your mail could not be delivered to <a@b.example>.\nAs their mailbox is full." + QUOTED,
                                       "Return-Path: <>", "From: no-reply@operadora.example", "Subject: Mail"),
    "forwarded without a word": raw_mail("Begin forwarded message:\n\n> Final-Recipient: rfc822; a@b.example\n"
                                         "> Action: failed\n> Status: 5.1.1\n", title="Fwd: Returned mail"),
    "exchange, in spanish": bounce("No se pudo entregar su mensaje a maria@cliente.example.\n\nEl buzón está lleno.",
                                   "Microsoft Outlook <postmaster@mx.example>", "No se pudo entregar: Confirmación"),
    "exchange, in french": bounce("Impossible de remettre votre message à maria@cliente.example.",
                                  "Microsoft Outlook <postmaster@mx.example>", "Non remis : Confirmación"),
    "exchange, in catalan": bounce("No s'ha pogut lliurar el missatge a maria@cliente.example.",
                                   "Microsoft Outlook <postmaster@mx.example>", "No es pot lliurar: Confirmació"),
    "exchange, in portuguese": bounce("Não foi possível entregar a sua mensagem a maria@cliente.example.",
                                      "Microsoft Outlook <postmaster@mx.example>", "Não é possível entregar: X"),
    "exchange's own mailbox": bounce("maria no se encontró en mx.example.",
                                     f"Microsoft Outlook <MicrosoftExchange{'0f' * 16}@mx.example>", "No se puede entregar: X"),
    "exchange's own mark": raw_mail("maria@cliente.example", "X-MS-Exchange-Message-Is-Ndr:", title="hola"),
    "courier": bounce("UNDELIVERABLE MAIL\n\nYour message to the following recipients cannot be delivered:\n\n"
                      "<maria@cliente.example>:\n<<< 550 User unknown.\n", '"Courier mail server at mx" <@mx.example>',
                      "NOTICE: mail delivery status."),
    "mercury": bounce("The local mail transport system has reported the following problems\nit encountered while trying to "
                      "deliver your message:\n\n*** maria@cliente.example\nUser not known at this site.\n",
                      "Electronic Postmaster <postmaster@mx.example>", "Postmaster notify: delivery failure."),
    "spanish operator": bounce("No ha sido posible entregar su mensaje:\n\nmaria@cliente.example: El usuario no existe\n",
                               "postmaster@mx.example", "Aviso: mensaje no entregado"),
    "exchange's groups, in french": bounce("Échec de la remise pour ces destinataires ou groupes :\n\nmaria@cliente.example\n",
                                           "Microsoft Outlook <postmaster@mx.example>", "Non remis : Confirmación"),
    "notes, in spanish": bounce("Su mensaje no se entregó a:\n\n  maria@cliente.example\n\npor: no figura en el directorio",
                                "Postmaster@mx.example", "ERROR DE ENTREGA: maria no figura en el directorio"),
    "a filter of contents": bounce("The attachment is not allowed.\n\nDelivery of the email was stopped!" + QUOTED,
                                   "Content-filter at mx <postmaster@mx.example>", "BANNED FILENAME (.exe) IN MAIL FROM YOU"),
    "a filter of viruses": bounce("Our virus detector has just been triggered by a message you sent: attachments are\nunacceptable "
                                  "and will not have been delivered.", "MailScanner <postmaster@mx.example>",
                                  "Warning: E-mail viruses detected"),
    "a relay's own name": bounce("Your message could not be delivered: invalid recipient" + QUOTED, "MailMarshal@gw.example",
                                 "Undeliverable Mail"),
    "swedish": bounce("Det gick inte att leverera meddelandet till maria@cliente.example", "postmaster@mx.example",
                      "Går ej att leverera: Confirmación"),
    "danish": bounce("Meddelelsen kunne ikke leveres til maria@cliente.example", "postmaster@mx.example", "Kan ikke leveres: X"),
    "finnish": bounce("Viestiä ei voitu toimittaa: maria@cliente.example", "postmaster@mx.example", "Toimitus epäonnistui: X"),
    "czech": bounce("Zprávu se nepodařilo doručit: maria@cliente.example", "postmaster@mx.example", "Nedoručitelná zpráva: X"),
    "hungarian": bounce("Az üzenet kézbesítése nem sikerült: maria@cliente.example", "postmaster@mx.example",
                        "Kézbesíthetetlen: X"),
    "turkish": bounce("İletiniz teslim edilemedi: maria@cliente.example", "postmaster@mx.example", "Teslim edilemedi: X"),
    "romanian": bounce("Mesajul nu a putut fi livrat către maria@cliente.example", "postmaster@mx.example", "Nelivrat: X"),
    "greek": bounce("Το μήνυμα δεν παραδόθηκε: maria@cliente.example", "postmaster@mx.example", "Αποτυχία: Δεν παραδόθηκε"),
    "polish": bounce("Wiadomość nie mogła zostać dostarczona do maria@cliente.example", title="Zwrot wiadomości"),
    "a server's own user": bounce("<maria@cliente.example>: unknown user: maria" + QUOTED, "root@servidor.example",
                                  "Undelivered Mail Returned to Sender"),
    "exchange of old, in spanish": bounce("Su mensaje no ha llegado a:\n\n      maria@cliente.example\n  <cliente.example #5.1.1>",
                                          "Administrador del sistema <sistema@mx.example>", "No entregable: Confirmación"),
    "exchange, in swedish": bounce("Leveransen till följande mottagare misslyckades:\n\nmaria@cliente.example",
                                   "postmaster@mx.example", "Kan inte levereras: Confirmación"),
    "exchange, in italian": bounce("Recapito non riuscito ai seguenti destinatari:\n\nmaria@cliente.example",
                                   "postmaster@mx.example", "Non recapitabile: Confirmación"),
    "exchange, in polish": bounce("Dostarczenie do następujących adresatów lub grup nie powiodło się:\n\nmaria@cliente.example",
                                  "postmaster@mx.example", "Niedostarczalne: Confirmación"),
    "exchange, in dutch": bounce("Het bericht kan niet worden bezorgd bij:\n\nmaria@cliente.example",
                                 "postmaster@mx.example", "Onbestelbaar: Confirmación"),
    "exchange, in japanese": bounce("次の受信者への配信に失敗しました:\n\nmaria@cliente.example",
                                    "postmaster@mx.example", "配信不能: Confirmación"),
    "windows' own server, in spanish": bounce("Error en la entrega a los siguientes destinatarios.\n\n    maria@cliente.example",
                                              "postmaster@mx.example", "Notificación del estado de entrega (error)"),
    "exchange, whose recipient it did not find": bounce("No se pudo contactar con los siguientes destinatarios:\n\n"
                                                        "maria@cliente.example", "postmaster@mx.example",
                                                        "No se puede entregar: Confirmación"),
    "a gateway's notice": bounce("Received <<< 550 maria@cliente.example ... User Unknown\n" + QUOTED,
                                 "InterScan Notification <imss@gw.example>", "InterScan NOTIFICATION"),
    "an automatic reply": bounce("<maria@cliente.example>: host mx.example said: 550 5.1.1 user unknown" + QUOTED,
                                 "servidor@cliente.example", "Undelivered Mail Returned to Sender", "Auto-Submitted: auto-replied"),
    "an automatic reply with its parts": mail_of("mixed", [NOTE, status("failed", "5.1.1")], "Auto-Submitted: auto-replied"),
    "through a list": mail_of("report", [NOTE, status("failed", "5.1.1")], "List-Id: <l.example>",
                              report_type="delivery-status"),
}  # fmt: skip


@pytest.mark.parametrize("form", BOUNCES)
def test_a_bounce_without_a_form(form: str) -> None:
    report = parse(BOUNCES[form]).report
    assert report is not None and report.action == "failed"


# How servers name, in the text, whom they did not reach.
UNREACHED = {
    "on its own line": "We could not deliver your mail.\n\nmaria@cliente.example\n",
    "in a sentence": "No se pudo entregar su mensaje a maria@cliente.example.\n",
    "behind a word": "Failed address: maria@cliente.example\nPERMANENT fatal delivery errors!\n",
    "in front of a code": "Could not be delivered.\nmaria@cliente.example, ERROR CODE :550 - 5.1.1\n",
    "in quotes": "Failed to deliver to 'maria@cliente.example'\nLOCAL module reports:\n account is full (quota exceeded)\n",
    "beside our own address": "Your mail from c@cau.example to maria@cliente.example could not be delivered.\n",
}


@pytest.mark.parametrize("form", UNREACHED)
def test_who_was_not_reached(form: str) -> None:
    report = parse(
        bounce(UNREACHED[form] + QUOTED, "MAILER-DAEMON@mx.example", "failure notice", "To: c@cau.example")
    ).report
    assert report is not None and report.recipients == ("maria@cliente.example",)


def test_a_delay_in_spanish() -> None:
    raw = bounce("Este es un aviso. Su mensaje aún no se ha entregado a maria@cliente.example.\nNo es necesario reenviarlo.",
                 "postmaster@mx.example", "Retraso en la entrega: Confirmación")  # fmt: skip
    report = parse(raw).report
    assert report is not None and report.action == "delayed"


def test_a_delay_without_a_form() -> None:
    raw = bounce("Your message has not been delivered yet.\nYou do not need to resend it; we will keep trying.",
                 title="Warning: message still undelivered after 4 hours")  # fmt: skip
    report = parse(raw).report
    assert report is not None and report.action == "delayed"


AUTOMATIC = {
    "auto_submitted": ["Auto-Submitted: auto-replied", "Auto-Submitted: auto-generated; x=y", "Auto-Submitted: AUTO-NOTIFIED"],
    "list": ["List-Id: <l.example>", "List-Post: <mailto:l@x.example>", "X-Mailing-List: l"],
    "precedence": ["Precedence: bulk", "Precedence: LIST", "Precedence: junk", "Precedence: auto-reply",
                   "X-Precedence: bulk"],
    "vendor": ["X-Autoreply: yes", "X-Autorespond: Re: hola", "X-Apple-Action: VACATION", "X-FC-MachineGenerated: true",
               "X-POST-MessageClass: 9; Autoresponder", "X-HelpScout-Auto-Reply: yes", "X-Auto-Submitted: auto-replied", "X-AutoResponse: true",
               "X-OTRS-Loop: yes", "X-Znuny-Loop: yes", "X-JIRA-FingerPrint: 12ab", "X-ServiceNow-Generated: true",
               "Auto-Reply: yes", "X-MDAutoResponder: 1", "X-Out-Of-Office: yes", "X-RT-Loop-Prevention: cau", "User-Agent: vacation/1.2.7",
               "X-Ricevuta: errore-consegna", "Content-Class: urn:content-classes:mdn", "X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent"],
    "own": ["X-Acuse-Letter: confirmation"],
    "weak_marks": ["Return-Path: <>\r\nList-Unsubscribe: <mailto:a@b.example>",
                   "Return-Path: <>\r\nX-Auto-Response-Suppress: All",
                   "X-Auto-Response-Suppress: OOF\r\nX-MS-Exchange-Inbox-Rules-Loop: a@b.example"],
}  # fmt: skip


@pytest.mark.parametrize(("cause", "headers"), [(cause, each) for cause, found in AUTOMATIC.items() for each in found])
def test_a_machines_mail_under_an_openings_subject(cause: str, headers: str) -> None:
    assert parse(raw_mail(BODY, headers, title=SUBJECT)).automatic == cause


PEOPLE = {
    "nothing": raw_mail(BODY),
    "said to be a person's": raw_mail(BODY, "Auto-Submitted: no"),
    "redirected with a null sender": raw_mail(BODY, "Return-Path: <>"),
    "redirected by a rule": raw_mail(BODY, "X-MS-Exchange-Inbox-Rules-Loop: a@b.example"),
    "through a newsletter's gateway": raw_mail(BODY, "List-Unsubscribe: <mailto:a@b.example>"),
    "outlook that wants no answers": raw_mail(BODY, "X-Auto-Response-Suppress: All"),
    "outlook that wants answers": raw_mail(BODY, "List-Unsubscribe: <mailto:a@b.example>",
                                           "X-Auto-Response-Suppress: NONE"),
    "who says that no machine answers": raw_mail(BODY, "X-Autoreply: No"),
    "precedence of a person": raw_mail(BODY, "Precedence: first-class"),
    "who writes about being away": raw_mail("Estaré fuera de la oficina.", title="Fuera de la oficina"),
    "who reports a bounce": raw_mail("Descripción: me devuelven el correo: «550 5.1.1 user unknown»."),
    "who quotes one, null sender": raw_mail("Descripción: dice «550 5.1.1 user unknown».", "Return-Path: <>"),
    "who forwards one with words": raw_mail("¿Qué es esto?\nMe llega siempre.\n\n> Final-Recipient: rfc822; a@b\n> Action: failed"),
    "who forwards the parts of one": mixed_dsn("María Gil <maria@cliente.example>"),
    "who tells of one, redirected": raw_mail("Me devuelven el correo con 550 5.1.1. ¿Qué hago?", "Return-Path: <>",
                                             title="Correo devuelto"),
    "a letter to people of a firm with such a name": raw_mail(BODY, sender="Deliverance Mail <d@cliente.example>"),
    "who attaches one": mail_of("mixed", [part("text/plain", "¿Qué es esto?"),
                                          part("message/rfc822", dsn(NOTE, status("failed", "5.1.1")))], boundary="b9"),
    "a server's administrator, who quotes one": raw_mail(f"{BODY}\nMe devuelven el correo:\n550 5.1.1 user unknown{QUOTED}",
                                                         title=SUBJECT, sender="root@servidor.example"),
    "who is called as mail systems are": raw_mail("Los correos a maria@cliente.example vuelven: «550 5.1.1 User unknown».",
                                                  sender="Administrador del sistema <sistemas@cliente.example>",
                                                  title="No entra el correo"),
    "a postmaster": raw_mail(BODY, sender="Postmaster <postmaster@cliente.example>"),
    "who is not registered, in outlook": raw_mail(BODY, "X-Auto-Response-Suppress: All", title="No estoy de alta"),
    "who removes a user, in outlook": raw_mail(BODY, "X-Auto-Response-Suppress: All", title="Baja por traslado"),
    "an invitation": mail_of("alternative", [part("text/plain", "hola"),
                                             part("text/calendar; method=REQUEST", "METHOD:REQUEST")]),
}  # fmt: skip


@pytest.mark.parametrize("form", PEOPLE)
def test_peoples_mail(form: str) -> None:
    mail = parse(PEOPLE[form])
    assert (mail.automatic, mail.report) == (None, None)


LIST_POSTS = [
    ("Ana <ana@x.example>", "Re: Undelivered Mail Returned to Sender"),
    ("Ana <ana@x.example>", "Delivery failure when the mailbox is full"),
    ("Postmaster <postmaster@x.example>", "Re: bounces"),
]


@pytest.mark.parametrize(("sender", "title"), LIST_POSTS)
def test_a_lists_talk_of_bounces_is_none(sender: str, title: str) -> None:
    text = "It says: 550 5.1.1 user unknown, your message could not be delivered." + QUOTED
    path = "Return-Path: <l-bounces+a=b@lists.example>"
    mail = parse(raw_mail(text, "List-Id: <l.lists.example>", path, sender=sender, title=title))
    assert (mail.report, mail.automatic) == (None, "list")


TALK = "Mail could not be delivered: 550 5.1.1 user unknown." + QUOTED
OTHER_LISTS = {
    "a digest": mail_of("digest", [part("message/rfc822", "From: MAILER-DAEMON@x\nSubject: failure notice\n\n550 5.1.1")],
                        "List-Id: <l.example>", "Precedence: list"),
    "a post with a notification attached": mail_of(
        "mixed", [part("text/plain", "What is this?"), part("message/rfc822", dsn(NOTE, status("failed", "5.1.1")))],
        "List-Id: <l.example>", boundary="b9"),
    "a post that quotes one": raw_mail("What is this?\n\n> Final-Recipient: rfc822; a@b\n> Action: failed",
                                       "Mailing-List: contact l-help@x.example"),
    "a list whose posts are from its bounces": raw_mail(TALK, "List-Post: <mailto:l@x.example>", "Precedence: list",
                                                        sender="Ana via l <l-bounces@x.example>"),
    "a list's own bounce statistics": raw_mail("Bounce action notice\n Member: a@b.example\n Reason: Excessive bounces",
                                               "Precedence: bulk", sender="mailman@x.example", title="Bounce action notification"),
    "a majordomo": raw_mail(TALK, "Sender: owner-l@x.example", "Return-Path: <owner-l@x.example>", title="Undelivered mail"),
    "a newsletter from nobody": raw_mail(TALK, "List-Unsubscribe: <mailto:u@x.example>", sender="Tips <noreply@x.example>",
                                         title="Delivery failure: what to do"),
    "a circular from nobody": raw_mail("Your mail could not be delivered? 550 5.1.1 means user unknown.",
                                       sender="Tips <noreply@x.example>", title="Delivery failure: what to do"),
    "a tracker of a mail system": raw_mail(TALK, "Auto-Submitted: auto-generated", "List-Id: <bugs.example>",
                                           sender="bugzilla-daemon@x.example", title="[Bug 12] mail delivery failed"),
}  # fmt: skip


@pytest.mark.parametrize("form", OTHER_LISTS)
def test_no_circular_is_a_bounce(form: str) -> None:
    assert parse(OTHER_LISTS[form]).report is None


def receipt(kind: str) -> bytes:
    return mail_of("report", [NOTE, part("message/disposition-notification", "Disposition: manual-action; displayed")],
                   report_type=kind)  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "cause"),
    [
        (receipt("disposition-notification"), "receipt"),
        (mail_of("report", [NOTE], report_type="otra-cosa"), "report"),
        (mail_of("mixed", [NOTE, part("message/disposition-notification", "Disposition: displayed")]), "receipt"),
        (mail_of("alternative", [NOTE, part("text/calendar; method=reply", "BEGIN:VCALENDAR")]), "calendar"),
        (mail_of("alternative", [NOTE, part("text/calendar; method=DECLINECOUNTER", "BEGIN:VCALENDAR")]), "calendar"),
        (mail_of("alternative", [NOTE, part("text/calendar", "BEGIN:VCALENDAR\nmethod:reply\n")]), "calendar"),
        (
            mail_of("alternative", [NOTE, part("text/vnd.google.email-reaction+json", '{"emoji":"👍","version":1}')]),
            "reaction",
        ),
        (mail_of("mixed", [NOTE, part("text/calendar", "BEGIN:VCALENDAR\nMETHOD:COUNTER\n", "base64")]), "calendar"),
        (raw_mail("hola", sender="MAILER-DAEMON@x.example"), "report"),
    ],
)
def test_receipts_and_calendar_replies(raw: bytes, cause: str) -> None:
    mail = parse(raw)
    assert (mail.automatic, mail.report) == (cause, None)


AWAY = [
    "Respuesta automática: Confirmación",
    "Automatic reply: Confirmación",
    "Fuera de la oficina: Confirmación",
    "RE: Out of Office",
    "Abwesenheitsnotiz: hola",
    "Réponse automatique : hola",
    "Resposta automática: hola",
    "Resposta automàtica: hola",
    "[EXTERNO] Automatische Antwort: hola",
    "自動返信: hola",
    "Autorespuesta: hola",
    "Mensaje de ausencia: hola",
    "No estoy en la oficina",
    "De baja médica",
    "Ich bin im Urlaub",
    "Message d'absence",
    "Automatikus válasz: hola",
    "自動回覆: hola",
    "Maternity leave",
    "I'm away",
    "Eva Gil is out of the office.",
    "Eva Gil está fuera de la oficina",
    "Eva Gil ist abwesend",
    "Eva Gil está ausente de la oficina.",
    "Mensaje automático: hola",
    "Acuse de recibo automático: hola",
    "Eva Gil is on holiday",
    "Auto: Confirmación",
    "Contestación automática: hola",
    "Me encuentro fuera de la oficina",
    "Αυτόματη απάντηση: hola",
    "Автоматичен отговор: hola",
    "Автоматична відповідь: hola",
    "Automatski odgovor: hola",
    "Samodejni odgovor: hola",
    "Automaatvastus: hola",
    "Automatinis atsakymas: hola",
    "Automātiska atbilde: hola",
    "תשובה אוטומטית: hola",
    "رد تلقائي: hola",
    "Trả lời tự động: hola",
    "ตอบกลับอัตโนมัติ: hola",
]


@pytest.mark.parametrize("title", AWAY)
def test_words_of_absence_are_one_mark(title: str) -> None:
    alone, beside = parse(raw_mail("hola", title=title)), parse(raw_mail("hola", "Return-Path: <>", title=title))
    assert (alone.automatic, beside.automatic, beside.out_of_office) == (None, "weak_marks", True)


@pytest.mark.parametrize(
    ("raw", "away"),
    [
        (raw_mail("Estoy de vacaciones.", "Auto-Submitted: auto-replied"), True),
        (raw_mail("hola", "X-Apple-Action: VACATION"), True),
        (raw_mail("hola", "Auto-Submitted: auto-replied (vacation)"), True),
        (raw_mail("Hemos recibido su pedido.", "Auto-Submitted: auto-replied"), False),
        (raw_mail("Estoy de vacaciones."), False),
    ],
)
def test_an_absence_is_told_apart(raw: bytes, away: bool) -> None:
    assert parse(raw).out_of_office is away


def is_machines(mail: Mail) -> bool:
    return mail.automatic is not None


MACHINES = {**{form: raw for form, (raw, _) in REPORTS.items()}, **BOUNCES}


@pytest.mark.parametrize("form", [form for form in MACHINES if form != "complaint of hotmail"])
def test_no_report_is_a_persons_mail(form: str) -> None:
    assert is_machines(parse(MACHINES[form]))


@given(st.lists(st.sampled_from(["Final-Recipient: rfc822; a@b.example\n", "Action: failed\n", "Status: 5.1.1\n", "\n", ":",
                                 "Original-Rcpt-To: <", "Message-ID: <a@b>\n", "x" * 300, "\u00f1", "\x00"]), max_size=20))  # fmt: skip
def test_any_status_part_is_read(pieces: list[str]) -> None:
    content_type, body = multipart("report", [NOTE, part("message/delivery-status", "".join(pieces))])
    assert parse(raw_mail(body, content_type=content_type)).report is not None


@pytest.mark.parametrize("piece", ["fail", "deliver", "error", "recipient"])
def test_hostile_reports_cost_time_in_line_with_their_length(piece: str) -> None:
    raw = bounce(piece * (64_000 // len(piece)))
    started = time.process_time()
    parse(raw)
    assert time.process_time() - started < 5  # half a second where nothing else runs
