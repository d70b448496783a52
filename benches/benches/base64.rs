//! AUTH responses of three sizes.

use core::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use ehlo_benches::input;

#[path = "peers/auths.rs"]
mod auths;

fn main() {
    let mut c = Criterion::default().measurement_time(Duration::from_secs(3)).configure_from_args();
    let mut group = c.benchmark_group("base64");
    for size in input::RESPONSES {
        let mut response = auths::Response::new(size);
        group.throughput(Throughput::Bytes(response.len() as u64));
        for (name, run) in auths::CASES {
            assert!(run(&mut response) > 0, "{name} refused a response of {size} octets");
            group.bench_function(BenchmarkId::new(name, response.len()), |b| {
                b.iter(|| run(&mut response));
            });
        }
    }
    group.finish();
    c.final_summary();
}
