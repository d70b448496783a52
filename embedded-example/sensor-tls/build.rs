//! Links the certificate of the authority that the sensor trusts into the program, and the time.

use core::error::Error;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let certificates = tls_certificates::Certificates::for_build_script()?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    fs::write(out.join("authority.der"), certificates.der("authority")?)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    println!("cargo::rustc-env=BUILT_AT={now}");
    Ok(())
}
