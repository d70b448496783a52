//! ehlo on tokio: what a server and a client need around the protocol of the [`ehlo`] crate.
//!
//! The core turns octets into events and answers into octets; it has no socket, no clock and no disk. This
//! crate has them, and no verb and no reply code of SMTP. There are four ways to use it:
//!
//! - [`server`]: a whole server. Listeners, STARTTLS and implicit TLS, limits, throttled authentication, a log
//!   and an orderly end are there; you write a [`Service`](server::Service), which decides.
//! - [`Session`]: one server's connection over any stream of tokio's, event by event. Everything else is yours.
//! - [`client::Client`]: messages go in, what the server said comes out. [`client::blocking`] is the same for programs
//!   without a runtime.
//! - [`client::Session`]: one client's connection over any stream, event by event.
//!
//! # The smallest server
//!
//! It takes mail for one domain from anybody, and keeps it in a Maildir. A message is on the disk before the
//! client hears that it was taken.
//!
//! ```no_run
//! use ehlo::server::{Config, guard::Rcpt};
//! use ehlo_std::server::{Body, Receipt, Refuse, Server, Service, SessionInfo, Verdict, accept, refuse};
//! use ehlo_std::store::{self, Maildir, Store, StoreError, Writer};
//!
//! struct Inbox(Maildir);
//!
//! impl Service for Inbox {
//!     type Identity = ();
//!
//!     async fn rcpt(&self, _: &SessionInfo<()>, rcpt: &Rcpt<'_>) -> Verdict {
//!         match rcpt.forward_path().as_str().rsplit_once('@') {
//!             Some((_, domain)) if domain.eq_ignore_ascii_case("example.org") => accept(),
//!             _ => refuse(550, "5.7.1", "no relaying"),
//!         }
//!     }
//!
//!     async fn message(&self, session: &SessionInfo<()>, mut body: Body<'_>) -> Verdict<Receipt> {
//!         let failed = |_: StoreError| Refuse::transient("4.3.0 try again later");
//!         let Some(mail) = session.envelope() else { return Err(Refuse::transient("4.3.0 no envelope")) };
//!         let recipients = mail.recipients().iter().map(|recipient| recipient.forward_path());
//!         let envelope = store::Envelope::new(mail.reverse_path(), recipients);
//!         let mut writer = self.0.begin(&envelope).await.map_err(failed)?;
//!         while let Some(chunk) = body.next().await {
//!             // A message that does not come to its end leaves nothing behind: the writer is dropped.
//!             let octets = chunk.map_err(|_| Refuse::transient("4.3.0 incomplete"))?;
//!             writer.write(octets).await.map_err(failed)?;
//!         }
//!         Ok(Receipt::from(writer.commit().await.map_err(failed)?))
//!     }
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let inbox = Inbox(Maildir::open("mail", "mx.example.org")?);
//! let server = Server::builder(inbox).config(Config::new("mx.example.org")).listen("[::]:25");
//! server.serve().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # The smallest client
//!
//! See [`client`].
//!
//! # By task
//!
//! **Let users log in**: offer mechanisms with `Config::auth` and answer
//! [`Service::login`](server::Service::login); [`users::UsersFile`] checks passwords off the async threads. The
//! example of [`server`] shows the whole of it.
//!
//! **OAuth**: [`tokens`] says whose a bearer token is, by a list, by asking its issuer or by the issuer's signature. The
//! last two are the features `introspection` and `jwt`, off by default.
//!
//! **TLS**: with a certificate, STARTTLS is offered; [`Tls::reload`](tls::Tls::reload) takes a renewed one
//! without a restart.
//!
//! ```no_run
//! use ehlo_std::tls::{Tls, TlsError};
//!
//! # fn main() -> Result<(), TlsError> {
//! let tls = Tls::from_pem_files("cert.pem", "key.pem")?;
//! // Later, when the files have changed:
//! tls.reload()?;
//! # Ok(())
//! # }
//! ```
//!
//! **Stop in order**: running transactions may finish, whoever only waits gets 421.
//!
//! ```no_run
//! use ehlo_std::server::{Builder, ServeError, Service};
//!
//! # async fn run(builder: Builder<impl Service>) -> Result<(), ServeError> {
//! let bound = builder.listen("127.0.0.1:0").bind().await?;
//! for (address, tls) in bound.addresses() {
//!     println!("listening on {address}, {}", if tls { "implicit TLS" } else { "STARTTLS" });
//! }
//! let stop = async {
//!     let _ = tokio::signal::ctrl_c().await;
//! };
//! bound.serve_until(stop).await;
//! # Ok(())
//! # }
//! ```
//!
//! **Behind a proxy**: name it, and it is believed who the client is.
//!
//! ```
//! use ehlo_std::cidr::{Cidr, CidrError};
//! use ehlo_std::server::{Builder, Service};
//!
//! # fn behind<V: Service>(builder: Builder<V>) -> Result<Builder<V>, CidrError> {
//! let balancer: Cidr = "10.0.0.0/8".parse()?;
//! Ok(builder.trust_proxy_protocol(vec![balancer]))
//! # }
//! ```
//!
//! **Parts on their own**: connections are counted by [`admission`], guesses by [`throttle`], the PROXY protocol
//! is read by [`proxy_protocol`], ranges of addresses by [`cidr`]. None of them needs the others.
//!
//! # Cancelled futures
//!
//! [`Session::next`] and [`Body::next`](server::Body::next) are cancel-safe: what was read stays in the session,
//! and an event or a chunk that was not answered comes again. So they may stand in a `select!`.
//! [`Session::upgrade`] and [`Session::close`] take the session with them.
//! [`Writer::write`](store::Writer::write) is not cancel-safe: the writer is of no use afterwards, and leaves
//! nothing behind; after [`Writer::commit`](store::Writer::commit) the message may be there or not.
//!
//! A server never drops a hook of a [`Service`](server::Service) half-way while it serves, also when the client
//! goes away; it does when the runtime ends. A permit or an attempt at a password is given back or counted by its
//! `Drop`, so no path can forget it.

// A test that fails is meant to panic.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod admission;
pub mod cidr;
pub mod client;
pub mod connect;
mod file;
#[cfg(feature = "gssapi")]
pub mod kerberos;
mod pool;
pub mod proxy_protocol;
pub mod server;
mod session;
mod source;
mod stop;
pub mod store;
pub mod throttle;
pub mod tls;
pub mod tokens;
pub mod users;

pub use session::Session;

/// The examples of the README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
