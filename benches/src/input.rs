//! Inputs: each is given to us and to the peers as it stands.

/// Eight command lines as real clients send them, without their CRLF.
pub const COMMANDS: [&str; 8] = [
    "EHLO client.example.org",
    "AUTH PLAIN AHRpbUBzZW5kZXIuZXhhbXBsZS5vcmcAdGFuc3RhYWZ0YW5zdGFhZg==",
    "MAIL FROM:<tim@sender.example.org> SIZE=48213 BODY=8BITMIME RET=HDRS ENVID=QQ314159",
    "RCPT TO:<ann.other@mail.example.com> NOTIFY=FAILURE,DELAY ORCPT=rfc822;ann@example.com",
    "DATA",
    "BDAT 86401 LAST",
    "NOOP",
    "QUIT",
];

/// The verb of a command line, to name a case by.
#[must_use]
pub fn verb(line: &str) -> &str {
    line.split(' ').next().unwrap_or(line)
}

/// The eight command lines as they lie in a receive buffer, each with its CRLF.
#[must_use]
pub fn commands() -> Vec<u8> {
    COMMANDS.iter().flat_map(|line| [line.as_bytes(), b"\r\n"].concat()).collect()
}

/// What a client sends in a session with one small message, a line at a time. No parameter is in it
/// that a peer refuses.
pub const SESSION: [&str; 17] = [
    "EHLO client.example.org\r\n",
    "MAIL FROM:<tim@sender.example.org> BODY=8BITMIME\r\n",
    "RCPT TO:<ann.other@mail.example.com>\r\n",
    "RCPT TO:<bob@mail.example.com>\r\n",
    "DATA\r\n",
    "From: Tim <tim@sender.example.org>\r\n",
    "To: Ann Other <ann.other@mail.example.com>, bob@mail.example.com\r\n",
    "Subject: the figures of last week\r\n",
    "Date: Thu, 19 Nov 2026 10:00:00 +0100\r\n",
    "Message-ID: <20261119100000.1@sender.example.org>\r\n",
    "\r\n",
    "They are better than those of the week before.\r\n",
    "..and that is all.\r\n",
    ".\r\n",
    "RSET\r\n",
    "NOOP\r\n",
    "QUIT\r\n",
];

/// Octets of mail data in a measurement. Less without optimisation, where only the code is tried.
pub const MAIL_DATA: usize = if cfg!(debug_assertions) { 100_000 } else { 10_000_000 };

/// Mail data of about `size` octets as it is on the wire: text in lines of 76 octets, one line in a
/// hundred with a stuffed dot, ended by `<CRLF>.<CRLF>`.
#[must_use]
pub fn mail_data(size: usize) -> Vec<u8> {
    let text = b"It was the best of times, it was the worst of times, it was the age of wis- ";
    let mut data = Vec::with_capacity(size + 100);
    let mut lines = 0;
    while data.len() < size {
        lines += 1;
        if lines % 100 == 0 {
            data.extend_from_slice(b"..");
        }
        let (head, tail) = text.split_at(lines % text.len());
        data.extend_from_slice(tail);
        data.extend_from_slice(head);
        data.extend_from_slice(b"\r\n");
    }
    data.extend_from_slice(b".\r\n");
    data
}

/// A message of about `size` octets as it is before it is sent: [`mail_data`] without its stuffing
/// and its end.
#[must_use]
pub fn message(size: usize) -> Vec<u8> {
    let mut message = mail_data(size);
    message.truncate(message.len() - 3);
    let mut before = [0; 3];
    message.retain(|&octet| {
        let stuffed = before == *b"\r\n.";
        before = [before[1], before[2], octet];
        !(stuffed && octet == b'.')
    });
    message
}

/// A greeting.
pub const GREETING: &str = "220 mail.example.org ESMTP ready\r\n";

/// A reply of one line.
pub const REPLY: &str = "250 2.1.0 Sender <tim@sender.example.org> ok\r\n";

/// A reply to EHLO of ten lines.
pub const HELLO: &str = "250-mail.example.org at your service\r\n\
    250-PIPELINING\r\n\
    250-SIZE 67108864\r\n\
    250-8BITMIME\r\n\
    250-SMTPUTF8\r\n\
    250-CHUNKING\r\n\
    250-DSN\r\n\
    250-ENHANCEDSTATUSCODES\r\n\
    250-AUTH PLAIN LOGIN\r\n\
    250 HELP\r\n";

/// What a server says in a submission of one message, a reply at a time.
pub const DIALOGUE: [&str; 8] = [
    GREETING,
    HELLO,
    "235 2.7.0 Authentication succeeded\r\n",
    REPLY,
    "250 2.1.5 Recipient <ann.other@mail.example.com> ok\r\n",
    "354 go ahead\r\n",
    "250 2.0.0 Ok: queued as 4F2A17C0\r\n",
    "221 2.0.0 bye\r\n",
];

/// What it says up to the message, without AUTH.
pub const UP_TO_CONTENT: [&str; 5] = [GREETING, HELLO, REPLY, REPLY, "354 go ahead\r\n"];

/// Octets of the AUTH responses that are measured, decoded.
pub const RESPONSES: [usize; 3] = [48, 1536, 9195];

/// A message of PLAIN or OAUTHBEARER of so many octets, with its mechanism: what is short is a
/// password, what is long a token.
#[must_use]
pub fn auth_message(size: usize) -> (&'static str, Vec<u8>) {
    let (mechanism, before, behind): (_, &[u8], &[u8]) = if size < 100 {
        ("PLAIN", b"\0tim@sender.example.org\0", b"")
    } else {
        ("OAUTHBEARER", b"n,a=tim@sender.example.org,\x01auth=Bearer ", b"\x01\x01")
    };
    let secret = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let length = size.saturating_sub(before.len() + behind.len());
    let secret: Vec<u8> = secret.iter().copied().cycle().take(length).collect();
    (mechanism, [before, &secret, behind].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ehlo::command::Command;

    #[test]
    fn every_command_is_well_formed() {
        for line in COMMANDS {
            assert!(Command::parse(line.as_bytes()).is_ok(), "{line}");
        }
    }

    #[test]
    fn mail_data_has_lines_of_76_octets_and_its_end() {
        let data = mail_data(10_000);
        assert!(data.ends_with(b"\r\n.\r\n"));
        assert!(data.split(|c| *c == b'\n').take(99).all(|line| line.len() == 77));
        assert_eq!(data.windows(4).filter(|four| four == b"\r\n..").count(), 1);
    }

    #[test]
    fn auth_messages_have_the_size_that_is_asked_for() {
        for size in RESPONSES {
            assert_eq!(auth_message(size).1.len(), size);
        }
    }
}
