"""What phones, programs and companies add below a text, language by language; the same words in a sentence stay."""

from __future__ import annotations

import pytest

from parsers.footers import is_footer
from parsers.reply import strip_signature, visible_text

OWN = "Sigue sin cargar el listado.\n\nLo he probado en dos equipos."

FOOTERS = """
Enviado desde mi iPhone
Enviado desde mi Samsung Mobile de Claro
Enviado desde mi BlackBerry de Movistar
Enviado desde mi HUAWEI P20 lite
Enviado desde mi realme
Enviado desde mi móvil, disculpe la brevedad
Enviado desde mi teléfono. Perdón por las erratas
Enviado desde Yahoo Mail. Consigue la app
Enviado desde Outlook para Android<https://aka.ms/abc>
Enviado desde Correo<https://go.example/550986> para Windows 10
Enviado desde [Proton Mail](https://proton.example), correo electrónico cifrado basado en Suiza.
Enviado usando Zoho Mail
Enviado desde TypeMail
Descargue Outlook para Android<https://aka.ms/abc>
Obtenga [Outlook para iOS](https://aka.ms/abc)
Sent from my phone, please excuse typos
Sent from my mobile, apologies for brevity.
Sent from my Verizon, Samsung Galaxy smartphone
Sent from the all new AOL app for iOS
Sent via BlackBerry from T-Mobile
Sent via Superhuman iOS
Get Outlook for Mac
Envoyé depuis mon mobile Orange
Envoyé avec la messagerie sécurisée Proton Mail.
Obtenez Outlook pour Android<https://aka.ms/abc>
Provenance : Courrier pour Windows
Von meinem Huawei-Mobiltelefon gesendet
Von Outlook für iOS gesendet
Gesendet mit der GMX Mail App
Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.
Outlook für iOS beziehen<https://aka.ms/abc>
Inviato da Libero Mail per Android
Ottieni Outlook per Android
Enviado a partir do meu smartphone Samsung Galaxy.
Enviado do Yahoo Mail no Android
Baixe o Outlook para Android
Enviat des de l'iPhone
— Enviado desde mi móvil
Enviado desde Workspace ONE Boxer
Sent via the Samsung Galaxy S9, an AT&T 5G Evolution capable smartphone
Skaff deg Outlook for iOS
获取 Outlook for iOS
iOS için Outlook’u edinin
Poslano s mojeg iPhonea
Obteniu l'Outlook per a l'Android
Enviado dende o meu móbil
Nire iPhonetik bidalia
Sendt fra Outlook for iOS
Hämta Outlook för iOS
Lähetetty iPhonesta
Verzonden vanuit Mail voor Windows
Outlook voor iOS downloaden
Wysłane z iPhone'a
Pobierz aplikację Outlook dla systemu iOS
Отправлено из мобильной Почты Mail.ru
Odesláno z iPhonu
Az iPhone-omról küldve
Trimis de pe iPhone-ul meu
Mensaje enviado desde mi terminal BlackBerry de Claro
Este mensaje fue enviado desde mi iPhone
This message was sent from my Android device with K-9 Mail.
Envoyé depuis mon appareil Android avec Courriel K-9 Mail. Veuillez excuser ma brièveté.
Envoyé de mon mobile, désolé pour les fautes
Отправлено из мобильного приложения Яндекс Почты
發自我的 iPhone
Libre de virus.www.avast.com<https://www.avast.com/sig-email>
"""

SENTENCES = """
Enviado desde mi iPhone no llega nunca
Enviado desde mi móvil, con errores en la factura
Enviado desde mi iPhone. Sigue igual.
Enviado desde Lugo
Este mensaje fue enviado desde la sede y no llega.
Mensaje enviado desde mi móvil sin respuesta
Enviado por Juan desde la oficina
Enviado con el formulario nuevo, el parte no llega.
Obtener Outlook para Android no funciona.
Descargar Outlook me da el error 5
Sent from the main server, the file never arrives.
Sent with the new form, the request never arrives.
Get Outlook to open the file on iOS, and it fails.
Von meinem Kollegen gesendet
Tengo un virus y Avast no lo quita.
El antivirus Avast dice que está libre de virus
"""


@pytest.mark.parametrize("line", FOOTERS.strip().split("\n"))
def test_a_footer_goes(line: str) -> None:
    assert is_footer(line)
    assert visible_text(f"{OWN}\n\n{line}\n") == OWN


