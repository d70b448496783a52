//! Messages: those that are sent, and those that a board shows on its serial port.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};

use super::clients::{FROM, TO};

/// A message whose body is full of dots, as octets and in a file.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub(super) octets: Vec<u8>,
    pub(super) file: PathBuf,
}

impl Letter {
    /// A message that is like no other, of about so many octets.
    ///
    /// # Errors
    ///
    /// Fails when the file can't be written.
    pub(super) fn new(folder: &Path, name: &str, size: usize) -> Result<Self> {
        let mut text = format!("From: <{FROM}>\r\nTo: <{TO}>\r\nSubject: {name}\r\n\r\n");
        text.push_str(".\r\n..\r\n...\r\n.a\r\n. \r\n\r\n.\r\n");
        // The longest line there may be, and one that begins with a dot.
        text.push_str(&format!("{}\r\n.{}\r\n", "x".repeat(998), "y".repeat(900)));
        let mut number = 0;
        while text.len() < size {
            number += 1;
            text.push_str(&format!("{}{name}, line {number}\r\n", ".".repeat(number % 4)));
        }
        // swaks takes a dot at the end for that of the message.
        text.push_str("..\r\n.\r\nend\r\n");
        let file = folder.join(format!("{}.eml", name.replace([' ', ','], "-")));
        fs::write(&file, &text)?;
        Ok(Self { octets: text.into_bytes(), file })
    }

    /// Whether what is kept is this message, octet by octet, behind the fields that the store puts in
    /// front of it.
    ///
    /// # Errors
    ///
    /// Fails, saying where, when it is not.
    pub(super) fn compare(&self, kept: &[u8]) -> Result<()> {
        let front = format!("Return-Path: <{FROM}>\r\nDelivered-To: <{TO}>\r\n");
        let Some(kept) = kept.strip_prefix(front.as_bytes()) else {
            bail!("it begins with {:?}", String::from_utf8_lossy(kept.get(..80).unwrap_or(kept)));
        };
        if let Some(at) = kept.iter().zip(&self.octets).position(|(kept, sent)| kept != sent) {
            bail!("octet {at} is another one");
        }
        ensure!(
            kept.len() == self.octets.len(),
            "{} octets were sent, {} are kept",
            self.octets.len(),
            kept.len()
        );
        Ok(())
    }
}

/// The messages that a board shows, by their numbers.
///
/// # Errors
///
/// Fails when one of them is not shown to its end, or can't be read.
pub(super) fn shown(lines: &[String]) -> Result<BTreeMap<u32, Vec<u8>>> {
    let mut messages = BTreeMap::new();
    let mut open: Option<(u32, Vec<u8>)> = None;
    for line in lines {
        if let Some(digits) = line.strip_prefix("= ") {
            let Some((_, octets)) = &mut open else { bail!("octets of no message") };
            octets.extend(hexadecimal(digits)?);
        } else if let Some(rest) = line.strip_prefix("message ") {
            ensure!(!rest.ends_with("can't be read"), "message {rest}");
            match (rest.split_once(" ends, "), open.take()) {
                (None, None) => open = Some((rest.parse()?, Vec::new())),
                (Some((number, size)), Some((begun, octets))) => {
                    ensure!(number.parse() == Ok(begun), "message {begun} ends as {number}");
                    ensure!(size == format!("{} octets", octets.len()), "message {rest}");
                    messages.insert(begun, octets);
                }
                _ => bail!("messages are shown in one another: {line}"),
            }
        }
    }
    ensure!(open.is_none(), "a message is not shown to its end");
    Ok(messages)
}

fn hexadecimal(digits: &str) -> Result<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| Ok(u8::from_str_radix(core::str::from_utf8(pair)?, 16)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::shown;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn messages_are_read_back_and_half_of_one_is_none() {
        let whole = "message 7\n= 6869\nsession 1 over\n= 0d0a\nmessage 7 ends, 4 octets\n";
        let messages = shown(&lines(whole)).unwrap_or_default();
        assert_eq!(messages.get(&7).map(Vec::as_slice), Some(&b"hi\r\n"[..]));
        assert!(shown(&lines("message 7\n= 6869")).is_err());
        assert!(shown(&lines("message 7\n= 6869\nmessage 7 ends, 3 octets")).is_err());
    }
}
