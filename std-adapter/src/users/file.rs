use super::form::{User, parse};
use super::prep::{prepare, prepare_secret};
use super::scram::Made;
use super::stored::{Hash, Stored};
use super::{Outcome, Secret, UsersError, historic};
use core::fmt;
use core::time::Duration;
use ehlo::sasl::{DigestMd5Key, NtHash, ScramHash, ScramKeys};
use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};
use tokio::sync::Semaphore;
use tokio::task;
use zeroize::Zeroizing;

/// How often the file is looked at, at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The coarsest clock of a file system in use: two seconds, of FAT.
const SETTLES_AFTER: Duration = Duration::from_secs(2);

/// Users in a TOML file. A clone is cheap and shares everything.
///
/// A change of the file is seen within a second of use, by its time, its size and its number on the disk. A
/// change that can't be read is told in the log and otherwise ignored: the users known before stay.
///
/// Passwords are checked on threads for blocking work, as many at once as there are processors: a flood of
/// logins waits in line instead of taking 19 MiB each. A name that doesn't exist is checked all the same,
/// against the hash of another user, so that its answer takes as long as that for a wrong password. This
/// holds among hashed users of the same parameters; a `{plain}` user is answered at once, and where all users
/// are such, so is an unknown one.
#[derive(Clone)]
pub struct UsersFile {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    state: Mutex<State>,
    checks: Arc<Semaphore>,
    /// What the salts of `{plain}` users are made of stays when the file is read again.
    made: Made,
}

struct State {
    users: Arc<Users>,
    stamp: Stamp,
    /// Whether the stamp was old enough to tell every later change.
    settled: bool,
    looked: Instant,
}

impl State {
    fn new(users: Users, stamp: Stamp) -> Self {
        Self { users: Arc::new(users), stamp, settled: stamp.is_settled(), looked: Instant::now() }
    }
}

