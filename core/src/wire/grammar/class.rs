//! Classes of octets, looked up in one table: a bit for each class.

/// A set of octets that a rule of the grammar is about.
#[derive(Clone, Copy)]
pub(crate) struct Class(u8);

impl Class {
    /// `Let-dig = ALPHA / DIGIT`
    pub(super) const LET_DIG: Self = Self(1);
    /// `Let-dig` and `-`.
    pub(super) const LDH: Self = Self(2);
    /// What a domain is made of: `Let-dig`, `-`, `.`, and any octet of a UTF-8 character (RFC 6531
    /// section 3.3, `U-label`).
    pub(super) const LDH_UTF8_DOT: Self = Self(4);
    /// `atext` (RFC 5322 section 3.2.3), with `UTF8-non-ascii` (RFC 6531 section 3.3).
    pub(super) const ATEXT: Self = Self(8);
    /// What a dot-string is made of: `atext` and `.`.
    pub(super) const ATEXT_DOT: Self = Self(64);
    /// What a value of a parameter is made of: `%d33-60 / %d62-126 / UTF8-non-ascii`.
    pub(super) const VALUE: Self = Self(16);
    /// `xchar`: printable ASCII but `+` and `=` (RFC 3461 section 4).
    pub(super) const XCHAR: Self = Self(32);

    /// Whether the octet is one of them.
    pub(crate) fn contains(self, octet: u8) -> bool {
        TABLE.get(usize::from(octet)).is_some_and(|classes| classes & self.0 != 0)
    }
}

/// The classes of each octet.
static TABLE: [u8; 256] = {
    let mut table = [0; 256];
    let mut left: &mut [u8] = &mut table;
    let mut octet = 0_u8;
    while let [slot, behind @ ..] = left {
        *slot = classes_of(octet);
        left = behind;
        octet = octet.wrapping_add(1);
    }
    table
};

const fn classes_of(octet: u8) -> u8 {
    let let_dig = octet.is_ascii_alphanumeric();
    let utf8 = !octet.is_ascii();
    let visible = octet.is_ascii_graphic();
    let atext = matches!(octet, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'/' | b'=' | b'?')
        || matches!(octet, b'^'..=b'`' | b'{'..=b'~');
    let mut classes = 0;
    if let_dig {
        classes |= Class::LET_DIG.0;
    }
    if let_dig || octet == b'-' {
        classes |= Class::LDH.0;
    }
    if let_dig || matches!(octet, b'-' | b'.') || utf8 {
        classes |= Class::LDH_UTF8_DOT.0;
    }
    if let_dig || atext || utf8 {
        classes |= Class::ATEXT.0 | Class::ATEXT_DOT.0;
    }
    if octet == b'.' {
        classes |= Class::ATEXT_DOT.0;
    }
    if (visible && octet != b'=') || utf8 {
        classes |= Class::VALUE.0;
    }
    if visible && !matches!(octet, b'+' | b'=') {
        classes |= Class::XCHAR.0;
    }
    classes
}
