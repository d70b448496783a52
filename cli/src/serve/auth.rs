//! Who may log in.

use core::time::Duration;
use std::time::SystemTime;

use ehlo::sasl::{DigestMd5Key, NtHash, ScramKeys};
use ehlo::server::guard;
use ehlo_std::server::{Credentials, Refuse, Verdict};
use ehlo_std::tokens::{self, FirstOf, Presented};
use ehlo_std::users::{MemoryUsers, Outcome, Secret, UsersFile};
use tracing::info;

/// Who has authenticated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    name: String,
    /// When the token expires by which it has.
    expires: Option<SystemTime>,
}

impl Identity {
    fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), expires: None }
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the token has expired by which it has authenticated.
    pub(crate) fn has_expired(&self) -> bool {
        self.expires.is_some_and(|end| end <= SystemTime::now())
    }
}

/// Everybody who may log in.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    /// Those given as options.
    pub(crate) memory: MemoryUsers,
    /// Those in a file.
    pub(crate) file: Option<UsersFile>,
    /// Those who say whose a token is.
    pub(crate) tokens: FirstOf,
    /// How long a session may outlive its token: as far as the issuer's clock may be off.
    pub(crate) leeway: Duration,
    /// Rules have said whose a certificate is.
    pub(crate) certificate_rules: bool,
    /// Anybody, with any password or token.
    pub(crate) anybody: bool,
}

impl Accounts {
    /// Checks credentials of any kind, in the session of this number.
    pub(crate) async fn check(&self, session: u64, login: Credentials<'_>) -> Verdict<Identity> {
        let name = match login {
            Credentials::Password(login) => {
                let (name, password) = (login.username(), login.password());
                self.password(name, password.expose()).await?;
                name
            }
            Credentials::CramMd5(login) => {
                let known = self.plain_password(login.username()).await?;
                // Without a password to compare with, the same is computed: the time must not tell.
                let password = known.as_ref().map_or("", Secret::expose);
                let right = login.verify(password.as_bytes()) & known.is_some();
                self.anybody_or(right)?;
                login.username()
            }
            Credentials::Token(login) => {
                return self.token(session, &Presented::of(login)).await;
            }
            Credentials::External(user, _) if self.certificate_rules => user,
            Credentials::External(certificate, login) => {
                let same = login.authorization_identity().is_none_or(|name| name == certificate);
                if !same || !self.lets_in(certificate).await? {
                    return Err(Refuse::credentials());
                }
                certificate
            }
            #[cfg(feature = "gssapi")]
            Credentials::Kerberos(login) => match login.user() {
                Some(user) if self.lets_in(user).await? => user,
                _ => return Err(Refuse::credentials()),
            },
            Credentials::Anonymous(_) => "anonymous",
            Credentials::Proxy(name) => name,
            _ => return Err(Refuse::credentials()),
        };
        Ok(Identity::new(name))
    }

    /// The keys of a user for SCRAM, and who that is.
    pub(crate) async fn scram_keys(
        &self,
        query: &guard::ScramKeys<'_>,
    ) -> Verdict<Option<(ScramKeys, Identity)>> {
        let (name, hash) = (query.username().to_string(), query.hash());
        let found = self.memory.scram_keys(&name, hash).await;
        let found = match (found.map_err(|_| Refuse::unavailable())?, &self.file) {
            (None, Some(file)) => {
                file.scram_keys(&name, hash).await.map_err(|_| Refuse::unavailable())?
            }
            (found, _) => found,
        };
        Ok(found.map(|keys| (keys, Identity::new(name))))
    }

    async fn token(&self, session: u64, presented: &Presented<'_>) -> Verdict<Identity> {
        match tokens::authenticate(&self.tokens, presented).await {
            Ok(grant) => {
                let expires = grant.expires().and_then(|end| end.checked_add(self.leeway));
                Ok(Identity { expires, ..Identity::new(grant.username()) })
            }
            Err(_) if self.anybody => Ok(Identity::new(presented.username().unwrap_or("anybody"))),
            Err(refusal) => {
                info!(session, why = %refusal, "token refused");
                Err(refusal.into())
            }
        }
    }

    /// The key of a user for DIGEST-MD5, and who that is.
    pub(crate) async fn digest_md5_key(
        &self,
        query: &guard::DigestMd5<'_>,
    ) -> Verdict<Option<(DigestMd5Key, Identity)>> {
        let (name, realm) = (query.username(), query.realm());
        let found = match (self.memory.digest_md5_key(name, realm), &self.file) {
            (None, Some(file)) => {
                file.digest_md5_key(name, realm).await.map_err(|_| Refuse::unavailable())?
            }
            (found, _) => found,
        };
        Ok(found.map(|key| (key, Identity::new(name))))
    }

    /// The NT hash of a user, and who that is. The domain is not looked at.
    pub(crate) async fn nt_hash(
        &self,
        query: &guard::Ntlm<'_>,
    ) -> Verdict<Option<(NtHash, Identity)>> {
        let name = query.username().to_string();
        let found = match (self.memory.nt_hash(&name), &self.file) {
            (None, Some(file)) => file.nt_hash(&name).await.map_err(|_| Refuse::unavailable())?,
            (found, _) => found,
        };
        Ok(found.map(|hash| (hash, Identity::new(&name))))
    }

    async fn password(&self, name: &str, password: &str) -> Verdict {
        if self.memory.verify(name, password).is_accepted() {
            return Ok(());
        }
        let outcome = match &self.file {
            Some(file) => file.verify(name, password).await.map_err(|_| Refuse::unavailable())?,
            None => Outcome::Rejected,
        };
        self.anybody_or(outcome.is_accepted())
    }

    async fn plain_password(&self, name: &str) -> Verdict<Option<Secret>> {
        if let Some(password) = self.memory.plain_password(name) {
            return Ok(Some(password));
        }
        match &self.file {
            Some(file) => file.plain_password(name).await.map_err(|_| Refuse::unavailable()),
            None => Ok(None),
        }
    }

    /// Where there are users, a certificate or a ticket has to name one of them; where there are none,
    /// the authority that made it has decided.
    async fn lets_in(&self, name: &str) -> Verdict<bool> {
        let Some(file) = &self.file else {
            return Ok(self.memory.is_empty() || self.anybody || self.memory.contains(name));
        };
        let known = file.contains(name).await.map_err(|_| Refuse::unavailable())?;
        Ok(known || self.memory.contains(name))
    }

    fn anybody_or(&self, right: bool) -> Verdict {
        if right || self.anybody { Ok(()) } else { Err(Refuse::credentials()) }
    }
}
