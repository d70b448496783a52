//! Mail data: transparency (RFC 5321 section 4.5.2), its end, and what may not stand in it.
//!
//! [`scan`] is a pure function from a position and the unread octets to the next [`Piece`]; the
//! position moves on only when a piece is consumed, so a piece can be asked for again.

use super::WIDE;

const CR: u8 = b'\r';
const LF: u8 = b'\n';

/// What stood right before the unread octets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Position {
    /// Something that is neither a CR nor a CRLF.
    #[default]
    Inside,
    /// A CR.
    AfterCr,
    /// CRLF, or the beginning of the mail data.
    LineStart,
}

impl Position {
    /// The position behind `consumed`.
    pub(crate) fn after(self, consumed: &[u8]) -> Self {
        let previous = match consumed {
            [] => return self,
            [.., previous, _] => *previous == CR,
            [_] => self == Self::AfterCr,
        };
        match consumed.last() {
            Some(&CR) => Self::AfterCr,
            Some(&LF) if previous => Self::LineStart,
            _ => Self::Inside,
        }
    }
}

/// What to do with a CR or an LF that is not part of a CRLF.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Bare {
    #[default]
    Fault,
    Keep,
    MakeCrlf,
}

/// What the octets are checked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rules {
    /// A dot at the beginning of a line is transparency or the end (DATA, not BDAT).
    pub(crate) dots: bool,
    pub(crate) bare: Bare,
    /// NUL is a fault.
    pub(crate) no_nul: bool,
    /// An octet above 127 is a fault.
    pub(crate) no_eight_bit: bool,
}

/// What may not stand in this mail data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    BareNewline,
    Nul,
    EightBit,
}

/// The next part of the mail data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// This many octets (at least one) are mail data.
    Octets(usize),
    /// A CRLF or its missing half is mail data. What comes next stands [`Position::Inside`] a line:
    /// only a CRLF from the peer may come before the end.
    Insert(Newline),
    /// The first octet is a stuffed dot, to be dropped.
    Stuffing,
    /// The first three octets end the mail data.
    End,
    /// More input is needed.
    More,
    /// The next octet may not stand here.
    Fault(Fault),
}

/// A line end in place of a bare CR or LF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Newline {
    /// A CRLF in place of the bare LF that is unread.
    CrLf,
    /// An LF behind the bare CR that was the last octet.
    Lf,
}

impl Newline {
    pub(crate) const fn octets(self) -> &'static [u8] {
        match self {
            Self::CrLf => b"\r\n",
            Self::Lf => b"\n",
        }
    }

    /// How many unread octets it stands for.
    pub(crate) const fn unread(self) -> usize {
        match self {
            Self::CrLf => 1,
            Self::Lf => 0,
        }
    }
}

/// The next piece of `unread`.
pub(crate) fn scan(position: Position, unread: &[u8], rules: Rules) -> Piece {
    if rules.dots && position == Position::LineStart {
        match unread {
            [b'.', CR, LF, ..] => return Piece::End,
            [b'.'] | [b'.', CR] => return Piece::More,
            [b'.', ..] => return Piece::Stuffing,
            _ => {}
        }
    }
    let Some(&first) = unread.first() else {
        return Piece::More;
    };
    let clean = clean_prefix(position, unread, rules);
    if clean > 0 {
        return Piece::Octets(clean);
    }
    if rules.no_nul && first == 0 {
        return Piece::Fault(Fault::Nul);
    }
    if rules.no_eight_bit && !first.is_ascii() {
        return Piece::Fault(Fault::EightBit);
    }
    // What is left is a newline that is not a CRLF: `first` is the octet that shows it.
    match rules.bare {
        Bare::MakeCrlf if first == LF => Piece::Insert(Newline::CrLf),
        Bare::MakeCrlf => Piece::Insert(Newline::Lf),
        Bare::Fault | Bare::Keep => Piece::Fault(Fault::BareNewline),
    }
}

/// Octets that are looked at together; the compiler makes vectors of it.
const BLOCK: usize = 64;

/// How many octets from the front are mail data as they stand.
pub(super) fn clean_prefix(position: Position, unread: &[u8], rules: Rules) -> usize {
    let anything = !rules.dots && rules.bare == Bare::Keep && !rules.no_nul && !rules.no_eight_bit;
    if anything {
        return unread.len();
    }
    let Some(&first) = unread.first() else { return 0 };
    let (mut before, mut previous) = match position {
        Position::AfterCr => (0, CR),
        Position::LineStart => (CR, LF),
        Position::Inside => (0, 0),
    };
    if !WIDE {
        let stopped = unread.iter().position(|&octet| {
            let stopped = stops(before, previous, octet, rules);
            (before, previous) = (previous, octet);
            stopped
        });
        return stopped.unwrap_or(unread.len());
    }
    if stops(before, previous, first, rules) {
        return 0;
    }
    (before, previous) = (previous, first);
    let mut done = 1_usize;
    loop {
        let rest = unread.get(done..).unwrap_or(&[]);
        let neighbours = unread.get(done - 1..).and_then(<[u8]>::first_chunk::<BLOCK>);
        let block = match (neighbours, rest.first_chunk::<BLOCK>()) {
            (Some(neighbours), Some(block)) if is_plain(neighbours, block, rules) => {
                [.., before, previous] = *block;
                done = done.saturating_add(BLOCK);
                continue;
            }
            (_, Some(block)) => block,
            // Less than a block is left: seen as the last part of one, most of it seen twice.
            (_, None) if is_plain_at_the_end(unread, rules) => return unread.len(),
            (_, None) => rest,
        };
        for &octet in block {
            if stops(before, previous, octet, rules) {
                return done;
            }
            (before, previous) = (previous, octet);
            done = done.saturating_add(1);
        }
        if done >= unread.len() {
            return done;
        }
    }
}

