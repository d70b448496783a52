"""aiosmtpd as a submission server, and as a server without users that others relay to.

usage: aiosmtpd_server.py FOLDER PORT TLS_PORT CERT KEY USER SECRET [USER SECRET ...]
       aiosmtpd_server.py FOLDER PORT
"""

import itertools
import os
import ssl
import sys
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

NUMBER = itertools.count()


class Keep:
    """Writes each message to a file of its own, as it came, and renames it when it is whole."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("tmp", "new"):
            os.makedirs(os.path.join(folder, name), exist_ok=True)

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address == os.environ["INTEROP_REJECTED"]:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        name = f"{os.getpid()}.{next(NUMBER)}"
        part = os.path.join(self.folder, "tmp", name)
        with open(part, "wb") as file:
            file.write(envelope.original_content)
        os.rename(part, os.path.join(self.folder, "new", name))
        return "250 2.0.0 kept"


def main(folder, port, tls_port=None, cert=None, key=None, *users):
    users = {user.encode(): secret.encode() for user, secret in zip(users[::2], users[1::2])}

    def authenticate(server, session, envelope, mechanism, login):
        right = users.get(login.login) == login.password
        return AuthResult(success=right, handled=right)

    common = {"hostname": "127.0.0.1", "server_hostname": "localhost"}
    if tls_port is None:
        Controller(Keep(folder), port=int(port), **common).start()
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        common.update(authenticator=authenticate, auth_required=True)
        Controller(Keep(folder), port=int(port), tls_context=context, **common).start()
        # It knows of TLS only what STARTTLS has begun, and would offer no AUTH here.
        Controller(
            Keep(folder), port=int(tls_port), ssl_context=context, auth_require_tls=False, **common
        ).start()
    while True:
        time.sleep(3600)


main(*sys.argv[1:])
