//! A whole session with one small message.

use core::time::Duration;

use criterion::{Criterion, Throughput};
use ehlo_benches::input;

#[path = "peers/sessions.rs"]
mod sessions;

fn main() {
    let mut c = Criterion::default().measurement_time(Duration::from_secs(3)).configure_from_args();
    let mut group = c.benchmark_group("session");
    group.throughput(Throughput::Elements(input::SESSION.len() as u64));
    let mut buffers = sessions::Buffers::new();
    for (name, run) in sessions::CASES {
        group.bench_function(name, |b| b.iter(|| run(&mut buffers)));
    }
    group.finish();
    c.final_summary();
}
