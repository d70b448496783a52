//! No Kerberos in this build: none of these can be made.

use core::convert::Infallible;
use std::path::Path;

use ehlo_std::client::Credentials;
use ehlo_std::server::{Builder, Service};

use super::{MISSING, Source};
use crate::exit::{self, Failure};

#[derive(Clone, Debug)]
pub(crate) struct Keys(Infallible);

impl Keys {
    pub(crate) fn open(_: &Path, _: Option<&str>) -> Result<Self, Failure> {
        Err(Failure::config(format_args!("--keytab: {MISSING}")))
    }

    pub(crate) fn serve<V: Service>(self, _: Builder<V>) -> Builder<V> {
        match self.0 {}
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Tickets(Infallible);

impl Tickets {
    pub(crate) fn of(source: Source<'_>) -> Result<Self, Failure> {
        // They would have been used.
        let Source { cache: _, keytab: _, service: _ } = source;
        Err(Failure::new(exit::USAGE, format_args!("Kerberos: {MISSING}")))
    }

    pub(crate) fn credentials(self, _: Option<Credentials>) -> Credentials {
        match self.0 {}
    }
}

#[derive(Debug)]
pub(crate) struct Exchange(Infallible);

impl Exchange {
    pub(crate) fn begin(_: &Credentials, _: bool, _: &str) -> Option<Self> {
        None
    }

    pub(crate) async fn step(self, _: Vec<u8>) -> Result<(Self, Vec<u8>), String> {
        match self.0 {}
    }

    pub(crate) fn is_complete(&self) -> bool {
        match self.0 {}
    }
}
