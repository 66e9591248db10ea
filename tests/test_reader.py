"""The parser process: mails that kill it, hang it or fill its memory harm nobody but themselves."""

from __future__ import annotations

import fcntl
import hashlib
import os
import resource
import signal
import subprocess
import sys
import termios
import threading
from base64 import encodebytes
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.files import Files, Octets
from daemon.mail.pipe import Poisoned
from daemon.mail.reader import Reader, how_to_read
from daemon.store.errors import Unavailable
from parsers.mail import Budget, Mail
from parsers.reply import TextMarks
from tests.patience import PATIENCE_S, until
from tests.store.desk import DESK


def raw(subject: str, body: str = "Hola.") -> bytes:
    return f"From: Ana <ana@cliente.test>\r\nSubject: {subject}\r\n\r\n{body}\r\n".encode()


def with_file(content: bytes, name: str = "x.bin") -> bytes:
    head = (
        "From: ana@cliente.test\r\nSubject: con fichero\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nAdjunto.\r\n'
        f'--b\r\nContent-Type: application/octet-stream; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n'
        f'Content-Disposition: attachment; filename="{name}"\r\n\r\n'
    )
    return head.encode() + encodebytes(content).replace(b"\n", b"\r\n") + b"--b--\r\n"


def pairs(*mails: Octets) -> list[tuple[int, Octets]]:
    return list(enumerate(mails, 1))


def subjects(answers: list[Mail | Poisoned]) -> list[str]:
    """Subjects of what was read; «!» and the reason of what was not."""
    return [f"!{answer.why}" if isinstance(answer, Poisoned) else answer.subject for answer in answers]


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    with Reader(tmp_path) as opened:
        yield opened


def test_f42_where_no_parser_can_be_started_no_mail_is_at_fault(reader: Reader) -> None:
    """The system has no descriptors left, or no memory for one more process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    next_one = os.dup(0)
    os.close(next_one)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next_one, hard))
    try:
        with pytest.raises(Unavailable, match="no parser can be started"):
            reader.parse(pairs(raw("uno")))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert subjects(reader.parse(pairs(raw("uno")))) == ["uno"]


def child_of(reader: Reader) -> int:
    assert reader._child is not None
    return reader._child._process.pid


def test_mails_are_read_in_order(reader: Reader, tmp_path: Path) -> None:
    large = tmp_path / "mail"
    large.write_bytes(raw("de un fichero"))
    answers = reader.parse(pairs(raw("uno"), large, raw("Petición"), raw("cuatro")))
    assert subjects(answers) == ["uno", "de un fichero", "Petición", "cuatro"]
    assert all(isinstance(answer, Mail) and answer.sender == "ana@cliente.test" for answer in answers)
    assert reader.parse([]) == []


def test_one_process_serves_many_batches(reader: Reader) -> None:
    reader.parse(pairs(raw("uno")))
    first = child_of(reader)
    for _ in range(5):
        reader.parse(pairs(raw("dos"), raw("tres")))
    assert child_of(reader) == first


def test_who_takes_its_answers_late_holds_up_no_other(reader: Reader) -> None:
    answers = reader.answers(pairs(raw("uno"), raw("dos"), raw("tres")))
    assert subjects([next(answers)]) == ["uno"]
    assert subjects(reader.parse(pairs(raw("cuatro")))) == ["cuatro"], "nobody waits until the others are taken"
    assert subjects(list(answers)) == ["dos", "tres"]


def test_octets_that_are_not_there_are_poisoned_for_good(reader: Reader) -> None:
    answers = reader.parse(pairs(None, raw("dos"), b""))
    assert subjects(answers) == ["!no octets", "dos", "!no octets"]
    assert all(answer.final for answer in answers if isinstance(answer, Poisoned))


@pytest.mark.parametrize("size", [10, 2_000_000])
def test_attachments_are_kept_by_digest(reader: Reader, tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    (mail,) = reader.parse(pairs(with_file(content)))
    assert isinstance(mail, Mail)
    (attachment,) = mail.attachments
    assert attachment.digest == hashlib.sha256(content).hexdigest()
    assert Files(tmp_path).path(attachment.digest).read_bytes() == content
    assert attachment.content is None


def test_a_budget_is_final_and_as_the_admin_set_it(tmp_path: Path) -> None:
    with Reader(tmp_path, lambda: (Budget(headers=2), TextMarks())) as reader:
        many = b"X-A: 1\r\n" * 5 + raw("muchas")
        read, over = reader.parse(pairs(raw("dos"), many))
        assert isinstance(read, Mail)
        assert isinstance(over, Poisoned)
        assert over.final


def test_the_desk_s_limits_are_the_budget() -> None:
    budget, marks = how_to_read(DESK)
    assert (budget.header_block, budget.header, budget.headers) == (64 * 1024, 8 * 1024, 500)
    assert (budget.depth, budget.parts) == (20, 200)
    assert marks == TextMarks()


# -- what kills it


def test_f42_a_mail_that_kills_the_parser_harms_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACUSE_KILL", "parsing:3")
    with Reader(tmp_path) as reader:
        answers = reader.parse(pairs(*(raw(f"n{n}") for n in range(5))))
    assert subjects(answers) == ["n0", "n1", "!parser died: 9 EOFError", "n3", "n4"]
    assert not answers[2].final


def test_what_the_parser_still_says_of_a_batch_that_failed_here_is_no_answer_to_the_next(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where this process has no memory for an answer: those behind it are other mails'."""
    reader.parse(pairs(raw("cero")))

    def fail(_: bytes) -> object:
        raise MemoryError

    with monkeypatch.context() as full, pytest.raises(MemoryError):
        full.setattr("daemon.mail.pipe.pickle.loads", fail)
        reader.parse(pairs(raw("uno"), raw("dos"), raw("tres")))
    assert subjects(reader.parse(pairs(raw("cuatro")))) == ["cuatro"]


