"""A mail server that misbehaves as a scenario says, by aiosmtpd. It keeps the mails that it takes as `box/0001.eml`.

The scenario is a file with JSON; it is read anew for each mail:
  mail, rcpt, data: answers to these commands in turn, such as ["451 later", null]; null and the end of the list accept
  cut: "before" closes the connection at DATA, "after" when the mail is there and was not answered
  size: the largest mail, in octets; slow: seconds before the answer to a mail; login: "USER:PASSWORD" that is required
The options --cert and --key allow STARTTLS, or encrypt from the start with --smtps.
"""

import argparse
import asyncio
import json
import pathlib
import ssl

from aiosmtpd.smtp import SMTP, AuthResult


class Box:
    """Answers the commands, and keeps the mails and the tries."""

    def __init__(self, place):
        self.place = place
        self.box = place / "box"
        self.box.mkdir(exist_ok=True)

    def scenario(self):
        return json.loads((self.place / "scenario").read_text())

    def note(self, line):
        with (self.place / "log").open("a") as log:
            log.write(line + "\n")

    def answer(self, command):
        """The next answer to a command; None accepts."""
        done = sum(line == command for line in (self.place / "log").read_text().splitlines()) if (self.place / "log").exists() else 0
        self.note(command)
        answers = self.scenario().get(command, [])
        return answers[done] if done < len(answers) else None

    async def handle_MAIL(self, server, session, envelope, address, options):
        refusal = self.answer("mail")
        if refusal:
            return refusal
        if self.scenario().get("login") and not session.authenticated:
            return "530 5.7.0 Authentication required"
        self.note(f"from {address} {' '.join(options)} tls={session.ssl is not None}")
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        refusal = self.answer("rcpt")
        if refusal:
            return refusal
        self.note(f"to {address}")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        scenario = self.scenario()
        refusal = self.answer("data")
        if refusal:
            return refusal
        if scenario.get("cut") == "before":
            server.transport.abort()
            return "250 OK"
        await asyncio.sleep(scenario.get("slow", 0))
        number = len(list(self.box.iterdir())) + 1
        (self.box / f"{number:04}.eml").write_bytes(envelope.original_content)
        if scenario.get("cut") == "after":
            server.transport.abort()
        return f"250 2.0.0 queued as {number}"

    def check(self, server, session, envelope, mechanism, data):
        login = f"{data.login.decode()}:{data.password.decode()}"
        return AuthResult(success=login == self.scenario().get("login"), handled=False)


async def serve():
    arguments = argparse.ArgumentParser()
    for option in ["--place", "--cert", "--key"]:
        arguments.add_argument(option)
    arguments.add_argument("--smtps", action="store_true")
    options = arguments.parse_args()
    box = Box(pathlib.Path(options.place))
    context = None
    if options.cert:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.cert, options.key)

    def session():
        size = box.scenario().get("size", 33554432)
        start_tls = None if options.smtps else context
        return SMTP(box, hostname="mail.localhost", data_size_limit=size, tls_context=start_tls,
                    authenticator=box.check, auth_require_tls=False)

    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0, ssl=context if options.smtps else None)
    print(f"listening on {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


asyncio.run(serve())
