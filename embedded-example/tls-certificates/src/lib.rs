//! Certificates for tests, made on the host while firmware is built.
//!
//! An authority, a certificate of the board, and one of a server on the host, in one folder:
//!
//! | file | for |
//! | --- | --- |
//! | `authority.pem` | clients of the board on the host, to trust: `--ca`, `--tls-ca-path` |
//! | `board.pem`, `board-key.pem` | the board: linked into `endpoint-tls` |
//! | `host.pem`, `host-key.pem` | a server on the host that `sensor-tls` sends to |
//!
//! The folder is what `EHLO_EXAMPLE_CERTIFICATES` says, or `target/certificates` of the example. What is there
//! is taken; if anything is missing, all is made again. **These keys are for tests**: each build of a device for
//! somebody else gets the same key from the same folder, and everybody who has the firmware can read it.

use core::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// What the board is called in its certificate, as are `localhost` and the addresses it is reached at.
pub const BOARD: &[&str] = &["board.example", "localhost", "127.0.0.1", "10.0.2.15"];

/// What a server on the host is called in its certificate. QEMU's network knows the host as 10.0.2.2.
pub const HOST: &[&str] = &["host.example", "localhost", "127.0.0.1", "10.0.2.2"];

const VARIABLE: &str = "EHLO_EXAMPLE_CERTIFICATES";

/// The certificates.
#[derive(Debug)]
pub struct Certificates(PathBuf);

impl Certificates {
    /// Finds them, or makes them. For a build script: says to cargo when to look again.
    ///
    /// # Errors
    ///
    /// When the folder can't be written.
    #[allow(clippy::print_stdout, reason = "this is how cargo is told")]
    pub fn for_build_script() -> Result<Self, Box<dyn Error>> {
        println!("cargo::rerun-if-env-changed={VARIABLE}");
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/certificates");
        let found = Self::find(&env::var_os(VARIABLE).map_or(beside, PathBuf::from))?;
        println!("cargo::rerun-if-changed={}", found.0.display());
        Ok(found)
    }

    /// Finds them in a folder, or makes them there.
    ///
    /// # Errors
    ///
    /// When the folder can't be written.
    pub fn find(folder: &Path) -> Result<Self, Box<dyn Error>> {
        let found = Self(folder.to_owned());
        let files = ["authority", "board", "board-key", "host", "host-key"];
        if !files.iter().all(|name| found.path(name).exists()) {
            found.make()?;
        }
        Ok(found)
    }

    /// The path of one of them.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name).with_extension("pem")
    }

    /// A certificate, in DER.
    ///
    /// # Errors
    ///
    /// When the file can't be read, or isn't one.
    pub fn der(&self, name: &str) -> Result<Vec<u8>, Box<dyn Error>> {
        Ok(CertificateDer::from_pem_file(self.path(name))?.to_vec())
    }

    /// The scalar of a private key of P-256.
    ///
    /// # Errors
    ///
    /// When the file can't be read, or isn't one.
    pub fn scalar(&self, name: &str) -> Result<[u8; 32], Box<dyn Error>> {
        let key = KeyPair::from_pem(&fs::read_to_string(self.path(name))?)?;
        // Behind the version in the structure of RFC 5915, which is a part of PKCS #8.
        const BEFORE: [u8; 5] = [2, 1, 1, 4, 32];
        let der = key.serialized_der();
        let at = der.windows(BEFORE.len()).position(|octets| octets == BEFORE);
        let octets = at.and_then(|at| der.get(at + BEFORE.len()..)?.first_chunk());
        octets.copied().ok_or_else(|| "not a key of P-256".into())
    }

    fn make(&self) -> Result<(), Box<dyn Error>> {
        fs::create_dir_all(&self.0)?;
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "authority for tests");
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        fs::write(self.path("authority"), authority.pem())?;
        for (name, names) in [("board", BOARD), ("host", HOST)] {
            let key = KeyPair::generate()?;
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let mut params = CertificateParams::new(names)?;
            params.distinguished_name.push(DnType::CommonName, format!("{name}, for tests"));
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            params.use_authority_key_identifier_extension = true;
            fs::write(self.path(name), params.signed_by(&key, &authority)?.pem())?;
            fs::write(self.path(&format!("{name}-key")), key.serialize_pem())?;
        }
        Ok(())
    }
}
