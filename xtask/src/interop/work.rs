//! The folder of a run: certificates, messages, what the clients write.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::{OTHER_USER, USER};
use crate::process;

/// The folder of a run. It is removed when dropped, unless it is to be kept.
#[derive(Debug)]
pub(crate) struct Work {
    folder: PathBuf,
    keep: bool,
}

impl Work {
    /// Makes the folder and the certificates in it.
    ///
    /// # Errors
    ///
    /// Fails when the folder can't be made or openssl fails.
    pub(crate) fn create(folder: PathBuf, keep: bool) -> Result<Self> {
        fs::create_dir_all(&folder).with_context(|| format!("can't make {}", folder.display()))?;
        let work = Self { folder, keep };
        work.authority("ca")?;
        work.authority("other-ca")?;
        work.certificate("server", "localhost", "DNS:localhost,IP:127.0.0.1")?;
        work.certificate("relay", "localhost", "DNS:localhost,IP:127.0.0.1")?;
        work.certificate("client", "tim", &format!("email:{USER}"))?;
        Ok(work)
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes a file and hands back its path.
    ///
    /// # Errors
    ///
    /// Fails when it can't be written.
    pub(crate) fn write(&self, name: &str, octets: &[u8]) -> Result<PathBuf> {
        let path = self.path(name);
        fs::write(&path, octets).with_context(|| format!("can't write {}", path.display()))?;
        Ok(path)
    }

    /// Makes a certification authority.
    fn authority(&self, name: &str) -> Result<()> {
        self.openssl(name, &format!("/CN=ehlo interop {name}"), &[])
    }

    /// Makes a certificate that `ca` has signed.
    fn certificate(&self, name: &str, common_name: &str, alternative: &str) -> Result<()> {
        let alternative = format!("subjectAltName={alternative}");
        self.openssl(
            name,
            &format!("/CN={common_name}"),
            &[
                ["-CA", "ca.pem"],
                ["-CAkey", "ca.key"],
                ["-addext", &alternative],
                ["-addext", "basicConstraints=critical,CA:FALSE"],
            ],
        )
    }

    /// Makes a key and a certificate in one go.
    fn openssl(&self, name: &str, subject: &str, more: &[[&str; 2]]) -> Result<()> {
        let mut openssl = Command::new("openssl");
        openssl
            .current_dir(&self.folder)
            .args(["req", "-x509", "-days", "2", "-nodes", "-subj", subject])
            .args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
            .args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.pem")])
            .args(more.iter().flatten());
        process::capture(&mut openssl).with_context(|| format!("no certificate for {name}"))?;
        Ok(())
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if self.keep {
            eprintln!("kept: {}", self.folder.display());
        } else if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("can't remove {}: {error}", self.folder.display());
        }
    }
}

/// The header every message has; `id` finds it again in the Maildir.
fn header(id: &str) -> Vec<u8> {
    format!(
        "From: Tim <{USER}>\r\nTo: <{OTHER_USER}>\r\nSubject: interop {id}\r\n\
         Date: Fri, 20 Nov 2026 12:00:00 +0000\r\nMessage-ID: <{id}@client.example.org>\r\n\
         {ID_FIELD}: {id}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\n"
    )
    .into_bytes()
}

/// The header field that names the case.
pub(crate) const ID_FIELD: &str = "X-Interop-Case";

/// A message with all that goes wrong in transparency and line handling: lines that begin with dots
/// or are dots alone, the longest line RFC 5321 section 4.5.3.1.6 allows (998 octets and its CRLF,
/// here beginning with a dot too), 8-bit octets, white space at line ends, and no final line end.
pub(crate) fn message(id: &str) -> Vec<u8> {
    let mut message = header(id);
    message.extend_from_slice(b".\r\n..\r\n...\r\n.dot\r\n..dots\r\n\r\nend.\r\n");
    message.push(b'.');
    message.extend_from_slice(&[b'l'; 997]);
    message.extend_from_slice(b"\r\n");
    message.extend_from_slice(&[b'm'; 990]);
    message.extend_from_slice("\r\n Größe, 大きさ, μέγεθος \r\n\t\r\n".as_bytes());
    message.extend_from_slice(b"From here\r\nDATA\r\nQUIT\r\n=3D\r\nno line end");
    message
}

/// A message of one line that is a dot without a line end.
pub(crate) fn dot_at_the_end(id: &str) -> Vec<u8> {
    let mut message = header(id);
    message.push(b'.');
    message
}

/// A message larger than `octets`.
pub(crate) fn large(id: &str, octets: usize) -> Vec<u8> {
    let mut message = header(id);
    while message.len() <= octets {
        message.extend_from_slice(&[b'x'; 76]);
        message.extend_from_slice(b"\r\n");
    }
    message
}
