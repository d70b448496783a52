//! Parsing commands: each of eight alone, and all of them.

use core::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use ehlo_benches::input;

#[path = "peers/parsers.rs"]
mod parsers;

fn main() {
    let mut c = Criterion::default().measurement_time(Duration::from_secs(3)).configure_from_args();
    a_line(&mut c);
    a_buffer(&mut c);
    c.final_summary();
}

/// The line was found before, its CRLF is not part of it.
fn a_line(c: &mut Criterion) {
    let mut group = c.benchmark_group("line_parser/line");
    for (name, parse) in parsers::OF_LINE {
        for line in input::COMMANDS {
            group.bench_function(BenchmarkId::new(name, input::verb(line)), |b| {
                b.iter(|| parse(line));
            });
        }
        group.throughput(Throughput::Elements(input::COMMANDS.len() as u64));
        group.bench_function(BenchmarkId::new(name, "mix"), |b| {
            b.iter(|| input::COMMANDS.iter().filter(|line| parse(line)).count());
        });
    }
    group.finish();
}

/// The octets of a receive buffer: the line is to be found.
fn a_buffer(c: &mut Criterion) {
    let mut group = c.benchmark_group("line_parser/buffer");
    let mix = input::commands();
    for (name, parse) in parsers::OF_BUFFER {
        // Two of the peers don't know BDAT.
        assert!(parse(&mix) >= 7, "{name} refused a command");
        for line in input::COMMANDS {
            let buffer = [line.as_bytes(), b"\r\n"].concat();
            group.bench_function(BenchmarkId::new(name, input::verb(line)), |b| {
                b.iter(|| parse(&buffer));
            });
        }
        group.throughput(Throughput::Elements(input::COMMANDS.len() as u64));
        group.bench_function(BenchmarkId::new(name, "mix"), |b| b.iter(|| parse(&mix)));
    }
    group.finish();
}
