//! Links the certificate of the board and its key into the program.

use core::error::Error;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let certificates = tls_certificates::Certificates::for_build_script()?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    fs::write(out.join("board.der"), certificates.der("board")?)?;
    fs::write(out.join("board-key.bin"), certificates.scalar("board-key")?)?;
    Ok(())
}
