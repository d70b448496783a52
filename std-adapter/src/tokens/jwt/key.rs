//! The keys of an issuer: a JSON Web Key Set (RFC 7517).

use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::Value;

use super::Algorithm;

/// Keys of one set; no issuer has as many.
const MOST: usize = 64;

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) id: Option<String>,
    /// The one algorithm it is for, where the set says so.
    algorithm: Option<Algorithm>,
    material: Material,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// Points, uncompressed.
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

/// A key as it stands in a set; what is not read here, such as a certificate, is of no use.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// What is wrong with a set of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoKeys {
    Malformed,
    Empty,
    TooMany,
}

impl fmt::Display for NoKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("this is no JSON Web Key Set: {\"keys\": [...]}"),
            Self::Empty => {
                f.write_str("no key in the set can verify a signature (RSA, P-256, P-384, Ed25519)")
            }
            Self::TooMany => write!(f, "more than {MOST} keys"),
        }
    }
}

/// The keys of a set that a signature can be verified with. Others are passed over (RFC 7517 section 5).
pub(super) fn parse(json: &[u8]) -> Result<Vec<Key>, NoKeys> {
    let set: Set = serde_json::from_slice(json).map_err(|_| NoKeys::Malformed)?;
    if set.keys.len() > MOST {
        return Err(NoKeys::TooMany);
    }
    let keys: Vec<Key> = set.keys.into_iter().filter_map(Key::of).collect();
    if keys.is_empty() { Err(NoKeys::Empty) } else { Ok(keys) }
}

impl Key {
    fn of(value: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        let verifies = jwk.usage.is_none_or(|usage| usage == "sig")
            && jwk.key_ops.is_none_or(|operations| operations.iter().any(|it| it == "verify"));
        if !verifies {
            return None;
        }
        let octets = |text: Option<&String>| URL_SAFE_NO_PAD.decode(text?).ok();
        let point = |length| {
            let (x, y) = (octets(jwk.x.as_ref())?, octets(jwk.y.as_ref())?);
            (x.len() == length && y.len() == length).then(|| [&[4], &*x, &*y].concat())
        };
        let material = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => Material::Rsa {
                n: unsigned(octets(jwk.n.as_ref())?),
                e: unsigned(octets(jwk.e.as_ref())?),
            },
            ("EC", Some("P-256")) => Material::P256(point(32)?),
            ("EC", Some("P-384")) => Material::P384(point(48)?),
            ("OKP", Some("Ed25519")) => {
                Material::Ed25519(octets(jwk.x.as_ref()).filter(|x| x.len() == 32)?)
            }
            // Among them `oct`: a key that signs as well as it verifies.
            _ => return None,
        };
        let algorithm = match jwk.alg {
            None => None,
            // One that is for something else, such as encryption, is none for us.
            Some(name) => Some(Algorithm::from_name(&name)?),
        };
        Some(Self { id: jwk.kid, algorithm, material })
    }

    /// Whether signatures by this algorithm can be of this key.
    pub(super) fn is_for(&self, algorithm: Algorithm) -> bool {
        use Algorithm::{EdDsa, Es256, Es384, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
        let fits = match self.material {
            Material::Rsa { .. } => {
                matches!(algorithm, Rs256 | Rs384 | Rs512 | Ps256 | Ps384 | Ps512)
            }
            Material::P256(_) => algorithm == Es256,
            Material::P384(_) => algorithm == Es384,
            Material::Ed25519(_) => algorithm == EdDsa,
        };
        fits && self.algorithm.is_none_or(|only| only == algorithm)
    }

    /// Whether the signature is of this key, by this algorithm. RSA keys of less than 2048 bits sign nothing.
    pub(super) fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        if !self.is_for(algorithm) {
            return false;
        }
        let rsa = match algorithm {
            Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
            Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
            Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
            Algorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
            Algorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
            Algorithm::Es256 | Algorithm::Es384 | Algorithm::EdDsa => {
                return self.verify_curve(message, signature);
            }
        };
        match &self.material {
            Material::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(rsa, message, signature).is_ok()
            }
            _ => false,
        }
    }

    fn verify_curve(&self, message: &[u8], signed: &[u8]) -> bool {
        let verified = match &self.material {
            Material::P256(point) => {
                UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point)
                    .verify(message, signed)
            }
            Material::P384(point) => {
                UnparsedPublicKey::new(&signature::ECDSA_P384_SHA384_FIXED, point)
                    .verify(message, signed)
            }
            Material::Ed25519(x) => {
                UnparsedPublicKey::new(&signature::ED25519, x).verify(message, signed)
            }
            Material::Rsa { .. } => return false,
        };
        verified.is_ok()
    }
}

/// Without zeros in front, which some write and ring doesn't take.
fn unsigned(mut octets: Vec<u8>) -> Vec<u8> {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    octets.drain(..zeros);
    octets
}
