//! Words of a line, split at an ASCII octet.
//!
//! `str` can split too, but what it splits with leaves a panic path in the program at the
//! optimisation levels firmware is built with.

/// What stands before and behind the first `octet`, which is ASCII.
pub(crate) fn split_once(text: &str, octet: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|c| c == octet)?;
    let (head, tail) = text.split_at_checked(at)?;
    Some((head, tail.get(1..)?))
}

/// What stands before and behind the last `octet`, which is ASCII.
pub(crate) fn rsplit_once(text: &str, octet: u8) -> Option<(&str, &str)> {
    let at = text.as_bytes().iter().rposition(|c| *c == octet)?;
    let (head, tail) = text.split_at_checked(at)?;
    Some((head, tail.get(1..)?))
}

/// The first word, and what stands behind the space after it.
pub(crate) fn first_word(text: &str) -> (&str, &str) {
    split_once(text, b' ').unwrap_or((text, ""))
}

/// A text without the spaces at its front.
pub(crate) fn trim_start(mut text: &str) -> &str {
    while let Some(behind) = text.strip_prefix(' ') {
        text = behind;
    }
    text
}

/// Each word between spaces.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> + Clone {
    let mut rest = text;
    core::iter::from_fn(move || {
        while !rest.is_empty() {
            let (word, behind) = first_word(rest);
            rest = behind;
            if !word.is_empty() {
                return Some(word);
            }
        }
        None
    })
}

/// Whether there is a control character (Unicode's `Cc`): octet by octet, since decoding characters
/// takes ten times the room.
pub(crate) fn has_control(text: &str) -> bool {
    let mut previous = 0;
    text.bytes().any(|octet| {
        // U+0080 to U+009F are C2 80 to C2 9F, and C2 never stands but at the front of a character.
        let high = previous == 0xC2 && octet < 0xA0;
        previous = octet;
        octet.is_ascii_control() || high
    })
}

/// How many characters there are.
pub(crate) fn count(text: &str) -> usize {
    text.bytes().filter(|octet| octet & 0xC0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_those_of_the_standard_library() {
        for c in '\0'..=char::MAX {
            let mut text = [b'x'; 6];
            let length = c.encode_utf8(&mut text[1..]).len();
            let text = core::str::from_utf8(&text[..length + 2]).unwrap();
            assert_eq!(has_control(text), c.is_control(), "{c:?}");
            assert_eq!(count(text), 3);
        }
    }
}