/// Whether the last block of `unread` is plain.
fn is_plain_at_the_end(unread: &[u8], rules: Rules) -> bool {
    let block = unread.last_chunk::<BLOCK>();
    let neighbours = unread.split_last().and_then(|(_, before)| before.last_chunk::<BLOCK>());
    match (neighbours, block) {
        (Some(neighbours), Some(block)) => is_plain(neighbours, block, rules),
        _ => false,
    }
}

/// Whether an octet, behind these two, ends a run of clean octets.
fn stops(before: u8, previous: u8, octet: u8, rules: Rules) -> bool {
    (rules.bare != Bare::Keep && (previous == CR) != (octet == LF))
        || (octet == b'.' && rules.dots && previous == LF && before == CR)
        || (rules.no_nul && octet == 0)
        || (rules.no_eight_bit && !octet.is_ascii())
}

/// Whether there is nothing in a block that could end a run, whatever the rules: no bare CR or LF,
/// no dot behind an LF, no NUL; and no octet above 127 where that counts.
fn is_plain(neighbours: &[u8; BLOCK], block: &[u8; BLOCK], rules: Rules) -> bool {
    let mut found = 0;
    for (&previous, &octet) in neighbours.iter().zip(block) {
        let newline = u8::from(previous == CR) ^ u8::from(octet == LF);
        let dot = u8::from(previous == LF) & u8::from(octet == b'.');
        found |= newline | dot | u8::from(octet == 0);
    }
    found == 0 && (!rules.no_eight_bit || block.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;
    extern crate alloc;
    use alloc::vec::Vec;

    const STRICT: Rules =
        Rules { dots: true, bare: Bare::Fault, no_nul: true, no_eight_bit: false };

    /// Feeds `wire` with a cut at each given place; returns the text and what was left, or a fault.
    fn decode(wire: &[u8], cuts: &[usize], rules: Rules) -> Result<(Vec<u8>, usize), Fault> {
        let (mut text, mut position, mut at) = (Vec::new(), Position::LineStart, 0);
        let mut cuts = cuts.iter().copied().chain([wire.len()]);
        let mut available = cuts.next().unwrap_or(0);
        loop {
            let unread = &wire[at..available];
            match scan(position, unread, rules) {
                Piece::Octets(n) => {
                    text.extend_from_slice(&unread[..n]);
                    position = position.after(&unread[..n]);
                    at += n;
                }
                Piece::Insert(newline) => {
                    text.extend_from_slice(newline.octets());
                    position = Position::Inside;
                    at += newline.unread();
                }
                Piece::Stuffing => {
                    position = Position::Inside;
                    at += 1;
                }
                Piece::End => return Ok((text, at + 3)),
                Piece::Fault(fault) => return Err(fault),
                Piece::More => match cuts.next() {
                    Some(next) => available = next,
                    None => return Ok((text, usize::MAX)),
                },
            }
        }
    }

    fn at_every_cut(wire: &[u8], rules: Rules) -> Result<(Vec<u8>, usize), Fault> {
        let whole = decode(wire, &[], rules);
        for cut in 0..=wire.len() {
            assert_eq!(decode(wire, &[cut], rules), whole, "cut at {cut}");
        }
        let every: Vec<usize> = (0..=wire.len()).collect();
        assert_eq!(decode(wire, &every, rules), whole, "octet by octet");
        whole
    }

    #[test]
    fn transparency_is_undone_at_every_cut() {
        let (text, end) = at_every_cut(b"..a\r\n...b\r\n.\r\nQUIT\r\n", STRICT).unwrap();
        assert_eq!(text, b".a\r\n..b\r\n");
        assert_eq!(end, 14);
    }

    #[test]
    fn an_empty_message_ends_right_away() {
        assert_eq!(at_every_cut(b".\r\nRSET\r\n", STRICT).unwrap(), (Vec::new(), 3));
    }

    #[test]
    fn only_crlf_dot_crlf_ends_a_message() {
        let tricks: [&[u8]; 8] = [
            b"a\n.\nb",
            b"a\n.\r\nb",
            b"a\r.\rb",
            b"a\r.\r\nb",
            b"a\r\n.\nb",
            b"a\r\n.\rb",
            b"a\r\n.\r\r\nb",
            b"a\r\n\0.\r\nb",
        ];
        for trick in tricks {
            assert!(at_every_cut(trick, STRICT).is_err(), "{trick:?}");
            let keep = Rules { bare: Bare::Keep, no_nul: false, ..STRICT };
            assert_eq!(at_every_cut(trick, keep).unwrap().1, usize::MAX, "{trick:?}");
        }
    }

    #[test]
    fn bare_newlines_become_crlf_when_asked() {
        let rules = Rules { bare: Bare::MakeCrlf, ..STRICT };
        let (text, _) = at_every_cut(b"a\nb\rc\r\r\nd\r\n\n.e\r\n.\r\n", rules).unwrap();
        assert_eq!(text, b"a\r\nb\r\nc\r\n\r\nd\r\n\r\n.e\r\n");
    }

    #[test]
    fn a_fault_behind_a_long_clean_run_is_found() {
        let mut wire = alloc::vec![b'x'; 1000];
        wire.push(b'\n');
        assert_eq!(at_every_cut(&wire, STRICT), Err(Fault::BareNewline));
        wire[500] = 0;
        assert_eq!(at_every_cut(&wire, STRICT), Err(Fault::Nul));
        wire[300] = 0x80;
        let seven_bit = Rules { no_eight_bit: true, ..STRICT };
        assert_eq!(at_every_cut(&wire, seven_bit), Err(Fault::EightBit));
    }
}
