"""The new text of a reply, client by client and language by language; what an author typed is never lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.reply import TextMarks, answers_in_history, strip_signature, visible_text

OWN = "Sigue sin cargar el listado.\n\nLo he probado en dos equipos."
QUOTED = "> Hemos tomado nota de su aviso.\n>\n> Un saludo, la mesa de ayuda."
PLAIN = "Hemos tomado nota de su aviso.\n\nUn saludo, la mesa de ayuda."

LETTER = (
    "Puede validar la solución hasta el viernes 20 de octubre de 2017.\n\nLa solución está lista\n\nValidar Petición:\n"
    "<mailto:soporte@cau.example?subject=Validar%20Petici%C3%B3n%20I171009_000049>\n\n-- \nRecibe este mensaje."
)

# What a client writes above lines with quote marks.
ABOVE_QUOTED = {
    "gmail es": "El mar, 3 mar 2026 a las 8:05, Mesa de ayuda (<mesa@cau.example>) escribió:",
    "gmail es, old": "El 3 de marzo de 2026, 8:05, Mesa de ayuda <mesa@cau.example> escribió:",
    "gmail es, America": "El mar., 3 de mar. de 2026 a la(s) 8:05\u202fa.\xa0m., Mesa (mesa@cau.example) escribió:",
    "gmail es, two lines": "El mar, 3 mar 2026 a las 8:05, Mesa de ayuda (<mesa@cau.example>)\nescribió:",
    "gmail es, three lines": "El mar, 3 mar 2026 a las 8:05, Mesa de ayuda y soporte a las sedes de la\n"
    "provincia (<\nmesa@cau.example>) escribió:",
    "gmail eu": "Hau idatzi du Mesa (<mesa@cau.example>) erabiltzaileak (2026 mar. 3, ar. (08:05)):",
    "gmail en": "On Tue, Mar 3, 2026 at 8:05\u202fAM Mesa de ayuda <mesa@cau.example> wrote:",
    "gmail en, two lines": "On Tue, Mar 3, 2026 at 8:05 AM Mesa de ayuda <mesa@cau.example>\nwrote:",
    "gmail pt": "Em ter., 3 de mar. de 2026 às 08:05, Mesa de ayuda <mesa@cau.example> escreveu:",
    "gmail pt, Portugal": "Mesa de ayuda <mesa@cau.example> escreveu no dia terça, 3/03/2026 à(s) 08:05:",
    "gmail fr": "Le mar. 3 mars 2026 à 08:05, Mesa de ayuda <mesa@cau.example> a écrit :",
    "gmail de": "Am Di., 3. März 2026 um 08:05 Uhr schrieb Mesa de ayuda <mesa@cau.example>:",
    "gmail de, name first": "Mesa de ayuda <mesa@cau.example> schrieb am Di., 3. März 2026, 08:05:",
    "gmail ca": "Missatge de Mesa de ayuda <mesa@cau.example> del dia dt., 3 de març 2026 a les\n8:05:",
    "gmail it": "Il giorno mar 3 mar 2026 alle ore 08:05 Mesa <mesa@cau.example> ha scritto:",
    "gmail nl": "Op di 3 mrt 2026 om 08:05 schreef Mesa <mesa@cau.example>:",
    "gmail nl, verb apart": "Op 3 mrt. 2026 om 08:05 heeft Mesa <mesa@cau.example> het volgende\ngeschreven:",
    "gmail pl": "wt., 3 mar 2026 o 08:05 Mesa <mesa@cau.example> napisał(a):",
    "gmail cs": "út 3. 3. 2026 v 8:05 odesílatel Mesa <mesa@cau.example> napsal:",
    "gmail sv": "Den tis 3 mars 2026 kl 08:05 skrev Mesa <mesa@cau.example>:",
    "gmail da": "Den tir. 3. mar. 2026 kl. 08.05 skrev Mesa <mesa@cau.example>:",
    "gmail fi": "ti 3. maalisk. 2026 klo 8.05 Mesa (mesa@cau.example) kirjoitti:",
    "gmail hu": "Mesa <mesa@cau.example> ezt írta (időpont: 2026. márc. 3., K, 8:05):",
    "gmail ro": "mar., 3 mar. 2026 la 08:05, Mesa <mesa@cau.example> a scris:",
    "gmail ru": "вт, 3 мар. 2026 г. в 08:05, Mesa <mesa@cau.example>:",
    "gmail uk": "вт, 3 бер. 2026 р. о 08:05 Mesa <mesa@cau.example> пише:",
    "gmail tr": "Mesa <mesa@cau.example>, 3 Mar 2026 Sal, 08:05 tarihinde şunu yazdı:",
    "gmail gl, short": "O mar, 3 mar 2026 ás 8:05, Mesa (<mesa@cau.example>) escribiu:",
    "gmail ja": "2026年3月3日(火) 8:05 Mesa <mesa@cau.example>:",
    "gmail zh": "Mesa <mesa@cau.example> 于2026年3月3日周二 08:05写道：",
    "gmail, date alone": "2026-03-03 8:05 GMT+01:00 Mesa de ayuda <mesa@cau.example>:",
    "apple mail es": "El 3 mar 2026, a las 8:05, Mesa de ayuda <mesa@cau.example> escribió:",
    "apple mail en": "On 3 Mar 2026, at 08:05, Mesa de ayuda <mesa@cau.example> wrote:",
    "apple mail fr": "Le 3 mars 2026 à 08:05, Mesa de ayuda <mesa@cau.example> a écrit :",
    "thunderbird es": "El 03/03/2026 a las 8:05, Mesa de ayuda escribió:",
    "thunderbird en": "On 03/03/2026 08:05, Mesa de ayuda wrote:",
    "thunderbird de": "Am 03.03.2026 um 08:05 schrieb Mesa de ayuda:",
    "thunderbird ca": "El 3/3/26 a les 8:05, Mesa de ayuda ha escrit:",
    "roundcube": "El 2026-03-03 08:05, mesa@cau.example escribió:",
    "k-9": "El 3 de marzo de 2026 8:05:41 CET, Mesa de ayuda <mesa@cau.example> escribió:",
    "without accents": "El mar, 3 mar 2026 a las 8:05, Mesa (<mesa@cau.example>) escribio:",
    "evolution": "El mar, 03-03-2026 a las 8:05 +0100, Mesa de ayuda escribió:",
    "mutt": "On Tue, Mar 03, 2026 at 08:05:41AM +0100, Mesa de ayuda wrote:",
    "squirrelmail": "El Mar, 3 de Marzo de 2026, 8:05, Mesa de ayuda escribió:",
    "tutanota": "3 mar. 2026, 8:05 por mesa@cau.example:",
    "yandex": '03.03.2026, 08:05, "Mesa de ayuda" <mesa@cau.example>:',
    "basque": "Mesa <mesa@cau.example> igorleak hau idatzi du (2026 mar. 3, ar. (08:05)):",
    "gmail ca, old": "El dt., 3 de març 2026, 8:05, Mesa <mesa@cau.example> va escriure:",
    "name, then verb and date": "Mesa de ayuda <mesa@cau.example>\nescribió el mar., 3 mar. 2026 8:05:",
    "time first": '8:05 AM, March 3, 2026, "Mesa" <mesa@cau.example>:',
    "horde": "Mesa de ayuda <mesa@cau.example> escribió:",
    "horde en": "Quoting Mesa de ayuda <mesa@cau.example>:",
    "apple mail it": "Il giorno 4 feb 2026, alle ore 14:03, Mesa <mesa@cau.example> ha scritto:",
    "apple mail pt": "No dia 4 de fev. de 2026, às 14:03, Mesa <mesa@cau.example> escreveu:",
    "apple mail pl": "Wiadomość napisana przez Mesa <mesa@cau.example> w dniu 4 lut 2026, o godz. 14:03:",
    "apple mail ru": "4 февр. 2026 г., в 14:03, Mesa <mesa@cau.example> написал(а):",
    "thunderbird pt": "Às 14:03 de 04/02/2026, Mesa de ayuda escreveu:",
    "roundcube de": "Am 04.02.2026 14:03, schrieb mesa@cau.example:",
    "kmail": "On miércoles, 4 de febrero de 2026 14:03:41 (CET) Mesa de ayuda wrote:",
    "gnus": "Mesa de ayuda <mesa@cau.example> writes:",
    "sogo": "El Miércoles, 4 Febrero, 2026 14:03 CET, Mesa <mesa@cau.example> ha escrito:",
    "open-xchange de": "Mesa <mesa@cau.example> hat am 04.02.2026 14:03 CET geschrieben:",
    "spark": "El 4 feb 2026 14:03 +0100, Mesa <mesa@cau.example>, escribió:",
    "web client": "-----\nEl 3/3/2026, 8:05:41, Mesa de ayuda escribió:",
    "horde es": "Mensaje citado por Mesa de ayuda <mesa@cau.example>:",
    "horde ca": "S'està citant Mesa de ayuda <mesa@cau.example>:",
    "horde de": "Zitat von Mesa de ayuda <mesa@cau.example>:",
    "kmail uk": "вівторок, 3 березня 2026 р. 8:05:41 Mesa <mesa@cau.example> написано:",
    "UTF-8 read as windows-1252": "El mar, 3 mar 2026 a las 8:05, Mesa (<mesa@cau.example>) escribiÃ³:",
    "accents lost": "El mar, 3 mar 2026 a las 8:05, Mesa (<mesa@cau.example>) escribi?:",
    "mutt, address": "On Tue, Mar 03, 2026 at 08:05:41AM +0100, mesa@cau.example wrote:",
    "mutt de": "Am Tue, Mar 03, 2026 at 08:05:41AM +0100 schrieb Mesa de ayuda:",
    "alpine": "On Tue, 3 Mar 2026, Mesa de ayuda wrote:",
    "lotus notes es": "Mesa de ayuda/CAU/XUNTA escribió el 03/03/2026 8:05:41:",
    "lotus notes en": "Mesa de ayuda <mesa@cau.example> wrote on 03/03/2026 08:05:41 AM:",
    "lotus notes de": "Mesa de ayuda <mesa@cau.example> schrieb am 03.03.2026 08:05:41:",
    "airmail": "On 3 March 2026 at 08:05:41, Mesa (mesa@cau.example(mailto:mesa@cau.example)) wrote:",
    "iphone with its link": "El 3 mar 2026, a las 8:05, Mesa <mesa@cau.example<mailto:mesa@cau.example>> escribió:",
    "on behalf": 'On 3/3/26, 8:05 AM, "Mesa on behalf of CAU"\n<mesa@cau.example on behalf of cau@cau.example> wrote:',
    "claws": "On Tue, 3 Mar 2026 08:05:41 +0100\nMesa de ayuda <mesa@cau.example> wrote:",
    "gmail he": "\u202bבתאריך יום ג׳, 3 במרץ 2026 ב-8:05 מאת \u202aMesa\u202c\u200f "
    "<\u202amesa@cau.example\u202c\u200f>:\u202c",
    "gmail gl": "O mar., 3 de mar. de 2026 ás 8:05, Mesa <mesa@cau.example> escribiu:",
    "gmail el": "Στις Τρί 3 Μαρ 2026 στις 8:05 π.μ., ο/η Mesa <mesa@cau.example> έγραψε:",
    "gmail et": "Kuupäev T, 3. märts 2026 kell 08:05 kirjutas Mesa (<mesa@cau.example>):",
    "apple tr": "Mesa <mesa@cau.example> şunları yazdı (3 Mar 2026 08:05):",
    "over four lines": "El martes, 3 de marzo de 2026 a las 8:05, Servicio de Atención\na Usuarios y Mesa de ayuda de"
    " la Consejería de Hacienda y\nAdministración Pública de la Junta (<\nmesa@cau.example>) escribió:",
    "encoding left as it was": "El mar, 3 mar 2026 a las 8:05, Mesa (<mesa@cau.example>) escribi=C3=B3:",
    "yahoo's phones": "El El mar, 3 mar 2026 a las 8:05, Mesa<mesa@cau.example> escribió:",
    "gmail 2012, long name": "2012/3/3 Servicio de Atención a Usuarios y Mesa de ayuda <\nmesa@cau.example>",
    "gmail ar": "في الثلاثاء، ٣ مارس ٢٠٢٦ في ٨:٠٥ ص تمت كتابة ما يلي بواسطة \u202aMesa\u202c\u200f "
    "<\u202amesa@cau.example\u202c\u200f>:",
    "gmail fa": "در تاریخ سه\u200cشنبه ۳ مارس ۲۰۲۶،\u200f ۸:۰۵ Mesa <mesa@cau.example> نوشت:",
    "gmail th": "ในวันที่ อ. 3 มี.ค. 2026 เวลา 08:05 Mesa <mesa@cau.example> เขียนว่า:",
    "gmail hi": "मंगल, 3 मार्च 2026 को 8:05 am बजे को Mesa <mesa@cau.example> ने लिखा:",
    "the bat ru": "Вы писали 3 марта 2026 г., 8:05:41:",
    "mutt, brackets": "* Mesa <mesa@cau.example> [2026-03-03 08:05:41 +0100]:",
    "mutt es": "El mar, 03 de mar de 2026 a las 08:05:41 +0100, Mesa de ayuda dijo:",
    "mutt es, brackets": "Mesa de ayuda dijo [Tue, Mar 03, 2026 at 08:05:41AM +0100]:",
    "gnus es": "Mesa de ayuda <mesa@cau.example> dice:",
    "news": "In article <67C5.1@cau.example>, Mesa <mesa@cau.example> wrote:",
    "name above its address": "Mesa de ayuda\n<mesa@cau.example> escribió:",
    "news, two lines": "In article <67C5.1@cau.example>,\n Mesa de ayuda <mesa@cau.example> wrote:",
    "news es": "En el artículo <67C5.1@cau.example>, Mesa <mesa@cau.example> escribió:",
    "news, outlook express": '"Mesa" <mesa@cau.example> escribió en el mensaje\nnews:67C5$1@cau.example...',
    "invisible first": "\u200bEl mar, 3 mar 2026 a las 8:05, Mesa (<mesa@cau.example>) escribió:",
    "accents replaced": "El mar, 3 mar 2026 a las 8:05, Mesa (<mesa@cau.example>) escribi\ufffd:",
}

# What a client writes above history without quote marks.
ABOVE_PLAIN = {
    "outlook es": "De: Mesa de ayuda [mailto:mesa@cau.example]\nEnviado el: martes, 3 de marzo de 2026 8:05\n"
    "Para: Eva Gil\nAsunto: RE: Confirmación",
    "outlook ar": "من: Mesa <mesa@cau.example>\nتاريخ الإرسال: 03/مارس/2026 08:05\nإلى: Eva\nالموضوع: X",
    "netease": "---- Replied Message ----\n| From | Mesa<mesa@cau.example> |\n| Date | 03/03/2026 08:05 |\n"
    "| To | eva<eva@cliente.example> |\n| Cc | |\n| Subject | X |",
    "netease zh": "---- 回复的原邮件 ----\n| 发件人 | Mesa<mesa@cau.example> |\n| 发送日期 | 2026年03月03日 08:05 |\n"
    "| 收件人 | eva<eva@cliente.example> |\n| 抄送至 | |\n| 主题 | X |",
    "outlook es, names only": "De: Mesa de ayuda\nEnviado el: martes, 3 de marzo de 2026 8:05\n"
    "Para: Eva Gil\nAsunto: RE: X",
    "outlook es, rule": "-----Mensaje original-----\nDe: Mesa <mesa@cau.example>\n"
    "Enviado: martes, 3 de marzo de 2026 8:05\n"
    "Para: Eva Gil\nAsunto: RE: X",
    "outlook es, bold": "*De:* Mesa <mesa@cau.example>\n*Enviado el:* martes, 3 de marzo de 2026 8:05\n"
    "*Para:* Eva\n*Asunto:* X",
    "outlook es, bold twice": "**De:** Mesa <mesa@cau.example>\n"
    "**Enviado:** martes, 3 de marzo de 2026 8:05\n**Asunto:** X",
    "outlook web": "________________________________\nDe: Mesa <mesa@cau.example>\n"
    "Enviado: martes, 3 de marzo de 2026 8:05\n"
    "Para: Eva Gil <eva@uni.example>\nAsunto: X",
    "outlook phone": "Obtener Outlook para Android<https://aka.ms/abc>\n________________________________\n"
    "From: Mesa <mesa@cau.example>\nSent: Tuesday, March 3, 2026 8:05:41 AM\nTo: Eva\nSubject: X",
    "outlook mac": "De: Mesa <mesa@cau.example>\nFecha: martes, 3 de marzo de 2026, 8:05\nPara: Eva\nAsunto: X",
    "web client": "-----\nEl 3/3/2026, 8:05:41, Mesa de ayuda escribió:\n",
    "outlook mac, one line": 'El 3/3/26 8:05, "Mesa de ayuda" <mesa@cau.example> escribió:\n',
    "outlook en": "From: Mesa\nSent: Tuesday, March 3, 2026 8:05 AM\nTo: Eva Gil\nSubject: RE: X",
    "outlook, long list": "From: Mesa\nSent: Tuesday, March 3, 2026 8:05 AM\nTo: Eva Gil <eva@uni.example>;\n"
    " Luis Paz <luis@uni.example>\nCc: Ana\nSubject: RE: X",
    "outlook, blank lines between": "From: Mesa <mesa@cau.example>\n\nSent: Tuesday, March 3, 2026 8:05 AM\n"
    "\nTo: Eva\n\nSubject: X",
    "outlook, values below": "De:\nMesa <mesa@cau.example>\nEnviado el:\nmartes, 3 de marzo de 2026 8:05\n"
    "Para:\nEva\nAsunto:\nX",
    "outlook pt": "De: Mesa <mesa@cau.example>\nEnviada em: terça-feira, 3 de março de 2026 08:05\n"
    "Para: Eva\nAssunto: X",
    "outlook fr": "De : Mesa <mesa@cau.example>\nEnvoyé : mardi 3 mars 2026 08:05\nÀ : Eva\nObjet : X",
    "outlook de": "Von: Mesa <mesa@cau.example>\nGesendet: Dienstag, 3. März 2026 08:05\nAn: Eva\nBetreff: X",
    "outlook ca": "De: Mesa <mesa@cau.example>\nEnviat el: dimarts, 3 de març de 2026 8:05\nPer a: Eva\nAssumpte: X",
    "outlook it": "Da: Mesa <mesa@cau.example>\nInviato: martedì 3 marzo 2026 08:05\nA: Eva\nOggetto: X",
    "outlook nl": "Van: Mesa <mesa@cau.example>\nVerzonden: dinsdag 3 maart 2026 08:05\nAan: Eva\nOnderwerp: X",
    "outlook sv": "Från: Mesa <mesa@cau.example>\nSkickat: den 3 mars 2026 08:05\nTill: Eva\nÄmne: X",
    "outlook da": "Fra: Mesa <mesa@cau.example>\nSendt: 3. marts 2026 08:05\nTil: Eva\nEmne: X",
    "outlook fi": "Lähettäjä: Mesa <mesa@cau.example>\nLähetetty: 3. maaliskuuta 2026 8:05\n"
    "Vastaanottaja: Eva\nAihe: X",
    "outlook pl": "Od: Mesa <mesa@cau.example>\nWysłano: wtorek, 3 marca 2026 08:05\nDo: Eva\nTemat: X",
    "outlook cs": "Od: Mesa <mesa@cau.example>\nOdesláno: úterý 3. března 2026 8:05\nKomu: Eva\nPředmět: X",
    "outlook sk": "Od: Mesa <mesa@cau.example>\nOdoslané: utorok 3. marca 2026 8:05\nKomu: Eva\nPredmet: X",
    "outlook hu": "Feladó: Mesa <mesa@cau.example>\nElküldve: 2026. március 3. 8:05\nCímzett: Eva\nTárgy: X",
    "outlook ro": "De la: Mesa <mesa@cau.example>\nTrimis: marți, 3 martie 2026 08:05\nCătre: Eva\nSubiect: X",
    "outlook ru": "От: Mesa <mesa@cau.example>\nОтправлено: 3 марта 2026 г. 8:05\nКому: Eva\nТема: X",
    "outlook uk": "Від: Mesa <mesa@cau.example>\nНадіслано: 3 березня 2026 р. 8:05\nКому: Eva\nТема: X",
    "outlook tr": "Kimden: Mesa <mesa@cau.example>\nGönderildi: 3 Mart 2026 Salı 08:05\nKime: Eva\nKonu: X",
    "outlook el": "Από: Mesa <mesa@cau.example>\nΣτάλθηκε: 3 Μαρτίου 2026 8:05\nΠρος: Eva\nΘέμα: X",
    "outlook hr": "Šalje: Mesa <mesa@cau.example>\nPoslano: 3. ožujka 2026. 8:05\nPrima: Eva\nPredmet: X",
    "outlook ja": "差出人: Mesa <mesa@cau.example>\n送信日時: 2026年3月3日 8:05\n宛先: Eva\n件名: X",
    "outlook zh": "发件人: Mesa <mesa@cau.example>\n发送时间: 2026年3月3日 8:05\n收件人: Eva\n主题: X",
    "outlook ko": "보낸 사람: Mesa <mesa@cau.example>\n보낸 날짜: 2026년 3월 3일 8:05\n받는 사람: Eva\n제목: X",
    "outlook th": "จาก: Mesa <mesa@cau.example>\nส่งเมื่อ: 3 มีนาคม 2026 08:05\nถึง: Eva\nเรื่อง: X",
    "outlook vi": "Từ: Mesa <mesa@cau.example>\nĐã gửi: Thứ Ba, 3 tháng 3, 2026 08:05\nĐến: Eva\nChủ đề: X",
    "outlook id": "Dari: Mesa <mesa@cau.example>\nDikirim: Selasa, 3 Maret 2026 08:05\nKepada: Eva\nPerihal: X",
    "outlook lt": "Nuo: Mesa <mesa@cau.example>\nIšsiųsta: 2026 m. kovo 3 d. 08:05\nKam: Eva\nTema: X",
    "outlook et": "Saatja: Mesa <mesa@cau.example>\nSaatmisaeg: 3. märts 2026 08:05\nAdressaat: Eva\nTeema: X",
    "outlook sr": "Од: Mesa <mesa@cau.example>\nПослато: 3. март 2026. 08:05\nЗа: Eva\nТема: X",
    "outlook is": "Frá: Mesa <mesa@cau.example>\nSent: þriðjudagur, 3. mars 2026 08:05\nTil: Eva\nEfni: X",
    "outlook fa": "از: Mesa <mesa@cau.example>\nارسال شده: 3 مارس 2026 08:05\nبه: Eva\nموضوع: X",
    "outlook el, 2010": "Από: Mesa <mesa@cau.example>\nΑποστολή: Τρίτη, 3 Μαρτίου 2026 8:05 πμ\nΠρος: Eva\nΘέμα: X",
    "zimbra": '----- Mensaje original -----\nDe: "Mesa" <mesa@cau.example>\nPara: "eva" <eva@uni.example>\n'
    "Enviados: Martes, 3 de Marzo 2026 8:05:41\nAsunto: X",
    "lotus notes": "From:\tMesa <mesa@cau.example>\nTo:\teva@uni.example\nDate:\t03/03/2026 08:05\nSubject:\tX",
    "samsung": "-------- Mensaje original --------\nDe: Mesa <mesa@cau.example>\nFecha: 3/3/26 8:05 (GMT+01:00)\n"
    "A: eva@uni.example Asunto: X",
    "old hotmail": "Date: Tue, 3 Mar 2026 08:05:41 +0100\nFrom: mesa@cau.example\nTo: eva@uni.example\nSubject: X",
    "gmx": 'Enviado: martes, 3 de marzo de 2026 a las 8:05\nDe: "Mesa" <mesa@cau.example>\nPara: Eva\nAsunto: X',
    "proton": "‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐\nOn Tuesday, March 3rd, 2026 at 8:05, Mesa <mesa@cau.example> wrote:\n",
    "em client": '------ Mensaje original ------\nDe "Mesa" <mesa@cau.example>\nPara "Eva" <e@uni.example>\nAsunto X\n',
    "outlook eu": "Nork: Mesa <mesa@cau.example>\nBidalia: asteazkena, 2026(e)ko otsailak 4 14:03\nNori: Eva\nGaia: X",
    "zimbra fr": '----- Mail original -----\nDe: "Mesa" <mesa@cau.example>\nÀ: "Eva" <eva@uni.example>\n'
    "Envoyé: Mercredi 4 Février 2026 14:03:41\nObjet: X",
    "samsung, one line": "-------- Original message --------From: Mesa <mesa@cau.example> Date: 4/2/26  14:03  "
    "(GMT+01:00) To: eva@uni.example Subject: X ",
    "yahoo de": "Am Mittwoch, 4. Februar 2026 um 14:03:41 MEZ hat Mesa <mesa@cau.example> Folgendes geschrieben: \n",
    "forward thunderbird it": "-------- Messaggio Inoltrato --------\nOggetto: \tX\n"
    "Data: \tWed, 4 Feb 2026 14:03:41 +0100\nMittente: \tMesa <mesa@cau.example>\nA: \teva@uni.example",
    "lotus notes, verb": "-----Mesa <mesa@cau.example> escribió: -----\nPara: Eva\nDe: Mesa\nFecha: 03/03/2026 8:05\n",
    "android": "---- Mesa de Ayuda escribió ----\n",
    "windows mail": "De: Mesa\nEnviado: \u200emartes\u200e, \u200e3\u200e de \u200emarzo\u200e de \u200e2026 "
    "\u200e8\u200e:\u200e05\nPara: Eva\nAsunto: X",
    "groupwise": ">>> Mesa de ayuda <mesa@cau.example> 03/03/2026 8:05 >>>",
    "yahoo": "     El martes 3 de marzo de 2026 8:05, Mesa <mesa@cau.example> escribió:\n   \n",
    "yahoo en": "On Tuesday, March 3, 2026, 08:05:41 AM GMT+1, Mesa <mesa@cau.example> wrote:\n",
    "zoho": "---- El mar, 03 mar 2026 08:05:41 +0100 mesa@cau.example escribió ----\n",
    "original alone": "-------- Original Message --------\n",
    "words in dashes": "------------------ Original ------------------\nDe: Mesa <mesa@cau.example>\n"
    "Fecha: martes 8:05\nPara: Eva\nAsunto: X",
    "ursprünglich": "-----Ursprüngliche Nachricht-----\nVon: Mesa <mesa@cau.example>\nAn: Eva\nBetreff: X",
    "d'origine": "-----Message d'origine-----\nDe : Mesa <mesa@cau.example>\nÀ : Eva\nObjet : X",
    "forward gmail": "---------- Forwarded message ---------\nDe: Mesa <mesa@cau.example>\n"
    "Date: mar, 3 mar 2026 a las 8:05\n"
    "Subject: X\nTo: <eva@uni.example>",
    "forward thunderbird": "-------- Mensaje reenviado --------\nAsunto: \tX\nFecha: \tTue, 3 Mar 2026 08:05:41 +0100\n"
    "De: \tMesa <mesa@cau.example>\nPara: \teva@uni.example",
    "forward yahoo": "   ----- Mensaje reenviado ----- De: Mesa "
    "<mesa@cau.example>Para: eva@uni.exampleEnviado: martesAsunto: X",
    "forward horde": "----- Mensaje reenviado de Mesa <mesa@cau.example> -----\n"
    "   Fecha: Tue, 03 Mar 2026 08:05:41 +0100\n"
    "      De: Mesa <mesa@cau.example>\n  Asunto: X\n    Para: eva@uni.example",
    "mutt": "On Tue, Mar 03, 2026 at 08:05:41AM +0100, Mesa de ayuda wrote:\n",
    "evolution": "On Tue, 2026-03-03 at 08:05 +0100, Mesa de ayuda wrote:\n",
    "lotus notes, without colons": "Mesa de ayuda/CAU/XUNTA\n03/03/2026 8:05\n\nPara\nEva Gil/UNI/XUNTA@XUNTA\ncc\n\n"
    "Asunto\nRe: X",
    "lotus notes, sent by": "Mesa <mesa@cau.example>\nEnviado por: ana@cau.example\n03/03/2026 8:05\n\n\tPara:\teva@uni"
    ".example\n\tcc:\t\n\tAsunto:\tRe: X",
    "lotus notes, table": "De        Mesa <mesa@cau.example>\nPara        eva@uni.example\n"
    "Fecha        03/03/2026 8:05\nAsunto        Re: X",
    "lotus notes, title": "Mesa de ayuda ---03/03/2026 8:05:41---Hemos tomado nota\n\nDe: Mesa <mesa@cau.example>\n"
    "Para: eva@uni.example\nFecha: 03/03/2026 8:05\nAsunto: X",
    "groupwise, hard blanks": ">>>\xa0Mesa <mesa@cau.example> 03/03/2026 8:05\xa0>>>",
    "help desk": "=-=-=-= Responda por encima de esta línea. =-=-=-=",
    "invisible before a rule": "\u200b-------- Mensaje original --------\nDe: Mesa <mesa@cau.example>\n"
    "Fecha: 3/3/26 8:05\nAsunto: X",
    "lotus notes, names": "De:\tMesa/CAU/XUNTA\nPara:\tEva/UNI/XUNTA@XUNTA\nFecha:\t03/03/2026 8:05\nAsunto:\tX",
    "lotus notes, double rule": '-----"Mesa" <mesa@cau.example> escribió: -----\n\n=======================\n'
    "Para: eva@uni.example\nDe: Mesa\nFecha: 03/03/2026 8:05\nAsunto: X\n=======================",
    "outlook, Canada": "De : Mesa <mesa@cau.example>\nEnvoyé : 3 mars 2026 8 h 05\nÀ : Eva\nObjet : X",
    "outlook, below its rule": "________________________________\nDe: Mesa\nPara: Eva <eva@uni.example>\nAsunto: X",
    "outlook, appointment": "-----Cita original-----\nDe: Mesa\nEnviado el: martes, 3 de marzo de 2026 8:05\n"
    "Para: Eva\nAsunto: X\nCuándo: miércoles, 4 de marzo de 2026 10:00-11:00\nDónde: Lugo",
    "android's offer": "Descargue Outlook para Android<https://aka.ms/abc>\n________________________________\n"
    "From: Mesa <mesa@cau.example>\nSent: Tuesday, March 3, 2026 8:05:41 AM\nTo: Eva\nSubject: X",
    "gmx's footer": "--\nDiese Nachricht wurde von meinem Android Mobiltelefon mit GMX Mail gesendet.\n"
    "Am 03.03.2026, 08:05, Mesa <mesa@cau.example> schrieb:\n",
    "gmail 2014, address lost": "2014-03-03 8:05 GMT+01:00 Eva Gil\n",
    "qq": '------------------ 原始邮件 ------------------\n发件人: "Mesa" <mesa@cau.example>;\n'
    "发送时间: 2026年3月3日 上午8:05\n收件人: Eva\n主题: X",
    "directly below": "\u200b\nEl mar, 3 mar 2026 a las 8:05, Mesa (<mesa@cau.example>) escribió:",
    "forward apple": "Inicio del mensaje reenviado:\n\nDe: Mesa <mesa@cau.example>\nAsunto: X\n"
    "Fecha: 3 de marzo de 2026, 8:05:41 CET\nPara: eva@uni.example",
}


@pytest.mark.parametrize("above", ABOVE_QUOTED.values(), ids=ABOVE_QUOTED)
def test_lines_with_quote_marks_go_with_what_stands_above_them(above: str) -> None:
    assert visible_text(f"{OWN}\n\n{above}\n\n{QUOTED}\n") == OWN
    assert visible_text(f"{OWN}\n{above}\n{QUOTED}") == OWN


@pytest.mark.parametrize(
    "attribution",
    [
        "El lun, 3 mar 2025 a las 10:11, Soporte CAU <soporte@cau.example> escribió:",
        "El lun. 3 mar. 2025 a las 10:11, Soporte CAU <soporte@cau.example> escribió:",
        "On Mon, Mar 3, 2025 at 10:11 AM Soporte CAU <soporte@cau.example> wrote:",
        "Le lun. 3 mars 2025 à 10:11, Soporte CAU <soporte@cau.example> a écrit :",
    ],
)
@pytest.mark.parametrize(
    "said", ["Gracias.", "Ya funciona. Ciérrenla, gracias.", "¡Sí, adelante!", "Ok", "Ok, gracias Eva"]
)
@pytest.mark.parametrize("history", [QUOTED, PLAIN])
def test_what_is_said_on_the_line_of_an_attribution_stays(said: str, attribution: str, history: str) -> None:
    assert visible_text(f"{said} {attribution}\n\n{history}\n") == said
    assert visible_text(f"{said}\n{attribution}\n\n{history}\n") == said


def test_what_is_said_on_the_line_of_a_wrapped_attribution_stays() -> None:
    attribution = "El lun, 3 mar 2025 a las 10:11, Soporte CAU\n<soporte@cau.example> escribió:"
    assert visible_text(f"Ok {attribution}\n\n{QUOTED}\n") == "Ok"


@pytest.mark.parametrize("said", ["Ya funciona.", "Sigue igual.\nY va a peor.", "¿Y ahora?"])
def test_what_is_typed_right_before_an_undated_attribution_stays(said: str) -> None:
    """Horde's editor of HTML puts the caret there."""
    assert visible_text(f"{said}Soporte CAU <soporte@cau.example> escribió:\n\n{QUOTED}\n") == said


