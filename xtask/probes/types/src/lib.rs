//! Every public parser of the core, and what prints its values.
//!
//! `cargo xtask no-panic` links this: the panic handler calls what does not exist.

#![no_std]

use core::fmt::{self, Display, Write};

use ehlo::command::Command;

unsafe extern "C" {
    fn a_panic_is_reachable() -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe { a_panic_is_reachable() }
}

/// A sink that the compiler can't see through.
struct Sink(extern "C" fn(*const u8, usize) -> bool);

impl fmt::Write for Sink {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if (self.0)(text.as_ptr(), text.len()) { Ok(()) } else { Err(fmt::Error) }
    }
}

impl Sink {
    fn show(&mut self, value: Result<impl Display, impl Display>) -> bool {
        match value {
            Ok(value) => write!(self, "{value}"),
            Err(error) => write!(self, "{error}"),
        }
        .is_ok()
    }
}

/// What the linker is told to keep.
///
/// # Safety
///
/// `octets` has `length` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn probe(
    octets: *const u8,
    length: usize,
    sink: extern "C" fn(*const u8, usize) -> bool,
) -> bool {
    let octets = unsafe { core::slice::from_raw_parts(octets, length) };
    let mut sink = Sink(sink);
    sink.show(Command::parse(octets))
}
