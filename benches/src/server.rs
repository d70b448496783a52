//! A driver of the server's machine without a socket: octets in, events answered, octets dropped.

use core::hint::black_box;

use ehlo::capability::Extensions;
use ehlo::io::Io;
use ehlo::policy::Policy;
use ehlo::sasl::Mechanism;
use ehlo::server::{Config, Connection, Event};

/// The hostname of every server here.
pub const HOSTNAME: &str = "mail.example.org";

/// The default configuration: anybody may send.
pub const OPEN: Config<'static> = Config::new(HOSTNAME);

/// AUTH without TLS, not needed to send. The reply to EHLO has ten lines.
pub const WITH_AUTH: Config<'static> = {
    let mut policy = Policy::new();
    policy.auth_optional = true;
    policy.cleartext_auth = true;
    let fewer = Extensions::BINARYMIME.with(Extensions::LIMITS);
    Config::new(HOSTNAME)
        .auth(&[Mechanism::Plain, Mechanism::CramMd5, Mechanism::OauthBearer])
        .extensions(Extensions::DEFAULT.without(fewer))
        .policy(policy)
};

/// A connection with lent buffers.
pub type Lent<'b> = Connection<'static, &'b mut [u8]>;

/// A connection that has not begun.
#[must_use]
pub fn connection<'b>(
    config: &'static Config<'static>,
    rx: &'b mut [u8],
    tx: &'b mut [u8],
) -> Lent<'b> {
    Connection::new(config, rx, tx, [7; 16])
}

/// Moves the connection on, with as many of `octets` as fit a read at a time, until it needs more
/// of them or is over. Each event is given to `on`. Returns how many octets were written.
pub fn feed(connection: &mut Lent<'_>, octets: &[u8], mut on: impl FnMut(Event<'_>)) -> usize {
    let (mut rest, mut written) = (octets, 0);
    loop {
        while let Some(io) = connection.poll_io() {
            match io {
                Io::Read(_) if rest.is_empty() => return written,
                Io::Read(mut read) => {
                    let space = read.space();
                    let (here, behind) = rest.split_at(rest.len().min(space.len()));
                    if let Some(space) = space.get_mut(..here.len()) {
                        space.copy_from_slice(here);
                    }
                    read.filled(here.len());
                    rest = behind;
                }
                Io::Write(write) => {
                    let n = black_box(write.bytes()).len();
                    write.sent(n);
                    written += n;
                }
                Io::Wait(_) => connection.handle_timeout(),
            }
        }
        match connection.event() {
            Some(Event::Closed(_)) => return written,
            Some(event) => on(event),
            None => {}
        }
    }
}

/// An application that takes every message.
pub fn accept(event: Event<'_>) {
    match event {
        Event::Body(body) => {
            black_box(body.bytes());
            body.done();
        }
        Event::EndOfData(end) => end.accept(),
        other => other.accept_or_decline(),
    }
}

/// A whole session: each of `reads` is one read. Returns how many octets were written.
pub fn session<'r>(
    reads: impl IntoIterator<Item = &'r str>,
    rx: &mut [u8],
    tx: &mut [u8],
) -> usize {
    let mut connection = connection(&OPEN, rx, tx);
    let mut written = feed(&mut connection, b"", accept);
    for read in reads {
        written += feed(&mut connection, read.as_bytes(), accept);
    }
    written
}

/// A connection that waits for mail data.
#[must_use]
pub fn at_mail_data<'b>(rx: &'b mut [u8], tx: &'b mut [u8]) -> Lent<'b> {
    let mut connection = connection(&OPEN, rx, tx);
    feed(&mut connection, b"EHLO a.example\r\n", accept);
    feed(&mut connection, b"MAIL FROM:<a@a.example>\r\nRCPT TO:<b@b.example>\r\nDATA\r\n", accept);
    connection
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input;

    #[test]
    fn the_session_takes_its_message() {
        let (mut rx, mut tx) = ([0; 2048], [0; 1024]);
        let (mut octets, mut messages) = (0, 0);
        let mut connection = connection(&OPEN, &mut rx, &mut tx);
        feed(&mut connection, input::SESSION.concat().as_bytes(), |event| {
            match &event {
                Event::Body(body) => octets += body.bytes().len(),
                Event::EndOfData(_) => messages += 1,
                _ => {}
            }
            accept(event);
        });
        let body: usize = input::SESSION[5..13].iter().map(|line| line.len()).sum();
        assert_eq!((octets, messages), (body - 1, 1));
    }

    #[test]
    fn the_reply_to_ehlo_has_ten_lines() {
        let (mut rx, mut tx) = ([0; 2048], [0; 1024]);
        let mut connection = connection(&WITH_AUTH, &mut rx, &mut tx);
        feed(&mut connection, b"", accept);
        let mut lines = 0;
        let Some(Io::Read(mut read)) = connection.poll_io() else { return assert_eq!(lines, 10) };
        read.space()[..8].copy_from_slice(b"EHLO a\r\n");
        read.filled(8);
        assert!(connection.poll_io().is_none());
        if let Some(event) = connection.event() {
            accept(event);
        }
        if let Some(Io::Write(write)) = connection.poll_io() {
            lines = write.bytes().split(|c| *c == b'\n').count() - 1;
        }
        assert_eq!(lines, 10);
    }

    #[test]
    fn mail_data_comes_through_whole() {
        let (mut rx, mut tx) = (vec![0; 8192], [0; 1024]);
        let data = input::mail_data(100_000);
        let mut octets = 0;
        let mut connection = at_mail_data(&mut rx, &mut tx);
        feed(&mut connection, &data, |event| {
            if let Event::Body(body) = &event {
                octets += body.bytes().len();
            }
            accept(event);
        });
        let stuffed = data.windows(4).filter(|four| four == b"\r\n..").count();
        assert_eq!(octets, data.len() - 3 - stuffed);
    }
}
