//! The server's side.

use core::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ehlo::sasl::gssapi::{self, Next};
use libgssapi::context::{CtxFlags, SecurityContext as _, ServerCtx};
use libgssapi::credential::Cred;
use libgssapi::oid::GSS_MECH_KRB5;

use super::acquire::{Usage, Whose, acquire};
use super::{KerberosError, KerberosLogin};

/// The keys of a service. A clone shares them.
#[derive(Clone)]
pub struct Acceptor {
    keys: Cred,
    keytab: Arc<Path>,
    realms: Arc<[String]>,
}

impl Acceptor {
    /// The keys in this keytab: those of one service, such as `smtp@mail.example.org`, or of any that is
    /// in it. It is read again for each client, so that keys can be changed while the server runs. This
    /// blocks while it is read.
    ///
    /// # Errors
    /// When the keytab can't be read, or has no key for the service.
    pub fn new(keytab: impl AsRef<Path>, service: Option<&str>) -> Result<Self, KerberosError> {
        let keytab = keytab.as_ref();
        // The library's own words for it are few.
        std::fs::File::open(keytab).map_err(|error| KerberosError::Keytab(keytab.into(), error))?;
        // Where the process changes its folder, the keytab stays where it is.
        let path = keytab.canonicalize();
        let path: PathBuf = path.map_err(|error| KerberosError::Keytab(keytab.into(), error))?;
        let name = path.to_str().ok_or_else(|| KerberosError::Name(path.display().to_string()))?;
        let name = format!("FILE:{name}");
        let whose = service.map_or(Whose::Any, Whose::Service);
        let keys = acquire(Usage::Accept, whose, &[("keytab", &name)])?;
        Ok(Self { keys, keytab: path.into(), realms: Arc::default() })
    }

    /// A realm whose members are users here, beside the server's own; may repeat. Realms that call two
    /// people by one name must not both be named.
    #[must_use]
    pub fn realm(self, realm: impl Into<String>) -> Self {
        let realms = self.realms.iter().cloned().chain([realm.into()]).collect();
        Self { realms, ..self }
    }

    /// Begins an exchange.
    #[must_use]
    pub fn begin(&self) -> Accepting {
        Accepting {
            machine: gssapi::Server::new(),
            context: ServerCtx::new(Some(self.keys.clone())),
            realms: Arc::clone(&self.realms),
        }
    }
}

/// An exchange with a client.
pub struct Accepting {
    machine: gssapi::Server,
    context: ServerCtx,
    realms: Arc<[String]>,
}

/// What comes of a client's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Round {
    /// This is to be sent as a challenge.
    Challenge(Vec<u8>),
    /// The client has authenticated.
    Authenticated(KerberosLogin),
}

impl Accepting {
    /// Takes a message of the client's. This may block, while the keytab and the cache of replays are read.
    ///
    /// # Errors
    /// When the exchange can't go on: the authentication has failed.
    pub fn step(&mut self, response: &[u8]) -> Result<Round, KerberosError> {
        match self.machine.response(response)? {
            Next::Context(token) => {
                let token = self.context.step(token.unwrap_or_default(), None)?;
                let established = self.context.is_complete();
                if established {
                    self.check()?;
                }
                let token = token.as_deref().unwrap_or_default();
                match self.machine.context(established, token)? {
                    Next::Send(token) => Ok(Round::Challenge(token.to_vec())),
                    next => self.offer(next),
                }
            }
            Next::Unwrap(token) => {
                let choice = self.context.unwrap(token)?;
                Ok(Round::Authenticated(self.login(&choice)?))
            }
            next => self.offer(next),
        }
    }

    /// The message about security layers.
    fn offer(&mut self, next: Next<'_>) -> Result<Round, KerberosError> {
        let Next::Wrap(offer) = next else { return Err(gssapi::Error::Order.into()) };
        Ok(Round::Challenge(self.context.wrap(false, offer)?.to_vec()))
    }

    /// As [`step`](Self::step), on a thread that may block.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub async fn step_async(mut self, response: Vec<u8>) -> Result<(Self, Round), KerberosError> {
        let step = move || self.step(&response).map(|round| (self, round));
        tokio::task::spawn_blocking(step).await.map_err(|_| KerberosError::Lost)?
    }

    /// Sees that the context is one of Kerberos, with somebody, and that what is wrapped in it can't be
    /// changed.
    fn check(&self) -> Result<(), KerberosError> {
        let flags = self.context.flags()?;
        let protects = flags.contains(CtxFlags::GSS_C_INTEG_FLAG);
        let somebody = !flags.contains(CtxFlags::GSS_C_ANON_FLAG);
        let kerberos = self.context.mechanism()? == GSS_MECH_KRB5;
        if protects && somebody && kerberos { Ok(()) } else { Err(KerberosError::Unprotected) }
    }

    fn login(&mut self, choice: &[u8]) -> Result<KerberosLogin, KerberosError> {
        let authorization_identity = self.machine.chosen(choice)?;
        let text = |name: &[u8]| {
            let text = str::from_utf8(name).map(str::to_owned);
            text.map_err(|_| KerberosError::Name(name.escape_ascii().to_string()))
        };
        let principal = text(&self.context.source_name()?.display_name()?)?;
        let service = text(&self.context.target_name()?.display_name()?)?;
        let own = service.rsplit_once('@').map(|(_, realm)| realm).filter(|own| !own.is_empty());
        let realms: Vec<&str> = self.realms.iter().map(String::as_str).chain(own).collect();
        Ok(KerberosLogin::new(principal, &realms, authorization_identity))
    }
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptor").field("keytab", &self.keytab).finish_non_exhaustive()
    }
}

impl fmt::Debug for Accepting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accepting").finish_non_exhaustive()
    }
}
