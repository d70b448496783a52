//! Names within messages that set their parts apart by commas (RFC 5801 section 4).

/// Gives a name in which `,` is `=2C` and `=` is `=3D`.
pub(super) fn write(name: &str, out: &mut dyn FnMut(&[u8])) {
    for octet in name.as_bytes() {
        match octet {
            b',' => out(b"=2C"),
            b'=' => out(b"=3D"),
            octet => out(&[*octet]),
        }
    }
}
