//! A driver of the client's machine without a socket: replies in, what is said dropped.

use core::hint::black_box;

use ehlo::address::{ForwardPath, ReversePath};
use ehlo::client::submission::{self, Security, Submission};
use ehlo::client::{Config, Connection, Event};
use ehlo::io::Io;
use ehlo::parameter::{MailParameters, RcptParameters};
use ehlo::sasl::client::{Credentials, Rules};

use crate::server::HOSTNAME;

/// A client that would send its password to anybody: there is nobody.
pub const CONFIG: Config<'static> =
    Config::new("client.example.org", HOSTNAME).auth(Rules::new().dangerous_cleartext());

/// A connection with lent buffers.
pub type Lent<'b> = Connection<'static, &'b mut [u8]>;

/// Writes all there is, and reads what comes next of `replies`, one at each read. `None` when the
/// connection does not want to be driven, or there is no reply left.
fn turn<'r>(io: Option<Io<'_>>, replies: &mut impl Iterator<Item = &'r str>) -> Option<usize> {
    match io? {
        Io::Write(write) => {
            let n = black_box(write.bytes()).len();
            write.sent(n);
            Some(n)
        }
        Io::Read(mut read) => {
            let reply = replies.next()?.as_bytes();
            if let Some(space) = read.space().get_mut(..reply.len()) {
                space.copy_from_slice(reply);
            }
            read.filled(reply.len());
            Some(0)
        }
        Io::Wait(_) => None,
    }
}

/// Moves a connection on, each reply a read, until no reply is left or a command may be said; replies
/// are passed over. Returns how many there were.
pub fn feed<'r>(connection: &mut Lent<'_>, replies: impl IntoIterator<Item = &'r str>) -> usize {
    let (mut replies, mut told) = (replies.into_iter(), 0);
    loop {
        while turn(connection.poll_io(), &mut replies).is_some() {}
        match connection.event() {
            Some(Event::Reply(reply)) => {
                told += usize::from(black_box(reply.received()).code().is_positive());
                reply.done();
            }
            _ => return told,
        }
    }
}

/// A connection that has said EHLO.
#[must_use]
pub fn ready<'b>(beginning: [&str; 2], rx: &'b mut [u8], tx: &'b mut [u8]) -> Lent<'b> {
    let mut connection = Connection::new(&CONFIG, rx, tx);
    feed(&mut connection, beginning);
    connection
}

/// Says NOOP, and reads the reply.
pub fn noop(connection: &mut Lent<'_>, reply: &str) -> usize {
    if let Some(Event::Ready(ready)) = connection.event() {
        let _ = ready.noop();
    }
    feed(connection, [reply])
}

/// A connection that waits for the message.
#[must_use]
pub fn at_content<'b>(replies: [&str; 5], rx: &'b mut [u8], tx: &'b mut [u8]) -> Lent<'b> {
    let [greeting, hello, mail, rcpt, data] = replies;
    let mut connection = ready([greeting, hello], rx, tx);
    let (from, to) = paths();
    if let Some(Event::Ready(mut ready)) = connection.event() {
        let _ = ready.mail(from, &MailParameters::default());
        let _ = ready.rcpt(to, &RcptParameters::default());
        let _ = ready.data();
    }
    feed(&mut connection, [mail, rcpt, data]);
    connection
}

/// Writes a message, which does not end; returns how many octets were written.
pub fn write(connection: &mut Lent<'_>, message: &[u8]) -> usize {
    let (mut rest, mut written) = (message, 0);
    while !rest.is_empty() {
        while let Some(n) = turn(connection.poll_io(), &mut core::iter::empty()) {
            written += n;
        }
        let Some(Event::Content(mut content)) = connection.event() else { break };
        let taken = content.write(rest).unwrap_or(rest.len());
        rest = rest.get(taken..).unwrap_or(&[]);
    }
    written
}

/// A whole submission of one message; `replies` from the greeting to the one to QUIT, each a read.
/// Returns how many octets were written.
pub fn submit<'r>(
    replies: impl IntoIterator<Item = &'r str>,
    message: &[u8],
    rx: &mut [u8],
    tx: &mut [u8],
) -> usize {
    let credentials = Credentials::password("tim@sender.example.org", "tanstaaftanstaaf");
    let security = Security::Cleartext;
    let mut submission = Submission::new(&CONFIG, security, Some(credentials), rx, tx);
    let (mut replies, mut written, mut rest) = (replies.into_iter(), 0, message);
    let mut sent = false;
    loop {
        while let Some(n) = turn(submission.poll_io(), &mut replies) {
            written += n;
        }
        use submission::Event;
        match submission.event() {
            Some(Event::Reply(reply)) => {
                black_box(reply.received());
                reply.done();
            }
            Some(Event::Next(next)) if sent => next.quit(),
            Some(Event::Next(next)) => {
                let _ = next.begin(paths().0, &MailParameters::default());
                sent = true;
            }
            Some(Event::Recipient(recipient)) if recipient.index() == 0 => {
                let _ = recipient.add(paths().1, &RcptParameters::default());
            }
            Some(Event::Recipient(recipient)) => recipient.no_more(),
            Some(Event::Content(mut content)) => {
                let taken = content.write(rest).unwrap_or(rest.len());
                rest = rest.get(taken..).unwrap_or(&[]);
                if rest.is_empty() {
                    let _ = content.finish();
                }
            }
            Some(Event::Closed(_)) | None => return written,
            Some(other) => other.give_up(),
        }
    }
}

/// The sender and the recipient of each message.
fn paths() -> (ReversePath<'static>, ForwardPath<'static>) {
    let from = ReversePath::parse(black_box("<tim@sender.example.org>"));
    let to = ForwardPath::parse(black_box("<ann.other@mail.example.com>"));
    (from.unwrap_or(ReversePath::Null), to.unwrap_or(ForwardPath::Postmaster("postmaster")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input;

    #[test]
    fn the_submission_sends_its_message() {
        let (mut rx, mut tx) = ([0; 2048], [0; 1024]);
        let message = input::message(2048);
        let written = submit(input::DIALOGUE, &message, &mut rx, &mut tx);
        assert!(written > message.len() + 150, "{written}");
    }

    #[test]
    fn every_octet_of_a_message_is_written_and_dots_are_doubled() {
        let (mut rx, mut tx) = ([0; 2048], vec![0; 8192]);
        let message = input::message(100_000);
        let mut connection = at_content(input::UP_TO_CONTENT, &mut rx, &mut tx);
        let written = write(&mut connection, &message);
        let dots = message.windows(3).filter(|three| three == b"\r\n.").count();
        assert!(dots > 5 && (written..written + 8192).contains(&(message.len() + dots)));
    }

    #[test]
    fn a_reply_to_noop_is_told() {
        let (mut rx, mut tx) = ([0; 2048], [0; 1024]);
        let mut connection = ready([input::GREETING, input::HELLO], &mut rx, &mut tx);
        assert_eq!(noop(&mut connection, input::REPLY), 1);
        assert_eq!(noop(&mut connection, input::REPLY), 1);
    }
}
