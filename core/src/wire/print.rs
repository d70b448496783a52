//! How typed values become text: for a line on the wire, and for `Display`.
//!
//! `core::fmt` would do for both, but it is large, and it brings panic paths with it.

use core::fmt;

/// Takes text piece by piece.
pub(crate) trait Sink {
    fn text(&mut self, text: &str);

    /// A number in decimal.
    fn number(&mut self, value: u64) {
        let mut digits = [0; 20];
        self.text(decimal(value, &mut digits));
    }
}

/// A value that stands in a line.
pub(crate) trait Print {
    fn print(&self, out: &mut impl Sink);
}

/// A number in decimal.
pub(crate) fn decimal(mut value: u64, digits: &mut [u8; 20]) -> &str {
    let mut used = 0_usize;
    for slot in digits.iter_mut().rev() {
        let digit;
        (value, digit) = by_ten(value);
        *slot = b'0' + digit;
        used += 1;
        if value == 0 {
            break;
        }
    }
    let written = digits.len().checked_sub(used).and_then(|first| digits.get(first..));
    core::str::from_utf8(written.unwrap_or(&[])).unwrap_or_default()
}

/// A tenth of a number, and what is left: sixteen bits at a time, since the routine that a board needs
/// for a division of 64 bits is as large as all printing here.
fn by_ten(value: u64) -> (u64, u8) {
    let (mut tenth, mut left) = (0, 0);
    for shift in [48, 32, 16, 0] {
        let part = left << 16 | (value >> shift) as u32 & 0xFFFF;
        tenth = tenth << 16 | u64::from(part / 10);
        left = part % 10;
    }
    // At most 9.
    (tenth, left as u8)
}

/// ` KEYWORD=value` where there is a value.
pub(crate) fn keyword(out: &mut impl Sink, keyword: &str, value: Option<&impl Print>) {
    if let Some(value) = value {
        out.text(" ");
        out.text(keyword);
        out.text("=");
        value.print(out);
    }
}

/// What `Display` writes to.
struct Formatted<'a, 'f> {
    f: &'a mut fmt::Formatter<'f>,
    result: fmt::Result,
}

impl Sink for Formatted<'_, '_> {
    fn text(&mut self, text: &str) {
        if self.result.is_ok() {
            self.result = self.f.write_str(text);
        }
    }
}

/// `Display` by way of `Print`.
pub(crate) fn display(value: &impl Print, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut out = Formatted { f, result: Ok(()) };
    value.print(&mut out);
    out.result
}

impl Print for u64 {
    fn print(&self, out: &mut impl Sink) {
        out.number(*self);
    }
}

/// A line in the making, in the free part of a send buffer. What doesn't fit is noticed at the end.
pub(crate) struct LineWriter<'a> {
    out: &'a mut [u8],
    written: usize,
    overflowed: bool,
}

impl<'a> LineWriter<'a> {
    pub(crate) fn new(out: &'a mut [u8]) -> Self {
        Self { out, written: 0, overflowed: false }
    }

    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) fn octets(&mut self, octets: &[u8]) {
        let end = self.written.saturating_add(octets.len());
        match self.out.get_mut(self.written..end) {
            Some(target) if !self.overflowed => {
                super::copy(target, octets);
                self.written = end;
            }
            _ => self.overflowed = true,
        }
    }

    /// What was written.
    #[cfg(feature = "_scram")]
    pub(crate) fn so_far(&self) -> &[u8] {
        self.out.get(..self.written).unwrap_or(&[])
    }

    /// What can still be written.
    pub(crate) fn free(&mut self) -> &mut [u8] {
        self.out.get_mut(self.written..).unwrap_or(&mut [])
    }

    /// `n` octets have been put into [`free`](Self::free).
    pub(crate) fn appended(&mut self, n: usize) {
        self.written = self.written.saturating_add(n).min(self.out.len());
    }

    /// How many octets were written; `None` when not all fitted.
    pub(crate) fn finish(self) -> Option<usize> {
        if self.overflowed { None } else { Some(self.written) }
    }
}

impl Sink for LineWriter<'_> {
    fn text(&mut self, text: &str) {
        self.octets(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    extern crate alloc;
    use alloc::string::ToString;

    #[test]
    fn numbers_print_as_the_standard_library_has_them() {
        for bit in 0..64 {
            for value in [(1_u64 << bit) - 1, 1 << bit, (1 << bit) + 1, (u64::MAX / 10) << bit] {
                assert_eq!(decimal(value, &mut [0; 20]), value.to_string());
            }
        }
        assert_eq!(decimal(u64::MAX, &mut [0; 20]), u64::MAX.to_string());
    }
}
