use super::HandshakeError;
use crate::connect;
use rustls::pki_types::ServerName;

/// The name a server is asked for by, and verified against.
pub(super) struct Host {
    /// Without the dot at its end; an address without brackets.
    pub(super) text: Box<str>,
    name: ServerName<'static>,
}

impl Host {
    pub(super) fn parse(text: &str) -> Result<Self, HandshakeError> {
        let refuse = |reason| HandshakeError::Host { host: text.to_owned(), reason };
        if let Some(address) = connect::address_literal(text) {
            return Ok(Self {
                text: address.to_string().into(),
                name: ServerName::IpAddress(address.into()),
            });
        }
        connect::check_name(text).map_err(refuse)?;
        let bare = text.strip_suffix('.').unwrap_or(text);
        match ServerName::try_from(bare.to_owned()) {
            Ok(name) => Ok(Self { text: bare.into(), name }),
            Err(_) => Err(refuse("it is neither a DNS name nor an IP address")),
        }
    }

    pub(super) fn server_name(&self) -> ServerName<'static> {
        self.name.clone()
    }
}
