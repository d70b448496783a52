//! The serial port: text out, nothing in.

use core::fmt;

/// The serial port as a sink of text.
#[derive(Debug)]
pub struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        write(text.as_bytes());
        Ok(())
    }
}

/// Writes octets as they are.
pub fn write(octets: &[u8]) {
    octets.iter().copied().for_each(crate::parts::write);
}

/// Writes a line to the serial port.
#[macro_export]
macro_rules! println {
    ($($argument:tt)*) => {{
        // The serial port takes everything.
        let _ = core::fmt::Write::write_fmt(
            &mut $crate::console::Console,
            core::format_args!("{}\r\n", core::format_args!($($argument)*)),
        );
    }};
}
