//! Driving a client: groups of commands larger than the send buffer, and time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use core::time::Duration;

use ehlo::address::{ForwardPath, ReversePath};
use ehlo::client::submission::{Event as Journey, Security, Submission};
use ehlo::client::{Config, Connection, Event, NotSent, Timeouts, To};
use ehlo::io::{Deadline, Io};
use ehlo::parameter::{MailParameters, RcptParameters};

static CONFIG: Config<'static> = Config::new("client.example.org", "localhost");

const HELLO: &str = "220 x\r\n250-x\r\n250 PIPELINING\r\n";

type Client = Connection<'static, Vec<u8>>;

/// Reads this as far as it is read, passes over replies, and returns what is said.
fn hears(client: &mut Client, octets: &str) -> String {
    let (mut unread, mut said) = (octets.as_bytes(), Vec::new());
    loop {
        match client.poll_io() {
            Some(Io::Read(mut read)) => {
                let n = read.space().len().min(unread.len());
                if n == 0 {
                    return String::from_utf8(said).unwrap();
                }
                read.space()[..n].copy_from_slice(&unread[..n]);
                unread = &unread[n..];
                read.filled(n);
            }
            Some(Io::Write(write)) => {
                said.extend_from_slice(write.bytes());
                let n = write.bytes().len();
                write.sent(n);
            }
            Some(Io::Wait(_)) => panic!("a client does not wait"),
            None => match client.event() {
                Some(Event::Reply(reply)) => reply.done(),
                _ => return String::from_utf8(said).unwrap(),
            },
        }
    }
}

fn greeted() -> Client {
    let mut client = Connection::new(&CONFIG, vec![0; 512], vec![0; 512]);
    hears(&mut client, HELLO);
    client
}

#[test]
fn a_group_larger_than_the_send_buffer_is_said_in_parts() {
    let mut client = greeted();
    let path = |index: usize| format!("<user-{index}@a-long-name.example.org>");
    let (mut next, mut begun, mut parts) = (0, false, 0);
    let mut said = String::new();
    while next < 100 {
        let Some(Event::Ready(mut ready)) = client.event() else { panic!("not ready") };
        if !begun {
            begun = true;
            ready.mail(ReversePath::Null, &MailParameters::default()).unwrap();
        }
        let before = next;
        while next < 100 {
            let path = path(next);
            let path = ForwardPath::parse(&path).unwrap();
            match ready.rcpt(path, &RcptParameters::default()) {
                Ok(()) => next += 1,
                Err(NotSent::Later) => break,
                Err(other) => panic!("{other:?}"),
            }
        }
        assert!(next > before, "nothing fits");
        let part = hears(&mut client, "");
        assert!(part.len() <= 512 && part.ends_with("\r\n"));
        parts += 1;
        hears(&mut client, &"250 ok\r\n".repeat(part.lines().count()));
        said.push_str(&part);
    }
    assert!((5..20).contains(&parts), "{parts} parts");
    let expected: Vec<String> = (0..100).map(|n| format!("RCPT TO:{}", path(n))).collect();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "MAIL FROM:<>");
    assert_eq!(&lines[1..], expected);
}

