//! Command parsers, each as its crate gives it.

use core::hint::black_box;

use memchr::memchr;
use smtp_proto::Request;

/// A name, and a function that parses one line without its CRLF.
pub(crate) type OfLine = (&'static str, fn(&str) -> bool);

/// A name, and a function that finds and parses all lines of a receive buffer, and counts those it
/// knows.
pub(crate) type OfBuffer = (&'static str, fn(&[u8]) -> usize);

/// Parsers that are given a line.
pub(crate) const OF_LINE: [OfLine; 2] = [
    ("ehlo", |line| black_box(ehlo::command::Command::parse(black_box(line.as_bytes()))).is_ok()),
    ("mailrs-smtp-proto", |line| {
        black_box(mailrs_smtp_proto::parse_command(black_box(line))).is_ok()
    }),
];

/// Parsers that find the line themselves, or with the least that is needed before them.
pub(crate) const OF_BUFFER: [OfBuffer; 4] = [
    ("ehlo", |buffer| lines(buffer, |line| black_box(ehlo::command::Command::parse(line)).is_ok())),
    ("smtp-proto", smtp_proto),
    ("mailrs-smtp-proto", |buffer| {
        lines(buffer, |line| match core::str::from_utf8(line) {
            Ok(line) => black_box(mailrs_smtp_proto::parse_command(line)).is_ok(),
            Err(_) => false,
        })
    }),
    ("smtp-codec", |buffer| {
        lines_with_crlf(buffer, |line| black_box(smtp_codec::parse::command::command(line)).is_ok())
    }),
];

fn smtp_proto(buffer: &[u8]) -> usize {
    let mut rest = black_box(buffer).iter();
    let mut known = 0;
    while !rest.as_slice().is_empty() {
        known += usize::from(black_box(Request::parse(&mut rest)).is_ok());
    }
    known
}

fn lines(buffer: &[u8], mut parse: impl FnMut(&[u8]) -> bool) -> usize {
    lines_with_crlf(buffer, |line| line.strip_suffix(b"\r\n").is_some_and(&mut parse))
}

fn lines_with_crlf(buffer: &[u8], mut parse: impl FnMut(&[u8]) -> bool) -> usize {
    let (mut rest, mut known) = (black_box(buffer), 0);
    while let Some(at) = memchr(b'\n', rest) {
        let (line, behind) = rest.split_at(at + 1);
        known += usize::from(parse(line));
        rest = behind;
    }
    known
}
