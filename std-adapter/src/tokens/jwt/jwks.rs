//! Where the keys of an issuer come from, and when they are read again.

use core::fmt;
use core::time::Duration;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use tokio::time::Instant;

use super::key::{self, Key, NoKeys};
use crate::tls::ClientTls;
use crate::tokens::EndpointError;
use crate::tokens::http::{Endpoint, Http, is_url};

/// How long keys of a URL are used before they are read again.
const AGE: Duration = Duration::from_secs(60 * 60);
/// How long those of a file are: whoever changes it doesn't want to wait.
const FILE_AGE: Duration = Duration::from_secs(10);
/// How long nothing is read again, whatever key a token asks for.
const PAUSE: Duration = Duration::from_secs(30);
/// The same when that failed.
const RETRY: Duration = Duration::from_secs(5);
/// How long keys are used that can't be read again.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);
/// Octets of a file of keys.
const FILE: u64 = 256 * 1024;

/// The keys of an issuer of tokens: a JSON Web Key Set (RFC 7517) in a file, or at a URL.
///
/// Those of a URL are read again every hour, and when a token names a key that isn't among them; not more than once in
/// half a minute. Those of a file are read again every ten seconds. Where that fails those known before go on being
/// used, for a day at most, and it is tried again after five seconds. Nothing is read while no token comes.
#[derive(Debug)]
pub struct Jwks {
    source: Source,
    known: Mutex<Known>,
    /// Held by whoever reads: others wait for what he finds.
    reading: tokio::sync::Mutex<()>,
    pub(super) age: Duration,
    pub(super) pause: Duration,
}

#[derive(Debug)]
enum Source {
    File(PathBuf),
    Url(Box<Http>),
}

#[derive(Clone, Debug, Default)]
struct Known {
    keys: Option<Arc<[Key]>>,
    /// When they were read.
    read: Option<Instant>,
    /// When it was tried last.
    tried: Option<Instant>,
    /// Why that failed.
    failed: Option<Arc<str>>,
}

/// Why there are no keys.
#[derive(Debug)]
#[non_exhaustive]
pub enum JwksError {
    /// The file can't be read.
    Read(PathBuf, io::Error),
    /// It has no keys in it; why.
    Keys(PathBuf, String),
    /// Nothing can be asked at this URL.
    Endpoint(EndpointError),
}

impl Jwks {
    /// The keys in this file, which is read now, and again every ten seconds.
    ///
    /// # Errors
    /// When it can't be read, or has no keys that could verify a signature.
    pub fn file(path: impl Into<PathBuf>) -> Result<Self, JwksError> {
        let path = path.into();
        let keys = read_file(&path)?;
        let now = Some(Instant::now());
        let known = Known { keys: Some(keys), read: now, tried: now, failed: None };
        Ok(Self::new(Source::File(path), known).refresh(FILE_AGE, FILE_AGE))
    }

    /// The keys at this URL, `https://`, or `http://` to this very machine. It is asked when the first token comes.
    ///
    /// # Errors
    /// When it is no such URL.
    pub fn url(url: &str) -> Result<Self, JwksError> {
        let endpoint = Endpoint::parse(url).map_err(JwksError::Endpoint)?;
        Ok(Self::new(Source::Url(Box::new(Http::new(endpoint))), Known::default()))
    }

    /// The keys in a file, or at a URL: whichever this is.
    ///
    /// # Errors
    /// As [`Jwks::file`] and [`Jwks::url`].
    pub fn open(place: &str) -> Result<Self, JwksError> {
        if is_url(place) { Self::url(place) } else { Self::file(place) }
    }

    /// Whom to trust to vouch for the server of the URL; by default those the system trusts.
    #[must_use]
    pub fn tls(self, tls: ClientTls) -> Self {
        let source = match self.source {
            Source::Url(http) => Source::Url(Box::new(http.trusting(tls))),
            file @ Source::File(_) => file,
        };
        Self { source, ..self }
    }

