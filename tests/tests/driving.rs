//! Driving a connection: deadlines, buffers, and what happens when the peer is gone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use core::time::Duration;

use ehlo::io::{Deadline, Io};
use ehlo::limits::Limits;
use ehlo::reply::{DefaultReply, Refusal};
use ehlo::sasl::Mechanism;
use ehlo::server::{Aborted, Closed, Config, Connection, Event, Identity};
use ehlo_tests::transcript::accept;

static CONFIG: Config<'static> = Config::new("mail.example.org");
static WITH_AUTH: Config<'static> = Config::new("mail.example.org").auth(&[Mechanism::Plain]);

type Server = Connection<'static, Vec<u8>>;

/// A server, with what the client has said answered and written.
fn after(config: &'static Config<'static>, said: &[u8]) -> Server {
    let mut server = Connection::new(config, vec![0; 2048], vec![0; 1024], [1; 16]).implicit_tls();
    says(&mut server, said);
    server
}

/// The client says this; everything is accepted, and what is to be written is.
fn says(server: &mut Server, octets: &[u8]) -> Vec<u8> {
    let (mut rest, mut said) = (octets, Vec::new());
    loop {
        match server.poll_io() {
            Some(Io::Read(_)) if rest.is_empty() => return said,
            Some(Io::Read(mut read)) => {
                let n = read.space().len().min(rest.len());
                read.space()[..n].copy_from_slice(&rest[..n]);
                rest = &rest[n..];
                read.filled(n);
            }
            Some(Io::Write(write)) => {
                said.extend_from_slice(write.bytes());
                let n = write.bytes().len();
                write.sent(n);
            }
            Some(Io::Wait(_)) => server.handle_timeout(),
            None => match server.event() {
                Some(Event::Closed(_)) => return said,
                Some(Event::Login(login)) => login.accept_as(Identity(3)),
                Some(event) => accept(event),
                None => {}
            },
        }
    }
}

fn deadline(server: &mut Server) -> Deadline {
    match server.poll_io() {
        Some(Io::Read(read)) => read.deadline(),
        other => panic!("{other:?}"),
    }
}

