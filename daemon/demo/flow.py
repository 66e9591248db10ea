"""`acuse demo`: the whole flow on an embedded mail server, each mail shown as it passes."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from daemon.commands import COMMAND
from daemon.config.loopback import SUBJECT
from daemon.demo.correspondent import click, reply, write
from daemon.demo.desks import OPENINGS, PASSWORD, SERVICE, TECHNICIANS
from daemon.demo.embedded import HOST
from daemon.demo.stage import Screen, Stage
from daemon.demo.week import show_week

MARTA, PEPE, ANA = "Marta Gil <marta@cliente.example>", "Pepe Sanz <pepe@cliente.example>", "Ana Ruiz <ana@cau.example>"


def demo(keep: bool = False, week: bool = False) -> int:
    """Show the flow; with ``keep`` leave it running until Ctrl-C, and say how to attach a mail client. ``week`` shows a
    week of a desk with three groups instead."""
    screen = Screen()
    with tempfile.TemporaryDirectory(prefix="acuse-demo-") as folder:
        if week:
            show_week(Path(folder), screen)
        else:
            _show_flow(Stage(Path(folder), screen), keep)
    if not keep:
        screen.print(NEXT_STEPS, soft_wrap=True, highlight=False)
    return 0


def _show_flow(stage: Stage, keep: bool) -> None:
    started = time.monotonic()
    try:
        stage.open()
        flow(stage)
        stage.scene(f"The flow took {time.monotonic() - started:.1f} s.")
        if keep:
            stay(stage)
    finally:
        stage.close()


def flow(stage: Stage) -> None:
    """Everything that an incident can live through, from the first mail to the survey."""
    stage.scene("1. Marta opens an incident")
    stage.send(write(MARTA, OPENINGS, SUBJECT, OPENING, files={"captura.png": b"\x89PNG"}))
    stage.wait("confirmation", MARTA)
    assignment = stage.wait("assignment", ANA_GROUP)
    stage.scene("2. Ana, a technician, asks; Marta answers")
    stage.send(click(ANA, assignment.links["Pedir información"], {"Texto": "¿Qué navegador usa?"}))
    question = stage.wait("info_request", MARTA)
    stage.send(reply(MARTA, question, "Uso Firefox 115."))
    stage.wait("update", ANA_GROUP)
    stage.scene("3. A solution; Marta rejects it")
    stage.send(click(ANA, assignment.links["Resolver"], {"Solución": "Se reinicia el servicio AREN."}))
    first = stage.wait("validation", MARTA)
    stage.send(click(MARTA, first.links["Rechazar Petición"], {"Motivo": "Sigue fallando al guardar."}))
    stage.wait("reopening", MARTA)
    update = stage.wait("update", ANA_GROUP)
    stage.scene("4. A second solution; Marta validates it")
    stage.send(click(ANA, update.links["Resolver"], {"Solución": "Se instala la versión 4.2, que corrige el fallo."}))
    second = stage.wait("validation", MARTA)
    stage.send(click(MARTA, second.links["Validar Petición"]))
    stage.wait("closure", MARTA)
    stage.scene("5. Pepe's form has faults; the repaired one opens")
    stage.send(write(PEPE, OPENINGS, SUBJECT, "Servicio/Aplicación: ARENN\nTipo: Error Acceso\n"))
    refusal = stage.wait("refusal", PEPE)
    stage.send(click(PEPE, refusal.links["Corregir y enviar"], {"Descripción": "No puedo entrar desde las 9:40."}))
    stage.wait("confirmation", PEPE)
    stage.wait("assignment", ANA_GROUP)


def stay(stage: Stage) -> None:
    """Leave servers and daemon running until Ctrl-C, and say how to look at them."""
    servers = stage.servers
    where = {
        "command": COMMAND,
        "host": HOST,
        "imap": servers.imap_port,
        "smtp": servers.smtp_port,
        "password": PASSWORD,
        "openings": OPENINGS,
        "service": SERVICE,
        "technicians": TECHNICIANS,
    }
    for user, sender in (("marta", MARTA), ("pepe", PEPE), ("ana", ANA)):
        (stage.folder / user).write_text(MUTTRC.format(user=user, sender=sender, **where), encoding="utf-8")
    stage.console.print(HOW_TO_ATTACH.format(folder=stage.folder, **where), soft_wrap=True, highlight=False)
    try:
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        stage.console.print("Stopped.")


NEXT_STEPS = f"""
Try it yourself:   {COMMAND} demo --keep   the same desk goes on running, for your mail client
Set up your own:   {COMMAND} init ~/acuse  writes a commented config.toml into a folder of its own"""
ANA_GROUP = "n1@cau.example"
OPENING = """Servicio/Aplicación: AREN
Tipo: Error Funcional
Descripción: La pantalla de altas da un error 500 al guardar.
"""
HOW_TO_ATTACH = """
The desk goes on running; Ctrl-C ends it and leaves nothing behind.
Read and write as one of its people:

  mutt -F {folder}/marta    a requester, as is pepe
  mutt -F {folder}/ana      a technician; reads n1@ and n2@ too

A link of a letter is opened by

  mutt -F {folder}/ana 'mailto:…'

with the whole link between the quotes; or its copy block is typed into a new
mail. Thunderbird: IMAP {host} port {imap}, user marta, pepe or ana,
password {password}; SMTP {host} port {smtp}, no login; neither encrypted;
marta@cliente.example, pepe@cliente.example, ana@cau.example.

Open an incident by a mail to {openings} with the subject and the
body that you saw above. Answers, and «Mis incidencias», go to
{service}; what ana asks («Consulta») goes to
{technicians}. What the desk has in its books:

  {command} --config {folder}/config.toml list"""
MUTTRC = """
set imap_user={user} imap_pass={password} folder=imap://{host}:{imap}/ spoolfile=+INBOX record="" mail_check=5 timeout=5
set markers=no
set smtp_url=smtp://{host}:{smtp}/ from="{sender}" use_from=yes abort_unmodified=no ssl_starttls=no ssl_force_tls=no
"""
