# ruff: noqa: E501 - the rows of this table are mails
"""What lists, newsletters and trackers send, much of it about mail that came back: none of it is a bounce of ours."""

from __future__ import annotations

import pytest

from parsers.mail import parse
from tests.parsers.mails import SUBJECT, mail_of, part, raw_mail

QUOTED_DSN = (
    "> Final-Recipient: rfc822; juan@destino.example\n> Action: failed\n> Status: 5.1.1\n"
    "> Diagnostic-Code: smtp; 550 5.1.1 <juan@destino.example>: Recipient address rejected: User unknown\n"
)
LOG = (
    "Nov 22 10:00:01 mx postfix/smtp[812]: 4ABC: to=<juan@destino.example>, dsn=5.1.1, status=bounced\n"
    "Nov 22 10:00:02 mx postfix/bounce[813]: 4ABC: sender non-delivery notification: 5DEF\n"
)
COPY = "\n----- Original message -----\nReceived: from a.example\nMessage-ID: <viejo@destino.example>\nFrom: eva@x.example\nSubject: hola\n"

MAILMAN = ("List-Id: Usuarios <usuarios.lists.example>", "List-Post: <mailto:usuarios@lists.example>", "List-Unsubscribe: <https://lists.example/u>",
           "Precedence: list", "X-Mailman-Version: 2.1.39", "X-BeenThere: usuarios@lists.example", "Sender: Usuarios <usuarios-bounces@lists.example>",
           "Errors-To: usuarios-bounces@lists.example", "Return-Path: <usuarios-bounces+marta=cliente.example@lists.example>")  # fmt: skip
MAILMAN3 = ("List-Id: dev <dev.lists.example>", "Message-ID-Hash: ABCDEFGHIJ", "X-Message-ID-Hash: ABCDEFGHIJ", "X-MailFrom: eva@x.example",
            "X-Mailman-Rule-Misses: dmarc-mitigation; no-senders", "Archived-At: <https://lists.example/a/>", "Precedence: list")  # fmt: skip
SYMPA = ("List-Id: <personal.listas.example>", "X-Loop: personal@listas.example", "X-Sequence: 214", "X-no-archive: yes", "Precedence: list",
         "List-Owner: <mailto:personal-request@listas.example>", "Return-Path: <personal-owner@listas.example>")  # fmt: skip
GOOGLE = ("Mailing-list: list equipo@grupos.example; contact equipo+owners@grupos.example", "List-ID: <equipo.grupos.example>", "Precedence: list",
          "X-Google-Group-Id: 123456", "List-Help: <https://support.example>", "Return-Path: <equipo+bncABC@grupos.example>")  # fmt: skip
LISTSERV = ("Sender: Lista de redes <REDES-L@LISTSERV.EXAMPLE>", "List-Help: <mailto:LISTSERV@LISTSERV.EXAMPLE?body=INFO%20REDES-L>", "Precedence: list",
            "List-Owner: <mailto:REDES-L-request@LISTSERV.EXAMPLE>", "Return-Path: <owner-REDES-L*marta**CLIENTE*-EXAMPLE@LISTSERV.EXAMPLE>")  # fmt: skip
MAJORDOMO = (
    "Sender: owner-hackers@lists.example",
    "Precedence: bulk",
    "X-Mailing-List: hackers",
    "Return-Path: <owner-hackers@lists.example>",
)
EZMLM = ("Mailing-List: contact correo-help@lists.example; run by ezmlm", "Delivered-To: mailing list correo@lists.example", "List-Post: <mailto:correo@lists.example>",
         "Return-Path: <correo-return-812-marta=cliente.example@lists.example>")  # fmt: skip
