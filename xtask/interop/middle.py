"""Stands between a client and a server, or takes the place of one of them.

    middle.py relay CERT KEY CA PORT RECORD HIDDEN
        Listens on a free port, which it prints, ends TLS there with a certificate of its own when the client
        asks for it, and passes everything on to PORT of this host over another TLS connection. What is said from the AUTH command
        to its last reply goes to the file RECORD: lines that begin with `C: ` and `S: `. Mechanisms whose names
        end with HIDDEN are taken out of what the server offers, unless HIDDEN is empty. It ends with its standard
        input.
    middle.py client CA EHLO|LHLO PORT
        Says the lines `C: ` of standard input to a server, each when the one before has been answered by
        334, and prints the dialogue.
    middle.py server CERT KEY MECHANISM
        Listens on a free port, which it prints, offers that mechanism, answers it by the lines `S: ` of
        standard input and everything else as a server does that is content, and prints the dialogue.
"""

import os
import re
import select
import socket
import ssl
import sys
import threading

SECONDS = 20
HOST = "127.0.0.1"


class Lines:
    """A connection of lines."""

    def __init__(self, sock):
        sock.settimeout(SECONDS)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self.buffer = b""

    def tls(self, context, server_side):
        if self.buffer:
            raise ValueError("plaintext behind STARTTLS")
        name = None if server_side else "localhost"
        self.sock = context.wrap_socket(self.sock, server_side=server_side, server_hostname=name)

    def waiting(self):
        return isinstance(self.sock, ssl.SSLSocket) and self.sock.pending() > 0

    def octets(self):
        """What is there: nothing at the end, and None where it was TLS's own, such as a ticket."""
        self.sock.settimeout(0)
        try:
            return self.sock.recv(65536)
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        finally:
            self.sock.settimeout(SECONDS)

    def line(self):
        while b"\n" not in self.buffer:
            octets = self.sock.recv(65536)
            if not octets:
                raise EOFError("the connection is closed")
            self.buffer += octets
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.rstrip(b"\r").decode("latin-1")

    def reply(self):
        """A reply: its last line."""
        while True:
            line = self.line()
            if line[3:4] != "-":
                return line

    def say(self, line):
        self.sock.sendall(line.encode("latin-1") + b"\r\n")


def server_context(cert, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


def listen():
    listener = socket.create_server((HOST, 0))
    print(listener.getsockname()[1], flush=True)
    return listener


class Recorder:
    """Keeps one AUTH exchange, from the command to the reply that is none of 334."""

    def __init__(self, path):
        self.path = path
        self.running = False
        self.parts = {"C": b"", "S": b""}

    def keep(self, who, octets):
        """Takes what somebody has said, and hands back the lines that are whole with it."""
        *lines, self.parts[who] = (self.parts[who] + octets).split(b"\n")
        lines = [line.rstrip(b"\r").decode("latin-1") for line in lines]
        for line in lines:
            if who == "C" and re.match("(?i)auth ", line):
                self.running = True
                open(self.path, "w").close()
            if self.running:
                with open(self.path, "a", encoding="latin-1") as file:
                    file.write(f"{who}: {line}\n")
                self.running = who == "C" or line.startswith("334")
        return lines


def relay(cert, key, ca, port, record, hidden):
    listener = listen()
    threading.Thread(target=lambda: os._exit(len(sys.stdin.read())), daemon=True).start()
    ours, theirs = server_context(cert, key), ssl.create_default_context(cafile=ca)
    while True:
        recorder = Recorder(record)
        client = Lines(listener.accept()[0])
        server = Lines(socket.create_connection((HOST, int(port))))
        try:
            join(client, server, recorder, ours, theirs, hidden)
        except (OSError, ValueError) as error:
            print(f"{error!r}", file=sys.stderr, flush=True)
        finally:
            for end in (client, server):
                end.sock.close()


def join(client, server, recorder, ours, theirs, hidden):
    """Passes octets on until one side is done."""
    asked = False
    while True:
        ready = [end for end in (client, server) if end.waiting()]
        if not ready:
            socks = {client.sock: client, server.sock: server}
            ready = [socks[sock] for sock in select.select(list(socks), [], [], SECONDS)[0]]
        if not ready:
            return
        for end in ready:
            octets = end.octets()
            if octets is None:
                continue
            if not octets:
                return
            who, other = ("C", server) if end is client else ("S", client)
            lines = recorder.keep(who, octets)
            if hidden and who == "S" and octets.startswith(b"250"):
                octets = re.sub(rb" [A-Z0-9-]+" + hidden.encode() + rb"\b", b"", octets)
            other.sock.sendall(octets)
            if who == "C" and "STARTTLS" in map(str.upper, lines):
                asked = True
            elif who == "S" and asked and any(line.startswith("220") for line in lines):
                asked = False
                server.tls(theirs, False)
                client.tls(ours, True)
                break


def client(ca, hello, port):
    said = [line[3:] for line in sys.stdin.read().split("\n") if line.startswith("C: ")]
    context = ssl.create_default_context(cafile=ca)
    end = Lines(socket.create_connection((HOST, int(port))))

    def ask(line):
        end.say(line)
        reply = end.reply()
        print(f"C: {line}\nS: {reply}", flush=True)
        return reply

    print(f"S: {end.reply()}")
    ask(f"{hello} replay.example.org")
    if not said or not ask("STARTTLS").startswith("220"):
        raise SystemExit("nothing to say, or nobody to say it to")
    end.tls(context, False)
    ask(f"{hello} replay.example.org")
    for line in said:
        if not ask(line).startswith("334"):
            break


def server(cert, key, mechanism):
    replies = [line[3:] for line in sys.stdin.read().split("\n") if line.startswith("S: ")]
    context = server_context(cert, key)
    end = Lines(listen().accept()[0])
    secure = running = data = False

    def say(*lines):
        for line in lines:
            print(f"S: {line}", flush=True)
        end.sock.sendall("".join(line + "\r\n" for line in lines).encode("latin-1"))

    say("220 localhost ESMTP")
    while True:
        line = end.line()
        print(f"C: {line}", flush=True)
        verb = line.split(" ")[0].upper()
        if data:
            data = line != "."
            if not data:
                say("250 2.0.0 taken")
        elif verb == "AUTH" or running:
            running = bool(replies)
            say(replies.pop(0) if replies else "503 5.5.1 that was all")
            running = running and bool(replies)
        elif verb in ("EHLO", "LHLO"):
            offer = f"AUTH {mechanism}" if secure else "STARTTLS"
            say("250-localhost", "250-8BITMIME", "250-SMTPUTF8", f"250 {offer}")
        elif verb == "STARTTLS":
            say("220 2.0.0 go on")
            end.tls(context, True)
            secure = True
        elif verb == "DATA":
            data = True
            say("354 go on")
        elif verb == "QUIT":
            say("221 2.0.0 bye")
            return
        else:
            say("250 2.0.0 ok")


try:
    {"relay": relay, "client": client, "server": server}[sys.argv[1]](*sys.argv[2:])
except (OSError, EOFError, ValueError) as error:
    print(f"{error!r}", flush=True)
