//! A client: messages go in, what the server said comes out.
//!
//! [`Client`] sends. [`Session`] is one connection over any stream, event by event, for whoever wants to say every
//! word. [`blocking`] is the same as `Client` for programs without a runtime.
//!
//! # Send a message
//!
//! STARTTLS is required (TLS from the beginning on port 465), the server's certificate has to be for the host that is
//! meant, and the strongest mechanism is taken that the server offers and that there are credentials for.
//!
//! ```no_run
//! use ehlo_std::client::{Client, Credentials, Envelope};
//!
//! # async fn send(secret: String) -> Result<(), Box<dyn std::error::Error>> {
//! let receipt = Client::new("smtp.office365.com:587")
//!     .login(Credentials::password("me@example.com", secret))
//!     .send(Envelope::new("me@example.com", ["you@example.org"])?, "Subject: hi\r\n\r\nHello.\r\n")
//!     .await?;
//! for recipient in receipt.rejected() {
//!     eprintln!("{}: {}", recipient.address(), recipient.reply());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Send many
//!
//! ```no_run
//! use ehlo_std::client::{Client, Envelope, Error};
//!
//! # async fn send(letters: Vec<(Envelope, String)>) -> Result<(), Error> {
//! // Up to four connections, each used again and again.
//! let client = Client::new("localhost:25").pool(4);
//! for (envelope, message) in letters {
//!     client.send(envelope, message).await?;
//! }
//! client.close().await; // QUIT on each
//! # Ok(())
//! # }
//! ```

//! # Tokens that run out
//!
//! ```no_run
//! use ehlo_std::client::{Client, Credentials, TokenWanted};
//!
//! # #[derive(Clone)]
//! # struct Account;
//! # impl Account {
//! #     async fn token(&self, renew: bool) -> Result<String, std::io::Error> { Ok(renew.to_string()) }
//! # }
//! # fn client(account: Account) -> Client {
//! let credentials = Credentials::token_from("me@example.com", move |wanted| {
//!     let account = account.clone();
//!     async move { account.token(wanted == TokenWanted::New).await }
//! });
//! Client::new("smtp.office365.com:587").login(credentials)
//! # }
//! ```

mod attempts;
pub mod blocking;
mod body;
mod builder;
mod credentials;
mod delivery;
mod envelope;
mod error;
#[cfg(feature = "gssapi")]
mod kerberos;
mod measure;
mod message;
mod pool;
mod receipt;
mod session;
mod settings;
mod task;
mod token_source;
mod transport;

pub use builder::Client;
pub use credentials::Credentials;
pub use ehlo::client::submission::Security;
pub use envelope::{Envelope, EnvelopeError};
pub use error::{Error, Remedy};
pub use measure::Measure;
pub use message::Message;
pub use receipt::{Receipt, Recipient, Reply};
pub use session::{Direction, Machine, Session, Tap};
pub use token_source::TokenWanted;
pub use transport::Transport;
