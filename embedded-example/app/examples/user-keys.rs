//! Prints an entry for the table of users: its name is the argument, its password the first line that is
//! read.
#![allow(clippy::print_stdout, reason = "this is what it is for")]

use std::fs::File;
use std::io::{Read as _, stdin};

use core::error::Error;

use app::users::ITERATIONS;
use ehlo::sasl::{CramMd5Keys, ScramHash, ScramKeys};

fn main() -> Result<(), Box<dyn Error>> {
    let name = std::env::args().nth(1).ok_or("whose keys? user-keys NAME")?;
    let mut line = String::new();
    stdin().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']).as_bytes();
    let mut salt = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut salt)?;
    let scram = ScramKeys::derive(ScramHash::Sha256, password, &salt, ITERATIONS)?;
    let cram_md5 = CramMd5Keys::new(password).to_bytes();
    println!("    User {{");
    println!("        name: {name:?},");
    println!("        salt: hex(\"{}\"),", hex(&salt));
    println!("        stored_key: hex(\"{}\"),", hex(scram.stored_key()));
    println!("        server_key: hex(\"{}\"),", hex(scram.server_key()));
    println!("        cram_md5: hex(\"{}\"),", hex(&cram_md5));
    println!("    }},");
    Ok(())
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
