"""A page in headless Chromium, driven over a pipe by its own protocol; nothing else is needed."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

__all__ = ["NEEDED", "Page", "open_page", "wait_for"]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NEEDED = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--remote-debugging-pipe",
)
BEGIN = """
import os, sys
for here, there in zip(sys.argv[1:3], (3, 4)):
    os.dup2(int(here), there)
os.execv(sys.argv[3], sys.argv[3:])
"""  # the protocol goes through these two
PATIENCE = 60  # seconds


class Page:
    """One page: what it was asked, what it said in its console, and what it fetched."""

    def __init__(self, give: int, take: int) -> None:
        """Talk through two file descriptors."""
        self._give, self._take = os.fdopen(give, "wb", 0), os.fdopen(take, "rb", 0)
        self._number, self._rest = 0, b""
        self._session: str | None = None
        self.said: list[str] = []
        self.fetched: list[str] = []
        self._loaded = False

    def open(self, path: Path, downloads: Path) -> None:
        """Open a file, and wait until it is there."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for part in ("Runtime", "Log", "Network", "Page"):
            self.ask(f"{part}.enable")
        self.ask("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))
        self.ask("Page.navigate", url=path.as_uri())
        while not self._loaded:
            self._read()

    def close(self) -> None:
        """Close both ends of the pipe."""
        self._give.close()
        self._take.close()

    def do(self, program: str) -> Any:
        """Run a program in the page, and return what it gives."""
        found = self.ask(
            "Runtime.evaluate", expression=program, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def ask(self, method: str, **parameters: object) -> dict[str, Any]:
        """Send a command, and wait for its answer."""
        self._number += 1
        asked = {"id": self._number, "method": method, "params": parameters}
        if self._session and not method.startswith(("Target.", "Browser.")):
            asked["sessionId"] = self._session
        self._give.write(json.dumps(asked).encode() + b"\0")
        while True:
            said = self._read()
            if said.get("id") == self._number:
                assert "error" not in said, said
                result: dict[str, Any] = said["result"]
                return result

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            part = self._take.read(1 << 16)
            assert part, "chromium ended"
            self._rest += part
        first, _, self._rest = self._rest.partition(b"\0")
        said: dict[str, Any] = json.loads(first)
        self._note(said)
        return said

    def _note(self, said: dict[str, Any]) -> None:
        told = said.get("params", {})
        match said.get("method"):
            case "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Log.entryAdded":
                self.said.append(json.dumps(told))
            case "Network.requestWillBeSent":
                self.fetched.append(told["request"]["url"])
            case "Page.loadEventFired":
                self._loaded = True


@contextmanager
def open_page(path: Path, downloads: Path) -> Iterator[Page]:
    """Open a file in a browser of its own, which ends afterwards."""
    asks, answers = os.pipe(), os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        arguments = [str(CHROMIUM), *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        browser = subprocess.Popen(
            [sys.executable, "-c", BEGIN, str(asks[0]), str(answers[1]), *arguments],
            pass_fds=(asks[0], answers[1]),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(asks[0])
        os.close(answers[1])
        page = Page(asks[1], answers[0])
        try:
            page.open(path, downloads)
            yield page
        finally:
            browser.terminate()
            browser.wait(PATIENCE)
            page.close()


def wait_for(folder: Path, name: str) -> Path:
    """Wait until a download is there whole."""
    path, until = folder / name, time.monotonic() + PATIENCE
    while not path.is_file() and time.monotonic() < until:
        time.sleep(0.05)
    return path
