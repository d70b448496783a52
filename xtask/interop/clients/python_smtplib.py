"""Python's smtplib as a client. Arguments and exit codes: see README.md."""

import os
import smtplib
import ssl
import sys
from base64 import b64decode, b64encode

host, port, tls, mechanism, user, ca, sender, recipients, *files = sys.argv[1:]
secret = os.environ["INTEROP_SECRET"]

context = ssl.create_default_context(cafile=ca)
if os.environ.get("INTEROP_CERT"):
    context.load_cert_chain(os.environ["INTEROP_CERT"], os.environ["INTEROP_KEY"])


def oauthbearer(challenge=None):
    if challenge is None:
        return f"n,a={user},\x01host={host}\x01port={port}\x01auth=Bearer {secret}\x01\x01"
    return "\x01"


def scram(client):
    """SCRAM by a library, bound to the server's certificate where it is bound."""
    import scramp

    binding = None
    if mechanism.endswith("-PLUS") or os.environ.get("INTEROP_DECEIVED"):
        binding = ("tls-server-end-point", client.sock)
    exchange = scramp.ScramClient([mechanism], user, secret, channel_binding=binding)
    steps = iter(("first", "final", "end"))

    def respond(challenge=None):
        step = next(steps)
        if step == "first":
            return exchange.get_client_first()
        if step == "final":
            exchange.set_server_first(challenge.decode())
            return exchange.get_client_final()
        exchange.set_server_final(challenge.decode())
        return ""

    return respond


def ntlm(client):
    """NTLM by a library. SMTP.auth() would take its octets for text."""
    import spnego

    exchange = spnego.client(user, secret, protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
    code, said = client.docmd("AUTH", "NTLM")
    token = None
    while code == 334:
        token = exchange.step(b64decode(said) if token else None)
        code, said = client.docmd(b64encode(token).decode())
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, said)


def authenticate(client):
    # PLAIN, LOGIN and CRAM-MD5 are the library's own; the rest goes through SMTP.auth(),
    # its documented way to add a mechanism.
    client.user, client.password = user, secret
    own = {
        "PLAIN": client.auth_plain,
        "LOGIN": client.auth_login,
        "CRAM-MD5": client.auth_cram_md5,
        "XOAUTH2": lambda challenge=None: (
            f"user={user}\x01auth=Bearer {secret}\x01\x01" if challenge is None else ""
        ),
        "OAUTHBEARER": oauthbearer,
        "EXTERNAL": lambda challenge=None: user,
        "ANONYMOUS": lambda challenge=None: "interop@example.net",
    }
    if mechanism not in client.esmtp_features["auth"].split():
        raise SystemExit(f"{mechanism} is not offered")
    if mechanism == "NTLM":
        ntlm(client)
    elif mechanism.startswith("SCRAM-"):
        client.auth(mechanism, scram(client))
    else:
        client.auth(mechanism, own[mechanism])


def run():
    if tls == "implicit":
        client = smtplib.SMTP_SSL(host, int(port), timeout=15, context=context)
    else:
        client = smtplib.SMTP(host, int(port), timeout=15)
        client.starttls(context=context)
    client.set_debuglevel(1)
    with client:
        client.ehlo()
        try:
            authenticate(client)
        except smtplib.SMTPAuthenticationError as error:
            print(error, file=sys.stderr)
            return 1
        for name in files:
            with open(name, "rb") as file:
                options = ["body=8bitmime"]
                refused = client.sendmail(sender, recipients.split(","), file.read(), options)
                print("refused recipients:", refused, file=sys.stderr)
    return 0


try:
    sys.exit(run())
except (OSError, smtplib.SMTPException) as error:
    print(repr(error), file=sys.stderr)
    sys.exit(2)
except SystemExit as error:
    if isinstance(error.code, str):
        print(error.code, file=sys.stderr)
        sys.exit(2)
    raise
