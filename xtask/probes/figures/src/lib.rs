//! Small applications, as a firmware has them, over functions that the compiler can't see through.
//!
//! The board is not here: its network, its clock and its storage are functions of somebody else's, so that
//! what is linked is the core and as much of an application as it takes to be honest.

#![no_std]

pub mod board;
pub mod dialogue;
pub mod endpoint;
pub mod sender;

/// What a program says of the memory it keeps for a connection, where `cargo xtask sizes` finds it.
#[macro_export]
macro_rules! figures {
    ($state:ty) => {
        #[unsafe(no_mangle)]
        #[unsafe(link_section = ".figures")]
        #[used]
        static FIGURES: u32 = size_of::<$state>() as u32;
    };
}
