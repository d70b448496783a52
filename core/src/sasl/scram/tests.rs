//! The exchanges of RFC 5802 section 5 and RFC 7677 section 3, octet by octet, and what must fail.

use super::client::{Side, State};
use super::server::Scram;
use super::{BindingKind, ChannelBinding, Nonce, ScramHash, ScramKeys};
use crate::sasl::client::Credentials;
use crate::wire::print::LineWriter;

struct Exchange {
    hash: ScramHash,
    client_nonce: &'static [u8],
    server_nonce: &'static [u8],
    salt: &'static [u8],
    messages: [&'static [u8]; 4],
}

const SHA_1: Exchange = Exchange {
    hash: ScramHash::Sha1,
    client_nonce: b"fyko+d2lbbFgONRv9qkxdawL",
    server_nonce: b"3rfcNHYJY1ZVvWVs7j",
    salt: b"QSXCR+Q6sek8bf92",
    messages: [
        b"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
        b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
        b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
        b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
    ],
};

const SHA_256: Exchange = Exchange {
    hash: ScramHash::Sha256,
    client_nonce: b"rOprNGfwEbeRWgbNEkqO",
    server_nonce: b"%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
    salt: b"W22ZaJ0SNY7soEsUEjb6gQ==",
    messages: [
        b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
        b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    ],
};

fn text(build: impl FnOnce(&mut LineWriter<'_>)) -> ([u8; 300], usize) {
    let mut out = [0; 300];
    let mut line = LineWriter::new(&mut out);
    build(&mut line);
    let n = line.finish().unwrap();
    (out, n)
}

fn keys(exchange: &Exchange, password: &str) -> ScramKeys {
    let mut octets = [0; 88];
    let salt = super::server::decoded(exchange.salt, &mut octets).unwrap();
    ScramKeys::derive(exchange.hash, password.as_bytes(), salt, 4096).unwrap()
}

fn runs(exchange: &Exchange) {
    let [first, challenge, last, verifier] = exchange.messages;
    let credentials = Credentials::password("user", "pencil").nonce([0; 16]);
    let side = Side {
        hash: exchange.hash,
        plus: false,
        credentials: &credentials,
        plus_offered: false,
        nonce: Nonce::given(exchange.client_nonce),
    };
    let mut state = State::new(false);
    let (out, n) = text(|out| side.write_first(out));
    assert_eq!(&out[..n], first);
    let mut derivation = side.derivation(challenge).unwrap();
    while !derivation.run(1000) {}
    state.derivation = Some(derivation);
    let (out, n) = text(|out| side.write_final(challenge, &mut state, out).unwrap());
    assert_eq!(&out[..n], last);
    let mut impostor = state.clone();
    assert!(state.read_final(verifier).is_ok() && state.proven);
    assert!(impostor.read_final(b"v=AAAA").is_err() && !impostor.proven);

    let nonce = Nonce::given(exchange.server_nonce);
    let scram = Scram::read(exchange.hash, false, first, None).unwrap();
    let (out, n) = text(|out| scram.write_challenge(&keys(exchange, "pencil"), &nonce, out));
    assert_eq!(&out[..n], challenge);
    let scram = Scram::read(exchange.hash, false, first, Some(last)).unwrap();
    let signature = scram.verify(&keys(exchange, "pencil"), &nonce, None).unwrap();
    let (out, n) = text(|out| signature.write(out));
    assert_eq!(&out[..n], verifier);
    assert!(scram.verify(&keys(exchange, "pencils"), &nonce, None).is_none());
    let binding = ChannelBinding::new(BindingKind::TlsExporter, &[1; 32]);
    assert!(scram.verify(&keys(exchange, "pencil"), &nonce, binding.as_ref()).is_some());
    assert!(scram.verify(&keys(exchange, "pencil"), &Nonce::given(b"x"), None).is_none());
}

#[test]
fn the_exchange_of_rfc_5802_section_5() {
    runs(&SHA_1);
}

#[test]
fn the_exchange_of_rfc_7677_section_3() {
    runs(&Exchange { server_nonce: SHA_256.server_nonce, ..SHA_256 });
}

#[test]
fn what_is_out_of_order_repeated_or_has_to_be_understood_is_refused() {
    let firsts: [&[u8]; 16] = [
        b"",
        b"n,,",
        b"n,,n=user",
        b"n,,r=abc,n=user",
        b"n,,n=user,r=",
        b"n,,n=user,r=a b",
        b"n,,n=,r=abc",
        b"n,,n=us=er,r=abc",
        b"n,,m=x,n=user,r=abc",
        b"n,,n=user,r=abc,m=x",
        b"n,,n=user,r=abc,r=abc",
        b"n,,n=user,r=abc,x=",
        b"n,b=tim,n=user,r=abc",
        b"q,,n=user,r=abc",
        b"p=,,n=user,r=abc",
        b"n,,n=us\0er,r=abc",
    ];
    for first in firsts {
        assert!(Scram::read(ScramHash::Sha1, false, first, None).is_err(), "{first:?}");
    }
    let lasts: [&[u8]; 6] = [
        b"c=biws,r=abc",
        b"r=abc,c=biws,p=AAAA",
        b"c=biws,p=AAAA,r=abc",
        b"c=biws,r=abc,m=1,p=AAAA",
        b"c=biws,r=abc,r=abc,p=AAAA",
        b"c=biws,r=,p=AAAA",
    ];
    for last in lasts {
        let read = Scram::read(ScramHash::Sha1, false, b"n,,n=user,r=abc", Some(last));
        assert!(read.is_err(), "{last:?}");
    }
    assert!(Scram::read(ScramHash::Sha1, false, b"n,,n=user,r=abc,x=1", None).is_ok());
}
