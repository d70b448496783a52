//! Kerberos (feature `gssapi`): the tickets of a client, and the keys of a service.
//!
//! The rounds are [`ehlo::sasl::gssapi`]'s; the tokens are those of the system's Kerberos library, MIT's
//! from version 1.11 on, through the crate `libgssapi`. It reads the realm, and where its KDC is, from
//! `/etc/krb5.conf`, or from the file that `KRB5_CONFIG` names. Which keytab and which credential cache are
//! used is said for each [`Acceptor`] and [`Initiator`]: the environment of the process decides it only where
//! nothing else is said.
//!
//! Calls of the library may block, on files and on the KDC: everything here that calls it and is not
//! `async` says so.
//!
//! # A server
//!
//! ```no_run
//! use ehlo::sasl::Mechanism;
//! use ehlo::server::Config;
//! use ehlo_std::kerberos::Acceptor;
//! use ehlo_std::server::{Body, Credentials, Receipt, Refuse, Server, Service, SessionInfo, Verdict};
//! use ehlo_std::tls::Tls;
//!
//! struct Mine;
//!
//! impl Service for Mine {
//!     type Identity = String;
//!
//!     async fn login(&self, _: &SessionInfo<String>, login: Credentials<'_>) -> Verdict<String> {
//!         match login {
//!             // `tim@EXAMPLE.ORG`, where that is the server's own realm, is `tim`.
//!             Credentials::Kerberos(login) => login.user().map(str::to_owned).ok_or_else(Refuse::credentials),
//!             _ => Err(Refuse::credentials()),
//!         }
//!     }
//! #
//! #     async fn message(&self, _: &SessionInfo<String>, _: Body<'_>) -> Verdict<Receipt> {
//! #         Ok(Receipt::default())
//! #     }
//! }
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let keys = Acceptor::new("/etc/mail.keytab", Some("smtp@mail.example.org"))?;
//! let config = Config::new("mail.example.org").auth(&[Mechanism::Gssapi]);
//! let tls = Tls::from_pem_files("cert.pem", "key.pem")?;
//! Server::builder(Mine).config(config).tls(tls).kerberos(keys).listen("[::]:587").serve().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # A client
//!
//! ```no_run
//! use ehlo_std::client::{Client, Credentials, Envelope};
//! use ehlo_std::kerberos::Initiator;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! Client::new("mail.example.org")
//!     .login(Credentials::kerberos(Initiator::new())) // the ticket that `kinit` got
//!     .send(Envelope::new("me@example.org", ["you@example.org"])?, "Subject: hi\r\n\r\nHello.\r\n")
//!     .await?;
//! # Ok(())
//! # }
//! ```

mod acceptor;
mod acquire;
mod error;
mod initiator;
mod login;

pub use acceptor::{Accepting, Acceptor, Round};
pub use error::KerberosError;
pub use initiator::{Initiating, Initiator};
pub use login::KerberosLogin;
