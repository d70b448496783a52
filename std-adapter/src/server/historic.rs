//! DIGEST-MD5 and NTLM: the service has a key or a hash, and the server sees whether the client has it too.

use ehlo::sasl::NtHash;
use ehlo::server::guard::{DigestMd5, Ntlm};
use tracing::info;

use super::decide::begin;
use super::service::Kind;
use super::{Refuse, Service, SessionInfo, Shared};

fn failed<I>(info: &SessionInfo<I>, mechanism: &str, user: &str, reply: &str) {
    info!(session = info.id, peer = %info.peer, mechanism, user, reply, "authentication failed");
}

/// Brings a question for a key of DIGEST-MD5 to the service, within what the peer may try.
pub(super) async fn digest_md5<V: Service>(
    shared: &Shared<V>,
    query: DigestMd5<'_>,
    info: &mut SessionInfo<V::Identity>,
) {
    const MECHANISM: &str = "DIGEST-MD5";
    info.proven = None;
    let username = query.username().to_owned();
    let attempt = match begin(shared, info) {
        Ok(attempt) => attempt,
        Err(no) => {
            failed(info, MECHANISM, &username, &no.to_string());
            return query.refuse(&no.refusal());
        }
    };
    let known = shared.service.digest_md5_key(info, &query).await;
    match known {
        Ok(Some((key, identity))) => {
            if query.key(&key) {
                attempt.forgive();
                info.proven = Some(Box::new((identity, username.into())));
                return;
            }
            failed(info, MECHANISM, &username, Refuse::credentials().text());
        }
        Ok(None) => {
            failed(info, MECHANISM, &username, Refuse::credentials().text());
            query.unknown();
        }
        Err(no) => {
            failed(info, MECHANISM, &username, &no.to_string());
            match no.kind {
                Kind::Unavailable => {
                    query.unavailable();
                    return attempt.forgive();
                }
                Kind::Credentials => query.unknown(),
                _ => query.refuse(&no.refusal()),
            }
        }
    }
    attempt.fail();
}

/// Brings a question for an NT hash to the service, within what the peer may try.
pub(super) async fn ntlm<V: Service>(
    shared: &Shared<V>,
    query: Ntlm<'_>,
    info: &mut SessionInfo<V::Identity>,
) {
    const MECHANISM: &str = "NTLM";
    info.proven = None;
    let username = query.username().to_string();
    let attempt = match begin(shared, info) {
        Ok(attempt) => attempt,
        Err(no) => {
            failed(info, MECHANISM, &username, &no.to_string());
            return query.refuse(&no.refusal());
        }
    };
    let known = match shared.service.nt_hash(info, &query).await {
        Ok(known) => known,
        Err(no) if no.kind == Kind::Credentials => None,
        Err(no) => {
            failed(info, MECHANISM, &username, &no.to_string());
            if no.kind == Kind::Unavailable {
                query.unavailable();
                return attempt.forgive();
            }
            query.refuse(&no.refusal());
            return attempt.fail();
        }
    };
    // Without a hash to compare with, the same is computed: the time must not tell.
    let nobody = NtHash::from_bytes([0; 16]);
    let right = query.verify(known.as_ref().map_or(&nobody, |(hash, _)| hash));
    let Some((_, identity)) = known.filter(|_| right) else {
        failed(info, MECHANISM, &username, Refuse::credentials().text());
        query.reject();
        return attempt.fail();
    };
    attempt.forgive();
    info.username = shared.service.username(&identity).unwrap_or(&username).into();
    info.identity = Some(identity);
    info!(
        session = info.id,
        peer = %info.peer,
        mechanism = MECHANISM,
        user = info.username,
        "authenticated"
    );
    query.accept();
}