fn closed(server: &mut Server) -> Closed {
    loop {
        assert!(server.poll_io().is_none(), "nothing more is read or written");
        match server.event() {
            Some(Event::Closed(why)) => return why,
            Some(Event::Aborted(aborted)) => aborted.done(),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_command_that_drips_in_has_one_deadline() {
    let mut server = after(&CONFIG, b"EHLO x\r\n");
    let before = deadline(&mut server);
    assert_eq!(before.after, Duration::from_secs(300));
    for octet in b"NOOP" {
        says(&mut server, &[*octet]);
        assert_eq!(deadline(&mut server), before, "an octet buys no time");
    }
    says(&mut server, b"\r\n");
    assert_ne!(deadline(&mut server).id, before.id, "a command does");
}

#[test]
fn the_time_for_a_command_begins_when_the_reply_before_it_has_left() {
    let mut server = after(&CONFIG, b"EHLO x\r\n");
    let Some(Io::Read(mut read)) = server.poll_io() else { panic!("it reads") };
    read.space()[..6].copy_from_slice(b"NOOP\r\n");
    read.filled(6);
    let mut writing = None;
    while let Some(Io::Write(write)) = server.poll_io() {
        let before = writing.replace(write.deadline());
        assert!(before.is_none_or(|before| before == write.deadline()), "an octet buys no time");
        write.sent(1);
    }
    assert_ne!(deadline(&mut server).id, writing.expect("it writes").id);
}

#[test]
fn an_over_long_line_that_drips_in_has_one_deadline() {
    let mut server = after(&CONFIG, b"EHLO x\r\n");
    let before = deadline(&mut server);
    for _ in 0..10 {
        says(&mut server, &[b'x'; 1000]);
        assert_eq!(deadline(&mut server), before);
    }
}

#[test]
fn mail_data_buys_time_by_4_kib() {
    let mut server = after(&CONFIG, b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n");
    let before = deadline(&mut server);
    for _ in 0..40 {
        says(&mut server, &[b'x'; 100]);
        assert_eq!(deadline(&mut server), before);
    }
    says(&mut server, &[b'x'; 100]);
    assert_ne!(deadline(&mut server).id, before.id);
}

#[test]
fn a_connection_has_an_end_in_all() {
    let mut limits = Limits::new();
    assert_eq!(after(&CONFIG, b"").connection_timeout(), limits.connection_timeout);
    limits.connection_timeout = Duration::from_secs(7);
    let config = Config::new("mail.example.org").limits(limits);
    let connection = Connection::new(&config, [0; 512], [0; 512], [1; 16]);
    assert_eq!(connection.connection_timeout(), Duration::from_secs(7));
}

#[test]
fn the_default_limits_are_those_the_documents_ask_for() {
    let limits = Limits::new();
    assert_eq!(limits.unauthenticated_commands, 10);
    assert_eq!(limits.auth_failures, 5);
    assert_eq!(limits.auth_line, 12_288);
    assert!(limits.command_line >= 512 && limits.recipients >= 100 && limits.message >= 65_536);
    let five_minutes = Duration::from_secs(300);
    assert!(limits.command_timeout >= five_minutes);
    assert!(limits.data_timeout >= Duration::from_secs(180));
}

#[test]
fn a_client_that_reads_nothing_is_given_up() {
    let mut server = after(&CONFIG, b"EHLO x\r\nMAIL FROM:<>\r\n");
    let Some(Io::Read(mut read)) = server.poll_io() else { panic!("it reads") };
    read.space()[..6].copy_from_slice(b"NOOP\r\n");
    read.filled(6);
    let Some(Io::Write(write)) = server.poll_io() else { panic!("it writes") };
    assert_eq!(write.deadline().after, Limits::new().write_timeout);
    server.handle_timeout();
    assert_eq!(closed(&mut server), Closed::Ended(DefaultReply::TimedOut));
}

#[test]
fn nothing_is_written_when_the_connection_is_lost() {
    for lines in [&b"NOOP\r\n"[..], b"EHLO x\r\n", b"NOOP\r\nNOOP\r\nNOOP\r\n"] {
        let mut server = after(&CONFIG, b"EHLO x\r\nMAIL FROM:<>\r\n");
        let Some(Io::Read(mut read)) = server.poll_io() else { panic!("it reads") };
        read.space()[..lines.len()].copy_from_slice(lines);
        read.filled(lines.len());
        while !matches!(server.poll_io(), Some(Io::Write(_))) {
            accept(server.event().unwrap());
        }
        server.handle_lost();
        assert_eq!(closed(&mut server), Closed::EndOfFile);
        server.handle_timeout();
        server.handle_shutdown();
        server.handle_shutdown_now();
        server.handle_lost();
        assert_eq!(closed(&mut server), Closed::EndOfFile, "nothing leads back");
    }
}

#[test]
fn a_timeout_that_nobody_reads_about_ends_at_the_second() {
    let mut server = after(&CONFIG, b"EHLO x\r\n");
    server.handle_timeout();
    let Some(Io::Write(write)) = server.poll_io() else { panic!("it says 421") };
    assert!(write.bytes().starts_with(b"421 4.4.2 "));
    server.handle_timeout();
    closed(&mut server);
}

#[test]
fn a_reply_that_is_held_back_is_said_when_the_client_breaks_off() {
    let mut server = after(&CONFIG, b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\n");
    let Some(Io::Read(mut read)) = server.poll_io() else { panic!("it reads") };
    read.space()[..9].copy_from_slice(b"BDAT 30\r\n");
    read.filled(9);
    match server.event() {
        Some(Event::Data(data)) => data.refuse(&Refusal::permanent("5.7.1 no")),
        other => panic!("{other:?}"),
    }
    assert_eq!(says(&mut server, b"QUIT\r\n"), b"", "the chunk has not ended");
    let Some(Io::Read(read)) = server.poll_io() else { panic!("it reads") };
    read.filled(0);
    assert_eq!(says(&mut server, b""), b"554 5.7.1 no\r\n");
    assert_eq!(closed(&mut server), Closed::EndOfFile);
}

#[test]
fn a_refused_message_that_never_ends_is_over_once() {
    let begin = b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n";
    let mut server = after(&CONFIG, begin);
    let Some(Io::Read(mut read)) = server.poll_io() else { panic!("it reads") };
    read.space()[..3].copy_from_slice(b"a\nb");
    read.filled(3);
    let mut told = Vec::new();
    loop {
        match server.poll_io() {
            Some(Io::Read(read)) => read.filled(0),
            Some(Io::Write(write)) => {
                let n = write.bytes().len();
                write.sent(n);
            }
            Some(Io::Wait(_)) => panic!("there is nothing to wait for"),
            None => match server.event() {
                Some(Event::Aborted(aborted)) => {
                    told.push(aborted.why());
                    aborted.done();
                }
                Some(Event::Closed(_)) => break,
                Some(event) => accept(event),
                None => {}
            },
        }
    }
    assert_eq!(told, [Aborted::Refused(DefaultReply::BareNewlineInData)]);
}

#[test]
fn a_reply_to_ehlo_is_whole_before_the_server_stops() {
    let mut server = Connection::new(&CONFIG, vec![0; 512], vec![0; 512], [1; 16]);
    says(&mut server, b"");
    let Some(Io::Read(mut read)) = server.poll_io() else { panic!("it reads") };
    read.space()[..8].copy_from_slice(b"EHLO x\r\n");
    read.filled(8);
    accept(server.event().unwrap());
    // The send buffer is too small for all of it.
    let Some(Io::Write(_)) = server.poll_io() else { panic!("it writes") };
    server.handle_shutdown_now();
    let said = String::from_utf8(says(&mut server, b"")).unwrap();
    let (hello, stop) = said.split_once("421").expect("it says that it stops");
    let last = hello.lines().position(|line| line.starts_with("250 ")).expect("it has an end");
    assert_eq!(hello.lines().count(), last + 1, "{said}");
    assert_eq!(stop, " 4.3.2 shutting down, try again later\r\n");
    assert_eq!(closed(&mut server), Closed::Ended(DefaultReply::ShuttingDown));
}

#[test]
fn nothing_is_said_in_clear_behind_the_reply_to_starttls() {
    static STARTTLS: Config<'static> = Config::new("mail.example.org").starttls();
    for (stop, why) in [
        (Server::handle_timeout as fn(&mut Server), DefaultReply::TimedOut),
        (Server::handle_shutdown_now, DefaultReply::ShuttingDown),
    ] {
        let mut server = Connection::new(&STARTTLS, vec![0; 2048], vec![0; 1024], [1; 16]);
        says(&mut server, b"EHLO x\r\n");
        let Some(Io::Read(mut read)) = server.poll_io() else { panic!("it reads") };
        read.space()[..10].copy_from_slice(b"STARTTLS\r\n");
        read.filled(10);
        let Some(Io::Write(write)) = server.poll_io() else { panic!("it writes") };
        let n = write.bytes().len();
        write.sent(n);
        assert!(matches!(server.event(), Some(Event::Upgrade(_))));
        stop(&mut server);
        assert_eq!(closed(&mut server), Closed::Ended(why));
    }
}

#[test]
fn a_client_that_hangs_up_behind_quit_has_quit() {
    let mut server = after(&CONFIG, b"EHLO x\r\n");
    let Some(Io::Read(mut read)) = server.poll_io() else { panic!("it reads") };
    read.space()[..6].copy_from_slice(b"QUIT\r\n");
    read.filled(6);
    let Some(Io::Write(_)) = server.poll_io() else { panic!("it writes") };
    server.handle_lost();
    assert_eq!(closed(&mut server), Closed::Quit);
}

/// RFC 2920 section 3.2: the replies to these are not stored behind those to other commands.
#[test]
fn what_ends_a_group_is_replied_to_at_once() {
    let no = Refusal::permanent("5.7.1 no");
    for line in [&b"VRFY a\r\n"[..], b"EXPN a\r\n", b"EHLO a\r\n", b"DATA\r\n"] {
        for yes in [true, false] {
            let begin = b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\n";
            let mut server = after(&CONFIG, begin);
            let Some(Io::Read(mut read)) = server.poll_io() else { panic!("it reads") };
            let both = [line, b"RSET\r\nMAIL FROM:<>\r\n"].concat();
            read.space()[..both.len()].copy_from_slice(&both);
            read.filled(both.len());
            match (server.event(), yes) {
                (Some(Event::Verify(verify)), true) => verify.accept("<a@example.org>"),
                (Some(Event::Verify(verify)), false) => verify.refuse(&no),
                (Some(Event::Expand(expand)), true) => expand.accept(&["<a@example.org>"]),
                (Some(Event::Expand(expand)), false) => expand.refuse(&no),
                (Some(Event::Hello(hello)), true) => hello.accept(),
                (Some(Event::Hello(hello)), false) => hello.refuse(&no),
                (Some(Event::Data(data)), true) => data.accept(),
                (Some(Event::Data(data)), false) => data.refuse(&no),
                (other, _) => panic!("{other:?}"),
            }
            while matches!(server.event(), Some(Event::Aborted(_))) {
                accept(server.event().unwrap());
            }
            assert!(matches!(server.poll_io(), Some(Io::Write(_))), "{}", line.escape_ascii());
        }
    }
}

#[test]
fn without_a_limit_each_recipient_is_counted_all_the_same() {
    let mut limits = Limits::new();
    limits.recipients = 0;
    let config: &'static Config<'static> =
        Box::leak(Box::new(Config::new("mail.example.org").limits(limits).lmtp()));
    let mut server = after(config, b"LHLO x\r\nMAIL FROM:<>\r\n");
    let accepted = b"250 2.1.5 recipient OK\r\n".len();
    let said = says(&mut server, &b"RCPT TO:<a@b>\r\n".repeat(usize::from(u16::MAX)));
    assert_eq!(said.len(), accepted * usize::from(u16::MAX));
    let said = says(&mut server, b"RCPT TO:<a@b>\r\n");
    assert!(said.starts_with(b"452 "), "there would be no reply for it");
}

#[test]
fn a_keyword_too_long_for_a_line_is_not_offered() {
    let keyword: &'static str = Box::leak(format!("XLONG {}", "x".repeat(501)).into_boxed_str());
    for (keyword, last) in [(&keyword[..506], "250 XLONG "), (keyword, "250 HELP\r\n")] {
        let keywords: &'static [&'static str] = Box::leak(Box::new([keyword]));
        let config: &'static Config<'static> =
            Box::leak(Box::new(Config::new("mail.example.org").keywords(keywords)));
        let mut server = Connection::new(config, vec![0; 512], vec![0; 512], [1; 16]);
        let said = String::from_utf8(says(&mut server, b"EHLO x\r\n")).unwrap();
        assert!(
            said.lines().last().is_some_and(|line| line.starts_with(last.trim_end())),
            "{said}"
        );
    }
}

#[test]
fn an_idle_connection_needs_no_buffers() {
    let mut server = after(&CONFIG, b"EHLO x\r\n");
    assert_eq!((server.received(), server.unsent()), (0, 0));
    server.replace_receive_buffer(Vec::new()).unwrap();
    server.replace_send_buffer(Vec::new()).unwrap();
    assert_eq!(deadline(&mut server).after, Duration::from_secs(300), "it can be asked meanwhile");
    server.replace_receive_buffer(vec![0; 600]).unwrap();
    server.replace_send_buffer(vec![0; 512]).unwrap();
    assert_eq!(says(&mut server, b"NOOP\r\n"), b"250 2.0.0 OK\r\n");
}

#[test]
fn a_buffer_too_small_for_what_is_in_it_is_given_back() {
    let mut server = after(&CONFIG, b"EHLO x\r\n");
    says(&mut server, b"MAIL FROM:<half");
    assert_eq!(server.received(), 15);
    assert_eq!(server.replace_receive_buffer(vec![9; 14]).unwrap_err(), [9; 14]);
    server.replace_receive_buffer(vec![0; 1000]).unwrap();
    assert!(says(&mut server, b"@b>\r\n").starts_with(b"250 2.1.0 "));
}

#[test]
fn an_event_can_wait_while_the_buffer_is_exchanged() {
    let mut server = after(&CONFIG, b"EHLO x\r\n");
    let Some(Io::Read(mut read)) = server.poll_io() else { panic!("it reads") };
    read.space()[..17].copy_from_slice(b"MAIL FROM:<a@b>\r\n");
    read.filled(17);
    assert!(server.poll_io().is_none());
    drop(server.event());
    server.replace_receive_buffer(vec![0; 1000]).unwrap();
    let Some(Event::Mail(mail)) = server.event() else { panic!("it is MAIL") };
    assert_eq!(mail.reverse_path().as_str(), "a@b");
}

#[test]
fn every_later_event_knows_who_it_is() {
    let mut server = after(&WITH_AUTH, b"EHLO x\r\nAUTH PLAIN AGEAYg==\r\n");
    let facts = server.facts();
    assert!(facts.authenticated && facts.tls);
    assert_eq!((facts.identity, facts.mechanism), (Some(Identity(3)), Some(Mechanism::Plain)));
    for line in [&b"MAIL FROM:<>\r\n"[..], b"RCPT TO:<a@b>\r\n", b"DATA\r\n", b"x\r\n", b".\r\n"] {
        let Some(Io::Read(mut read)) = server.poll_io() else { panic!("it reads") };
        read.space()[..line.len()].copy_from_slice(line);
        read.filled(line.len());
        assert!(server.poll_io().is_none());
        let event = server.event().unwrap();
        let facts = match &event {
            Event::Mail(mail) => mail.facts(),
            Event::Rcpt(rcpt) => rcpt.facts(),
            Event::Data(data) => data.facts(),
            Event::Body(body) => body.facts(),
            Event::EndOfData(end) => end.facts(),
            other => panic!("{other:?}"),
        };
        assert_eq!(facts.identity, Some(Identity(3)), "{event:?}");
        accept(event);
        says(&mut server, b"");
    }
}

#[test]
fn plain_and_login_are_offered_in_the_order_of_the_list() {
    for (mechanisms, line) in [
        (&[Mechanism::Login, Mechanism::Plain][..], "250-AUTH LOGIN PLAIN\r\n"),
        (
            &[Mechanism::Plain, Mechanism::Login, Mechanism::CramMd5],
            "250-AUTH PLAIN LOGIN CRAM-MD5\r\n",
        ),
        (&[Mechanism::Xoauth2], "250-AUTH XOAUTH2\r\n"),
        (&[Mechanism::Application("X-OWN"), Mechanism::External], "250-AUTH X-OWN EXTERNAL\r\n"),
    ] {
        let config: &'static Config<'static> =
            Box::leak(Box::new(Config::new("mail.example.org").auth(mechanisms)));
        let mut server = after(config, b"");
        let said = String::from_utf8(says(&mut server, b"EHLO x\r\n")).unwrap();
        assert!(said.contains(line), "{said}");
    }
}
