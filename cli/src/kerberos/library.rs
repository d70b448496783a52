//! Kerberos, by the library of the system.

use std::path::Path;

use ehlo_std::client::Credentials;
use ehlo_std::kerberos::{Acceptor, Initiating, Initiator};
use ehlo_std::server::{Builder, Service};

use super::Source;
use crate::exit::Failure;

/// The keys of a server.
#[derive(Clone, Debug)]
pub(crate) struct Keys(Acceptor);

impl Keys {
    /// Those in a keytab: of one service, or of any.
    pub(crate) fn open(keytab: &Path, service: Option<&str>) -> Result<Self, Failure> {
        Acceptor::new(keytab, service).map(Self).map_err(|error| {
            let of = service.map(|service| format!(" for {service}")).unwrap_or_default();
            Failure::config(format_args!("--keytab{of}: {error}"))
        })
    }

    /// Gives them to a server.
    pub(crate) fn serve<V: Service>(self, builder: Builder<V>) -> Builder<V> {
        builder.kerberos(self.0)
    }
}

/// The tickets of a client.
#[derive(Clone, Debug)]
pub(crate) struct Tickets(Initiator);

impl Tickets {
    pub(crate) fn of(source: Source<'_>) -> Result<Self, Failure> {
        let mut tickets = Initiator::new();
        if let Some(cache) = source.cache {
            tickets = tickets.cache(cache);
        }
        if let Some((keytab, principal)) = source.keytab {
            tickets = tickets.keytab(keytab, principal);
        }
        if let Some(service) = source.service {
            tickets = tickets.service(service);
        }
        Ok(Self(tickets))
    }

    /// They, and what else there is to log in with.
    pub(crate) fn credentials(self, others: Option<Credentials>) -> Credentials {
        match others {
            Some(others) => others.or_kerberos(self.0),
            None => Credentials::kerberos(self.0),
        }
    }
}

/// An exchange with a server.
#[derive(Debug)]
pub(crate) struct Exchange(Initiating);

impl Exchange {
    /// Begins one, where there are tickets.
    pub(crate) fn begin(credentials: &Credentials, lmtp: bool, host: &str) -> Option<Self> {
        credentials.begin_kerberos(if lmtp { "lmtp" } else { "smtp" }, host).map(Self)
    }

    /// What to say to a challenge, or why there is nothing to be said.
    pub(crate) async fn step(self, challenge: Vec<u8>) -> Result<(Self, Vec<u8>), String> {
        let stepped = self.0.step_async(Some(challenge)).await;
        stepped.map(|(exchange, said)| (Self(exchange), said)).map_err(|error| error.to_string())
    }

    /// Whether the server is known to be the one that is meant.
    pub(crate) fn is_complete(&self) -> bool {
        self.0.is_complete()
    }
}
