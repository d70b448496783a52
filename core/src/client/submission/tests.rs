//! What leaves together.

use super::{Event, Security, Submission};
use crate::address::{ForwardPath, ReversePath};
use crate::client::{Config, NotSent};
use crate::io::Io;
use crate::parameter::{MailParameters, RcptParameters};

extern crate alloc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

static CONFIG: Config = Config::new("sensor.local", "localhost");

/// Sends to `recipients`; what left in each write, where the server says these lines one by one.
fn writes(recipients: &[&str], says: &[&str], room: usize) -> Vec<String> {
    let (rx, tx) = (alloc::vec![0; 512], alloc::vec![0; room]);
    let mut submission = Submission::new(&CONFIG, Security::Cleartext, None, rx, tx);
    let (mut writes, mut says) = (Vec::new(), says.iter());
    let mut begun = false;
    for _ in 0..200 {
        while let Some(io) = submission.poll_io() {
            match io {
                Io::Read(mut read) => {
                    let line = says.next().copied().unwrap_or_default().as_bytes();
                    read.space()[..line.len()].copy_from_slice(line);
                    read.filled(line.len());
                }
                Io::Write(write) => {
                    writes.push(String::from_utf8_lossy(write.bytes()).to_string());
                    let n = write.bytes().len();
                    write.sent(n);
                }
                Io::Wait(_) => unreachable!(),
            }
        }
        match submission.event().unwrap() {
            Event::Next(next) if !begun => {
                begun = true;
                let path = ReversePath::parse("<a@b.example>").unwrap();
                next.begin(path, &MailParameters::default()).unwrap();
            }
            Event::Recipient(recipient) => match recipients.get(usize::from(recipient.index())) {
                Some(address) => {
                    let path = ForwardPath::parse(address).unwrap();
                    let _ = recipient.add(path, &RcptParameters::default());
                }
                None => recipient.no_more(),
            },
            Event::Content(content) => content.finish().unwrap(),
            Event::Closed(_) => return writes,
            other => other.give_up(),
        }
    }
    unreachable!("it goes on for ever: {writes:?}");
}

const HELLO: [&str; 2] = ["220 hi\r\n", "250-hi\r\n250 PIPELINING\r\n"];

#[test]
fn an_envelope_leaves_in_one_write_where_the_server_offers_pipelining() {
    let replies =
        ["250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 ok\r\n", "221 bye\r\n"];
    let says = [&HELLO[..], &replies].concat();
    let writes = writes(&["<c@d.example>", "<e@f.example>"], &says, 512);
    let group =
        "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nRCPT TO:<e@f.example>\r\nDATA\r\n";
    assert_eq!(writes, ["EHLO sensor.local\r\n", group, ".\r\n", "QUIT\r\n"]);
}

#[test]
fn a_group_that_does_not_fit_leaves_in_parts() {
    let replies =
        ["250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 ok\r\n", "221 bye\r\n"];
    let says = [&HELLO[..], &replies].concat();
    let writes = writes(&["<c@d.example>", "<e@f.example>"], &says, 64);
    let first = "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n";
    let second = "RCPT TO:<e@f.example>\r\nDATA\r\n";
    assert_eq!(writes, ["EHLO sensor.local\r\n", first, second, ".\r\n", "QUIT\r\n"]);
}

#[test]
fn without_pipelining_each_command_waits_for_its_reply() {
    let says = ["220 hi\r\n", "250 hi\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 ok\r\n"];
    let writes = writes(&["<c@d.example>"], &says, 512);
    let expected = [
        "EHLO sensor.local\r\n",
        "MAIL FROM:<a@b.example>\r\n",
        "RCPT TO:<c@d.example>\r\n",
        "DATA\r\n",
    ];
    assert_eq!(writes[..4], expected);
}

#[test]
fn a_recipient_more_than_can_be_counted_is_refused_and_not_said_for_ever() {
    let (rx, tx) = (alloc::vec![0; 512], alloc::vec![0; 512]);
    let mut submission = Submission::new(&CONFIG, Security::Cleartext, None, rx, tx);
    let (mut begun, mut said) = (false, 0_u32);
    let mut reply: &[u8] = b"220 hi\r\n";
    let why = loop {
        while let Some(io) = submission.poll_io() {
            match io {
                Io::Read(mut read) => {
                    read.space()[..reply.len()].copy_from_slice(reply);
                    read.filled(reply.len());
                    reply = b"250 ok\r\n";
                }
                Io::Write(write) => {
                    let n = write.bytes().len();
                    write.sent(n);
                }
                Io::Wait(_) => unreachable!(),
            }
        }
        match submission.event().unwrap() {
            Event::Next(next) if !begun => {
                begun = true;
                next.begin(ReversePath::Null, &MailParameters::default()).unwrap();
            }
            Event::Recipient(recipient) => {
                let path = ForwardPath::parse("<c@d.example>").unwrap();
                match recipient.add(path, &RcptParameters::default()) {
                    Ok(()) => said += 1,
                    Err(why) => break why,
                }
                assert!(said <= u32::from(u16::MAX));
            }
            other => other.give_up(),
        }
    };
    assert_eq!((why, said), (NotSent::TooMany(65_535), 65_535));
}
