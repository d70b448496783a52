//! The exchange of keys: RFC 8446 section 4.2.8.2.

use alloc::boxed::Box;
use core::marker::PhantomData;

use p256::elliptic_curve::sec1::ToSec1Point;
use rustls::crypto::{ActiveKeyExchange, SharedSecret, SupportedKxGroup};
use rustls::{Error, NamedGroup, PeerMisbehaved};
use zeroize::Zeroizing;

use super::Entropy;

/// X25519 (RFC 7748).
#[derive(Debug)]
pub(super) struct X25519<E>(PhantomData<E>);

/// ECDH over secp256r1.
#[derive(Debug)]
pub(super) struct P256<E>(PhantomData<E>);

impl<E: 'static> X25519<E> {
    pub(super) const IT: &'static Self = &Self(PhantomData);
}

impl<E: 'static> P256<E> {
    pub(super) const IT: &'static Self = &Self(PhantomData);
}

fn random<E: Entropy>() -> Result<Zeroizing<[u8; 32]>, Error> {
    let mut octets = Zeroizing::new([0; 32]);
    if E::fill(&mut *octets) { Ok(octets) } else { Err(Error::FailedToGetRandomBytes) }
}

impl<E: Entropy> SupportedKxGroup for X25519<E> {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let secret = x25519_dalek::StaticSecret::from(*random::<E>()?);
        let public = x25519_dalek::PublicKey::from(&secret);
        Ok(Box::new(X25519Started { secret, public }))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

struct X25519Started {
    secret: x25519_dalek::StaticSecret,
    public: x25519_dalek::PublicKey,
}

impl ActiveKeyExchange for X25519Started {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let peer = <[u8; 32]>::try_from(peer).map_err(|_| PeerMisbehaved::InvalidKeyShare)?;
        let shared = self.secret.diffie_hellman(&peer.into());
        // All zeros if the peer's key was of small order (RFC 7748 section 6.1).
        if !shared.was_contributory() {
            return Err(PeerMisbehaved::InvalidKeyShare.into());
        }
        Ok(SharedSecret::from(&shared.as_bytes()[..]))
    }

    fn pub_key(&self) -> &[u8] {
        self.public.as_bytes()
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

impl<E: Entropy> SupportedKxGroup for P256<E> {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        // One draw in 2^32 is no scalar; four in a row are a broken source.
        for _ in 0..4 {
            if let Ok(secret) = p256::SecretKey::from_slice(&*random::<E>()?) {
                let public = secret.public_key().to_sec1_point(false);
                return Ok(Box::new(P256Started { secret, public }));
            }
        }
        Err(Error::FailedToGetRandomBytes)
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::secp256r1
    }
}

struct P256Started {
    secret: p256::SecretKey,
    public: p256::Sec1Point,
}

impl ActiveKeyExchange for P256Started {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        // Refuses what is not on the curve.
        let peer =
            p256::PublicKey::from_sec1_bytes(peer).map_err(|_| PeerMisbehaved::InvalidKeyShare)?;
        let shared = p256::ecdh::diffie_hellman(self.secret.to_nonzero_scalar(), peer.as_affine());
        Ok(SharedSecret::from(&shared.raw_secret_bytes()[..]))
    }

    fn pub_key(&self) -> &[u8] {
        self.public.as_bytes()
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::secp256r1
    }
}
