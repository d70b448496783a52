//! A round of GSSAPI, brought to the Kerberos library, and who has authenticated in the end to the service.

use ehlo::server::guard::Exchange;
use tracing::info;

use super::decide::begin;
use super::service::Kind;
use super::{Credentials, Refuse, Service, SessionInfo, Shared};
use crate::kerberos::{Acceptor, KerberosError, KerberosLogin, Round};

/// Brings a round to the library, within what the peer may try.
pub(super) async fn round<V: Service>(
    shared: &Shared<V>,
    acceptor: &Acceptor,
    guard: Exchange<'_>,
    info: &mut SessionInfo<V::Identity>,
) {
    let (mechanism, first) = (guard.mechanism(), guard.is_first());
    // What an exchange that was cancelled has left is void.
    let begun = info.kerberos.take().filter(|_| !first).and_then(|begun| begun.into_inner().ok());
    let failed = |info: &SessionInfo<V::Identity>, user: &str, why: &str| {
        info!(
            session = info.id,
            peer = %info.peer,
            mechanism,
            user,
            why,
            "authentication failed"
        );
    };
    let attempt = match begin(shared, info) {
        Ok(attempt) => attempt,
        Err(no) => {
            failed(info, "", &no.to_string());
            return guard.refuse(&no.refusal());
        }
    };
    let response = guard.response().unwrap_or_default().to_vec();
    let login = match begun.unwrap_or_else(|| acceptor.begin()).step_async(response).await {
        Ok((accepting, Round::Challenge(octets))) => {
            attempt.forgive();
            info.kerberos = Some(Box::new(accepting.into()));
            if let Err(guard) = guard.challenge(&octets) {
                guard.unavailable();
            }
            return;
        }
        Ok((_, Round::Authenticated(login))) => login,
        Err(KerberosError::Lost) => {
            attempt.forgive();
            return guard.unavailable();
        }
        Err(error) => {
            failed(info, "", &error.to_string());
            attempt.fail();
            return guard.reject();
        }
    };
    match verdict(shared, info, &login).await {
        Ok(identity) => {
            attempt.forgive();
            let name = shared.service.username(&identity);
            info.username = name.unwrap_or_else(|| name_of(&login)).into();
            info.identity = Some(identity);
            info!(
                session = info.id,
                peer = %info.peer,
                mechanism,
                user = info.username,
                principal = login.principal(),
                "authenticated"
            );
            guard.accept();
        }
        Err(no) => {
            failed(info, login.principal(), &no.to_string());
            match no.kind {
                Kind::Credentials => guard.reject(),
                Kind::Unavailable => {
                    attempt.forgive();
                    guard.unavailable();
                }
                _ => guard.refuse(&no.refusal()),
            }
        }
    }
}

/// What the service says of somebody whose ticket is good.
async fn verdict<V: Service>(
    shared: &Shared<V>,
    info: &SessionInfo<V::Identity>,
    login: &KerberosLogin,
) -> Result<V::Identity, Refuse> {
    if !login.acts_as_itself() && !shared.config.takes_authorization_identity() {
        return Err(Refuse::credentials());
    }
    shared.service.login(info, Credentials::Kerberos(login)).await
}

/// The name for the log, where the service has none.
pub(super) fn name_of(login: &KerberosLogin) -> &str {
    login.user().unwrap_or(login.principal())
}
