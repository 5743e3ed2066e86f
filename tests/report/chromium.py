"""Drives a headless Chromium over a pipe with its DevTools protocol; no port is opened."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)

ON_3_AND_4 = """
import fcntl, os, sys
inlet, outlet = (fcntl.fcntl(int(n), fcntl.F_DUPFD, 10) for n in sys.argv[1:3])
os.dup2(inlet, 3)
os.dup2(outlet, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Chromium reads the protocol from descriptor 3 and writes to 4."""


class Chromium:
    """One browser with one page; ``with Chromium() as page``."""

    def __enter__(self) -> "Chromium":
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        their_in, self._out = os.pipe()
        inlet, their_out = os.pipe()
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-c", ON_3_AND_4, str(their_in), str(their_out)),
                *(PROGRAM, *FLAGS, f"--user-data-dir={self._profile.name}", "about:blank"),
            ],
            pass_fds=(their_in, their_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(their_in)
        os.close(their_out)
        self._in = os.fdopen(inlet, "rb")
        self._count, self.session, self._buffer = 0, None, b""
        self.events: list[dict[str, Any]] = []
        self.new_tab()
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._out)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._in.close()
        self._profile.cleanup()

    def new_tab(self) -> None:
        """Open another page, which is the one that is driven from here on, until `session` is set again."""
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Call a method of the protocol; events that come before the answer are kept."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._out, data) :]
        while True:
            while b"\0" not in self._buffer:
                piece = self._in.read1(1 << 16)
                if not piece:
                    raise EOFError("Chromium has gone")
                self._buffer += piece
            line, self._buffer = self._buffer.split(b"\0", 1)
            answer = json.loads(line)
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def open(self, page: Path | str, *, width: int = 1280, height: int = 900) -> None:
        """Open a file or an address and wait until it has loaded."""
        url = page if isinstance(page, str) else page.as_uri()
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        begun = len(self.events)
        answer = self.call("Page.navigate", url=url)
        assert "errorText" not in answer, answer
        if "loaderId" in answer:  # a page, and not another place in the one that is open; it may rewrite its address
            self.wait_for("Page.lifecycleEvent", begun, name="load", loaderId=answer["loaderId"])

    def key(self, key: str, *, modifiers: int = 0) -> None:
        """Press and release a key, as a keyboard does: one character, or a name such as ``Tab``."""
        code = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        about = {"key": key, "text": text, "windowsVirtualKeyCode": code.get(key, ord(key[0].upper()))}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", modifiers=modifiers, **about)
        self.call("Input.dispatchKeyEvent", type="keyUp", modifiers=modifiers, **about)

    def type(self, text: str) -> None:
        """Type a text into what has the focus."""
        self.call("Input.insertText", text=text)

    def js(self, expression: str) -> Any:
        """Evaluate as if a person had clicked."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, expression: str, seconds: float = 60.0) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + seconds
        while not self.js(expression):
            assert time.monotonic() < end, f"never true: {expression}"
            time.sleep(0.03)

    def wait_for(self, method: str, since: int, seconds: float = 60.0, **parameters: object) -> dict[str, Any]:
        """Wait for an event with these parameters that is not among the first `since`; return all its parameters."""
        end = time.monotonic() + seconds
        while True:
            for event in self.events[since:]:
                if event["method"] == method and parameters.items() <= event["params"].items():
                    return event["params"]
            assert time.monotonic() < end, f"never came: {method} {parameters}"
            time.sleep(0.01)
            self.call("Target.getTargets")  # brings the events that have come
