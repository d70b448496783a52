"""A submission server that leaves AUTH to a SASL library, and keeps what it takes.

usage: sasl_server.py LIBRARY MECHANISMS FOLDER PORT TLS_PORT CERT KEY CA USER SECRET [USER SECRET ...]

LIBRARY is gsasl, cyrus or spnego: each has a file `sasl_LIBRARY.py` with a class `Library`. Whether a client is who
it says it is, is that library's decision alone; here is nothing but SMTP, TLS and base64.
"""

import base64
import binascii
import importlib
import itertools
import os
import socketserver
import sys
import threading

from cryptography import x509
from OpenSSL import SSL

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

NUMBER = itertools.count()
# RFC 9266 section 2.
EXPORTER = b"EXPORTER-Channel-Binding"


class Keep:
    """Writes each message to a file of its own, as it came, and renames it when it is whole."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("tmp", "new"):
            os.makedirs(os.path.join(folder, name), exist_ok=True)

    def __call__(self, message):
        name = f"{os.getpid()}.{next(NUMBER)}"
        part = os.path.join(self.folder, "tmp", name)
        with open(part, "wb") as file:
            file.write(message)
        os.rename(part, os.path.join(self.folder, "new", name))


class Peer:
    """What a library may know of the connection."""

    exporter = identity = None

    def __init__(self, connection=None):
        if connection is not None:
            self.exporter = connection.export_keying_material(EXPORTER, 32, b"")
            certificate = connection.get_peer_certificate(as_cryptography=True)
            if certificate is not None:
                extensions = certificate.extensions
                names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
                self.identity = names.get_values_for_type(x509.RFC822Name)[0]


class Session(socketserver.BaseRequestHandler):
    """One connection."""

    def handle(self):
        self.buffer = b""
        self.peer = None
        self.user = None
        try:
            if self.server.is_implicit:
                self.start_tls()
            self.talk()
        except (OSError, EOFError, SSL.Error) as error:
            print(f"closed: {error!r}", flush=True)

    def start_tls(self):
        connection = SSL.Connection(self.server.context, self.request)
        connection.set_accept_state()
        connection.do_handshake()
        self.request = connection
        self.peer = Peer(connection)

    def line(self):
        while b"\r\n" not in self.buffer:
            octets = self.request.recv(65536)
            if not octets:
                raise EOFError
            self.buffer += octets
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def say(self, *lines):
        print(*lines, sep="\n", flush=True)
        self.request.sendall("".join(line + "\r\n" for line in lines).encode())

    def talk(self):
        self.say("220 localhost ESMTP")
        rcpt = False
        while True:
            line = self.line()
            verb, _, rest = line.decode("utf-8", "replace").partition(" ")
            verb = verb.upper()
            if verb == "EHLO":
                offer = ["STARTTLS"]
                if self.peer:
                    offer = ["AUTH " + " ".join(self.server.offered(self.peer))]
                rest = ["localhost", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"]
                self.say(*(f"250-{word}" for word in rest), f"250 {offer[0]}")
            elif verb == "STARTTLS" and not self.peer:
                self.say("220 2.0.0 go on")
                self.start_tls()
            elif verb == "AUTH" and self.peer and not self.user:
                self.authenticate(*rest.split(" "))
            elif verb == "QUIT":
                self.say("221 2.0.0 bye")
                return
            elif verb in ("MAIL", "RCPT", "DATA") and not self.user:
                self.say("530 5.7.0 log in first")
            elif verb == "RCPT" and os.environ["INTEROP_REJECTED"] in rest:
                self.say("550 5.1.1 no such user")
            elif verb == "DATA" and rcpt:
                self.say("354 go on")
                self.server.keep(self.message())
                self.say("250 2.0.0 kept")
            elif verb in ("MAIL", "RCPT", "RSET", "NOOP"):
                rcpt = verb == "RCPT"
                self.say("250 2.0.0 ok")
            else:
                self.say("503 5.5.1 not now")

    def message(self):
        lines = []
        while (line := self.line()) != b".":
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(line + b"\r\n" for line in lines)

    def authenticate(self, mechanism, initial=None):
        """One exchange: every step is the library's."""
        if mechanism not in self.server.offered(self.peer):
            self.say("504 5.5.4 no such mechanism")
            return
        print(f"C: AUTH {mechanism} {initial or ''}", flush=True)
        try:
            with self.server.lock:
                exchange = self.server.library.start(mechanism, self.peer)
            response = None
            if initial is not None:
                response = base64.b64decode("" if initial == "=" else initial, validate=True)
            while True:
                with self.server.lock:
                    challenge, done = exchange.step(response)
                if done and not challenge:
                    break
                self.say("334 " + base64.b64encode(challenge).decode())
                said = self.line()
                print("C: " + said.decode(), flush=True)
                if said == b"*":
                    self.say("501 5.7.0 given up")
                    return
                response = base64.b64decode(said, validate=True)
                if done:
                    # What it adds to its success has been read.
                    break
        except binascii.Error:
            self.say("501 5.5.2 no base64")
            return
        except self.server.library.Refused as error:
            print(f"refused: {error}", flush=True)
            self.say("535 5.7.8 refused")
            return
        self.user = exchange.user
        self.say("235 2.7.0 in")


class Server(socketserver.ThreadingTCPServer):
    """A port."""

    allow_reuse_address = daemon_threads = True

    def offered(self, peer):
        return [name for name in self.mechanisms if name != "EXTERNAL" or peer.identity]


def main(library, mechanisms, folder, port, tls_port, cert, key, ca, *users):
    users = dict(zip(users[::2], users[1::2]))
    library = importlib.import_module(f"sasl_{library}").Library(users, folder)
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate_chain_file(cert)
    context.use_privatekey_file(key)
    context.load_verify_locations(ca)
    context.set_verify(SSL.VERIFY_PEER)
    keep, lock = Keep(os.path.join(folder, "mail")), threading.Lock()
    for number, is_implicit in ((port, False), (tls_port, True)):
        server = Server(("127.0.0.1", int(number)), Session)
        server.library, server.mechanisms = library, mechanisms.split(" ")
        server.context, server.keep, server.lock = context, keep, lock
        server.is_implicit = is_implicit
        threading.Thread(target=server.serve_forever).start()


main(*sys.argv[1:])
