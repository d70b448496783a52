//! Parameters of MAIL and RCPT, typed (RFC 5321 section 4.1.1.11 and the extensions' RFCs).
//!
//! Numbers never saturate: what does not fit is refused. A parameter of an unknown extension is kept
//! as it was written, see [`OtherParameters`].

use crate::error::{InvalidParameter, SyntaxError};
use crate::wire::grammar::{self, whole};
use crate::wire::words;

mod mail;
mod other;
mod rcpt;
mod value;

pub use mail::MailParameters;
pub use other::{OtherParameters, Parameter};
pub use rcpt::RcptParameters;
pub use value::{BodyType, DateTime, DeliverBy, Hold, MtPriority, Notify, Orcpt, Ret, Xtext};

/// More parameters than any command has; the check for repeated ones stays cheap.
const MOST: usize = 32;

/// Walks the parameters of a command: `esmtp-param *(SP esmtp-param)`.
fn each<'a>(
    mut rest: &'a str,
    mut on: impl FnMut(&'a str, Option<&'a str>) -> Result<(), SyntaxError>,
) -> Result<(), SyntaxError> {
    let mut count = 0;
    while !rest.is_empty() {
        count += 1;
        if count > MOST {
            return Err(SyntaxError::Parameter);
        }
        let (word, behind) = words::first_word(rest);
        let parsed = whole(grammar::esmtp_param, word.as_bytes()).ok_or(SyntaxError::Parameter)?;
        let (keyword, value) = word.split_at_checked(parsed.0.len()).unwrap_or((word, ""));
        on(keyword, value.strip_prefix('='))?;
        rest = words::trim_start(behind);
    }
    Ok(())
}

/// Sets a parameter that may stand once.
fn once<T>(slot: &mut Option<T>, value: Option<T>) -> Result<(), SyntaxError> {
    let value = value.ok_or(SyntaxError::Parameter)?;
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(SyntaxError::RepeatedParameter),
    }
}

/// Sets a flag that may stand once and takes no value.
#[cfg(feature = "extensions")]
fn flag(slot: &mut bool, value: Option<&str>) -> Result<(), SyntaxError> {
    match (value, core::mem::replace(slot, true)) {
        (Some(_), _) => Err(SyntaxError::Parameter),
        (None, true) => Err(SyntaxError::RepeatedParameter),
        (None, false) => Ok(()),
    }
}

/// Reads a value by a constructor that may fail.
fn typed<'a, T>(
    value: Option<&'a str>,
    parse: impl FnOnce(&'a str) -> Result<T, InvalidParameter>,
) -> Option<T> {
    parse(value?).ok()
}