YAHOO = (
    "X-Yahoo-Newman-Property: groups-email",
    "Mailing-List: list antiguos@grupos.example; contact antiguos-owner@grupos.example",
    "X-eGroups-Msg-Info: 1:12:0:0",
)
TRACKER = (
    "Auto-Submitted: auto-generated",
    "List-ID: acme/correo <correo.acme.forge.example>",
    "X-Forge-Reason: subscribed",
    "Precedence: list",
)
NEWSLETTER = ("List-Unsubscribe: <mailto:baja@boletin.example>, <https://boletin.example/b>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
              "Feedback-ID: 12:34:boletin", "Return-Path: <bounce-812-marta=cliente.example@boletin.example>")  # fmt: skip

EVA, NOBODY = "Eva Sanz <eva@x.example>", "Boletín <noreply@boletin.example>"


def post(headers: tuple[str, ...], sender: str, title: str, text: str) -> bytes:
    return raw_mail(text, *headers, sender=sender, title=title)


def digest(headers: tuple[str, ...], title: str, *posts: str) -> bytes:
    """A digest as lists send it (RFC 1153 by parts)."""
    parts = [
        part("text/plain", f"{title}\n\nToday's topics:\n 1. Undelivered mail"),
        *(part("message/rfc822", each) for each in posts),
    ]
    return mail_of("digest", parts, *headers)


def attaching(headers: tuple[str, ...], text: str) -> bytes:
    """A post that attaches somebody else's notification."""
    status = part("message/delivery-status", QUOTED_DSN.replace("> ", ""))
    returned = mail_of("report", [part("text/plain", "failed"), status], report_type="delivery-status", boundary="r1")
    return mail_of("mixed", [part("text/plain", text), part("message/rfc822", returned)], *headers, boundary="b9")


DAEMON_POST = (
    "From: MAILER-DAEMON@destino.example\nSubject: Undelivered Mail Returned to Sender\n\n550 5.1.1 user unknown\n"
)
TALK = f"Me llega esto desde ayer, ¿a alguien más?\n\n{QUOTED_DSN}\nSaludos, Eva\n"
ENGLISH_TALK = f"Since yesterday all I get is «could not be delivered».\n\n{LOG}{QUOTED_DSN}\nEva\n"

