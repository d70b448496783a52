//! What is printed when the server has started: where it listens, and lines to try it with.

use core::net::SocketAddr;
use std::io::{self, Write};
use std::path::PathBuf;

use ehlo_std::store::AnyStore;
use ehlo_std::users::Secret;

use super::plan::Plan;
use crate::log::Paint;

/// What is to be told, but for the ports.
#[derive(Debug)]
pub(crate) struct Announcement {
    starttls: bool,
    certificate: Option<PathBuf>,
    user: Option<(&'static str, Secret)>,
    auth: String,
    store: String,
    faults: String,
    lmtp: bool,
}

impl Announcement {
    /// What there is to tell of this server.
    pub(crate) fn of(plan: &Plan) -> Self {
        let store = match &plan.store {
            AnyStore::Maildir(maildir) => {
                let root = maildir.root();
                let root = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
                format!("{} (a Maildir)", root.display())
            }
            _ => "nowhere: messages are forgotten".to_owned(),
        };
        let names: Vec<&str> = plan.mechanisms.iter().map(|mechanism| mechanism.name()).collect();
        let when = if plan.options.allow_insecure_auth { "" } else { " (under TLS alone)" };
        let auth = match names.as_slice() {
            [] => "none".to_owned(),
            names => format!("{}{when}", names.join(", ")),
        };
        let user = plan.generated.as_ref();
        Self {
            auth,
            faults: plan.faults.to_string(),
            starttls: plan.starttls,
            certificate: plan.own_certificate.clone(),
            user: user.map(|user| (user.name, user.password.clone())),
            store,
            lmtp: plan.options.lmtp,
        }
    }

    /// Prints it. Where nobody reads it, the server runs all the same.
    pub(crate) fn print(&self, addresses: impl Iterator<Item = (SocketAddr, bool)>) {
        let addresses: Vec<_> = addresses.collect();
        let mut out = io::stdout().lock();
        let _ = out.write_all(self.text(&addresses, Paint::of_stdout()).as_bytes());
        let _ = out.flush();
    }

    fn text(&self, addresses: &[(SocketAddr, bool)], paint: Paint) -> String {
        let mut out = String::new();
        for (address, tls) in addresses {
            let kind = match (tls, self.starttls) {
                (true, _) => "implicit TLS",
                (false, true) => "STARTTLS",
                (false, false) => "no TLS",
            };
            out += &format!("listening on {} ({kind})\n", paint.bold(&address.to_string()));
        }
        let mut fact = |name: &str, value: &str| {
            out += &format!("  {} {value}\n", paint.dim(&format!("{name:<12}")));
        };
        if let Some((name, password)) = &self.user {
            fact("user", name);
            fact("password", password.expose());
        }
        if let Some(certificate) = &self.certificate {
            let path = certificate.display().to_string();
            fact("certificate", &format!("{path} (self-signed: what a client has to trust)"));
        }
        fact("AUTH", &self.auth);
        fact("mail goes to", &self.store);
        if !self.faults.is_empty() {
            fact("faults", &self.faults);
        }
        if let (Some((name, password)), Some(certificate), false) =
            (&self.user, &self.certificate, self.lmtp)
        {
            let trusted = quoted(&certificate.display().to_string());
            let clear = addresses.iter().find(|(_, tls)| !tls && self.starttls);
            let tls = addresses.iter().find(|(_, tls)| *tls);
            let (name, password) = (quoted(name), quoted(password.expose()));
            out += "try it:\n";
            if let Some((address, _)) = clear.or(tls) {
                let tls = if clear.is_some() { "--tls" } else { "--tlsc" };
                out += &format!(
                    "  swaks --server localhost:{} {tls} --tls-verify --tls-ca-path {trusted} --auth PLAIN \
                     --auth-user {name} --auth-password {password} \
                     --from me@example.com --to you@example.org\n",
                    address.port(),
                );
            }
            if let Some((address, _)) = tls.or(clear) {
                let (scheme, ssl) =
                    if tls.is_some() { ("smtps", "") } else { ("smtp", "--ssl-reqd ") };
                out += &format!(
                    "  printf 'Subject: hello\\r\\n\\r\\nHello from curl.\\r\\n' | curl -sS {scheme}://localhost:{} \
                     {ssl}--cacert {trusted} --user {name}:{password} --mail-from me@example.com \
                     --mail-rcpt you@example.org --upload-file -\n",
                    address.port(),
                );
            }
        }
        out += "ready; Ctrl-C stops it\n";
        out
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_word_is_quoted_for_a_shell() {
        assert_eq!(quoted("/home/me/cert.pem"), "/home/me/cert.pem");
        assert_eq!(quoted("/my mail/it's"), "'/my mail/it'\\''s'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("$HOME"), "'$HOME'");
    }
}
