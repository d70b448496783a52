//! An exchange by Kerberos tickets, in the course of a delivery.

use ehlo::client::submission;

use super::Credentials;
use super::settings::Place;
use crate::kerberos::{Initiating, KerberosError};

/// What the server has asked.
pub(super) struct Asked {
    first: bool,
    challenge: Option<Vec<u8>>,
}

impl Asked {
    pub(super) fn of(exchange: &submission::Exchange<'_>) -> Self {
        let challenge = exchange.challenge().map(<[u8]>::to_vec);
        Self { first: exchange.index() == 0, challenge }
    }
}

/// What is said to it.
pub(super) enum Said {
    /// The server has to ask: no token fits an initial response.
    Wait,
    More(Vec<u8>),
    Last(Vec<u8>),
}

/// The exchange of a connection.
pub(super) struct Tickets<'s> {
    credentials: Option<&'s Credentials>,
    service: &'static str,
    host: &'s str,
    begun: Option<Initiating>,
}

impl<'s> Tickets<'s> {
    pub(super) fn new(credentials: Option<&'s Credentials>, lmtp: bool, place: &'s Place) -> Self {
        let host = match place {
            Place::Tcp { host, .. } => host,
            #[cfg(unix)]
            Place::Unix(_) => "localhost",
        };
        Self { credentials, service: if lmtp { "lmtp" } else { "smtp" }, host, begun: None }
    }

    /// What is said to what the server has asked.
    pub(super) async fn say(&mut self, asked: Asked) -> Result<Said, KerberosError> {
        let Some(challenge) = asked.challenge else { return Ok(Said::Wait) };
        let begun = self.begun.take().filter(|_| !asked.first);
        let begin = || self.credentials?.begin_kerberos(self.service, self.host);
        // Without tickets nobody would have been asked.
        let exchange = begun.or_else(begin).ok_or(KerberosError::Lost)?;
        let (exchange, octets) = exchange.step_async(Some(challenge)).await?;
        let last = exchange.is_complete();
        self.begun = Some(exchange);
        Ok(if last { Said::Last(octets) } else { Said::More(octets) })
    }
}