#[test]
fn each_of_many_recipients_has_its_result() {
    for offers in ["220 x\r\n250-x\r\n250 PIPELINING\r\n", "220 x\r\n250 x\r\n"] {
        let (receive, send) = (vec![0; 512], vec![0; 512]);
        let mut client = Submission::new(&CONFIG, Security::Cleartext, None, receive, send);
        let (greeting, hello) = offers.split_at(7);
        let mut replies = vec![greeting.to_owned()];
        let (mut results, mut begun, mut writes, mut accepted) = (Vec::new(), false, 0, 0);
        loop {
            match client.poll_io() {
                Some(Io::Read(mut read)) => {
                    let reply = replies.first_mut().expect("a reply is owed");
                    let n = read.space().len().min(reply.len());
                    read.space()[..n].copy_from_slice(&reply.as_bytes()[..n]);
                    read.filled(n);
                    reply.drain(..n);
                    if reply.is_empty() {
                        replies.remove(0);
                    }
                }
                Some(Io::Write(write)) => {
                    writes += 1;
                    for line in core::str::from_utf8(write.bytes()).unwrap().lines() {
                        let refused = line.contains("user-7@") || line.contains("user-199@");
                        replies.push(match line {
                            line if line.starts_with("EHLO") => hello.to_owned(),
                            _ if refused => "550 no\r\n".to_owned(),
                            "DATA" => "354 go\r\n".to_owned(),
                            "." => "250 queued\r\n".to_owned(),
                            "QUIT" => "221 bye\r\n".to_owned(),
                            _ => "250 ok\r\n".to_owned(),
                        });
                    }
                    let n = write.bytes().len();
                    write.sent(n);
                }
                Some(Io::Wait(_)) => panic!("a client does not wait"),
                None => match client.event().unwrap() {
                    Journey::Next(next) if begun => next.quit(),
                    Journey::Next(next) => {
                        begun = true;
                        next.begin(ReversePath::Null, &MailParameters::default()).unwrap();
                    }
                    Journey::Recipient(recipient) if recipient.index() == 200 => {
                        recipient.no_more()
                    }
                    Journey::Recipient(recipient) => {
                        let path = format!("<user-{}@example.org>", recipient.index());
                        let path = ForwardPath::parse(&path).unwrap();
                        let said = recipient.add(path, &RcptParameters::default());
                        assert!(matches!(said, Ok(()) | Err(NotSent::Later)), "{said:?}");
                    }
                    Journey::Content(content) => content.finish().unwrap(),
                    Journey::Reply(reply) => {
                        if reply.to() == To::Rcpt {
                            results.push((reply.index(), reply.is_positive()));
                        }
                        accepted += usize::from(reply.to() == To::Message && reply.is_positive());
                        reply.done();
                    }
                    Journey::Closed(_) => break,
                    other => panic!("{other:?}"),
                },
            }
        }
        let expected: Vec<(u16, bool)> = (0..200).map(|n| (n, n != 7 && n != 199)).collect();
        assert_eq!((results, accepted), (expected, 1));
        let pipelined = offers.contains("PIPELINING");
        assert!(if pipelined { writes < 40 } else { writes > 200 }, "{writes} writes");
    }
}

fn deadline(client: &mut Client) -> Deadline {
    match client.poll_io() {
        Some(Io::Read(read)) => read.deadline(),
        Some(Io::Write(write)) => write.deadline(),
        other => panic!("there is no deadline: {other:?}"),
    }
}

#[test]
fn a_reply_that_drips_in_has_one_deadline_and_the_next_one_another() {
    let mut client = greeted();
    let Some(Event::Ready(ready)) = client.event() else { panic!("not ready") };
    ready.noop().unwrap();
    hears(&mut client, "");
    let first = deadline(&mut client);
    assert_eq!(first.after, Duration::from_secs(300));
    for octet in "250-still\r\n250-here\r\n250 o".split_inclusive(|_: char| true) {
        hears(&mut client, octet);
        assert_eq!(deadline(&mut client), first);
    }
    hears(&mut client, "k\r\n");
    let Some(Event::Ready(ready)) = client.event() else { panic!("not ready") };
    ready.noop().unwrap();
    hears(&mut client, "");
    assert_ne!(deadline(&mut client).id, first.id);
}

#[test]
fn what_is_written_has_three_minutes_and_each_part_of_a_message_its_own() {
    let mut client = greeted();
    let Some(Event::Ready(mut ready)) = client.event() else { panic!("not ready") };
    let path = ForwardPath::parse("<b@example.org>").unwrap();
    ready.mail(ReversePath::Null, &MailParameters::default()).unwrap();
    ready.rcpt(path, &RcptParameters::default()).unwrap();
    ready.data().unwrap();
    hears(&mut client, "250 ok\r\n250 ok\r\n354 go\r\n");
    let mut last = None;
    for _ in 0..3 {
        let Some(Event::Content(mut content)) = client.event() else { panic!("no content") };
        assert!(content.write(&[b'x'; 600]).unwrap() < 600);
        let now = deadline(&mut client);
        assert_eq!(now.after, Duration::from_secs(180));
        // One octet buys no time.
        if let Some(Io::Write(write)) = client.poll_io() {
            write.sent(1);
        }
        assert_eq!(deadline(&mut client), now);
        assert!(last.is_none_or(|last| last != now.id));
        last = Some(now.id);
        hears(&mut client, "");
    }
}

#[test]
fn the_default_times_are_those_of_the_rfc() {
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let times = Timeouts::new();
    assert_eq!((times.greeting, times.command, times.data), (minutes(5), minutes(5), minutes(2)));
    assert_eq!((times.write, times.message), (minutes(3), minutes(10)));
}
