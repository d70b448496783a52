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
