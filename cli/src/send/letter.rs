//! A message that is built here, of a subject, a text and files.

use std::fs;
use std::io;
use std::path::Path;

use ehlo::address::Mailbox;
use ehlo_std::client::{Envelope, Message};
use mail_builder::MessageBuilder;
use tokio::io::AsyncReadExt;

use super::Options;
use super::progress::Progress;
use crate::exit::{self, Failure};

/// Builds it.
pub(super) async fn build(
    options: &Options,
    envelope: &Envelope,
    progress: &Progress,
) -> Result<Message, Failure> {
    let subject = options.subject.as_deref().unwrap_or_default();
    if subject.chars().any(char::is_control) {
        return Err(Failure::new(exit::USAGE, "--subject: it has to be one line"));
    }
    let text = match &options.body {
        Some(body) => text(body).await?,
        None => String::new(),
    };
    let from = envelope.sender();
    let Ok(sender) = Mailbox::parse(from) else {
        let text = "a message that is built needs a sender: --from ADDRESS";
        return Err(Failure::new(exit::USAGE, text));
    };
    let to: Vec<&str> = envelope.recipients().collect();
    let mut builder = MessageBuilder::new()
        .from(from)
        .to(to)
        .message_id(format!("{}@{}", unique()?, sender.host()))
        .subject(subject)
        .text_body(text);
    for path in &options.attach {
        let octets = fs::read(path).map_err(|error| {
            Failure::new(exit::NO_INPUT, format_args!("--attach {}: {error}", path.display()))
        })?;
        builder = builder.attachment(content_type(path, &octets), file_name(path), octets);
    }
    let octets = builder.write_to_vec().map_err(|error| {
        Failure::new(exit::DATA, format_args!("the message can't be built: {error}"))
    })?;
    let size = Message::from(octets.as_slice()).size();
    progress.size(size);
    Ok(Message::stream(progress.of(io::Cursor::new(octets)), size))
}

/// The text of `--body`: itself, that of a file, or that of standard input.
async fn text(body: &str) -> Result<String, Failure> {
    let of_octets = |octets: Vec<u8>| {
        String::from_utf8(octets)
            .map_err(|_| Failure::new(exit::DATA, "--body: not UTF-8; --attach sends any file"))
    };
    if body == "-" {
        let mut octets = Vec::new();
        tokio::io::stdin().read_to_end(&mut octets).await.map_err(|error| {
            Failure::new(exit::NO_INPUT, format_args!("--body, standard input: {error}"))
        })?;
        return of_octets(octets);
    }
    match body.strip_prefix('@') {
        Some(path) => of_octets(fs::read(path).map_err(|error| {
            let hint = "a text that begins with @ has to come from standard input, --body -";
            Failure::new(exit::NO_INPUT, format_args!("--body {body}: {error}; {hint}"))
        })?),
        None => Ok(body.to_owned()),
    }
}

/// What nobody else has, for the Message-ID.
fn unique() -> Result<String, Failure> {
    let mut octets = [0; 16];
    getrandom::fill(&mut octets).map_err(|error| {
        Failure::new(exit::UNAVAILABLE, format_args!("no random numbers: {error}"))
    })?;
    Ok(octets.iter().map(|octet| format!("{octet:02x}")).collect())
}

/// The type of a file by its ending. A message could not be encoded (RFC 2046 section 5.2.1), and what is no text
/// would be changed as one: each of them is any file.
fn content_type(path: &Path, octets: &[u8]) -> String {
    let guessed = mime_guess::from_path(path).first_or_octet_stream();
    let no_text = || {
        let bare_cr = octets.windows(2).any(|pair| pair[0] == b'\r' && pair[1] != b'\n');
        bare_cr || octets.contains(&0) || octets.ends_with(b"\r")
    };
    let any = match guessed.type_().as_str() {
        "message" | "multipart" => true,
        "text" => no_text(),
        _ => false,
    };
    if any {
        return "application/octet-stream".to_owned();
    }
    guessed.essence_str().to_owned()
}

/// The name to show, without what could deceive.
fn file_name(path: &Path) -> String {
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into());
    name.chars().map(|c| if c.is_control() { '_' } else { c }).collect()
}
