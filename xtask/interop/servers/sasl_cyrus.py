"""Cyrus SASL, by its C library: what `sasl_server.py` asks.

The configuration `interop.conf` is in the server's folder, and so is the database of users.
"""

import ctypes
import os

# The numbers of sasl.h.
OK, CONTINUE, USERNAME = 0, 1, 0
CHANNEL_BINDING, SSF_EXTERNAL, SEC_PROPS, AUTH_EXTERNAL = 21, 100, 101, 102

POINTER = ctypes.c_void_p
SASL = ctypes.CDLL("libsasl2.so.2")
SASL.sasl_errdetail.restype = ctypes.c_char_p
SASL.sasl_errdetail.argtypes = [POINTER]
SASL.sasl_setprop.argtypes = [POINTER, ctypes.c_int, POINTER]
SASL.sasl_getprop.argtypes = [POINTER, ctypes.c_int, POINTER]
SASL.sasl_dispose.argtypes = [POINTER]
SASL.sasl_server_start.argtypes = [
    POINTER, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint, POINTER, POINTER
]
SASL.sasl_server_step.argtypes = [POINTER, ctypes.c_char_p, ctypes.c_uint, POINTER, POINTER]


class Properties(ctypes.Structure):
    _fields_ = [
        ("min_ssf", ctypes.c_uint),
        ("max_ssf", ctypes.c_uint),
        ("maxbufsize", ctypes.c_uint),
        ("security_flags", ctypes.c_uint),
        ("property_names", POINTER),
        ("property_values", POINTER),
    ]


class Binding(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("critical", ctypes.c_int),
        ("len", ctypes.c_ulong),
        ("data", ctypes.c_char_p),
    ]


class Refused(Exception):
    pass


class Exchange:
    def __init__(self, mechanism, peer):
        self.mechanism, self.user = mechanism.encode(), None
        self.session = POINTER()
        # No security layer: TLS is one.
        self.facts = (
            (SEC_PROPS, Properties()),
            (SSF_EXTERNAL, ctypes.c_uint(256)),
            # With it the library takes a client that says `y` for one that was lied to.
            (CHANNEL_BINDING, Binding(b"tls-exporter", 0, len(peer.exporter), peer.exporter)),
        )
        code = SASL.sasl_server_new(
            b"smtp", b"localhost", b"example.org", None, None, None, 0, ctypes.byref(self.session)
        )
        self.check(code)
        for name, fact in self.facts:
            self.check(SASL.sasl_setprop(self.session, name, ctypes.byref(fact)))
        if peer.identity:
            identity = ctypes.c_char_p(peer.identity.encode())
            self.check(SASL.sasl_setprop(self.session, AUTH_EXTERNAL, identity))
        self.started = False

    def __del__(self):
        SASL.sasl_dispose(ctypes.byref(self.session))

    def check(self, code):
        if code not in (OK, CONTINUE):
            raise Refused(SASL.sasl_errdetail(self.session))

    def step(self, response):
        output, length = POINTER(), ctypes.c_uint()
        octets = (response, len(response or b""), ctypes.byref(output), ctypes.byref(length))
        if self.started:
            code = SASL.sasl_server_step(self.session, *octets)
        else:
            code = SASL.sasl_server_start(self.session, self.mechanism, *octets)
        self.started = True
        self.check(code)
        if code == OK:
            name = ctypes.c_char_p()
            self.check(SASL.sasl_getprop(self.session, USERNAME, ctypes.byref(name)))
            self.user = name.value
        challenge = ctypes.string_at(output, length.value) if output else b""
        return challenge, code == OK


class Library:
    Refused = Refused

    def __init__(self, users, folder):
        os.environ["SASL_CONF_PATH"] = folder
        if SASL.sasl_server_init(None, b"interop") != OK:
            raise SystemExit("sasl_server_init")

    def start(self, mechanism, peer):
        return Exchange(mechanism, peer)
