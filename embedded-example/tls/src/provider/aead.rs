//! Records, encrypted: RFC 8446 section 5.2.

use alloc::boxed::Box;

use ::aead::array::typenum::{U12, U16};
use ::aead::{AeadCore, AeadInOut, KeyInit, KeySizeUser};
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, MessageDecrypter, MessageEncrypter,
    Nonce, OutboundOpaqueMessage, OutboundPlainMessage, PrefixedPayload, Tls13AeadAlgorithm,
    UnsupportedOperationError, make_tls13_aad,
};
use rustls::{ConnectionTrafficSecrets, ContentType, Error, ProtocolVersion};

const TAG: usize = 16;

pub(super) struct ChaCha20Poly1305;
pub(super) struct Aes128Gcm;

macro_rules! algorithm {
    ($algorithm:ident, $cipher:ty, $secrets:ident) => {
        impl Tls13AeadAlgorithm for $algorithm {
            fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
                match Sealed::<$cipher>::new(&key, iv) {
                    Some(sealed) => Box::new(sealed),
                    None => Box::new(WrongKey),
                }
            }

            fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
                match Sealed::<$cipher>::new(&key, iv) {
                    Some(sealed) => Box::new(sealed),
                    None => Box::new(WrongKey),
                }
            }

            fn key_len(&self) -> usize {
                <$cipher>::key_size()
            }

            fn extract_keys(
                &self,
                key: AeadKey,
                iv: Iv,
            ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
                Ok(ConnectionTrafficSecrets::$secrets { key, iv })
            }
        }
    };
}

algorithm!(ChaCha20Poly1305, chacha20poly1305::ChaCha20Poly1305, Chacha20Poly1305);
algorithm!(Aes128Gcm, aes_gcm::Aes128Gcm, Aes128Gcm);

/// A key of one direction.
struct Sealed<A> {
    cipher: A,
    iv: Iv,
}

impl<A: KeyInit> Sealed<A> {
    /// `None` when the key is of another length than the algorithm has.
    fn new(key: &AeadKey, iv: Iv) -> Option<Self> {
        let key = key.as_ref().get(..A::key_size())?;
        Some(Self { cipher: A::new_from_slice(key).ok()?, iv })
    }
}

impl<A> MessageEncrypter for Sealed<A>
where
    A: AeadInOut + AeadCore<NonceSize = U12, TagSize = U16> + Send + Sync,
{
    fn encrypt(
        &mut self,
        message: OutboundPlainMessage<'_>,
        sequence: u64,
    ) -> Result<OutboundOpaqueMessage, Error> {
        let length = self.encrypted_payload_len(message.payload.len());
        let mut payload = PrefixedPayload::with_capacity(length);
        payload.extend_from_chunks(&message.payload);
        payload.extend_from_slice(&message.typ.to_array());
        let nonce = Nonce::new(&self.iv, sequence);
        let sealed = self.cipher.encrypt_inout_detached(
            &nonce.0.into(),
            &make_tls13_aad(length),
            payload.as_mut().into(),
        );
        payload.extend_from_slice(&sealed.map_err(|_| Error::EncryptError)?);
        // A record's outside says TLS 1.2 and application data, whatever is in it.
        let (outside, version) = (ContentType::ApplicationData, ProtocolVersion::TLSv1_2);
        Ok(OutboundOpaqueMessage::new(outside, version, payload))
    }

    fn encrypted_payload_len(&self, length: usize) -> usize {
        length + 1 + TAG
    }
}

impl<A> MessageDecrypter for Sealed<A>
where
    A: AeadInOut + AeadCore<NonceSize = U12, TagSize = U16> + Send + Sync,
{
    fn decrypt<'a>(
        &mut self,
        mut message: InboundOpaqueMessage<'a>,
        sequence: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let aad = make_tls13_aad(message.payload.len());
        let nonce = Nonce::new(&self.iv, sequence);
        let payload: &mut [u8] = &mut message.payload;
        let (octets, tag) = payload.split_last_chunk_mut::<TAG>().ok_or(Error::DecryptError)?;
        let length = octets.len();
        let tag = (*tag).into();
        self.cipher
            .decrypt_inout_detached(&nonce.0.into(), &aad, octets.into(), &tag)
            .map_err(|_| Error::DecryptError)?;
        message.payload.truncate(length);
        message.into_tls13_unpadded_message()
    }
}

/// In place of a key that isn't one; rustls makes none of these.
struct WrongKey;

impl MessageEncrypter for WrongKey {
    fn encrypt(
        &mut self,
        _: OutboundPlainMessage<'_>,
        _: u64,
    ) -> Result<OutboundOpaqueMessage, Error> {
        Err(Error::EncryptError)
    }

    fn encrypted_payload_len(&self, length: usize) -> usize {
        length
    }
}

impl MessageDecrypter for WrongKey {
    fn decrypt<'a>(
        &mut self,
        _: InboundOpaqueMessage<'a>,
        _: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        Err(Error::DecryptError)
    }
}
