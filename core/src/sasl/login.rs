//! LOGIN (draft-murchison-sasl-login): the username, then the password.

use super::client::{Exchange, ExchangeError};
use super::server::{Malformed, Password, name};
use crate::secret::Secret;
use crate::wire::print::{LineWriter, Sink as _};

pub(super) fn read<'a>(username: &'a [u8], password: &'a [u8]) -> Result<Password<'a>, Malformed> {
    Ok(Password {
        authorization_identity: None,
        username: name(username)?,
        password: Secret::new(name(password)?),
    })
}

/// The response to a prompt: the first is for the username, the second for the password, whatever
/// they say, since servers say many things; unless the caller is strict.
pub(super) fn write(
    exchange: &Exchange<'_>,
    prompt: &[u8],
    out: &mut LineWriter<'_>,
) -> Result<(), ExchangeError> {
    let credentials = &exchange.credentials;
    let (asked, answer): (&[&[u8]], _) = match exchange.sent() {
        0 => (&[b"username", b"user"], credentials.username),
        _ => (&[b"password", b"pass"], credentials.password.map_or("", Secret::expose)),
    };
    if exchange.strict_prompts && !asked.iter().any(|asked| says(prompt, asked)) {
        return Err(ExchangeError::UnknownPrompt);
    }
    out.text(answer);
    Ok(())
}

/// Whether a prompt is this word, its case, spaces, colons and NULs aside.
fn says(prompt: &[u8], word: &[u8]) -> bool {
    let letters = prompt.iter().filter(|octet| !matches!(octet, b' ' | b'\t' | b':' | 0));
    letters.map(u8::to_ascii_lowercase).eq(word.iter().copied())
}
