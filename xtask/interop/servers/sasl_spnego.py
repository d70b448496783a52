"""NTLM as pyspnego has it: what `sasl_server.py` asks."""

import os

import spnego
from spnego._ntlm_raw.crypto import ntowfv1
from spnego.exceptions import SpnegoError


class Exchange:
    def __init__(self):
        self.user = None
        self.context = spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)

    def step(self, response):
        # The client speaks first.
        if not response:
            return b"", False
        challenge = self.context.step(response) or b""
        if self.context.complete:
            self.user = self.context.client_principal
        return challenge, self.context.complete


class Library:
    Refused = (SpnegoError, ValueError)

    def __init__(self, users, folder):
        path = os.path.join(folder, "users.smbpasswd")
        with open(path, "w", encoding="utf-8") as file:
            for number, (user, secret) in enumerate(users.items()):
                key = ntowfv1(secret).hex().upper()
                file.write(f"{user}:{number}:{'0' * 32}:{key}:[U]:LCT-0\n")
        os.environ["NTLM_USER_FILE"] = path
        # NTLMv2 alone.
        os.environ["LM_COMPAT_LEVEL"] = "5"

    def start(self, mechanism, peer):
        return Exchange()
