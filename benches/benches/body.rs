//! Ten megabytes of mail data, in reads of 8 KB and 64 KB.

use core::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use ehlo_benches::input;

#[path = "peers/bodies.rs"]
mod bodies;

fn main() {
    let mut c = Criterion::default().measurement_time(Duration::from_secs(3)).configure_from_args();
    let data = input::mail_data(input::MAIL_DATA);
    let mut group = c.benchmark_group("body");
    group.throughput(Throughput::Bytes(data.len() as u64));
    for (read, label) in [(8 * 1024, "8 KB"), (64 * 1024, "64 KB")] {
        let mut buffers = bodies::Buffers::new(read);
        for (name, run) in bodies::CASES {
            group.bench_function(BenchmarkId::new(name, label), |b| {
                b.iter(|| run(&data, read, &mut buffers));
            });
        }
    }
    group.finish();
    c.final_summary();
}
