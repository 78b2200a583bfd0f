# SPDX-License-Identifier: MIT-0
#
# Chromium without a screen, spoken to over a pipe: a page is built up, drawn, and emptied again.
# Chromium has an allocator in its program file, which the dynamic linker prefers to any preloaded
# one; so this shows that it lives beside strata, and how much strata's presence costs.

import base64
import json
import os
import subprocess
import time

from services_programs import input_file
from services_servers import Service
from services_stage import LIMIT_S, Broken, digest

# The pipe's file descriptors, as the browser wants them.
COMMANDS, ANSWERS = 3, 4


class Pipe:
    """The browser's protocol: JSON, with a zero byte after each message."""

    def __init__(self, commands, answers):
        self.commands = commands
        self.answers = answers
        self.rest = b""
        self.number = 0
        self.session = None

    def receive(self):
        while b"\0" not in self.rest:
            part = os.read(self.answers, 1 << 20)
            if not part:
                raise Broken("the browser closed its pipe")
            self.rest += part
        message, _, self.rest = self.rest.partition(b"\0")
        return json.loads(message)

    def call(self, method, **parameters):
        """The result of one command; what else happens meanwhile is passed over."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session is not None:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise Broken("%s: %s" % (method, answer["error"].get("message")))
                return answer["result"]
        raise Broken("%s did not answer" % method)

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True,
                           returnByValue=True)
        if "exceptionDetails" in result:
            raise Broken("the page threw: %s" % result["exceptionDetails"].get("text"))
        return result["result"].get("value")


class Chromium(Service):
    name = "chromium"
    needs = (("/usr/lib/chromium/chromium", "chromium"),)
    note = "has an allocator of its own; strata only lies beside it"

    def run(self, stage):
        command_read, command_write = os.pipe()
        answer_read, answer_write = os.pipe()
        try:
            self.start(stage, command_read, answer_write)
            os.close(command_read)
            os.close(answer_write)
            command_read = answer_write = None
            self.work(stage, Pipe(command_write, answer_read))
            stage.wait()
        finally:
            for descriptor in (command_read, command_write, answer_read, answer_write):
                if descriptor is not None:
                    os.close(descriptor)

    @staticmethod
    def start(stage, commands, answers):
        """A shell puts the pipe where the browser looks for it, and becomes the browser."""
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
                 "--user-data-dir=" + os.path.join(stage.place, "profile"), "--disable-breakpad",
                 "--no-first-run", "--force-device-scale-factor=1", "--hide-scrollbars",
                 "--disable-background-networking", "--disable-component-update", "about:blank"]
        stage.start(["bash", "-c", 'exec 3<&%d 4>&%d; exec "$@"' % (commands, answers), "-",
                     "/usr/lib/chromium/chromium", *flags], pass_fds=(commands, answers),
                    stdout=subprocess.DEVNULL)

    @staticmethod
    def work(stage, pipe):
        target = pipe.call("Target.createTarget", url="about:blank", newWindow=True,
                           width=800, height=600)
        pipe.session = pipe.call("Target.attachToTarget", targetId=target["targetId"],
                                 flatten=True)["sessionId"]
        stage.mark("ready")
        with open(input_file("page.js"), encoding="ascii") as file:
            pipe.evaluate(file.read())
        count = 1000 if stage.is_short else 8000
        for number in range(2):
            stage.check("page %d" % number, digest(pipe.evaluate("build(%d, %d)" % (count, number))))
            picture = pipe.call("Page.captureScreenshot", format="png")["data"]
            stage.check("picture %d" % number, digest(base64.b64decode(picture)))
        stage.mark("loaded")
        pipe.evaluate("empty()")
        pipe.call("HeapProfiler.collectGarbage")
        stage.idle()
        pipe.session = None
        pipe.call("Browser.close")
