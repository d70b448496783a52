//! Who may log in: a table in flash, without a password in it.
//!
//! `cargo run -p app --example user-keys -- NAME` asks for a password and prints an entry.

use ehlo::sasl::{CramMd5Keys, ScramHash, ScramKeys};

/// How often a client has to hash its password. A Cortex-M3 at 50 MHz takes most of a second for that,
/// and so does the board when a password comes by PLAIN or LOGIN.
pub const ITERATIONS: u32 = 4096;

/// A user.
#[derive(Debug)]
pub struct User {
    /// The name to log in by.
    pub name: &'static str,
    salt: [u8; 16],
    stored_key: [u8; 32],
    server_key: [u8; 32],
    /// As good as the password to whoever wants to log in by CRAM-MD5: leave CRAM-MD5 out where the
    /// flash can be read by others.
    cram_md5: [u8; 32],
}

impl User {
    /// The keys for SCRAM-SHA-256; `None` when the table is wrong.
    #[must_use]
    pub fn scram(&self) -> Option<ScramKeys> {
        let Self { salt, stored_key, server_key, .. } = self;
        ScramKeys::from_parts(ScramHash::Sha256, salt, ITERATIONS, stored_key, server_key).ok()
    }

    /// The keys for CRAM-MD5; `None` when the table is wrong.
    #[must_use]
    pub fn cram_md5(&self) -> Option<CramMd5Keys> {
        CramMd5Keys::from_bytes(&self.cram_md5).ok()
    }
}

/// Octets in hexadecimal: so that the table can be read.
#[allow(clippy::panic, reason = "the compiler's, when the table is wrong")]
const fn hex<const N: usize>(text: &str) -> [u8; N] {
    const fn digit(character: u8) -> u8 {
        match character {
            b'0'..=b'9' => character - b'0',
            b'a'..=b'f' => character - b'a' + 10,
            _ => panic!("a digit is 0 to 9 or a to f"),
        }
    }
    let text = text.as_bytes();
    assert!(text.len() == 2 * N, "two digits for each octet");
    let mut octets = [0; N];
    let mut at = 0;
    while at < N {
        octets[at] = digit(text[2 * at]) << 4 | digit(text[2 * at + 1]);
        at += 1;
    }
    octets
}

/// The users. `tim` has the password `tanstaaftanstaaf` and `sensor` has `correct-horse`: examples, which
/// stand in the README too. Yours stand nowhere.
pub static USERS: [User; 2] = [
    User {
        name: "tim",
        salt: hex("bbd84d2d0c8bc57db5b420439294f326"),
        stored_key: hex("e735f58c9f24e0aafcada6c62fd5f6103dfebfca0f88d78c2f96ed01cb65e008"),
        server_key: hex("c1fdc8873a0f1aeaddbb2c763951b20dcc44de141a50eaaeb129403c94a3969e"),
        cram_md5: hex("54b21152711fb604ca3e035e7015116bd06d4e1b26fccaa4b0b61801132340a3"),
    },
    User {
        name: "sensor",
        salt: hex("323367617e4779f3a22d14c7a12801d7"),
        stored_key: hex("3923c6071a3300d427c2d645b4457f7f0cbccc7d718759d535d9d4ddf6e04558"),
        server_key: hex("283dbb1ae5c97954e129d308f791d384b645dd3a789a80940331c62723d96f87"),
        cram_md5: hex("1c79fbd5cb283896fdc35a7580dc487e06b2823449e3b836b8c64139791a7c7e"),
    },
];

/// The user of this name, and the number that the sessions know it by.
#[must_use]
pub fn find(is: impl Fn(&str) -> bool) -> Option<(u32, &'static User)> {
    (0..).zip(&USERS).find(|(_, user)| is(user.name))
}

/// The name of the user with this number.
#[must_use]
pub fn name(number: u32) -> Option<&'static str> {
    (0..).zip(&USERS).find(|(at, _)| *at == number).map(|(_, user)| user.name)
}
