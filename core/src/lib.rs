//! A sans-I/O SMTP protocol core: octets in, events out; answers in, octets out.
//!
//! Each side of SMTP (RFC 5321), of message submission (RFC 6409) and of LMTP (RFC 2033) is one
//! value: [`server::Connection`] and [`client::Connection`]. They read no socket, keep no clock, draw
//! no random number and allocate nothing: their two buffers are the caller's. The same machines run
//! on a microcontroller and, under the `ehlo-std` adapter, on tokio.
//!
//! # How it is driven
//!
//! Two calls, in any order. [`poll_io`](server::Connection::poll_io) says what is to be read or
//! written; [`event`](server::Connection::event) says what the peer wants or says. Each gives a guard that
//! borrows the connection, and the guard is the answer: reading on while a question is open, or
//! answering it twice, does not compile. A guard that is dropped unanswered has lost nothing: it is
//! offered again.
//!
//! | who knows | what |
//! | --- | --- |
//! | the machine | grammar, the order of commands, replies, transparency, SASL, limits, what STARTTLS makes void |
//! | the driver | the socket, the TLS handshake, the timer behind each [`Deadline`](io::Deadline) |
//! | the application | who may log in, who may send to whom, what becomes of a message; what is sent, and as whom |
//!
//! # The smallest server
//!
//! ```
//! use std::io::{Read, Result, Write};
//!
//! use ehlo::io::Io;
//! use ehlo::server::{Config, Connection, Event};
//!
//! /// Serves one client and returns its messages.
//! fn serve(mut socket: impl Read + Write, seed: [u8; 16]) -> Result<Vec<Vec<u8>>> {
//!     let config = Config::new("mail.example.org").max_message(64 * 1024);
//!     let mut connection = Connection::new(&config, [0; 2048], [0; 512], seed);
//!     let (mut messages, mut message) = (Vec::new(), Vec::new());
//!     loop {
//!         while let Some(io) = connection.poll_io() {
//!             match io {
//!                 // With a timer, `read.deadline()` would be its time.
//!                 Io::Read(mut read) => {
//!                     let n = socket.read(read.space())?;
//!                     read.filled(n);
//!                 }
//!                 Io::Write(write) => {
//!                     let n = socket.write(write.bytes())?;
//!                     write.sent(n);
//!                 }
//!                 Io::Wait(deadline) => {
//!                     std::thread::sleep(deadline.after);
//!                     connection.handle_timeout();
//!                 }
//!             }
//!         }
//!         match connection.event() {
//!             Some(Event::Body(body)) => {
//!                 message.extend_from_slice(body.bytes());
//!                 body.done();
//!             }
//!             Some(Event::EndOfData(end)) => {
//!                 messages.push(std::mem::take(&mut message));
//!                 end.accept(); // 250: from here on the message is ours to deliver
//!             }
//!             Some(Event::Aborted(aborted)) => {
//!                 message.clear();
//!                 aborted.done();
//!             }
//!             Some(Event::Closed(_)) => return Ok(messages),
//!             // MAIL, RCPT and DATA are accepted; everything else gets its usual answer.
//!             Some(other) => other.accept_or_decline(),
//!             None => {}
//!         }
//!     }
//! }
//! # struct Client(std::io::Cursor<Vec<u8>>);
//! # impl Read for Client {
//! #     fn read(&mut self, space: &mut [u8]) -> Result<usize> { self.0.read(space) }
//! # }
//! # impl Write for Client {
//! #     fn write(&mut self, octets: &[u8]) -> Result<usize> { Ok(octets.len()) }
//! #     fn flush(&mut self) -> Result<()> { Ok(()) }
//! # }
//! # let lines = [
//! #     "EHLO client.example.org", "MAIL FROM:<tim@example.org>", "RCPT TO:<tom@example.org>",
//! #     "DATA", "Subject: hi", "", "..", ".", "QUIT", "",
//! # ];
//! # let client = Client(std::io::Cursor::new(lines.join("\r\n").into_bytes()));
//! # let messages = serve(client, [7; 16])?;
//! # assert_eq!(messages, [b"Subject: hi\r\n\r\n.\r\n"]);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # The smallest client
//!
//! It is driven in the same way: see [`client::submission::Submission`], which says everything on
//! the way to a message and back.
//!
//! # By task
//!
//! | to … | see |
//! | --- | --- |
//! | say what a server offers and allows | [`server::Config`], [`capability::Extensions`] |
//! | set sizes, counts and times | [`limits::Limits`] |
//! | choose where the RFCs leave a choice | [`policy::Policy`] |
//! | drive a connection | [`server::Connection`], [`io`] |
//! | decide about what a client wants | [`server::Event`], [`server::guard`] |
//! | refuse in words of one's own | [`reply::Refusal`] |
//! | replace the replies the machine gives itself | [`server::Config::replies`], [`reply::DefaultReply`] |
//! | check credentials | [`server::guard::Login`] and its neighbours, [`Secret`] |
//! | store no password | `sasl::ScramKeys`, `server::guard::ScramKeys` |
//! | tie a login to the TLS connection | `sasl::ChannelBinding` |
//! | add a SASL mechanism | [`sasl::Mechanism::Application`], [`server::guard::Exchange`], [`client::guard::Ready::auth_with`] |
//! | speak GSSAPI with a Kerberos library | `sasl::gssapi` |
//! | use SASL in IMAP or POP3 | [`sasl::server`], [`sasl::client`] |
//! | just send a message | [`client::submission::Submission`] |
//! | say every command to a server oneself | [`client::Connection`], [`client::guard::Ready`] |
//! | choose how to authenticate | [`sasl::client::Rules`], [`sasl::client::pick`] |
//! | read a reply by itself | [`reply::ReplyLine`] |
//! | read a command line by itself | [`command::Command`] |
//! | read addresses and parameters | [`address`], [`parameter`] |
//!
//! # Features
//!
//! Two are about what there is besides mechanisms; a device that takes or submits mail needs neither.
//!
//! | feature | adds |
//! | --- | --- |
//! | `extensions` | CHUNKING, BINARYMIME, SMTPUTF8, DSN, LIMITS, REQUIRETLS, DELIVERBY, FUTURERELEASE, MT-PRIORITY, ETRN, XCLIENT and XFORWARD; VRFY and EXPN as events; LMTP; notices |
//! | `texts` | what the server's own replies say besides their codes, and `Config::replies` to say something else |
//!
//! Each of the others adds a mechanism and what belongs to it; none changes what is there
//! without it. EXTERNAL, ANONYMOUS and, but for [`client::submission`], mechanisms of the application's own need
//! no feature.
//!
//! | feature | adds | and the dependencies |
//! | --- | --- | --- |
//! | `plain` | PLAIN (RFC 4616) | |
//! | `login` | LOGIN (draft-murchison-sasl-login) | |
//! | `cram-md5` | CRAM-MD5 (RFC 2195), `sasl::CramMd5Keys` | `hmac`, `md-5` |
//! | `oauth` | OAUTHBEARER (RFC 7628) and XOAUTH2, `sasl::TokenError` | |
//! | `application` | `client::submission::Exchange`: a journey by a mechanism of the application's own | |
//! | `scram` | all three of the following | |
//! | `scram-sha-1` | SCRAM-SHA-1 (RFC 5802), `sasl::ScramKeys` | `hmac`, `sha1` |
//! | `scram-sha-256` | SCRAM-SHA-256 (RFC 7677) | `hmac`, `sha2` |
//! | `scram-sha-512` | SCRAM-SHA-512 (draft-melnikov-scram-sha-512) | `hmac`, `sha2` |
//!
//! Historic mechanisms are not on by default, and a client never picks one that it wasn't told to.
//!
//! | feature | adds | and the dependencies |
//! | --- | --- | --- |
//! | `digest-md5` | DIGEST-MD5 (RFC 2831), `sasl::DigestMd5Key` | `md-5` |
//! | `ntlm` | NTLM (MS-SMTP), version 2, `sasl::NtHash` | `hmac`, `md-5`, `md4` |
//!
//! Kerberos needs a library, which the application brings.
//!
//! | feature | adds | and the dependencies |
//! | --- | --- | --- |
//! | `gssapi` | GSSAPI (RFC 4752), `sasl::gssapi`; and `application` | |
//!
//! Each SCRAM mechanism brings its `-PLUS`, which is tied to the TLS connection.
//!
//! The crate is `no_std` whatever is enabled, and needs no allocator.
//!
//! # Minimum Rust version
//!
//! 1.88, edition 2024.
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing, clippy::alloc_instead_of_core, clippy::std_instead_of_alloc)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::unwrap_used))]
#![doc(test(attr(deny(warnings))))]

pub mod address;
pub mod capability;
pub mod client;
pub mod command;
pub mod error;
pub mod io;
pub mod limits;
pub mod parameter;
pub mod policy;
pub mod reply;
pub mod sasl;
mod secret;
pub mod server;
mod wire;

pub use secret::Secret;

/// Whether the feature `extensions` is on. What depends on it is compiled and checked either way,
/// and left out of the program where this is false.
pub(crate) const EXTENSIONS: bool = cfg!(feature = "extensions");
/// Whether the feature `texts` is on.
pub(crate) const TEXTS: bool = cfg!(feature = "texts");