@pytest.mark.parametrize("line", SENTENCES.strip().split("\n"))
def test_a_sentence_with_the_words_of_a_footer_stays(line: str) -> None:
    assert not is_footer(line)
    assert visible_text(f"{OWN}\n\n{line}") == f"{OWN}\n\n{line}"


def test_a_footer_goes_from_below_the_name_of_who_signs() -> None:
    assert visible_text("Sigue sin cargar.\n\nEva Gil\nEnviado desde mi iPhone\n") == "Sigue sin cargar.\n\nEva Gil"


def test_a_delimiter_may_end_in_a_hard_blank() -> None:
    assert visible_text(f"{OWN}\n\n--\xa0\nEva Gil\nJefa de sección") == OWN


PARAGRAPHS = {
    "below a dash": "—\nSent from Gmail Mobile",
    "virus scanner and its link": "This email has been checked for viruses by Avast antivirus software.\nwww.avast.com",
    "title on a line of its own": "Aviso de confidencialidad\n"
    "Este correo y sus adjuntos van dirigidos exclusivamente a su destinatario.",
    "confidentiality": "CONFIDENCIALIDAD: este mensaje y sus adjuntos son confidenciales y para su destinatario.",
    "data protection": "PROTECCIÓN DE DATOS: De conformidad con el RGPD, sus datos y este mensaje son confidenciales.",
    "notice en": "CONFIDENTIALITY NOTICE: This e-mail and any attachments are for the intended recipient only.",
    "notice called important": "IMPORTANT: The contents of this email are confidential and for its recipient only.",
    "notice called a notice": "NOTICE: This e-mail message may contain confidential information. If you are not the"
    " intended recipient, please delete it.",
    "personal data": "Le informamos de que sus datos personales, en este correo, se tratan conforme al RGPD.",
    "notice gl": "Esta mensaxe e os seus anexos son confidenciais e diríxense ao seu destinatario.",
    "notice nl": "Deze e-mail en eventuele bijlagen zijn vertrouwelijk en alleen voor de geadresseerde bestemd.",
    "notice nb": "Denne e-posten og eventuelle vedlegg er konfidensielle og kun for mottakeren.",
    "notice of a content": "El contenido de este correo, con sus adjuntos, es confidencial. Si lo"
    " recibe por error, bórrelo.",
    "notice that begins with a mistake": "Si usted ha recibido este mensaje por error, comuníquelo y"
    " bórrelo. Es confidencial.",
    "notice, a list of rights": "Responsable: Cliente S.L. Finalidad: gestión. Legitimación: interés legítimo."
    " Derechos: acceso, rectificación y supresión.",
    "data protection, its law and its rights": "De conformidad con el Reglamento 2016/679 de protección de"
    " datos, le informamos de que sus datos serán tratados con la finalidad de atenderle. Puede ejercer sus"
    " derechos en esta dirección.",
    "notice it": "Le informazioni contenute nella presente comunicazione sono riservate e"
    " destinate alle persone indicate.",
    "notice nl of a ministry": "Dit bericht kan informatie bevatten die niet voor u is bestemd. Indien u niet de"
    " geadresseerde bent, verwijdert u het.",
    "notice br": "As informações contidas nesta mensagem são confidenciais. Se você não é o destinatário, apague-a.",
    "printing, the plea first": "Proteja el medio ambiente: no imprima este correo si no es necesario.",
    "printing, a consideration": "Por favor, considere el medio ambiente antes de imprimir este correo.",
    "printing": "Por favor, piense en el medio ambiente antes de imprimir este correo.",
    "printing en": "Please consider the environment before printing this e-mail.",
    "mailing list": "____________\nsedes mailing list\nsedes@lists.example\nhttps://lists.example/listinfo/sedes",
}


@pytest.mark.parametrize("paragraph", PARAGRAPHS.values(), ids=PARAGRAPHS)
def test_a_notice_goes(paragraph: str) -> None:
    for shown in (visible_text, strip_signature):
        assert shown(f"{OWN}\n\n{paragraph}\n") == OWN


SENTENCES_LIKE_NOTICES = [
    "Si usted ha recibido este mensaje, dígame qué le sale en pantalla.",
    "El contenido de este correo no se ve en el portal.",
    "El medio ambiente está en nuestra aplicación como área, y no sale en el menú.",
    "Responsable: Eva Gil. La finalidad del campo no se entiende.",
]


@pytest.mark.parametrize("sentence", SENTENCES_LIKE_NOTICES)
def test_a_sentence_with_the_words_of_a_notice_stays(sentence: str) -> None:
    assert visible_text(f"{OWN}\n\n{sentence}") == f"{OWN}\n\n{sentence}"
