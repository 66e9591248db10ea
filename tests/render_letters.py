"""`make letters`: every sample letter in headless Chromium at three widths, light and dark, as pictures in letters/.

Fails where a letter scrolls sideways at 320 px. Chromium is driven over its debugging pipe: one process, no network.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from base64 import b64decode, b64encode
from email import message_from_bytes, policy
from itertools import count
from pathlib import Path
from typing import Any

from tests.lettering import composed_samples

WIDTHS = (320, 375, 800)
SCHEMES = ("light", "dark")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
]


class Browser:
    """Chromium over its debugging pipe: JSON messages that end in NUL."""

    def __init__(self, program: str, profile: str) -> None:
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        command = [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        shell = f'exec "$@" 3<&{to_browser} 4>&{from_browser}'
        self._process = subprocess.Popen(
            ["bash", "-c", shell, "chromium", *command],
            pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._ids, self._rest = count(1), b""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def call(self, method: str, session: bool = False, **params: Any) -> dict[str, Any]:
        """One command and its answer."""
        number = next(self._ids)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != number:
            pass
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def page(self, method: str, **params: Any) -> dict[str, Any]:
        """One command to the page."""
        return self.call(method, session=True, **params)

    def close(self) -> None:
        """Ends the browser and waits for it."""
        self.call("Browser.close")
        self._process.wait(20)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            chunk = os.read(self._read, 1 << 20)
            if not chunk:
                raise RuntimeError("Chromium ended")
            self._rest += chunk
        message, self._rest = self._rest.split(b"\0", 1)
        return json.loads(message)


def html_of(raw: bytes) -> str:
    """The HTML part, its inline pictures put in."""
    mail = message_from_bytes(raw, policy=policy.default)
    html = mail.get_body(("html",)).get_content()
    pictures = {p["Content-ID"].strip("<>"): p.get_content() for p in mail.walk() if p["Content-ID"]}
    return re.sub(r"cid:(\w+)", lambda m: "data:image/png;base64," + b64encode(pictures[m.group(1)]).decode(), html)


def photograph(browser: Browser, html: str, folder: Path, name: str) -> list[str]:
    """Pictures of one letter; complaints where it scrolls sideways."""
    frame = browser.page("Page.getFrameTree")["frameTree"]["frame"]["id"]
    wrong = []
    for width in WIDTHS:
        browser.page("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
        browser.page("Page.setDocumentContent", frameId=frame, html=html)
        for scheme in SCHEMES:
            feature = [{"name": "prefers-color-scheme", "value": scheme}]
            browser.page("Emulation.setEmulatedMedia", features=feature)
            size = browser.page("Page.getLayoutMetrics")["cssContentSize"]
            if size["width"] > width:
                wrong.append(f"{name}: {size['width']} px wide at {width}")
            area = {"x": 0, "y": 0, "width": width, "height": size["height"], "scale": 1}
            shot = browser.page("Page.captureScreenshot", clip=area, captureBeyondViewport=True)
            (folder / f"{name}-{width}-{scheme}.png").write_bytes(b64decode(shot["data"]))
    return wrong


def main() -> int:
    """Renders the samples named on the command line, or all."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("names", nargs="*")
    arguments.add_argument("--to", type=Path, default=Path("letters"))
    arguments.add_argument("--language", default="")
    options = arguments.parse_args()
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not program:
        print("make letters needs Chromium. On Debian: apt-get install chromium")
        return 1
    options.to.mkdir(exist_ok=True)
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(program, profile)
        try:
            for language, name, raw in composed_samples():
                if options.language in ("", language) and (not options.names or name in options.names):
                    wrong += photograph(browser, html_of(raw), options.to, f"{language}-{name}")
        finally:
            browser.close()
    print("\n".join([*wrong, f"pictures in {options.to}/"]))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