    /// How long an answer may take in all; by default five seconds.
    #[must_use]
    pub fn timeout(mut self, time: Duration) -> Self {
        if let Source::Url(http) = &mut self.source {
            http.timeout = time;
        }
        self
    }

    /// How long the keys are used before they are read again, and how long nothing is read again in any case; by
    /// default an hour and half a minute, and ten seconds for a file.
    #[must_use]
    pub fn refresh(self, age: Duration, pause: Duration) -> Self {
        Self { age, pause, ..self }
    }

    fn new(source: Source, known: Known) -> Self {
        let (known, reading) = (Mutex::new(known), tokio::sync::Mutex::new(()));
        Self { source, known, reading, age: AGE, pause: PAUSE }
    }

    /// The keys, among them one that is `wanted`, if there is one. An error is why there are none at all, or why it
    /// can't be told whether one that is wanted has come meanwhile.
    pub(super) async fn keys(&self, wanted: impl Fn(&Key) -> bool) -> Result<Arc<[Key]>, Arc<str>> {
        let fits = |keys: &[Key]| keys.iter().any(&wanted);
        if let Some(keys) = self.fresh().filter(|keys| fits(keys)) {
            return Ok(keys);
        }
        let _one = self.reading.lock().await;
        // Somebody may have read them meanwhile.
        if let Some(keys) = self.fresh().filter(|keys| fits(keys)) {
            return Ok(keys);
        }
        let known = self.known();
        let pause = if known.failed.is_some() { self.pause.min(RETRY) } else { self.pause };
        if known.tried.is_none_or(|tried| tried.elapsed() >= pause) {
            self.known.lock().unwrap_or_else(PoisonError::into_inner).tried = Some(Instant::now());
            let read = self.read().await;
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            match read {
                Ok(keys) => {
                    known.keys = Some(keys);
                    known.read = Some(Instant::now());
                    known.failed = None;
                }
                Err(why) => {
                    tracing::warn!(%why, "the keys of tokens can't be read");
                    known.failed = Some(why.into());
                }
            }
        }
        let known = self.known();
        let usable = known.read.is_some_and(|read| read.elapsed() < STALE.max(self.age));
        match (known.keys.filter(|_| usable), known.failed) {
            // Old ones are better than none: an issuer that is down must not lock everybody out.
            (Some(keys), failed) if fits(&keys) || failed.is_none() => Ok(keys),
            (_, failed) => Err(failed.unwrap_or_else(|| "the keys were never read".into())),
        }
    }

    /// The keys, as long as they needn't be read again.
    fn fresh(&self) -> Option<Arc<[Key]>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.keys.clone().filter(|_| known.read.is_some_and(|read| read.elapsed() < self.age))
    }

    fn known(&self) -> Known {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn read(&self) -> Result<Arc<[Key]>, String> {
        match &self.source {
            Source::File(path) => {
                let path = path.clone();
                let read = tokio::task::spawn_blocking(move || read_file(&path)).await;
                read.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
            }
            Source::Url(http) => {
                let json = http.send(Request::new(Full::new(Bytes::new()))).await;
                let json = json.map_err(|error| error.to_string())?;
                key::parse(&json).map(Arc::from).map_err(|why| why.to_string())
            }
        }
    }
}

fn read_file(path: &Path) -> Result<Arc<[Key]>, JwksError> {
    let read = || {
        let mut json = Vec::new();
        File::open(path)?.take(FILE + 1).read_to_end(&mut json)?;
        Ok(json)
    };
    let json = read().map_err(|error| JwksError::Read(path.to_owned(), error))?;
    if u64::try_from(json.len()).is_ok_and(|length| length > FILE) {
        let why = format!("it is longer than {FILE} octets");
        return Err(JwksError::Keys(path.to_owned(), why));
    }
    let wrong = |why: NoKeys| JwksError::Keys(path.to_owned(), why.to_string());
    key::parse(&json).map(Arc::from).map_err(wrong)
}

impl fmt::Display for JwksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Keys(path, why) => write!(f, "{}: {why}", path.display()),
            Self::Endpoint(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for JwksError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Read(_, error) => Some(error),
            _ => None,
        }
    }
}
