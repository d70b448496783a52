//! Floor 1: octets and ABNF. Nothing here has state that outlives a message.

pub(crate) mod base64;
pub(crate) mod content;
pub(crate) mod find;
pub(crate) mod grammar;
pub(crate) mod outbox;
pub(crate) mod print;
pub(crate) mod stuffing;
pub(crate) mod window;
pub(crate) mod words;

/// Whether it pays to look at many octets at once: where registers are wide. Elsewhere it would only
/// cost flash.
const WIDE: bool = cfg!(target_pointer_width = "64");

/// Copies as much of `source` as `target` has room for.
///
/// `copy_from_slice` compares the lengths, and at some optimisation levels the panic it has for
/// lengths that differ stays in the program.
pub(crate) fn copy(target: &mut [u8], source: &[u8]) {
    for (to, from) in target.iter_mut().zip(source) {
        *to = *from;
    }
}
