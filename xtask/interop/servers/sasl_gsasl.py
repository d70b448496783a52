"""GNU SASL, by its C library: what `sasl_server.py` asks."""

import base64
import ctypes

# The numbers of gsasl.h.
OK, NEEDS_MORE, NO_CALLBACK, AUTHENTICATION_ERROR = 0, 1, 51, 31
AUTHID, AUTHZID, PASSWORD, ANONYMOUS_TOKEN, SERVICE, HOSTNAME, REALM, QOPS = 1, 2, 3, 4, 5, 6, 11, 13
CB_TLS_EXPORTER, VALIDATE_SIMPLE, VALIDATE_EXTERNAL, VALIDATE_ANONYMOUS = 25, 500, 501, 502

GSASL = ctypes.CDLL("libgsasl.so.18")
CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
POINTER = ctypes.c_void_p
GSASL.gsasl_property_fast.restype = GSASL.gsasl_strerror.restype = ctypes.c_char_p
GSASL.gsasl_property_fast.argtypes = [POINTER, ctypes.c_int]
GSASL.gsasl_property_set.argtypes = [POINTER, ctypes.c_int, ctypes.c_char_p]
GSASL.gsasl_server_start.argtypes = [POINTER, ctypes.c_char_p, POINTER]
GSASL.gsasl_callback_set.argtypes = [POINTER, CALLBACK]
GSASL.gsasl_step.argtypes = [POINTER, ctypes.c_char_p, ctypes.c_size_t, POINTER, POINTER]
GSASL.gsasl_finish.argtypes = GSASL.gsasl_free.argtypes = [POINTER]


class Refused(Exception):
    pass


class Exchange:
    def __init__(self, library, mechanism, peer):
        self.library, self.peer, self.user = library, peer, None
        self.session = POINTER()
        library.exchange = self
        code = GSASL.gsasl_server_start(library.context, mechanism.encode(), ctypes.byref(self.session))
        if code != OK:
            raise Refused(GSASL.gsasl_strerror(code))

    def __del__(self):
        if self.session:
            GSASL.gsasl_finish(self.session)

    def step(self, response):
        self.library.exchange = self
        response = response or b""
        output, length = POINTER(), ctypes.c_size_t()
        code = GSASL.gsasl_step(
            self.session, response, len(response), ctypes.byref(output), ctypes.byref(length)
        )
        if code not in (OK, NEEDS_MORE):
            raise Refused(GSASL.gsasl_strerror(code))
        challenge = ctypes.string_at(output, length.value) if output else b""
        GSASL.gsasl_free(output)
        if code == OK:
            # ANONYMOUS has no name.
            self.user = GSASL.gsasl_property_fast(self.session, AUTHID) or b"somebody"
        return challenge, code == OK

    def property(self, name):
        value = GSASL.gsasl_property_fast(self.session, name)
        return None if value is None else value.decode()

    def answer(self, name, users):
        """What the library asks the application."""
        facts = {SERVICE: "smtp", HOSTNAME: "localhost", REALM: "localhost", QOPS: "qop-auth"}
        if name == VALIDATE_SIMPLE:
            right = users.get(self.property(AUTHID))
            return OK if right == self.property(PASSWORD) is not None else AUTHENTICATION_ERROR
        if name == VALIDATE_EXTERNAL:
            asked = self.property(AUTHZID)
            right = self.peer.identity and asked in (None, "", self.peer.identity)
            return OK if right else AUTHENTICATION_ERROR
        if name == VALIDATE_ANONYMOUS:
            return OK
        if name == PASSWORD:
            facts[PASSWORD] = users.get(self.property(AUTHID))
        if name == CB_TLS_EXPORTER:
            facts[CB_TLS_EXPORTER] = base64.b64encode(self.peer.exporter).decode()
        if facts.get(name) is None:
            return NO_CALLBACK
        return GSASL.gsasl_property_set(self.session, name, facts[name].encode())


class Library:
    Refused = Refused

    def __init__(self, users, folder):
        self.context = POINTER()
        self.exchange = None
        if GSASL.gsasl_init(ctypes.byref(self.context)) != OK:
            raise SystemExit("gsasl_init")

        def callback(_context, session, name):
            # Inside gsasl_server_start it has not been handed out yet.
            self.exchange.session = POINTER(session)
            return self.exchange.answer(name, users)

        self.callback = CALLBACK(callback)
        GSASL.gsasl_callback_set(self.context, self.callback)

    def start(self, mechanism, peer):
        return Exchange(self, mechanism, peer)