NAMES = [
    "García Pérez, Ana María",
    "CAU: Soporte",
    "Soporte [CAU]",
    '"Soporte (CAU)"',
    "O'Donnell, Lluís",
    "🛠 Soporte ☎",
    "Soporte 24x7 nº 2",
    "Dr. J. M. López S.L.",
    "Soporte | CAU / Lugo - 2ª línea",
    "*Soporte*",
    "",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("history", [QUOTED, PLAIN])
def test_a_name_may_hold_odd_characters(name: str, history: str) -> None:
    for attribution in (
        f"El lun, 3 mar 2025 a las 10:11, {name} (<soporte@cau.example>) escribió:",
        f"On Mon, Mar 3, 2025 at 10:11 AM, {name} <soporte@cau.example> wrote:",
    ):
        assert visible_text(f"{OWN}\n\n{attribution}\n\n{history}") == OWN


def test_a_sentence_about_who_wrote_is_no_attribution_behind_another() -> None:
    text = "Pasó otra vez. El 3 de marzo de 2025 a las 10:00 Ana escribió:\n\nNo funciona.\n\nY así sigue."
    assert visible_text(text) == text


@pytest.mark.parametrize("above", ABOVE_QUOTED.values(), ids=ABOVE_QUOTED)
def test_an_answer_below_the_quote_is_the_text(above: str) -> None:
    assert visible_text(f"{above}\n\n{QUOTED}\n\n{OWN}\n") == OWN


@pytest.mark.parametrize("above", ABOVE_PLAIN.values(), ids=ABOVE_PLAIN)
def test_history_without_quote_marks_runs_to_the_end(above: str) -> None:
    assert visible_text(f"{OWN}\n\n{above}\n\n{PLAIN}\n") == OWN


QUOTES_OF_QUOTES = {
    "a name alone": f"{OWN}\n\nMesa de Ayuda escribió:\n{QUOTED}",
    "a name alone, right below the text, as Thunderbird writes it": f"{OWN}\nMesa de Ayuda escribió:\n{QUOTED}",
    "legal notice below a rule": f"{OWN}\n\n_____\nAviso legal: mensaje confidencial.",
    "apple quotes its attribution": f"{OWN}\n\nEnviado desde mi iPhone\n\n"
    "> El 3 mar 2026, a las 8:05, Mesa <mesa@cau.example> escribió:\n> \n> Hemos tomado nota.",
    "apple quotes its forward": f"{OWN}\n\n> Inicio del mensaje reenviado:\n>\n> De: Mesa <mesa@cau.example>\n"
    "> Asunto: X\n> Fecha: 3 de marzo de 2026\n> Para: eva@uni.example\n>\n> Hemos tomado nota.",
    "apple's computers quote the header block": f"{OWN}\n\nInicio del mensaje reenviado:\n\n"
    "> De: Mesa <mesa@cau.example>\n> Asunto: X\n> Fecha: 3 de marzo\n> Para: eva@uni.example\n>\n> Tomamos nota.",
    "two levels": f"{OWN}\n\nEl mar, 3 mar 2026 a las 8:05, Mesa (<mesa@cau.example>) escribió:\n\n> Tomamos nota.\n>\n"
    "> El lun, 2 mar 2026 a las 9:00, Eva (<eva@uni.example>) escribió:\n>\n>> Descripción: no carga",
    "signature of a phone program below the quote": f"{OWN}\n\nEl 3 de marzo de 2026 8:05:41 CET, Mesa "
    "<mesa@cau.example> escribió:\n> Tomamos nota.\n-- \nEnviado desde mi dispositivo Android con K-9 Mail.",
    "no attribution": f"{OWN}\n\n{QUOTED}",
    "chain of header blocks": f"{OWN}\n\n{ABOVE_PLAIN['outlook es']}\n\n{PLAIN}\n\n"
    f"{ABOVE_PLAIN['outlook en']}\n\n{PLAIN}",
    "orange quotes its header block": f'{OWN}\n\n> Message du 03/03/26 8:05\n> De : "Mesa" <mesa@cau.example>\n'
    "> A : eva@uni.example\n> Copie à : \n> Objet : X\n> \n> Tomamos nota.",
    "outlook quotes its separator": f"{OWN}\n\n> -----Original Message-----\n> From: Mesa [mailto:mesa@cau.example]\n"
    "> Sent: Tuesday, March 3, 2026 8:05 AM\n> To: Eva\n> Subject: X\n>\n> Tomamos nota.",
    "wanderlust": f"{OWN}\n\nAt Tue, 3 Mar 2026 08:05:41 +0100,\nMesa de ayuda wrote:\n{QUOTED}",
    "a day without its year": f"{OWN}\n\nEl lunes, Soporte CAU escribió:\n{QUOTED}",
    "a day and no comma": f"{OWN}\n\nEl lunes Soporte CAU escribió:\n\n{QUOTED}",
    "a day of the month": f"{OWN}\n\nEl lun, 9 oct, Soporte CAU escribió:\n{QUOTED}",
    "a day of the month in full": f"{OWN}\n\nEl 9 de octubre, Soporte escribió:\n{QUOTED}",
    "a day in English": f"{OWN}\n\nOn Monday, Support Desk wrote:\n{QUOTED}",
    "a letter of ours below a name": f"{OWN}\n\nSoporte CAU escribió:\n\n{LETTER}",
    "a letter of ours below a day": f"{OWN}\n\nEl lunes, Soporte CAU escribió:\n\n{LETTER}",
    "a letter of ours in English": f"{OWN}\n\nOn Monday Support wrote:\n\n{LETTER}",
    "a name, accents decomposed": f"{OWN}\n\nMesa de Gestio\u0301n escribio\u0301:\n{QUOTED}",
    "a name with a dash": f"{OWN}\n\nMesa de Ayuda - CAU escribió:\n{QUOTED}",
    "answer above this line": f"{OWN}\n\n##- Please type your reply above this line -##\n\n{PLAIN}",
    "answer above this line es": f"{OWN}\n\n--- Responda por encima de esta línea ---\n\n{PLAIN}",
    "horde, links of the quote": f"{OWN}\n\nMesa <mesa@cau.example> escribió:\n\n{QUOTED}\n> Consultar[1]\n\n\n"
    "Vínculos:\n---------\n[1] mailto:mesa@cau.example?subject=Consulta\n",
    "list footer below the quote": f"{OWN}\n\nOn 03/03/2026 08:05, Mesa wrote:\n{QUOTED}\n\n__\n"
    "sedes mailing list\nsedes@lists.example\nhttps://lists.example/sedes",
}


@pytest.mark.parametrize("text", QUOTES_OF_QUOTES.values(), ids=QUOTES_OF_QUOTES)
def test_nested_and_unusual_history_goes(text: str) -> None:
    assert visible_text(text) == OWN


BANNERS = {
    "outlook's tip": "No suele recibir correo electrónico de marta@uni.example. Descubra por qué esto es importante"
    "<https://aka.ms/LearnAboutSenderIdentification>\n",
    "outlook's tip in brackets": "[Some people who received this message don't often get email from eva@uni.example. "
    "Learn why this is important at https://aka.ms/LearnAboutSenderIdentification ]\n",
    "a gateway's, on two lines": "PRECAUCIÓN: este mensaje viene de fuera de la organización. No abra enlaces ni\n"
    "archivos adjuntos si no reconoce al remitente.\n",
    "between rules": "____\nATENCIÓN: correo externo. No pulse en enlaces de remitentes desconocidos.\n____\n",
    "in English": "CAUTION: External email. Do not click on links unless you trust the sender.\n",
    "in Catalan": "ATENCIÓ: correu de fora de l'organització. No obriu enllaços si no coneixeu el remitent.\n",
    "a tag": "*EXTERNAL EMAIL*\n",
    "two": "[EXTERNO]\n\nCorreo externo: extreme las precauciones con los enlaces de este mensaje.\n",
    "proofpoint's": "ZjQcmQRYFpfptBannerStart\nThis Message Is From an Unknown Sender\n\nZjQcmQRYFpfptBannerEnd\n",
}  # fmt: skip


@pytest.mark.parametrize("banner", BANNERS.values(), ids=BANNERS)
def test_a_warning_that_a_gateway_put_above_is_not_the_authors(banner: str) -> None:
    assert visible_text(f"{banner}\n{OWN}\n\n{ABOVE_PLAIN['outlook es']}\n\n{PLAIN}\n") == OWN
    assert visible_text(banner) == banner, "what stands alone is shown"


@pytest.mark.parametrize(
    "written",
    [
        "No abran el correo de hoy ni pulsen su enlace: es un fraude. No pulse nadie el enlace.",
        "Un remitente externo nos envía enlaces.",
        "Aviso de correo externo. No pulse enlaces. Al guardar un alta sale un error.",
    ],
)
def test_what_an_author_writes_of_such_mails_is_theirs(written: str) -> None:
    assert visible_text(f"{written}\n\n{OWN}\n\n{ABOVE_PLAIN['outlook es']}\n\n{PLAIN}\n") == f"{written}\n\n{OWN}"


@pytest.mark.parametrize(
    "own",
    [
        "El correo externo no llega desde ayer.\n\nLos adjuntos tampoco.",
        "Atención: desde fuera de la oficina no abre los adjuntos.\n\nGracias.",
        "Correo externo: no abra enlaces.\nUso Firefox 115.\n\nGracias.",
        "Externo.\n\nEl puesto es de una subcontrata.",
    ],
)
def test_what_only_reads_like_one_stays(own: str) -> None:
    assert visible_text(own) == own


OWN_LABELS = {
    "a list": "Fecha: 03/03/2026\nEquipo: PC-7\nDe: la tercera planta\nAsunto: no arranca",
    "a booking": "Reserva\nDe: 10:00\nPara: 12:00\nFecha: 03/03/2026\nAsunto: reunión\nno sale.",
    "a parcel": "Paquete\nEnviado: 03/03/2026 8:05\nDe: Vigo\nPara: Lugo\nAsunto: taller\nno consta.",
    "one label": "Para: la mesa",
    "a subject": "Asunto: no arranca",
}


@pytest.mark.parametrize("own", OWN_LABELS.values(), ids=OWN_LABELS)
def test_labels_that_an_author_typed_above_a_header_block_stay(own: str) -> None:
    for name in ("outlook es", "outlook mac", "outlook en", "gmx", "gmail es"):
        history = f"{ABOVE_PLAIN[name]}\n\n{PLAIN}" if name in ABOVE_PLAIN else f"{ABOVE_QUOTED[name]}\n{QUOTED}"
        assert visible_text(f"{own}\n\n{history}") == own


def test_answers_between_the_quoted_lines_stay() -> None:
    text = (
        "El mar, 3 mar 2026 a las 8:05, Mesa (<mesa@cau.example>) escribió:\n> ¿Con qué navegador entra usted?\n\n"
        "Con Firefox.\n\n> ¿Desde qué sede nos escribe?\n\nDesde Lugo.\n"
    )
    assert visible_text(text) == "Con Firefox.\n\n\nDesde Lugo."


ANSWERED_WITHIN = [
    "Le respondo abajo en azul.", "Respondo entre líneas", "Hola:\n\nContesto en rojo a cada pregunta.\n\nUn saludo",
    "Mis comentarios, más abajo.", "En rojo le contesto.", "Abajo os respondo en mayúsculas.", "Contesto en su correo.",
    "See my answers below.", "Answers inline.", "I replied below in blue.",
    "Respostas abaixo em azul.", "Us responc a sota.",
]  # fmt: skip


@pytest.mark.parametrize("own", ANSWERED_WITHIN)
@pytest.mark.parametrize("name", ["outlook es", "outlook en", "zimbra", "lotus notes", "samsung"])
def test_answers_that_stand_in_history_without_quote_marks_are_known(own: str, name: str) -> None:
    text = f"{own}\n\n{ABOVE_PLAIN[name]}\n\n¿Con qué navegador?\nCon Firefox.\n"
    assert answers_in_history(text, visible_text(text))


@pytest.mark.parametrize(
    "own",
    [
        "Contesto a su correo de abajo: ya funciona.", "El menú de abajo sale en rojo.", "Sigue igual. Abajo, nada.",
        "No sé qué responder. En azul sale el error.", "Respondo a lo que me pide: sí. El texto en rojo es otro.",
    ],
)  # fmt: skip
def test_who_does_not_say_so_gets_the_history_cut(own: str) -> None:
    text = f"{own}\n\n{ABOVE_PLAIN['outlook es']}\n\n{PLAIN}"
    assert (visible_text(text), answers_in_history(text, own)) == (own, False)


def test_answers_between_quoted_lines_are_the_text() -> None:
    text = f"Respondo abajo.\n\n{ABOVE_QUOTED['gmail es']}\n> ¿Navegador?\nFirefox.\n> ¿Sede?\nLugo."
    assert not answers_in_history(text, visible_text(text))


@pytest.mark.parametrize("name", ["gmx", "outlook es", "zimbra", "lotus notes"])
def test_an_answer_below_a_header_block_and_its_quoted_lines_is_the_text(name: str) -> None:
    assert visible_text(f"{ABOVE_PLAIN[name]}\n\n{QUOTED}\n\n{OWN}") == OWN
    assert visible_text(f"Hola.\n\n{ABOVE_PLAIN[name]}\n\n{QUOTED}\n\n{OWN}").startswith("Hola.")
    assert visible_text(f"Hola.\n\n{ABOVE_PLAIN[name]}\n\n{QUOTED}\n\n{OWN}").endswith(OWN)


@pytest.mark.parametrize(
    "greeting", ["Hola:", "Buenos días:", "Estimada Ana:", "Muy señores míos:", "Hola a todos:", "Dear Ms Gil:"]
)
def test_a_greeting_announces_no_history(greeting: str) -> None:
    for above, history in ((ABOVE_QUOTED["thunderbird es"], QUOTED), (ABOVE_PLAIN["outlook es"], PLAIN)):
        assert visible_text(f"{greeting}\n\n{above}\n\n{history}\n") == greeting
    assert visible_text(f"{greeting}\n\n{ABOVE_QUOTED['gmail es']}\n{QUOTED}\n\n{OWN}").split() == [
        *greeting.split(),
        *OWN.split(),
    ]


@pytest.mark.parametrize("name", ["gmail es", "gmail en", "apple mail es", "gmail es, three lines"])
def test_a_colon_above_the_quote_of_a_client_that_ends_the_mail_announces_nothing(name: str) -> None:
    own = "Al entrar me sale este error:"
    assert visible_text(f"{own}\n\n{ABOVE_QUOTED[name]}\n\n{QUOTED}\n") == own


def test_the_lines_above_a_wrapped_attribution_stay() -> None:
    for own in ("1. Entro\n2. Pulso Guardar", "No va, Ana.", "Hola,"):
        for above in (
            '"Mesa" <\nmesa@cau.example> escribió:',
            '"Mesa" <mesa@cau.example> wrote in message\nnews:1@x...',
        ):
            assert visible_text(f"{own}\n{above}\n{QUOTED}") == own


@pytest.mark.parametrize(
    "announced", ["Contesto abajo:", "Le respondo entre líneas:", "See my answers below:", "Hola:"]
)
def test_answers_between_the_lines_are_no_part_of_what_is_quoted(announced: str) -> None:
    text = f"{announced}\n\n{ABOVE_QUOTED['gmail es']}\n> ¿Navegador?\nFirefox.\n> ¿Sede?\nLugo."
    assert visible_text(text).split() == [*announced.split(), "Firefox.", "Lugo."]


def test_a_menu_typed_below_a_quote_stays() -> None:
    own = "Voy a\n> Inicio\n> Informes\ny no responde."
    assert visible_text(f"El 03/03/2026 8:05, Mesa escribió:\n{QUOTED}\n\n{own}") == own


# Texts of people in which nothing is history: not one character may go.
NEGATIVES = {
    "a table of messages": "La tabla sale así:\n| De | Para | Asunto |\n|---|---|---|\n"
    "| Eva | Ana | hola |\n| Ana | Eva | adiós |",
    "a table of one message": "Lo que guarda el programa:\n\n| De | Eva |\n| Para | Ana |\n| Asunto | hola |\n\n"
    "¿Es correcto?",
    "plain": OWN,
    "a quoted signature": "En la firma sale\n-- \nJuan Paz\nJefe de Sección\n\npero ya no es jefe, corregidlo.",
    "a form's labels and a fault": "Tipo: Error\nDescripción: mensaje\nEnviado: 03/03/2026 10:15\n"
    "Para: eva@uni.example\nDe: caja@uni.example\nno consta",
    "an answer to somebody else": "Esto respondo al cliente:\n\n> Reinicie el equipo, por favor.\n\n¿Está bien?",
    "an appointment": "Cita\nOficina A/B\n03/03/2026 10:15\nPara\nrenovar\nAsunto\nDNI\n\nNo se graba.",
    "a visit": "Ana Gil/CAU\n03/03/2026 10:15\n\nVino a la oficina y dijo que no entra.",
    "log entries with names": "2026-03-03 10:15 GMT+01:00 Ana Paz\nentra\n2026-03-03 10:16 GMT+01:00 Ana Paz\nsale",
    "a talk pasted": "Hola.\n\nEl 3/3/2026 a las 10:15, Ana escribió:\n\nno entro\n\n"
    "El 3/3/2026 a las 10:16, Luis escribió:\n\nprueba otra vez\n\n¿Qué hago?",
    "a greeting and an announcement": "Hola, un cliente dice:\n\n> no me llega el correo desde ayer.\n\nMiradlo.",
    "a customer said": "Hola.\n\nEl 3 de marzo el cliente dijo:\n> no me llega.\n\n¿Lo veis?",
    "an article of a law": "En el artículo 5 de la Ley, el legislador escribió:\n\nse notificará.\n\nY no se notifica.",
    "news of a page": "La portada tiene\nnews: 5\nnoticias: 3\ny no carga.",
    "a table's columns": "De      Lugo\nPara    Vigo\nFecha   03/03/2026 10:15\nAsunto  traslado\n\nno sale",
    "a list with addresses": "Falla:\n* Lugo <lugo@uni.example> [caída]:\n* Vigo <vigo@uni.example> [lenta]:\nfin",
    "a mail pasted below its separator": "Nos escriben:\n\n-----Mensaje original-----\nDe: Ana <ana@ext.example>\n"
    "Enviado el: martes, 3 de marzo de 2026 8:05\nPara: Eva\nAsunto: X\n\nno la recibo\n\n¿Qué le decimos?",
    "a client's quote, introduced": "Nos escribe un cliente:\n\n"
    "El mar, 3 mar 2026 a las 8:05, Luis (<l@ext.example>) escribió:\n> no la recibo\n\n¿Qué le decimos?",
    "empty": "",
    "blank lines around": "\n\n  Hola.  \n\n\n",
    "list with hyphens": "Falla en:\n- Lugo\n- Vigo\n-- y también en Tui\nEn el resto va.",
    "rules of dashes": "Pasos\n-----\n1. Entrar\n-----\nResultado\n--------\nError 12",
    "rules of underscores": "Sale esto\n____________\nTotal 0\n____________\ny debía ser 35",
    "rules of equal signs": "====\nInforme\n====\nvacío",
    "signature mark of two hyphens as a rule": "uno\n--\ndos\n--\ntres",
    "much below two hyphens": "Antes\n--\n" + "una línea más\n" * 13,
    "dump of a database": "Al importar\n\n--\n-- Tabla clientes\n--\n\nSELECT id FROM clientes;\n-- fin",
    "comment in SQL": "Lanzo\n\n--\n-- borra lo viejo\nDELETE FROM a;",
    "columns From and To": "El fichero trae\n\nFrom: tabla\nTo: destino\n\ny no carga.",
    "a journey": "El viaje es\nDe: Lugo\nA: Vigo\nFecha: 03/03/2026\ny no sale en la lista.",
    "a shipment": "De: almacén central\nPara: tienda 4\nFecha: 03/03/2026\nno aparece",
    "labels of our form": "Fecha: 03/03/2026\nHora: 8:05\nEquipo: PC-7\nAsunto: pantalla negra",
    "many De": "De: a\nDe: b\nDe: c\nPara: d",
    "sent on": "El pedido\nEnviado el: 03/03/2026\nno está, y Para: tampoco.",
    "raw headers as evidence": "Copio las cabeceras\n\nReceived: from a by b\nMessage-ID: <1@a.example>\n"
    "From: a@a.example\nTo: b@b.example\nSubject: hola\nDate: Tue, 3 Mar 2026 08:05:41 +0100",
    "the user wrote": "El usuario Juan escribió:\nno me deja entrar\ny colgó.",
    "the user wrote on a day": "El usuario escribió el 3 de marzo de 2026:\nno me deja entrar",
    "who wrote, in prose": "El martes 3 de marzo de 2026 me escribió Juan, de la sede de Lugo, y no supe decirle nada.",
    "a conversation pasted": "Paso el chat.\n\nEl 03/03/2026 a las 8:05, Juan escribió:\nno entra\n\n"
    "El 03/03/2026 a las 8:06, Ana escribió:\nprueba otra vez",
    "a customer's mail, introduced": "Un cliente nos manda esto:\n\n"
    "El 03/03/2026 a las 8:05, cli@ext.example escribió:\n"
    "no recibo la factura\n\nPor favor, revisadlo.",
    "a quoted mail, introduced": "El cliente dice:\n\nEl 03/03/2026 8:05, cli@ext.example escribió:\n"
    "> no la recibo.\n\nMiradlo.",
    "a header block, introduced": "Nos ha llegado este correo:\n\nDe: Ana <ana@ext.example>\nFecha: 03/03/2026 8:05\n"
    "Para: caja@uni.example\nAsunto: factura\n\nno la recibo\n\n¿Qué hacemos?",
    "a log": "Traza\n2026-03-03 08:05 GMT+01:00 ERROR:\nConexión rechazada\n"
    "2026-03-03 08:06 GMT+01:00 ERROR:\notra vez",
    "a log with addresses": "2026-03-03 08:05:41 relay=<eva@uni.example>:\n"
    "2026-03-03 08:05:42 relay=<luis@uni.example>:",
    "a menu": "Voy a\n> Inicio\n> Informes\ny se queda en blanco.",
    "a menu at the end": "La ruta que sigo es esta\n\n> Inicio\n> Informes\n> Anual",
    "a prompt": "Escribo\n> dir\n> copy a b\ny nada",
    "only a quote": "> Hemos tomado nota de su aviso.",
    "greeting in the middle": "El correo automático lleva\nSaludos,\ny ahí se corta.\nUn saludo",
    "thanks and a name": "Ya funciona.\n\nGracias,\nEva Gil\nTel. 555 000 111",
    "footer in a sentence": "El aviso acaba con el texto\nEnviado desde mi iPhone",
    "footer alone": "Enviado desde mi iPhone",
    "sent from, in prose": "Sent from the main server, the file never arrives at the branch in Lugo.",
    "outlook in prose": "Hola.\n\nDescargar Outlook no me deja, sale el error 5.",
    "about a disclaimer": "El texto\nEste mensaje y sus adjuntos son confidenciales\nsale dos veces.",
    "code with a fence": "```\n# no borrar\n#\n\n> x\n```\nFin.",
    "arrow at the end": "a -> b\nb ->\nc <-",
    "a question of spring": "On this day\n\nI wrote something\n\nwhich was read.",
    "url with wrote": "See https://a.example/on-date-someone-wrote: it is odd.",
    "original message in prose": "El mensaje original era otro.\nMensaje original: fallo 3",
    "separator as evidence": "Sale el texto\n-----Mensaje original-----\ny nada más.",
    "note with a date": "Nota: el 3/3/2026 Juan <juan@ext.example> escribió:\nno entra",
    "a person's words on a day": "Fue así.\n\nEl lunes, Juan escribió:\n> No me deja entrar.\n\nY colgó.",
    "a person's words yesterday": "Fue así.\n\nAyer lunes, Juan escribió:\n> No me deja entrar.",
    "a sentence that ends in an address": "Hola.\n\nEl lunes 9/10/2017 escribió Ana desde <ana@ext.example>\n"
    "> No me deja entrar.\n\nY colgó.",
    "a person's words on a day, without marks": "Fue así.\n\nEl lunes, Juan escribió:\n\nNo me deja entrar.\n\nY ya.",
    "a desk's words": "Soporte CAU escribió:\n\nReinicie el equipo.\n\nLo he hecho y sigue igual.",
    "a desk's words on a day": "Hola.\n\nEl lunes, Soporte CAU escribió:\n\nReinicie.\n\nLo hice y sigue igual.",
    "a desk's words in English": "Hi.\n\nOn Monday Support wrote:\n\nRestart it.\n\nI did, and nothing.",
    "a boss's words with a quote mark": "Hola.\n\nEl lunes, mi jefe escribió:\n> Arreglen esto de una vez, por favor.",
    "words within a line": "Hola.\n\nJuan escribió: no me deja entrar desde el lunes.\n\n¿Lo miran?",
    "the user's words with a quote mark": "Fue ayer.\n\nEl usuario Juan escribió:\n> No me deja entrar.\n\nY colgó.",
    "a mail that never arrived": "Hola.\n\nEste correo y el de ayer no han llegado a sus destinatarios.",
    "a mail that never arrived, en": "Hi.\n\nThis message and the previous one never reached the addressee.",
    "a mail that never arrived, ca": "Hola.\n\nAquest correu no arriba al destinatari.",
    "a mail that never arrived, eu": "Kaixo.\n\nMezu hau ez zaio hartzaileari iristen.",
    "a confidential field": "Hola.\n\nInformación confidencial: no la veo en la ficha del cliente.",
    "a confidential mail": "Hola.\n\nEste mensaje es confidencial, por favor: la contraseña del servidor no va.",
    "a wrong report": "Hola.\n\nLa información contenida en este informe es incorrecta: faltan los destinatarios.",
    "about the legal notice": "Hola.\n\nAviso legal: cambiad el pie de la web, falta la protección de datos.",
    "before printing": "Hola.\n\nAntes de imprimir este listado tengo que reiniciar.",
    "do not print": "Hola.\n\nNo imprimas este recibo, que está mal.",
    "environment variables": "Hi.\n\nPlease consider the environment variable PATH in the ticket.",
    "sent from the new device": "Hola.\n\nEnviado desde el dispositivo nuevo, pero no llega.",
    "sent with a phone that fails": "El paquete va\n\nEnviado con el móvil de la empresa no funciona",
    "sent from a town": "Hola.\n\nEnviado desde Lugo",
    "from my program": "Hi.\n\nFrom my mail program I cannot print anything since Monday.",
    "sent with the wrong number": "Hi.\n\nSent with the wrong phone number in the form, sorry.",
    "sent from a phone, and a fault": "Hi.\n\nSent from my iPhone. The list is still empty.",
    "a command below a comment": "-- consulta\nSELECT * FROM a;\n--\nSELECT 2;",
    "a link below a rule": "Abro\n____________\nhttps://app.example/listado\ny no carga.",
    "the system wrote": "El 4/2/2026 a las 14:03 el sistema escribió:\n\nERROR 5\n\ny se cerró.",
    "the server wrote, de": "Am 4.2.2026 um 14:03 schrieb der Server:\n\nFEHLER 5",
    "an order of our form's labels": "**De:** almacén\n**Para:** tienda\n**Fecha:** 3/3/2026 14:05\n**Asunto:** pedido",
    "an account to be made": "Alta de usuario\n\nDe: ana@x.example\nPara: luis@x.example\nFecha: lunes",
    "a booking": "Reserva de sala\n\nDe: 10:00\nA: 12:00\nFecha: 4/2/2026\nAsunto: reunión",
    "a chat": "Nos pasan esto:\n[4/2/26, 14:03] Juan: no entra\n[4/2/26, 14:04] Ana: prueba otra vez",
    "a commit": "commit abc\nAuthor: Eva <eva@x.example>\nDate:   Wed Feb 4 14:03:41 2026 +0100\n\n    arreglo",
    "an smtp dialogue": "> MAIL FROM:<a@b.example>\n< 250 OK\n> RCPT TO:<c@d.example>\n< 550 no",
    "html typed": "<div>De: a</div>\n<br>Para: b",
    "tabs and spaces": "a\tb\n   c\n\td  \n",
    "a letter": "De: Eva Gil (eva@uni.example)\nPara: la mesa\nFecha: 3/3/2026\nAsunto: acceso\n\nPido acceso.",
    "a letter's first words": "El 3 de marzo Ana (ana@uni.example) nos escribió:\n\nno me funciona.\n\n¿Lo miráis?",
    "a nightly job": "From: root@uni.example (Cron)\nTo: root@uni.example\nSubject: copia\n\nsin sitio\n\nA diario",
    "settings": "La configuración es\n\nfrom: a@b.example\nto: c@d.example\nsubject: aviso\n\ny no envía nada.",
    "the program wrote": "Hola.\n\nEl 4/2/2026 a las 14:03, el programa escribió:\n\nERROR 5\n\ny se cerró.",
    "the job wrote, en": "Hello.\n\nOn 4 February 2026 at 14:03, the job wrote:\n\nERROR 5\n\nand stopped.",
    "a message of an account": "Hola.\n\nMensaje de ana@uni.example:\n\nno se puede conectar\n\nAyuda.",
    "a user with an address wrote": "Hola.\n\nEl usuario Luis (luis@uni.example) escribió:\n\nno entra\n\n¿Qué hago?",
    "an address told of": "Hola.\n\nEl 3/3/2026 recibí de mesa@cau.example:\n\nSu clave caduca.\n\n¿Es verdad?",
    "an address wrote to me": "Hola.\n\nEl 3/3/2026 mesa@cau.example me escribió:\n\nSu clave caduca.\n\n¿Sí?",
    "a user wrote to us": "Hola.\n\nEl 3/3/2026 la usuaria Ana (ana@uni.example) nos escribió:\n\nno entro\n\n¿Y?",
    "forwarded by somebody": "Hola.\n\n--- Reenviado por Ana ---\n\nno entro\n\n¿Qué digo?",
    "a second matter below two hyphens": "Hola.\n--\nSegundo tema: la impresora no imprime.\nSigue igual",
    "a postscript below two hyphens": "Un saludo,\nEva\n--\nPD: la impresora tampoco va.",
    "what was written, at the end": "Hola.\n\nY el 03/03/2026 a las 8:05, desde ana@uni.example, escribió:",
    "a program between dashes": "Sale\n\n---- El sistema escribió ----\n\nERROR 5\n\ny se cierra.",
    "addresses typed below": "No llega.\n\nDe: ana@uni.example\nPara: luis@ext.example\nAsunto: x\n\nLo mandé ayer.",
    "addresses typed below, en": "It is lost.\n\nFrom: a@uni.example\nTo: b@ext.example\nSubject: bill\n\nSent twice.",
    "addresses and a day": "No llega.\n\nDe: a@uni.example\nPara: b@ext.example\nFecha: lunes\nAsunto: x\n\nDos veces.",
    "a flight": "Billete\nDe: Vigo\nA: Madrid\nFecha: 03/03/2026 8:05\nAsunto: congreso\n\nno sale en la aplicación",
    "a parcel": "Paquete\nEnviado: 03/03/2026 8:05\nDe: Vigo\nPara: Lugo\nAsunto: taller\nno consta.",
    "paths": "De: C:\\a.txt\nA: D:\\a.txt\nFecha: 03/03/2026 8:05\nTema: copia\n\nno copia",
    "a date without a minute, glued": "Dice El País, 3 mar 2026, que Ana <ana@ext.example> escribió:\n\nno va\n\ny ya.",
    "an attribution as evidence": "Sale mal: El mar, 3 mar 2026 a las 8:05, X (<x@ext.example>) escribió:\ny ya.",
    "told by somebody": "El 3/3/2026 a las 8:05 supe que Ana <ana@ext.example> escribió:\n\nno va\n\nY es así.",
    "an hour before who wrote": "Pero el mar, 3 mar 2026 a las 8:05 Juan <j@ext.example> me escribió:\n\nno va\n\nAsí.",
    "this user wrote": "El 3/3/2026 8:05:41, este usuario escribió:\n\nno entra\n\ny colgó.",
    "our job wrote": "On 2026-03-03 08:05:41 +0100, our job wrote:\n\nERROR 5\n\nand stopped.",
    "dates of a list": "Fallan\n\n03/03/2026 Eva Gil <eva@uni.example>\n04/03/2026 Luis Paz <luis@uni.example>\n\nYa.",
    "one address of a list": "Cuenta\n\nEva Gil <eva@uni.example>:\n\nno recibe nada\n\nGracias.",
    "a link below a rule, at the end": "Lo veo en\n____________\nhttps://app.example/listado?id=3",
    "a chat's hours": "[8:05, 3/3/2026] Juan: no entra\n[8:06, 3/3/2026] Ana: reinicia",
    "regards in a sentence": "With regards to the listing, it is empty.\nBest regards is printed twice.",
    "links of one's own": "Fallan:\n-------\n[1] https://app.example/a\n[2] mailto:mesa@cau.example",
    "links without a rule": "Fallan:\n[1] mailto:mesa@cau.example\n[2] mailto:soporte@cau.example",
    "titles in dashes": "----- Paso 1 -----\nEntrar\n----- Paso 2 -----\nSalir",
    "a phone's fault": "Hola.\n\nEnviado desde mi móvil, con errores en la factura",
    "an offer that fails": "Hola.\n\nObtener Outlook para Android no funciona.",
    "a virus": "Hola.\n\nTengo un virus y Avast no lo quita.",
    "confidentiality": "Hola.\n\nConfidencialidad: el mensaje de alta no la menciona y la información sobra.",
    "data protection": "Hola.\n\nProtección de datos: nos pide el listado con la información de los mensajes.",
    "a law": "Hola.\n\nDe acuerdo con el Reglamento de protección de datos, bórrese la información de mi correo.",
    "zero-width characters": "Ho\u200bla\n\u200b\nAdiós\n\u200b",
    "emoji and a dash": "🎉\n\n—\nEva Gil\nLugo",
}


@pytest.mark.parametrize("text", NEGATIVES.values(), ids=NEGATIVES)
def test_what_an_author_typed_stays_to_the_last_character(text: str) -> None:
    assert visible_text(text) == text
    assert strip_signature(text) == text


TAILS = {
    "rfc 3676": "-- \nEva Gil\nSede de Lugo",
    "without the blank": "--\nEva Gil\nSede de Lugo",
    "iphone": "Enviado desde mi iPhone",
    "ipad en": "Sent from my iPad",
    "android": "Enviado desde mi dispositivo Android",
    "samsung": "Enviado desde mi Samsung Galaxy",
    "windows": "Enviado desde Correo para Windows",
    "outlook ios": "Obtener Outlook para iOS<https://aka.ms/abc>",
    "outlook android": "Get [Outlook for Android](https://aka.ms/abc)",
    "yahoo": "Enviado desde Yahoo Mail para iPhone",
    "pt": "Enviado do meu iPhone",
    "fr": "Envoyé de mon iPhone",
    "de": "Von meinem iPhone gesendet",
    "ca": "Enviat des del meu iPhone",
    "it": "Inviato da iPhone",
    "nl": "Verzonden vanaf mijn iPhone",
    "el": "Στάλθηκε από το iPhone μου",
    "hu": "Elküldve az iPhone készülékemről",
    "ko": "나의 iPhone에서 보냄",
    "galaxy": "<<sent by galaxy>>",
    "network": "Sent from my BlackBerry 10 smartphone on the Bell network.",
    "canary": "Sent from Canary",
    "horde": f"{'-' * 64}\nThis message was sent using IMP, the Internet Messaging Program.",
    "two footers": "Enviado desde mi iPhone\n\nObtener Outlook para iOS",
    "legal notice": "AVISO LEGAL: Este mensaje y sus adjuntos van dirigidos a su destinatario y son confidenciales.",
    "legal notice in two paragraphs": "Este mensaje y sus adjuntos son confidenciales.\n\n"
    "Si lo recibe por error, bórrelo.",
    "legal notice en": "This e-mail and any attachments are confidential and for the addressee only.",
    "legal notice de": "Diese E-Mail enthält vertrauliche Informationen.",
    "legal notice pt": "Esta mensagem e os seus anexos são confidenciais e destinam-se ao destinatário.",
    "legal notice ca": "Aquest missatge i els seus adjunts són confidencials i van dirigits al destinatari.",
    "legal notice eu": "Mezu hau eta erantsitako fitxategiak isilpekoak dira, eta hartzailearentzat baino ez dira.",
    "legal notice, titled": "INFORMACIÓN CONFIDENCIAL: este mensaje y sus adjuntos son confidenciales.",
    "printing ca": "Abans d'imprimir aquest missatge, penseu si és necessari.",
    "legal notice it": "Questo messaggio è confidenziale e destinato al solo destinatario.",
    "k-9": "Enviado desde mi dispositivo Android con K-9 Mail. Por favor, disculpa mi brevedad.",
    "proton": "Enviado con el correo electrónico seguro de [Proton Mail](https://proton.me).",
    "xiaomi": "Enviado desde mi Xiaomi",
    "aqua mail, with its link": "Enviado con Aqua Mail para Android\nhttps://www.aqua.example/aqua-mail",
    "printing, with a leaf": "🌱 No imprimas este correo si no es necesario. Protejamos el medio ambiente.",
    "printing": "Antes de imprimir este correo, piense en los árboles.",
    "virus scanner": "---\nEste correo electrónico ha sido comprobado en busca de virus por Avast.\nhttps://avast.example",
    "virus scanner, picture": "[https://i.example/x.png]<https://avast.example/>    Libre de virus. Avast",
    "notice of a law": "De conformidad con el Reglamento de protección de datos, le informamos de su uso. "
    "Este mensaje es confidencial; si lo recibe por error, bórrelo.",
    "notice below a rule": "________________\n\nEste mensaje se dirige a su destinatario y es confidencial.",
    "horde, links that it lists": "Vínculos:\n---------\n[1] mailto:mesa@cau.example?subject=Consulta&body=x\n"
    "[2] mailto:mesa@cau.example?subject=Retirar",
    "signature and notice": "-- \nEva Gil\n\nAviso legal: información confidencial.",
}


@pytest.mark.parametrize("tail", TAILS.values(), ids=TAILS)
def test_what_stands_below_the_text_goes(tail: str) -> None:
    assert visible_text(f"{OWN}\n\n{tail}\n") == OWN
    assert strip_signature(f"{OWN}\n\n{tail}\n") == OWN


@pytest.mark.parametrize("tail", TAILS.values(), ids=TAILS)
def test_what_stands_between_the_text_and_the_history_goes(tail: str) -> None:
    quote = f"{ABOVE_QUOTED['gmail es']}\n\n{QUOTED}"
    assert visible_text(f"{OWN}\n\n{tail}\n\n{quote}") == OWN
    assert visible_text(f"{quote}\n\n{OWN}\n\n{tail}") == OWN


def test_marks_of_the_admin_end_the_text() -> None:
    marks = TextMarks(disclaimers=("Consejería de Pesca informa",), footers=("Desde la app del puerto",))
    assert visible_text(f"{OWN}\n\nCONSEJERIA DE PESCA   informa: bórrelo.\nOtra línea", marks) == OWN
    assert visible_text(f"{OWN}\nDesde la app del puerto 3.2", marks) == OWN
    assert strip_signature(f"{OWN}\n\nconsejería de pesca informa", marks) == OWN
    assert visible_text("Consejería de Pesca informa", marks) == "Consejería de Pesca informa"


@pytest.mark.parametrize("name", ["gmail es", "thunderbird de", "roundcube"])
def test_an_opening_keeps_its_history(name: str) -> None:
    history = f"{ABOVE_QUOTED[name]}\n{QUOTED}"
    assert strip_signature(f"{OWN}\n\n-- \nEva Gil\n{history}") == f"{OWN}\n\n{history}"
    forward = f"{ABOVE_PLAIN['outlook es']}\n\n{PLAIN}\n-- \nMesa de ayuda"
    assert strip_signature(f"{OWN}\n\n{forward}") == f"{OWN}\n\n{forward}"


def test_a_reply_that_adds_nothing_is_empty() -> None:
    assert visible_text(f"{ABOVE_QUOTED['gmail es']}\n\n{QUOTED}") == ""


def test_a_forward_without_comment_shows_what_is_forwarded() -> None:
    assert visible_text(f"{ABOVE_PLAIN['forward gmail']}\n\n{PLAIN}") == PLAIN


def test_a_header_block_above_all_there_is_stays() -> None:
    """It may be a letter's own; of a mail that only sends the history back, the history is shown."""
    text = f"{ABOVE_PLAIN['outlook es']}\n\n{PLAIN}"
    assert visible_text(text) == text


LOG = "\n".join(
    f"2026-03-03 08:{i // 60 % 60:02}:{i % 60:02} app[{i}] <eva@uni.example> rechazado: {i}" for i in range(3000)
)
RUN_AWAY = {
    "opening words": "On " * 20_000,
    "blank lines": "\n" * 100_000,
    "one rule": "-" * 100_000,
    "labels": "De: a\n" * 5_000,
    "a log": LOG,
    "attributions": "Esto es prosa, con El nombre y On 3 cosas más @ 10:11 <a@b.example>:\n" * 10_000,
    "nearly attributions": "Dijo El 3/3/2026 a las 10:15, que Ana <ana@x.example> escribió:\n" * 10_000,
    "one line of quote marks": ">" * 100_000,
    "colons": ":\n" * 20_000,
    "verbs": "Juan escribió:\n" * 10_000,
    "angle brackets": "<" * 50_000 + ":",
    "blanks": " " * 100_000,
    "two hyphens": "--\n" * 20_000,
    "underscores": "_" * 100_000 + "\n" + "__\n" * 10_000,
    "quoted letters": "> a\n\n" * 20_000,
    "a letter a line": "á\n" * 500_000,
    "a label a line": "a:\n" * 300_000,
    "titles of notices": "Aviso legal\n\n\xa0" * 100_000,
    "stars": "*" * 50_000 + "De:" + "*" * 50_000,
}


@pytest.mark.parametrize("text", RUN_AWAY.values(), ids=RUN_AWAY)
def test_run_away_input_comes_back_whole(text: str) -> None:
    assert visible_text(text) == text
    assert strip_signature(text) == text


def test_a_long_chain_of_replies_is_cut_at_the_first() -> None:
    assert visible_text(f"{OWN}\n\n" + f"{ABOVE_PLAIN['outlook es']}\n\n{PLAIN}\n\n" * 2_000) == OWN
    assert visible_text(f"{OWN}\n\n" + f"{ABOVE_QUOTED['gmail es']}\n{QUOTED}\n\n" * 2_000) == OWN


# -- properties ------------------------------------------------------------------------------------------------------

PIECES = [
    *ABOVE_QUOTED.values(),
    *ABOVE_PLAIN.values(),
    *TAILS.values(),
    *NEGATIVES.values(),
    QUOTED,
    PLAIN,
    OWN,
    "",
    "> x",
]
MIXED = st.lists(st.sampled_from(PIECES) | st.text(max_size=40), max_size=8).map("\n".join)
INNOCENT = st.text(st.characters(exclude_characters=":：>-_<@\r", exclude_categories=["Cs"]), max_size=400)


def _is_subsequence(part: list[str], whole: list[str]) -> bool:
    rest = iter(whole)
    return all(line in rest for line in part)


@given(MIXED)
def test_nothing_is_added_and_a_second_look_changes_nothing(text: str) -> None:
    for shown in (visible_text, strip_signature):
        result = shown(text)
        assert result == "" or _is_subsequence(result.split("\n"), text.split("\n"))
    assert visible_text(visible_text(text)) == visible_text(text)


@given(MIXED)
def test_what_is_shown_whole_has_no_signature(text: str) -> None:
    shown = visible_text(text)
    assert strip_signature(shown) == shown


@given(INNOCENT)
def test_text_without_any_mark_comes_back_whole(text: str) -> None:
    assert visible_text(text) == text
