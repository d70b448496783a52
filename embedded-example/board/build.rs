//! Puts the board's `memory.x` where the linker looks for it.

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let boards = [("LM3S6965EVB", "lm3s6965evb.x"), ("MPS2_AN386", "mps2-an386.x")];
    println!("cargo::rerun-if-changed=memory");
    for (feature, script) in boards {
        if env::var_os(format!("CARGO_FEATURE_{feature}")).is_some() {
            let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
            fs::copy(format!("memory/{script}"), out.join("memory.x"))?;
            println!("cargo::rustc-link-search={}", out.display());
        }
    }
    Ok(())
}
