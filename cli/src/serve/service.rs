//! What the server does with each thing a client wants.

use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use ehlo::sasl::{DigestMd5Key, NtHash, ScramKeys};
use ehlo::server::guard::{self, Etrn, Hello, Mail, Rcpt};
use ehlo_std::server::{
    Body, Credentials, Receipt, Refuse, Service, SessionInfo, Verdict, Welcome, accept,
};
use ehlo_std::store::{AnyStore, Envelope, Store, StoreError, Writer};
use tokio::sync::Notify;
use tracing::{error, info};

use super::auth::{Accounts, Identity};
use super::faults::{Faults, Stage};
use super::rules::Rules;
use super::trace::envelope_of;

/// The server's service.
#[derive(Debug)]
pub(crate) struct Keeper {
    /// Who may log in.
    pub(crate) accounts: Accounts,
    /// Which senders and recipients are taken.
    pub(crate) rules: Rules,
    /// What goes wrong on purpose.
    pub(crate) faults: Faults,
    /// Where messages go.
    pub(crate) store: AnyStore,
    /// How many messages are taken before the server stops.
    pub(crate) countdown: Arc<Countdown>,
    /// AUTH is there under TLS alone, and nobody may send without it.
    pub(crate) needs_tls: bool,
}

/// Counts messages down to the end of the server.
#[derive(Debug)]
pub(crate) struct Countdown {
    left: AtomicU64,
    done: Notify,
}

impl Countdown {
    /// So many messages; zero is no end.
    pub(crate) fn new(messages: u64) -> Arc<Self> {
        Arc::new(Self { left: AtomicU64::new(messages), done: Notify::new() })
    }

    /// Waits until all were counted.
    pub(crate) async fn done(&self) {
        self.done.notified().await;
    }

    fn count(&self) {
        let before = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if before == Ok(1) {
            self.done.notify_one();
        }
    }
}

impl Keeper {
    async fn keep(&self, envelope: Envelope, session: u64, mut body: Body<'_>) -> Verdict<Receipt> {
        let refusal = |error| store_refusal(session, &error);
        let mut writer = self.store.begin(&envelope).await.map_err(refusal)?;
        while let Some(chunk) = body.next().await {
            match chunk {
                Ok(octets) => writer.write(octets).await.map_err(refusal)?,
                Err(incomplete) => {
                    writer.abort().await;
                    return Err(Refuse::transient(format!("4.3.0 {incomplete}")));
                }
            }
        }
        if let Err(fault) = self.faults.strike(Stage::Message).await {
            writer.abort().await;
            return Err(fault);
        }
        let id = writer.commit().await.map_err(refusal)?;
        self.countdown.count();
        Ok(Receipt::from(format!("queued as {id}")))
    }
}

/// What the client hears of a store that failed; what happened is for the log.
fn store_refusal(session: u64, error: &StoreError) -> Refuse {
    error!(session, %error, "the message can't be stored");
    if error.is_full() {
        Refuse::with_code(452, "4.3.1 no room for the message, try again later")
    } else {
        Refuse::with_code(451, "4.3.0 the message can't be stored, try again later")
    }
}

impl Service for Keeper {
    type Identity = Identity;

    async fn connect(&self, _: &SessionInfo<Identity>) -> Verdict<Welcome> {
        self.faults.strike(Stage::Connect).await.map(|()| Welcome::Accept)
    }

    async fn hello(&self, _: &SessionInfo<Identity>, _: &Hello<'_>) -> Verdict {
        self.faults.strike(Stage::Hello).await
    }

    async fn login(
        &self,
        session: &SessionInfo<Identity>,
        login: Credentials<'_>,
    ) -> Verdict<Identity> {
        self.faults.strike(Stage::Auth).await?;
        self.accounts.check(session.id(), login).await
    }

    async fn scram_keys(
        &self,
        _: &SessionInfo<Identity>,
        query: &guard::ScramKeys<'_>,
    ) -> Verdict<Option<(ScramKeys, Identity)>> {
        // Once for each AUTH.
        if !query.has_proof() {
            self.faults.strike(Stage::Auth).await?;
        }
        self.accounts.scram_keys(query).await
    }

    async fn digest_md5_key(
        &self,
        _: &SessionInfo<Identity>,
        query: &guard::DigestMd5<'_>,
    ) -> Verdict<Option<(DigestMd5Key, Identity)>> {
        self.faults.strike(Stage::Auth).await?;
        self.accounts.digest_md5_key(query).await
    }

    async fn nt_hash(
        &self,
        _: &SessionInfo<Identity>,
        query: &guard::Ntlm<'_>,
    ) -> Verdict<Option<(NtHash, Identity)>> {
        self.faults.strike(Stage::Auth).await?;
        self.accounts.nt_hash(query).await
    }

    fn username<'a>(&self, identity: &'a Identity) -> Option<&'a str> {
        Some(identity.name())
    }

    async fn mail(&self, session: &SessionInfo<Identity>, mail: &Mail<'_>) -> Verdict {
        self.faults.strike(Stage::Mail).await?;
        if session.identity().is_some_and(Identity::has_expired) {
            // There is no second AUTH in a session (RFC 4954 section 4): a new one takes a new token.
            return Err(Refuse::with_code(421, "4.7.0 the token has expired, log in again"));
        }
        self.rules.sender(session.identity(), mail.reverse_path())
    }

    async fn rcpt(&self, session: &SessionInfo<Identity>, rcpt: &Rcpt<'_>) -> Verdict {
        self.faults.strike(Stage::Rcpt).await?;
        self.rules.recipient(session.identity(), rcpt)
    }

    async fn data(&self, _: &SessionInfo<Identity>) -> Verdict {
        self.faults.strike(Stage::Data).await?;
        accept()
    }

    async fn message(&self, session: &SessionInfo<Identity>, body: Body<'_>) -> Verdict<Receipt> {
        let envelope = envelope_of(session, self.rules.hostname);
        self.keep(envelope, session.id(), body).await
    }

    /// There is no queue: it is noted, as what else a client may ask for.
    async fn etrn(&self, session: &SessionInfo<Identity>, etrn: &Etrn<'_>) -> Verdict {
        info!(session = session.id(), peer = %session.peer(), node = etrn.text(), "asked for a queue");
        accept()
    }

    fn closed(&self, session: &SessionInfo<Identity>) {
        let facts = session.facts();
        let greeted = !session.client_name().is_empty();
        if self.needs_tls && greeted && !facts.tls && !facts.authenticated {
            info!(
                session = session.id(),
                peer = %session.peer(),
                why = "the client did not start TLS, and AUTH is offered under TLS alone; \
                       --allow-insecure-auth would offer it without",
                "left without authentication"
            );
        }
    }
}
