//! A server without a socket, driven line by line.

use core::fmt;

use ehlo::io::Io;
use ehlo::reply::Refusal;
use ehlo::server::{Config, Connection, Event};

use crate::transcript::accept;

/// A dialogue with the server machine.
///
/// What the server says first (greeting, reply to EHLO) needs no attention: when the client speaks
/// again, an application that lets it in has answered.
///
/// ```
/// use ehlo::sasl::Mechanism;
/// use ehlo::server::{Config, Event};
/// use ehlo_tests::dialogue::Dialogue;
///
/// static CONFIG: Config = Config::new("mail.example.org").auth(&[Mechanism::Plain]);
/// let mut dialogue = Dialogue::server(&CONFIG).tls();
/// dialogue
///     .client("EHLO me\r\n")
///     .client("AUTH PLAIN AG1lAG5vcGU=\r\n")
///     .event(|e| matches!(e, Event::Login(_)))
///     .reject();
/// assert_eq!(dialogue.server_says(), "535 5.7.8 authentication failed\r\n");
/// ```
pub struct Dialogue<'c> {
    connection: Connection<'c, Vec<u8>>,
    said: Vec<u8>,
}

impl<'c> Dialogue<'c> {
    /// A server that a client has just connected to.
    #[must_use]
    pub fn server(config: &'c Config<'c>) -> Self {
        let connection = Connection::new(config, vec![0; 16 * 1024], vec![0; 4096], [7; 16]);
        Self { connection, said: Vec::new() }
    }

    /// TLS is active from the beginning.
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.connection = self.connection.implicit_tls();
        self
    }

    /// The client says this, whatever the server said before. Connecting and saying hello are
    /// accepted on the way.
    ///
    /// # Panics
    /// When the server waits for an answer to another event, or reads no more.
    pub fn client(&mut self, octets: impl AsRef<[u8]>) -> &mut Self {
        let mut rest = octets.as_ref();
        self.let_in();
        self.said.clear();
        while !rest.is_empty() {
            self.let_in();
            match self.connection.poll_io() {
                Some(Io::Read(mut read)) => {
                    let space = read.space();
                    let n = space.len().min(rest.len());
                    space[..n].copy_from_slice(&rest[..n]);
                    read.filled(n);
                    rest = &rest[n..];
                }
                other => {
                    let what = format!("{other:?}");
                    panic!("nothing is read now, but {what}: {:?}", self.connection.event())
                }
            }
        }
        self
    }

    /// The server waits for an answer to an event that this is true of.
    ///
    /// # Panics
    /// When it is not true, or there is no event.
    pub fn event(&mut self, is: impl FnOnce(&Event<'_>) -> bool) -> &mut Self {
        self.housekeeping();
        let event = self.connection.event().expect("there is no event");
        assert!(is(&event), "another event: {event:?}");
        self
    }

    /// Answers the event.
    ///
    /// # Panics
    /// When there is none.
    pub fn answer(&mut self, answer: impl FnOnce(Event<'_>)) -> &mut Self {
        self.housekeeping();
        answer(self.connection.event().expect("there is no event"));
        self
    }

    /// Answers the event with yes.
    pub fn accept(&mut self) -> &mut Self {
        self.answer(accept)
    }

    /// Answers the event with no.
    pub fn reject(&mut self) -> &mut Self {
        self.answer(|event| event.decline())
    }

    /// Answers MAIL, RCPT, DATA or the end of the message with this refusal.
    ///
    /// # Panics
    /// When the event is none of these.
    pub fn refuse(&mut self, refusal: &Refusal<'_>) -> &mut Self {
        self.answer(|event| match event {
            Event::Mail(mail) => mail.refuse(refusal),
            Event::Rcpt(rcpt) => rcpt.refuse(refusal),
            Event::Data(data) => data.refuse(refusal),
            Event::EndOfData(end) => end.refuse(refusal),
            other => panic!("this is not to be refused here: {other:?}"),
        })
    }

    /// What the server has said since the client spoke last. Waits are over at once.
    ///
    /// # Panics
    /// When it is not UTF-8.
    #[must_use]
    pub fn server_says(&mut self) -> String {
        self.let_in();
        String::from_utf8(self.said.clone()).expect("replies are UTF-8")
    }

    /// The connection itself.
    pub fn connection(&mut self) -> &mut Connection<'c, Vec<u8>> {
        &mut self.connection
    }

    fn let_in(&mut self) {
        loop {
            self.housekeeping();
            match self.connection.event() {
                Some(event @ (Event::Connected(_) | Event::Hello(_))) => accept(event),
                _ => return,
            }
        }
    }

    /// Writes and waits; reads nothing.
    fn housekeeping(&mut self) {
        loop {
            match self.connection.poll_io() {
                Some(Io::Write(write)) => {
                    self.said.extend_from_slice(write.bytes());
                    let n = write.bytes().len();
                    write.sent(n);
                }
                Some(Io::Wait(_)) => self.connection.handle_timeout(),
                Some(Io::Read(_)) | None => return,
            }
        }
    }
}

impl fmt::Debug for Dialogue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialogue").field("connection", &self.connection).finish_non_exhaustive()
    }
}