impl UsersFile {
    /// Reads the file. Blocks for a few system calls.
    ///
    /// # Errors
    /// When the file can't be read, or is wrong: the error names the line.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, UsersError> {
        Self::open_with(path.into(), Made::default())
    }

    /// The same, with salts of `{plain}` users (SCRAM) that stay as long as the secret does. Where those of users that
    /// don't exist stay over a restart ([`Config::scram_decoys`](ehlo::server::Config::scram_decoys)), so must these: see
    /// [`kept_secret`](super::kept_secret).
    ///
    /// # Errors
    /// As [`UsersFile::open`].
    pub fn open_salted(path: impl Into<PathBuf>, secret: [u8; 32]) -> Result<Self, UsersError> {
        Self::open_with(path.into(), Made::of(secret))
    }

    fn open_with(path: PathBuf, made: Made) -> Result<Self, UsersError> {
        let (users, stamp) = load(&path, made.anew())?;
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let state = State::new(users, stamp);
        let checks = Arc::new(Semaphore::new(processors));
        Ok(Self { shared: Arc::new(Shared { path, state: Mutex::new(state), checks, made }) })
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Checks a password.
    ///
    /// Cancel-safe: a check that was started runs to its end and still counts against the number of checks
    /// at once.
    ///
    /// # Errors
    /// When the check can't be run because the program ends: a temporary failure, 454 4.7.0.
    pub async fn verify(&self, name: &str, password: &str) -> Result<Outcome, UsersError> {
        let (Some(name), Some(password)) = (prepare(name), prepare_secret(password)) else {
            return Ok(Outcome::Rejected);
        };
        let name = name.into_owned();
        let stopped = UsersError::Internal("the check of a password was stopped");
        let Ok(permit) = Arc::clone(&self.shared.checks).acquire_owned().await else {
            return Err(stopped);
        };
        let shared = Arc::clone(&self.shared);
        let check = move || {
            // Held by the work and not by the caller: a caller that goes away doesn't free the memory.
            let _permit = permit;
            shared.current().verify(&name, &password)
        };
        task::spawn_blocking(check).await.map_err(|_| stopped)
    }

    /// The password of a user, for CRAM-MD5: only a `{plain}` entry has one.
    ///
    /// # Errors
    /// When the look-up can't be run because the program ends.
    pub async fn plain_password(&self, name: &str) -> Result<Option<Secret>, UsersError> {
        let Some(name) = prepare(name) else { return Ok(None) };
        let (name, shared) = (name.into_owned(), Arc::clone(&self.shared));
        task::spawn_blocking(move || shared.current().plain(&name))
            .await
            .map_err(|_| UsersError::Internal("the look-up of a user was stopped"))
    }

    /// The keys of a user for SCRAM with this hash function: as they stand in the file, or, for a `{plain}` entry, made
    /// the first time they are asked for.
    ///
    /// # Errors
    /// When the look-up can't be run because the program ends: a temporary failure, 454 4.7.0.
    pub async fn scram_keys(
        &self,
        name: &str,
        hash: ScramHash,
    ) -> Result<Option<ScramKeys>, UsersError> {
        let Some(name) = prepare(name) else { return Ok(None) };
        let (name, shared) = (name.into_owned(), Arc::clone(&self.shared));
        task::spawn_blocking(move || shared.current().scram_keys(&name, hash))
            .await
            .map_err(|_| UsersError::Internal("the look-up of a user was stopped"))
    }

    /// The key of a user for DIGEST-MD5 in this realm: as it stands in the file, or, for a `{plain}` entry, made of the
    /// password.
    ///
    /// # Errors
    /// When the look-up can't be run because the program ends: a temporary failure, 454 4.7.0.
    pub async fn digest_md5_key(
        &self,
        name: &str,
        realm: &str,
    ) -> Result<Option<DigestMd5Key>, UsersError> {
        let Some(name) = prepare(name) else { return Ok(None) };
        let (name, realm, shared) = (name.into_owned(), realm.to_owned(), Arc::clone(&self.shared));
        task::spawn_blocking(move || shared.current().digest_md5_key(&name, &realm))
            .await
            .map_err(|_| UsersError::Internal("the look-up of a user was stopped"))
    }

    /// The NT hash of a user, for NTLM: as it stands in the file, or, for a `{plain}` entry, made of the password.
    ///
    /// # Errors
    /// When the look-up can't be run because the program ends: a temporary failure, 454 4.7.0.
    pub async fn nt_hash(&self, name: &str) -> Result<Option<NtHash>, UsersError> {
        let Some(name) = prepare(name) else { return Ok(None) };
        let (name, shared) = (name.into_owned(), Arc::clone(&self.shared));
        task::spawn_blocking(move || shared.current().nt_hash(&name))
            .await
            .map_err(|_| UsersError::Internal("the look-up of a user was stopped"))
    }

    /// How many users can authenticate by DIGEST-MD5 in this realm. Blocks for a few system calls.
    #[must_use]
    pub fn count_digest_md5(&self, realm: &str) -> usize {
        let users = self.shared.current();
        users.entries.values().filter(|user| user.may_digest_md5(realm)).count()
    }

    /// How many users can authenticate by NTLM. Blocks for a few system calls.
    #[must_use]
    pub fn count_nt_hash(&self) -> usize {
        let users = self.shared.current();
        users.entries.values().filter(|user| user.may_ntlm()).count()
    }

    /// How many users can authenticate by SCRAM with this hash function: those that have keys of it, and those that are
    /// `{plain}`. Blocks for a few system calls.
    #[must_use]
    pub fn count_scram(&self, hash: ScramHash) -> usize {
        let users = self.shared.current();
        users.entries.values().filter(|user| user.may_scram(hash)).count()
    }

    /// The number of iterations that most keys have, if there are any: what a server should say of users that don't
    /// exist. Blocks for a few system calls.
    #[must_use]
    pub fn scram_iterations(&self) -> Option<u32> {
        let users = self.shared.current();
        let mut counts: HashMap<u32, usize> = HashMap::new();
        for keys in users.entries.values().flat_map(|user| &user.scram) {
            *counts.entry(keys.iterations()).or_default() += 1;
        }
        counts
            .into_iter()
            .max_by_key(|(iterations, count)| (*count, *iterations))
            .map(|most| most.0)
    }

    /// Whether there is a user of this name: what EXTERNAL asks.
    ///
    /// # Errors
    /// When the look-up can't be run because the program ends.
    pub async fn contains(&self, name: &str) -> Result<bool, UsersError> {
        let Some(name) = prepare(name) else { return Ok(false) };
        let (name, shared) = (name.into_owned(), Arc::clone(&self.shared));
        task::spawn_blocking(move || shared.current().entries.contains_key(&name))
            .await
            .map_err(|_| UsersError::Internal("the look-up of a user was stopped"))
    }

    /// How many users there are, and how many of them are `{plain}`: the only ones CRAM-MD5 works for. Blocks
    /// for a few system calls.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        let users = self.shared.current();
        let plain = users.entries.values().filter(|user| matches!(user.stored, Stored::Plain(_)));
        (users.entries.len(), plain.count())
    }

    /// Reads the file now. Blocks for a few system calls.
    ///
    /// # Errors
    /// As [`UsersFile::open`]; the users known before stay.
    pub fn reload(&self) -> Result<(), UsersError> {
        let (users, stamp) = load(&self.shared.path, self.shared.made.anew())?;
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State::new(users, stamp);
        Ok(())
    }
}

impl fmt::Debug for UsersFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsersFile").field("path", &self.shared.path).finish_non_exhaustive()
    }
}

impl Shared {
    /// The users of now. Blocks.
    fn current(&self) -> Arc<Users> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.looked.elapsed() < LOOK_EVERY {
            return Arc::clone(&state.users);
        }
        state.looked = Instant::now();
        let stamp = fs::metadata(&self.path).map(|metadata| Stamp::of(&metadata)).ok();
        if stamp != Some(state.stamp) || !state.settled {
            match load(&self.path, self.made.anew()) {
                Ok((users, stamp)) => *state = State::new(users, stamp),
                Err(error) => {
                    // Told for each change, not once a second for ever.
                    if let Some(stamp) = stamp {
                        state.stamp = stamp;
                        state.settled = stamp.is_settled();
                    }
                    tracing::warn!(%error, "the users file changed and can't be used; the users known before stay");
                }
            }
        }
        Arc::clone(&state.users)
    }
}

