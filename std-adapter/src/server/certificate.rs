//! Who a client is by its certificate: EXTERNAL.

use ehlo::server::guard::External;
use tracing::info;

use super::{Service, SessionInfo, Shared};

/// The name to bring to the service; where there is none, why not is told in the log.
pub(super) fn name<V: Service>(
    shared: &Shared<V>,
    info: &SessionInfo<V::Identity>,
    guard: &External<'_>,
) -> Option<String> {
    let certificate = info.tls().and_then(|tls| tls.client_certificate());
    let (why, certificate) = match (&shared.certificates, certificate) {
        (Some(rules), Some(certificate)) => {
            match rules.user(certificate, guard.authorization_identity()) {
                Ok(name) => return Some(name.to_owned()),
                Err(why) => (why.to_string(), certificate.to_string()),
            }
        }
        (None, Some(certificate)) => match info.tls().and_then(|tls| tls.client_identity()) {
            Some(name) => return Some(name.to_owned()),
            None => ("the client's certificate names nobody".to_owned(), certificate.to_string()),
        },
        (_, None) => ("the client showed no certificate".to_owned(), String::new()),
    };
    info!(
        session = info.id,
        peer = %info.peer,
        mechanism = guard.mechanism(),
        user = guard.authorization_identity().unwrap_or_default(),
        why,
        certificate,
        "authentication failed"
    );
    None
}
