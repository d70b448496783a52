//! The client's side.

use core::fmt;
use std::path::PathBuf;

use ehlo::sasl::gssapi::{self, IDENTITY_MAX, Next};
use libgssapi::context::{ClientCtx, CtxFlags, SecurityContext as _};
use libgssapi::name::Name;
use libgssapi::oid::{GSS_MECH_KRB5, GSS_NT_HOSTBASED_SERVICE};

use super::KerberosError;
use super::acquire::{Usage, Whose, acquire};

/// Where a client has its tickets from.
///
/// ```
/// use ehlo_std::kerberos::Initiator;
///
/// // What `kinit` got for whoever runs this.
/// let tickets = Initiator::new();
/// // A daemon's own, which are got with its key when they are needed.
/// let tickets = Initiator::new().keytab("/etc/backup.keytab", "backup@EXAMPLE.ORG");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Initiator {
    cache: Option<String>,
    keytab: Option<PathBuf>,
    principal: Option<String>,
    service: Option<String>,
}

impl Initiator {
    /// The tickets in the credential cache that the system, or `KRB5CCNAME`, names.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The tickets in this credential cache: a path, or a name such as `FILE:/tmp/tim` or `KCM:`.
    #[must_use]
    pub fn cache(self, name: impl Into<String>) -> Self {
        Self { cache: Some(name.into()), ..self }
    }

    /// The tickets of this principal, got with its key in this keytab. They are kept in memory, unless
    /// a [`cache`](Self::cache) is named too.
    #[must_use]
    pub fn keytab(self, path: impl Into<PathBuf>, principal: impl Into<String>) -> Self {
        Self { keytab: Some(path.into()), principal: Some(principal.into()), ..self }
    }

    /// The principal, where the cache has tickets of several.
    #[must_use]
    pub fn principal(self, principal: impl Into<String>) -> Self {
        Self { principal: Some(principal.into()), ..self }
    }

    /// The service that is meant, such as `smtp@mail.example.org`. By default it is that of the server
    /// the connection goes to.
    #[must_use]
    pub fn service(self, service: impl Into<String>) -> Self {
        Self { service: Some(service.into()), ..self }
    }

    /// Begins an exchange with `service` at `host`, unless another [`service`](Self::service) was named; to
    /// act as somebody else, where that is said. The library is not called yet.
    #[must_use]
    pub fn begin(
        &self,
        service: &str,
        host: &str,
        authorization_identity: Option<&str>,
    ) -> Initiating {
        let service = self.service.clone().unwrap_or_else(|| format!("{service}@{host}"));
        Initiating {
            initiator: self.clone(),
            service,
            authorization_identity: authorization_identity.map(str::to_owned),
            machine: gssapi::Client::new(),
            context: None,
        }
    }

    /// Finds the tickets.
    fn context(&self, service: &str) -> Result<ClientCtx, KerberosError> {
        let whose = self.principal.as_deref().map_or(Whose::Any, Whose::Principal);
        let mut keytab = String::new();
        if let Some(path) = &self.keytab {
            std::fs::File::open(path)
                .map_err(|error| KerberosError::Keytab(path.clone(), error))?;
            let name =
                path.to_str().ok_or_else(|| KerberosError::Name(path.display().to_string()))?;
            keytab = format!("FILE:{name}");
        }
        // The library keeps what is in memory by its name: the same key finds the same tickets.
        let cache = match (&self.cache, &self.keytab, &self.principal) {
            (Some(cache), ..) => cache.clone(),
            (None, Some(path), Some(who)) => format!("MEMORY:ehlo {} {who}", path.display()),
            _ => String::new(),
        };
        let store = [("client_keytab", keytab.as_str()), ("ccache", &cache)];
        let store: Vec<_> = store.into_iter().filter(|(_, name)| !name.is_empty()).collect();
        let tickets = acquire(Usage::Initiate, whose, &store)?;
        let target = Name::new(service.as_bytes(), Some(GSS_NT_HOSTBASED_SERVICE))?;
        let flags = CtxFlags::GSS_C_MUTUAL_FLAG
            | CtxFlags::GSS_C_REPLAY_FLAG
            | CtxFlags::GSS_C_SEQUENCE_FLAG
            | CtxFlags::GSS_C_INTEG_FLAG;
        Ok(ClientCtx::new(Some(tickets), target, flags, Some(GSS_MECH_KRB5)))
    }
}

/// An exchange with a server.
pub struct Initiating {
    initiator: Initiator,
    service: String,
    authorization_identity: Option<String>,
    machine: gssapi::Client,
    context: Option<ClientCtx>,
}

impl Initiating {
    /// Takes what the server says, and gives what to say to it. `None`, before the server has said
    /// anything, gives the initial response, which hardly ever fits the line that it has to. This may
    /// block, since the library asks the KDC for a ticket.
    ///
    /// # Errors
    /// When the exchange can't go on: it is to be cancelled.
    pub fn step(&mut self, challenge: Option<&[u8]>) -> Result<Vec<u8>, KerberosError> {
        match self.machine.challenge(challenge)? {
            Next::Context(token) => {
                let context = match &mut self.context {
                    Some(context) => context,
                    context => context.insert(self.initiator.context(&self.service)?),
                };
                let token = context.step(token, None)?;
                let established = context.is_complete();
                if established && !context.flags()?.contains(CtxFlags::GSS_C_INTEG_FLAG) {
                    return Err(KerberosError::Unprotected);
                }
                let token = token.as_deref().unwrap_or_default();
                match self.machine.context(established, token)? {
                    Next::Send(token) => Ok(token.to_vec()),
                    _ => Err(gssapi::Error::Order.into()),
                }
            }
            Next::Unwrap(token) => {
                let context = self.context.as_mut().ok_or(gssapi::Error::Order)?;
                let offer = context.unwrap(token)?;
                let mut out = [0; 4 + IDENTITY_MAX];
                let who = self.authorization_identity.as_deref();
                let choice = self.machine.choose(&offer, who, &mut out)?;
                Ok(context.wrap(false, choice)?.to_vec())
            }
            _ => Err(gssapi::Error::Order.into()),
        }
    }

    /// As [`step`](Self::step), on a thread that may block.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub async fn step_async(
        mut self,
        challenge: Option<Vec<u8>>,
    ) -> Result<(Self, Vec<u8>), KerberosError> {
        let step = move || self.step(challenge.as_deref()).map(|octets| (self, octets));
        tokio::task::spawn_blocking(step).await.map_err(|_| KerberosError::Lost)?
    }

    /// Whether the server is known to be the one that is meant, and has nothing more to say but that it
    /// lets the client in.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.machine.is_complete()
    }
}

impl fmt::Debug for Initiating {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Initiating").field("service", &self.service).finish_non_exhaustive()
    }
}
