//! The algorithms of TLS 1.3 that a small device has room for, by RustCrypto and dalek.
//!
//! All of them run in constant time on processors whose multiplication does (Cortex-M4 and M33 do, the M3
//! does not). AES is the bitsliced one, without tables.

use alloc::sync::Arc;
use alloc::vec;
use core::fmt::Debug;
use core::marker::PhantomData;

use rustls::crypto::tls13::HkdfUsingHmac;
use rustls::crypto::{
    CipherSuiteCommon, CryptoProvider, GetRandomFailed, KeyProvider, SecureRandom,
    WebPkiSupportedAlgorithms,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::SigningKey;
use rustls::{CipherSuite, Error, SignatureScheme, SupportedCipherSuite, Tls13CipherSuite};

mod aead;
mod exchange;
mod sha256;
mod signature;

pub use signature::{InvalidKey, P256Key};

/// Where random octets come from.
///
/// They make the keys of every connection: a source that can be foretold is no encryption. On a chip this is
/// its true random number generator, or a generator that was seeded by it.
pub trait Entropy: Debug + Send + Sync + 'static {
    /// Fills `octets`; whether it could.
    fn fill(octets: &mut [u8]) -> bool;
}

/// The algorithms, with randomness from `E`.
#[must_use]
pub fn provider<E: Entropy>() -> CryptoProvider {
    with::<E>(WebPkiSupportedAlgorithms {
        all: &[&signature::EcdsaP256Sha256],
        mapping: &[(SignatureScheme::ECDSA_NISTP256_SHA256, &[&signature::EcdsaP256Sha256])],
    })
}

/// As [`provider`], for a server that asks for no certificates: it verifies none, and that is not linked.
#[must_use]
pub fn without_verification<E: Entropy>() -> CryptoProvider {
    with::<E>(WebPkiSupportedAlgorithms { all: &[], mapping: &[] })
}

fn with<E: Entropy>(verification: WebPkiSupportedAlgorithms) -> CryptoProvider {
    CryptoProvider {
        cipher_suites: vec![
            SupportedCipherSuite::Tls13(&CHACHA20_POLY1305),
            SupportedCipherSuite::Tls13(&AES_128_GCM),
        ],
        kx_groups: vec![exchange::X25519::<E>::IT, exchange::P256::<E>::IT],
        signature_verification_algorithms: verification,
        secure_random: Random::<E>::IT,
        key_provider: &NoKeyFiles,
    }
}

static CHACHA20_POLY1305: Tls13CipherSuite = Tls13CipherSuite {
    common: CipherSuiteCommon {
        suite: CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
        hash_provider: &sha256::Sha256,
        confidentiality_limit: u64::MAX,
    },
    hkdf_provider: &HkdfUsingHmac(&sha256::HmacSha256),
    aead_alg: &aead::ChaCha20Poly1305,
    quic: None,
};

static AES_128_GCM: Tls13CipherSuite = Tls13CipherSuite {
    common: CipherSuiteCommon {
        suite: CipherSuite::TLS13_AES_128_GCM_SHA256,
        hash_provider: &sha256::Sha256,
        // RFC 8446 section 5.5.
        confidentiality_limit: 1 << 24,
    },
    hkdf_provider: &HkdfUsingHmac(&sha256::HmacSha256),
    aead_alg: &aead::Aes128Gcm,
    quic: None,
};

#[derive(Debug)]
struct Random<E>(PhantomData<E>);

impl<E: Entropy> Random<E> {
    const IT: &'static Self = &Self(PhantomData);
}

impl<E: Entropy> SecureRandom for Random<E> {
    fn fill(&self, octets: &mut [u8]) -> Result<(), GetRandomFailed> {
        if E::fill(octets) { Ok(()) } else { Err(GetRandomFailed) }
    }
}

/// Keys are given as [`P256Key`]; none is read from a file.
#[derive(Debug)]
struct NoKeyFiles;

impl KeyProvider for NoKeyFiles {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        Err(Error::General("keys are given as P256Key".into()))
    }
}