def test_a_parser_that_was_killed_between_batches_is_replaced(reader: Reader) -> None:
    reader.parse(pairs(raw("uno")))
    os.kill(child_of(reader), signal.SIGKILL)
    answers = reader.parse(pairs(raw("dos"), raw("tres")))
    again = reader.parse(pairs(raw("dos"), raw("tres")))
    assert isinstance(answers[0], Poisoned), "it is offered again: whose fault it was cannot be known"
    assert not answers[0].final
    assert subjects(answers)[1:] == ["tres"]
    assert subjects(again) == ["dos", "tres"]


def test_f42_a_parser_that_hangs_is_killed_by_the_clock(tmp_path: Path) -> None:
    with Reader(tmp_path, wall_s=3.0) as reader:
        reader.parse(pairs(raw("uno")))
        os.kill(child_of(reader), signal.SIGSTOP)
        answers = reader.parse(pairs(raw("dos"), raw("tres")))
    assert subjects(answers) == ["!parser: out of time", "tres"]


def test_f42_memory_is_limited(tmp_path: Path) -> None:
    huge = tmp_path / "huge"
    with huge.open("wb") as file:
        file.write(raw("enorme"))
        file.truncate(400 * 1024 * 1024)
    with Reader(tmp_path, memory=350 * 1024 * 1024) as reader:
        first, second = reader.parse(pairs(huge, raw("dos")))
    assert isinstance(first, Poisoned)
    assert isinstance(second, Mail)


def test_processor_time_is_limited_for_each_mail_anew(tmp_path: Path) -> None:
    with Reader(tmp_path, cpu_s=1) as reader:
        reader.parse(pairs(raw("uno")))
        limits = Path(f"/proc/{child_of(reader)}/limits").read_text()
        soft = int(next(line for line in limits.splitlines() if "cpu time" in line).split()[3])
        used = sum(map(int, Path(f"/proc/{child_of(reader)}/stat").read_text().split()[13:15])) / os.sysconf(
            "SC_CLK_TCK"
        )
    assert used < soft <= used + 3


def test_f44_nothing_that_a_library_says_of_a_mail_reaches_the_log(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """It would be the sender's words, and a sender could fill a log that nobody reads."""
    nobody = b"From: \r\nSubject: hola\r\n\r\nUna pregunta.\r\n"
    with Reader(tmp_path) as reader:
        reader.parse(pairs(*[nobody] * 3))
    assert capfd.readouterr().err == ""


# -- its life


def test_signals_that_end_the_daemon_do_not_end_the_parser(reader: Reader) -> None:
    reader.parse(pairs(raw("uno")))
    before = child_of(reader)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(before, number)
    assert subjects(reader.parse(pairs(raw("dos")))) == ["dos"]
    assert child_of(reader) == before


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from daemon.mail.reader import Reader\n"
        f"reader = Reader(Path({str(tmp_path)!r})); reader.parse([(1, b'Subject: x')])\n"
        "print(reader._child._process.pid, flush=True); os._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 9
    child = int(done.stdout)
    until(lambda: not runs(child))


def runs(process: int) -> bool:
    """Whether it does: one that is gone does not, nor one whose end nobody has asked for yet."""
    try:
        return " Z " not in Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_many_threads_share_it(reader: Reader) -> None:
    found: dict[int, list[str]] = {}

    def work(number: int) -> None:
        found[number] = subjects(reader.parse(pairs(*(raw(f"{number}.{n}") for n in range(20)))))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: [f"{number}.{n}" for n in range(20)] for number in range(5)}


def unread(reader: Reader) -> int:
    """Octets that the child was sent and has not read yet."""
    assert reader._child is not None
    pipe = reader._child._process.stdin
    assert pipe is not None
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def test_closing_does_not_wait_for_a_hanging_parser(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    reader.parse(pairs(raw("uno")))
    os.kill(child := child_of(reader), signal.SIGSTOP)
    until(lambda: " T " in Path(f"/proc/{child}/stat").read_text())  # sooner, it may still take what it is sent
    answers: list[Mail | Poisoned] = []
    busy = threading.Thread(target=lambda: answers.extend(reader.parse(pairs(raw("dos")))))
    busy.start()
    until(lambda: unread(reader))
    reader.close()
    busy.join(PATIENCE_S)
    assert isinstance(answers[0], Poisoned)
