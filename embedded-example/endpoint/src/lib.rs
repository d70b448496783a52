//! What the two endpoints have in common on a board: which store they have, and what they are told by
//! whoever starts them.
#![no_std]
#![forbid(unsafe_code)]

use app::Either;
use app::arguments::Arguments;
use board::console::Console;
use board::println;
use message_store::nor::{HostFile, Nor};
use message_store::{FlashStore, RamStore, WhenFull};

/// Octets of the largest message.
pub const MAX_MESSAGE: u64 = 8 * 1024;

/// 12 KiB of messages in RAM, where the oldest make room for new ones.
type Ram = RamStore<96, 16>;
/// A flash as the LM3S6965 has it, with words of 4 octets and sectors of 1 KiB: 64 of them.
type Flash = FlashStore<Nor<HostFile, 4, 1024>, SECTORS>;
const SECTORS: usize = 64;

/// Where messages are kept.
pub type Store = Either<Ram, Flash>;

/// An empty store in RAM: made by the compiler, since on the stack there is no room for it.
pub const EMPTY: Store = Either::A(RamStore::new(WhenFull::DropOldest));

/// What an endpoint is told.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// Each message is to be shown on the serial port.
    pub show: bool,
}

/// Reads what the endpoint is told, and opens the store that is meant; says what is kept already. `None`,
/// and a line on the serial port, when that can't be used.
pub fn open(store: &mut Store) -> Option<Told> {
    let mut line = [0; 256];
    let arguments = Arguments::new(board::host::arguments(&mut line).unwrap_or_default());
    let told = Told { show: arguments.has("show") };
    if let Some(name) = arguments.value("flash") {
        let Some(flash) = flash(name) else {
            println!("can't start: {name} can't be used as flash");
            return None;
        };
        *store = Either::B(flash);
    }
    // The serial port takes everything.
    let _ = app::list(store, told.show, &mut Console);
    Some(told)
}

fn flash(name: &str) -> Option<Flash> {
    // Semihosting wants a NUL behind it.
    let mut space = [0; 256];
    space.get_mut(..name.len())?.copy_from_slice(name.as_bytes());
    let name = core::str::from_utf8(space.get(..=name.len())?).ok()?;
    let file = HostFile::open(name, SECTORS * 1024).ok()?;
    FlashStore::mount(Nor::new(file)).ok()
}

/// Says how much of the stack was ever in use.
pub fn say_stack() {
    let (used, of) = board::stack::high_water();
    println!("stack {used} of {of}");
}
