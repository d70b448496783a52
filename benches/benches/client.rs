//! The client: replies read, a message submitted, mail data made transparent.

use core::time::Duration;

use criterion::{Criterion, Throughput};

#[path = "peers/clients.rs"]
mod clients;

/// Octets of mail data.
const MAIL_DATA: usize = if cfg!(debug_assertions) { 100_000 } else { 1_000_000 };

fn main() {
    let mut c = Criterion::default().measurement_time(Duration::from_secs(3)).configure_from_args();
    let mut buffers = clients::Buffers::new(MAIL_DATA);
    let groups: [(&str, &[clients::Case], Throughput); 4] = [
        ("reply", &clients::REPLY, Throughput::Elements(1)),
        ("hello", &clients::HELLO, Throughput::Elements(11)),
        ("dialogue", &clients::DIALOGUE, Throughput::Elements(1)),
        ("stuffing", &clients::STUFFING, Throughput::Bytes(MAIL_DATA as u64)),
    ];
    for (name, cases, throughput) in groups {
        let mut group = c.benchmark_group(format!("client/{name}"));
        group.throughput(throughput);
        for (name, run) in cases {
            assert!(run(&mut buffers) > 0, "{name} does nothing");
            group.bench_function(*name, |b| b.iter(|| run(&mut buffers)));
        }
        group.finish();
    }
    c.final_summary();
}