/// What changes when a file is replaced or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(metadata);
        #[cfg(not(unix))]
        let inode = 0;
        Self { modified: metadata.modified().ok(), length: metadata.len(), inode }
    }

    /// Two changes within one tick of the disk's clock have the same time: while the last change is that
    /// young, another one of the same length would go unseen, and the file is read again.
    fn is_settled(&self) -> bool {
        let age = self.modified.and_then(|time| time.elapsed().ok());
        age.is_none_or(|age| age > SETTLES_AFTER)
    }
}

/// All users of one version of the file.
#[derive(Debug)]
struct Users {
    entries: HashMap<String, User>,
    /// What an unknown user is checked against.
    decoy: Option<Hash>,
    /// Keys that were made from passwords of this version of the file.
    made: Made,
}

impl User {
    fn is_plain(&self) -> bool {
        matches!(self.stored, Stored::Plain(_))
    }

    fn may_scram(&self, hash: ScramHash) -> bool {
        self.is_plain() || self.scram.iter().any(|keys| keys.hash() == hash)
    }

    fn may_digest_md5(&self, realm: &str) -> bool {
        self.is_plain() || self.digest_md5.iter().any(|(known, _)| known == realm)
    }

    fn may_ntlm(&self) -> bool {
        self.is_plain() || self.nt_hash.is_some()
    }
}

impl Users {
    fn verify(&self, name: &str, password: &Secret) -> Outcome {
        let accepted = match self.entries.get(name).map(|user| &user.stored) {
            Some(Stored::Plain(known)) => known == password,
            Some(Stored::Hash(hash)) => hash.verify(password),
            None => {
                if let Some(decoy) = &self.decoy {
                    // The password may well be right: for somebody else.
                    let _ = core::hint::black_box(decoy.verify(password));
                }
                false
            }
        };
        Outcome::from_bool(accepted)
    }

    fn plain(&self, name: &str) -> Option<Secret> {
        match &self.entries.get(name)?.stored {
            Stored::Plain(password) => Some(password.clone()),
            Stored::Hash(_) => None,
        }
    }

    fn scram_keys(&self, name: &str, hash: ScramHash) -> Option<ScramKeys> {
        let user = self.entries.get(name)?;
        match (user.scram.iter().find(|keys| keys.hash() == hash), &user.stored) {
            (Some(keys), _) => Some(keys.clone()),
            (None, Stored::Plain(password)) => self.made.keys(hash, name, password),
            (None, Stored::Hash(_)) => None,
        }
    }
}

/// The keys of the historic mechanisms. Those in the file come first, as with SCRAM.
impl Users {
    fn digest_md5_key(&self, name: &str, realm: &str) -> Option<DigestMd5Key> {
        let user = self.entries.get(name)?;
        let found = user.digest_md5.iter().find(|(known, _)| known == realm);
        match (found, &user.stored) {
            (Some((_, key)), _) => Some(key.clone()),
            (None, Stored::Plain(password)) => Some(historic::digest_key(name, realm, password)),
            (None, Stored::Hash(_)) => None,
        }
    }

    fn nt_hash(&self, name: &str) -> Option<NtHash> {
        let user = self.entries.get(name)?;
        match (&user.nt_hash, &user.stored) {
            (Some(hash), _) => Some(hash.clone()),
            (None, Stored::Plain(password)) => Some(historic::nt_hash(password)),
            (None, Stored::Hash(_)) => None,
        }
    }
}

fn load(path: &Path, made: Made) -> Result<(Users, Stamp), UsersError> {
    let (text, stamp) = read(path)?;
    let mut entries = HashMap::new();
    let mut decoy = None;
    for entry in parse(path, &text)? {
        if let (None, Stored::Hash(hash)) = (&decoy, &entry.user.stored) {
            decoy = Some(hash.clone());
        }
        entries.insert(entry.name, entry.user);
    }
    if entries.is_empty() {
        decoy = Hash::of_nobody();
    }
    Ok((Users { entries, decoy, made }, stamp))
}

/// The text of the file, and the stamp it had before it was read: a change meanwhile is seen the next time.
pub(super) fn read(path: &Path) -> Result<(Zeroizing<String>, Stamp), UsersError> {
    let read = || -> io::Result<_> {
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        // Room for all of it: a string that grows leaves copies behind.
        let capacity = usize::try_from(metadata.len()).unwrap_or(0).saturating_add(1);
        let mut text = Zeroizing::new(String::with_capacity(capacity));
        file.read_to_string(&mut text)?;
        Ok((text, Stamp::of(&metadata)))
    };
    read().map_err(|source| UsersError::Read { path: path.to_path_buf(), source })
}
