//! What is known of mechanisms of SASL, those we don't speak among them.

/// What a mechanism is worth today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worth {
    /// As good as they come.
    Good,
    /// Right under TLS, and only there: it shows the password or token to the server.
    UnderTls,
    /// Broken, or declared historic.
    Weak,
    /// Everybody may come in.
    Open,
    /// Nothing is known of it.
    Unknown,
}

/// A mechanism.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) name: &'static str,
    /// What it takes to log in by it.
    pub(crate) needs: &'static str,
    pub(crate) worth: Worth,
    /// Why it is worth no more; empty where there is nothing to say.
    pub(crate) why: &'static str,
}

const fn known(name: &'static str, needs: &'static str, worth: Worth, why: &'static str) -> Known {
    Known { name, needs, worth, why }
}

const PASSWORD: &str = "user and password";
const TOKEN: &str = "user and OAuth 2.0 token";
const SCRAM: &str = "user and password, which the server never sees";

const KNOWN: [Known; 22] = [
    known("PLAIN", PASSWORD, Worth::UnderTls, ""),
    known("LOGIN", PASSWORD, Worth::UnderTls, "it is no standard; PLAIN does the same in one step"),
    known(
        "CRAM-MD5",
        PASSWORD,
        Worth::Weak,
        "the server has to keep passwords readable, and who listens can guess them at leisure",
    ),
    known("DIGEST-MD5", PASSWORD, Worth::Weak, "it is historic (RFC 6331)"),
    known("SCRAM-SHA-1", SCRAM, Worth::Good, ""),
    known("SCRAM-SHA-1-PLUS", SCRAM, Worth::Good, ""),
    known("SCRAM-SHA-256", SCRAM, Worth::Good, ""),
    known("SCRAM-SHA-256-PLUS", SCRAM, Worth::Good, ""),
    known("SCRAM-SHA-512", SCRAM, Worth::Good, ""),
    known("SCRAM-SHA-512-PLUS", SCRAM, Worth::Good, ""),
    known("XOAUTH2", TOKEN, Worth::UnderTls, "OAUTHBEARER is the standard for the same (RFC 7628)"),
    known("OAUTHBEARER", TOKEN, Worth::UnderTls, ""),
    known("EXTERNAL", "a client certificate", Worth::Good, ""),
    known("ANONYMOUS", "nothing", Worth::Open, "everybody may log in (RFC 4505)"),
    known("GSSAPI", "a Kerberos ticket", Worth::Good, ""),
    known("GS2-KRB5", "a Kerberos ticket", Worth::Good, ""),
    known("GSS-SPNEGO", "a Kerberos ticket", Worth::Good, ""),
    known("NTLM", "a Windows account", Worth::Weak, "it is broken and given up by its maker"),
    known("MSN", "a Windows account", Worth::Weak, "nobody has used it for decades"),
    known("KERBEROS_V4", "a Kerberos 4 ticket", Worth::Weak, "it is historic, and DES is broken"),
    known("SKEY", "one-time passwords", Worth::Weak, "it is obsolete (RFC 2444)"),
    known("OTP", "one-time passwords", Worth::Weak, "who listens can guess the pass phrase"),
];

/// What is known of the mechanism with this name.
pub(crate) fn of_name(name: &str) -> Known {
    let found = KNOWN.iter().find(|known| known.name.eq_ignore_ascii_case(name));
    found.copied().unwrap_or(Known {
        name: "",
        needs: "not known",
        worth: Worth::Unknown,
        why: "it is not registered, or too new for this program",
    })
}

/// Whether the server gets the password or token itself.
pub(crate) fn shows_password(name: &str) -> bool {
    of_name(name).worth == Worth::UnderTls
}
