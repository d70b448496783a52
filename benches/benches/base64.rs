//! AUTH with an initial response, from the octets of the line to the event and the reply, beside
//! the decoder of the `base64` crate alone.

use core::hint::black_box;
use core::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use criterion::{BenchmarkId, Criterion, Throughput};
use ehlo::server::Event;
use ehlo_benches::input;
use ehlo_benches::server::{WITH_AUTH, accept, connection, feed};

fn main() {
    let mut c = Criterion::default().measurement_time(Duration::from_secs(3)).configure_from_args();
    let mut group = c.benchmark_group("base64");
    for size in input::RESPONSES {
        let (mechanism, message) = input::auth_message(size);
        let encoded = STANDARD.encode(&message);
        let label = encoded.len();
        group.throughput(Throughput::Bytes(label as u64));

        let line = format!("AUTH {mechanism} {encoded}\r\n");
        let (mut rx, mut tx) = ([0; 16 * 1024], [0; 1024]);
        let mut connection = connection(&WITH_AUTH, &mut rx, &mut tx);
        feed(&mut connection, b"EHLO client.example.org\r\n", accept);
        let mut asked = 0;
        group.bench_function(BenchmarkId::new("ehlo, AUTH to its reply", label), |b| {
            b.iter(|| {
                feed(&mut connection, black_box(line.as_bytes()), |event| match event {
                    Event::Login(login) => {
                        asked += 1;
                        black_box(login.password());
                        login.unavailable();
                    }
                    Event::Token(token) => {
                        asked += 1;
                        black_box(token.token());
                        token.unavailable();
                    }
                    other => accept(other),
                })
            });
        });
        assert!(asked > 0, "the response of {label} octets was refused");

        let mut decoded = vec![0; size];
        group.bench_function(BenchmarkId::new("base64 crate", label), |b| {
            b.iter(|| {
                let n = STANDARD.decode_slice(black_box(&encoded), &mut decoded).ok();
                black_box((n, &decoded));
            });
        });
        let mut copy = vec![0; line.len()];
        group.bench_function(BenchmarkId::new("memcpy", label), |b| {
            b.iter(|| {
                copy.copy_from_slice(black_box(line.as_bytes()));
                black_box(&copy);
            });
        });
    }
    group.finish();
    c.final_summary();
}
