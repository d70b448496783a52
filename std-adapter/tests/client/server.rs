//! A server that remembers.

use core::net::SocketAddr;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use ehlo::policy::Policy;
use ehlo::sasl::Mechanism;
use ehlo::server::Config;
use ehlo::server::guard::Rcpt;
use ehlo_std::client::{Client, Credentials, Envelope, Security};
use ehlo_std::server::{
    self, Body, Receipt, Refuse, Server, Service, SessionInfo, Verdict, Welcome, accept, refuse,
};
use ehlo_std::tls::{ClientTls, Tls};

/// What a client has sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) parameters: String,
    pub(crate) octets: Vec<u8>,
    pub(crate) user: String,
    pub(crate) tls: bool,
}

#[derive(Default)]
pub(crate) struct Record {
    pub(crate) connections: AtomicUsize,
    pub(crate) closed: AtomicUsize,
    mail: Mutex<Vec<Mail>>,
}

struct Recorder(Arc<Record>);

/// A server that runs as long as the runtime does. It refuses whoever's name begins with `no`, and messages with
/// "refuse me" in them.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) record: Arc<Record>,
    certificate: Option<PathBuf>,
    _folder: tempfile::TempDir,
}

impl Service for Recorder {
    type Identity = ();

    async fn connect(&self, _: &SessionInfo<()>) -> Verdict<Welcome> {
        self.0.connections.fetch_add(1, Ordering::Relaxed);
        Ok(Welcome::Accept)
    }

    async fn login(&self, _: &SessionInfo<()>, login: server::Credentials<'_>) -> Verdict {
        match login {
            server::Credentials::Password(login) if login.password().matches(b"secret") => accept(),
            _ => Err(Refuse::credentials()),
        }
    }

    async fn rcpt(&self, _: &SessionInfo<()>, rcpt: &Rcpt<'_>) -> Verdict {
        if rcpt.forward_path().as_str().starts_with("no") {
            return refuse(550, "5.1.1", "no such mailbox");
        }
        accept()
    }

    async fn message(&self, session: &SessionInfo<()>, mut body: Body<'_>) -> Verdict<Receipt> {
        let mut octets = Vec::new();
        while let Some(chunk) = body.next().await {
            octets.extend_from_slice(chunk.map_err(|_| Refuse::transient("4.3.0 incomplete"))?);
        }
        if octets.windows(9).any(|words| words == b"refuse me") {
            return Err(Refuse::permanent("5.6.0 as you like"));
        }
        let envelope = session.envelope().unwrap();
        let to = envelope.recipients().iter().map(|to| to.forward_path().to_owned()).collect();
        self.0.mail.lock().unwrap().push(Mail {
            from: envelope.reverse_path().to_owned(),
            to,
            parameters: envelope.parameters().to_owned(),
            octets,
            user: session.username().to_owned(),
            tls: session.tls().is_some(),
        });
        Ok(Receipt::default())
    }

    fn closed(&self, _: &SessionInfo<()>) {
        self.0.closed.fetch_add(1, Ordering::Relaxed);
    }
}

impl Running {
    /// A server that takes mail from everybody, in clear.
    pub(crate) async fn start(config: Config<'static>) -> Self {
        let mut policy = Policy::new();
        policy.auth_optional = true;
        Self::with(config.policy(policy), false).await
    }

    /// One that wants a login, under TLS by STARTTLS.
    pub(crate) async fn with_tls() -> Self {
        Self::with(config().auth(&[Mechanism::Plain]), true).await
    }

    async fn with(config: Config<'static>, tls: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let record = Arc::<Record>::default();
        let mut builder = Server::builder(Recorder(Arc::clone(&record))).config(config);
        let mut certificate = None;
        if tls {
            let (tls, files) = Tls::self_signed(folder.path(), &[]).unwrap();
            builder = builder.tls(tls);
            certificate = Some(files.certificate);
        }
        let bound = builder.listen("127.0.0.1:0").bind().await.unwrap();
        let address = bound.addresses().next().unwrap().0;
        tokio::spawn(bound.serve_until(core::future::pending()));
        Self { address, record, certificate, _folder: folder }
    }

    /// A client of it; with a login where it has TLS.
    pub(crate) fn client(&self) -> Client {
        match &self.certificate {
            None => Client::new(self.address.to_string()).security(Security::Cleartext),
            Some(certificate) => Client::new(format!("localhost:{}", self.address.port()))
                .tls(ClientTls::roots_file(certificate).unwrap())
                .login(Credentials::password("tim", "secret")),
        }
    }

    pub(crate) fn connections(&self) -> usize {
        self.record.connections.load(Ordering::Relaxed)
    }

    pub(crate) fn mail(&self) -> Vec<Mail> {
        self.record.mail.lock().unwrap().clone()
    }
}

pub(crate) const fn config() -> Config<'static> {
    Config::new("mx.example.org")
}

pub(crate) fn envelope() -> Envelope {
    Envelope::new("me@example.com", ["you@example.org"]).unwrap()
}
