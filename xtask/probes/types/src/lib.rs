//! Every public parser of the core, and what prints its values.
//!
//! `cargo xtask no-panic` links this: the panic handler calls what does not exist.

#![no_std]

use core::fmt::{self, Display, Write};

use ehlo::address::{AddressLiteral, Host, LocalPart, Mailbox};
use ehlo::command::Command;
use ehlo::parameter::{DateTime, Hold, MailParameters, RcptParameters};
use ehlo::reply::{Enhanced, Refusal, ReplyCode};

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

    /// Reads a text in every way there is; commands have been.
    fn all(&mut self, text: &str) -> bool {
        let mailbox = Mailbox::parse(text);
        let ip = AddressLiteral::parse(text).ok().and_then(AddressLiteral::ip);
        let unquoted = LocalPart::parse(text).map_or(0, |local| local.unquoted().count());
        let parameters = MailParameters::parse(text);
        let unknown = parameters.is_ok_and(|all| all.other.find("XSENSOR").is_some());
        let held = matches!(parameters, Ok(MailParameters { hold: Some(Hold::For(_)), .. }));
        let (enhanced, _) = Enhanced::split_from(text);
        let code = ReplyCode::new(text.len() as u16);
        let refusal = code.and_then(|code| Refusal::with_code(code, text).ok());
        self.show(mailbox)
            && self.show(mailbox.map(|mailbox| mailbox.host()))
            && self.show(Host::parse(text))
            && self.show(DateTime::parse(text))
            && self.show(parameters)
            && self.show(RcptParameters::parse(text))
            && write!(self, "{unquoted}{}", u8::from(unknown) + u8::from(held)).is_ok()
            && ip.is_none_or(|ip| ip.is_ipv4())
            && enhanced.is_none_or(|enhanced| write!(self, "{enhanced}").is_ok())
            && refusal.is_none_or(|refusal| refusal.is_permanent())
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
        && core::str::from_utf8(octets).is_ok_and(|text| sink.all(text))
}