LISTS = {
    "mailman: undelivered in the subject": post(MAILMAN, EVA, "[Usuarios] Undelivered Mail Returned to Sender", TALK),
    "mailman: failure notice in the subject": post(MAILMAN, EVA, "[Usuarios] Re: failure notice", ENGLISH_TALK),
    "mailman: from its own bounces address": post(MAILMAN, "Eva via Usuarios <usuarios-bounces@lists.example>", "[Usuarios] Mail delivery failed", TALK),
    "mailman: a log of postfix": post(MAILMAN, EVA, "[Usuarios] ¿por qué rebota?", LOG + COPY),
    "mailman: a digest": digest(MAILMAN, "Usuarios Digest, Vol 12, Issue 4", DAEMON_POST, "From: eva@x.example\nSubject: Re: rebotes\n\nhola"),
    "mailman: a digest in plain text": post(MAILMAN, "usuarios-request@lists.example", "Usuarios Digest, Vol 12, Issue 5",
                                            f"Message: 1\nFrom: MAILER-DAEMON@destino.example\nSubject: failure notice\n\n{QUOTED_DSN}"),
    "mailman: held for the moderator": post(MAILMAN, "usuarios-owner@lists.example", "Your message to Usuarios awaits moderator approval",
                                            "Your mail to 'Usuarios' with the subject\n\n    hola\n\nIs being held until the list moderator can review it for approval.\n"),
    "mailman: the moderator's request": post(MAILMAN, "usuarios-owner@lists.example", "Usuarios post from eva@x.example requires approval",
                                             "As list administrator, your authorization is requested.\nReason: Message has a suspicious header"),
    "mailman: rejected by the moderator": post(MAILMAN, "usuarios-bounces@lists.example", "Request to mailing list Usuarios rejected",
                                               "Your request to the Usuarios mailing list\n\n    Posting of your message titled \"hola\"\n\nhas been rejected by the list moderator."),
    "mailman: a bounce disables a member": post(("Precedence: bulk", "X-List-Administrivia: yes", "X-BeenThere: mailman@lists.example"), "mailman@lists.example", "Bounce action notification",
                                                "This is a Mailman mailing list bounce action notice:\n\n List: Usuarios\n Member: juan@destino.example\n Action: Subscription disabled.\n Reason: Excessive or fatal bounces."),
    "mailman: the monthly reminder": post(("Precedence: bulk", "X-List-Administrivia: yes"), "mailman-owner@lists.example", "lists.example mailing list memberships reminder",
                                          "This is a reminder, sent out once a month, about your mailing list memberships."),
    "mailman 3: undeliverable": post(MAILMAN3, EVA, "[dev] Undeliverable: weekly notes", ENGLISH_TALK),
    "mailman 3: about delivery status": post(MAILMAN3, EVA, "[dev] Re: Delivery Status Notification (Failure)", TALK + COPY),
    "mailman 3: a patch for bounces": post(MAILMAN3, EVA, "[dev] [PATCH] bounces: don't say 'mail system error'", "--- a/bounce.py\n+++ b/bounce.py\n+    raise MailDeliveryFailed('550 5.1.1 User unknown')\n"),
    "mailman 3: a notification attached": attaching(MAILMAN3, "Can somebody tell me what this is?"),
    "sympa: in Spanish": post(SYMPA, EVA, "[personal] Correo devuelto", "Hola a todos:\nNo se ha podido entregar el correo de ayer, lo reenvío.\n" + QUOTED_DSN),
    "sympa: in French": post(SYMPA, EVA, "[personnel] Non remis : réunion", "Votre message n'a pas pu être remis, me dit-on. Je le renvoie.\n" + QUOTED_DSN),
    "sympa: its welcome": post((*SYMPA, "Auto-Submitted: auto-generated"), "SYMPA <sympa@listas.example>", "Bienvenido a la lista personal", "Su suscripción a la lista ha sido aceptada."),
    "sympa: to moderate": post((*SYMPA, "Auto-Submitted: auto-forwarded"), "SYMPA <sympa@listas.example>", "Artículo para moderar", "Se ha recibido un mensaje: Undelivered Mail Returned to Sender"),
    "google groups: a post": post(GOOGLE, "'Eva' via Equipo <equipo@grupos.example>", "Re: [equipo] Delivery Status Notification (Failure)", TALK),
    "google groups: moderated": post((*GOOGLE, "Auto-Submitted: auto-generated"), "equipo+noreply@grupos.example", "Moderator's spam report for equipo@grupos.example", "This message is being sent to inform you that there are messages waiting."),
    "google groups: a digest": digest(GOOGLE, "Digest for equipo@grupos.example - 3 updates in 2 topics", DAEMON_POST),
    "google groups: a copy below": post(GOOGLE, EVA, "Fwd: Message not delivered", "mirad esto\n\n" + QUOTED_DSN + COPY),
    "listserv: a post": post(LISTSERV, EVA, "Undelivered mail, again", ENGLISH_TALK),
    "listserv: its error monitor": post(("Precedence: bulk", "X-LISTSERV: 16.5"), "\"L-Soft list server (16.5)\" <LISTSERV@LISTSERV.EXAMPLE>", "REDES-L: Daily error monitoring report",
                                        "The following 2 subscribers are currently being monitored:\n\nErr First Last Address\n--- ----- ---- -------\n 5 11/20 11/22 juan@destino.example\n    Last error: 5.1.1 550 User unknown\n"),
    "listserv: a digest": digest(LISTSERV, "REDES-L Digest - 20 Nov 2026 to 21 Nov 2026 (#2026-112)", "From: eva@x.example\nSubject: Returned mail: see transcript\n\n550 5.1.1"),
    "majordomo: a post": post(MAJORDOMO, EVA, "Returned mail: User unknown", ENGLISH_TALK + COPY),
    "majordomo: from a postmaster": post(MAJORDOMO, "Postmaster <postmaster@x.example>", "Mail delivery failed: returning message to sender", TALK),
    "ezmlm: a post": post(EZMLM, EVA, "Warning: message still undelivered after 4 hours", ENGLISH_TALK),
    "ezmlm: its probe": post((*EZMLM, "Precedence: bulk"), "correo-help@lists.example", "ezmlm warning", "Messages to you from the correo mailing list seem to have been bouncing.\nI've attached a copy of the first bounce message I received.\n\n" + QUOTED_DSN),
    "yahoo groups: a post": post(YAHOO, EVA, "[antiguos] Fw: Undeliverable message", TALK),
    "a forge: an issue about bounces": post(TRACKER, "eva <notifications@forge.example>", "[acme/correo] Bounces are parsed wrongly (Issue #812)", f"The parser fails on:\n```\n{QUOTED_DSN}```\n"),
    "a forge: a mail daemon's tracker": post(TRACKER, "eva <notifications@forge.example>", "[acme/mailer-daemon] delivery failed (PR #3)", ENGLISH_TALK),
    "bugzilla": post(("Auto-Submitted: auto-generated", "X-Bugzilla-Reason: CC", "Precedence: bulk"), "bugzilla-daemon@bugs.example", "[Bug 812] Undelivered mail is not retried", TALK),
    "a build server": post(("List-Id: <ci.lists.example>", "X-Jenkins-Job: mail"), "ci@builds.example", "Build failed in CI: mail-delivery #812", "FAILED: test_delivery_status_notification\nAssertionError: 5.1.1 != 5.1.2"),
    "newsletter in Spanish": post(NEWSLETTER, NOBODY, "¿Correo devuelto? Cinco consejos", "No se ha podido entregar su mensaje: así se lee un error 550 5.1.1.\n" + COPY),
    "newsletter in English": post(NEWSLETTER, NOBODY, "Undelivered mail? Five tips", "«Your message could not be delivered»: what 550 5.1.1 User unknown means.\n"),
    "newsletter in French": post(NEWSLETTER, NOBODY, "Message non remis : que faire ?", "Votre message n'a pas pu être remis ? 550 5.1.1 veut dire destinataire inconnu.\n"),
    "newsletter in German": post(NEWSLETTER, NOBODY, "Unzustellbar: Fünf Tipps", "Ihre Nachricht konnte nicht zugestellt werden? 550 5.1.1 heißt: Empfänger unbekannt.\n"),
    "newsletter in Portuguese": post(NEWSLETTER, NOBODY, "Mensagem não entregue? Cinco dicas", "Não foi possível entregar a sua mensagem: o que quer dizer 550 5.1.1.\n"),
    "newsletter in Catalan": post(NEWSLETTER, NOBODY, "No s'ha pogut lliurar? Cinc consells", "No s'ha pogut lliurar el missatge: què vol dir 550 5.1.1.\n"),
    "a shop's delivery": post(NEWSLETTER, "Envíos <noreply@tienda.example>", "Entrega fallida: no hemos podido entregar su paquete", "Su envío 5.1.1 no ha podido ser entregado. Lo intentaremos de nuevo.\n"),
    "a newsletter with a null path": post((*NEWSLETTER[:3], "Return-Path: <>"), NOBODY, "Delivery failure: what to do", "550 5.1.1 User unknown.\n"),
    "a list's post of an opening": post(MAILMAN, EVA, SUBJECT, TALK),
}  # fmt: skip


@pytest.mark.parametrize("kind", LISTS)
def test_what_a_list_sends_is_no_bounce(kind: str) -> None:
    mail = parse(LISTS[kind])
    assert mail.report is None
    assert mail.automatic is not None or kind.startswith(("newsletter", "a shop", "yahoo"))


def test_forty_lists_are_tried() -> None:
    assert len(LISTS) >= 40
