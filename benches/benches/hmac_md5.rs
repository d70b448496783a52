//! Checking a CRAM-MD5 digest, beside the HMAC-MD5 of the `hmac` and `md-5` crates alone.

use core::hint::black_box;
use core::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use criterion::Criterion;
use ehlo::io::Io;
use ehlo::sasl::CramMd5Keys;
use ehlo::server::Event;
use ehlo_benches::server::{Lent, WITH_AUTH, accept, connection, feed};
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;

const PASSWORD: &[u8] = b"tanstaaftanstaaf";

fn main() {
    let mut c = Criterion::default().measurement_time(Duration::from_secs(3)).configure_from_args();
    let (mut rx, mut tx) = ([0; 2048], [0; 1024]);
    let mut connection = connection(&WITH_AUTH, &mut rx, &mut tx);
    feed(&mut connection, b"EHLO client.example.org\r\n", accept);
    let challenge = ask(&mut connection);
    let digest = hmac_md5(&challenge);
    let hex: String = digest.iter().map(|octet| format!("{octet:02x}")).collect();
    let response = STANDARD.encode(format!("tim {hex}"));

    let keys = CramMd5Keys::new(PASSWORD);
    let mut group = c.benchmark_group("hmac_md5");
    feed(&mut connection, format!("{response}\r\n").as_bytes(), |event| {
        let Event::CramMd5(guard) = event else { return accept(event) };
        assert!(guard.verify(PASSWORD) && guard.verify_keys(&keys));
        group.bench_function("ehlo, verify", |b| b.iter(|| guard.verify(black_box(PASSWORD))));
        group.bench_function("ehlo, verify_keys", |b| {
            b.iter(|| guard.verify_keys(black_box(&keys)));
        });
        guard.accept();
    });
    group.bench_function("hmac and md-5 crates", |b| {
        b.iter(|| hmac_md5(black_box(&challenge)) == black_box(digest));
    });
    group.bench_function("ehlo, CramMd5Keys::new", |b| {
        b.iter(|| CramMd5Keys::new(black_box(PASSWORD)));
    });
    group.finish();
    c.final_summary();
}

fn hmac_md5(challenge: &[u8]) -> [u8; 16] {
    let Ok(mut mac) = Hmac::<Md5>::new_from_slice(black_box(PASSWORD)) else { return [0; 16] };
    mac.update(challenge);
    mac.finalize().into_bytes().into()
}

/// Sends AUTH CRAM-MD5 and reads the challenge.
fn ask(connection: &mut Lent<'_>) -> Vec<u8> {
    let line = b"AUTH CRAM-MD5\r\n";
    if let Some(Io::Read(mut read)) = connection.poll_io() {
        if let Some(space) = read.space().get_mut(..line.len()) {
            space.copy_from_slice(line);
        }
        read.filled(line.len());
    }
    let Some(Io::Write(write)) = connection.poll_io() else { return Vec::new() };
    let encoded = write.bytes().trim_ascii().strip_prefix(b"334 ").unwrap_or(b"");
    let challenge = STANDARD.decode(encoded).unwrap_or_default();
    let n = write.bytes().len();
    write.sent(n);
    challenge
}
