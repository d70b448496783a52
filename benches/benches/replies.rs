//! Replies: ten lines in reply to EHLO, and one line in reply to NOOP.
//!
//! Our machine has no writer of its own for the application: it reads a command and replies. The
//! peers have both cases, the command read and replied to, and the reply alone.

use core::hint::black_box;
use core::time::Duration;

use criterion::Criterion;
use ehlo_benches::server::{self, HOSTNAME, WITH_AUTH, accept, feed};
use mailrs_smtp_proto::format_ehlo_response;
use smtp_proto::{
    AUTH_CRAM_MD5, AUTH_OAUTHBEARER, AUTH_PLAIN, EXT_8BIT_MIME, EXT_AUTH, EXT_CHUNKING, EXT_DSN,
    EXT_ENHANCED_STATUS_CODES, EXT_HELP, EXT_PIPELINING, EXT_SIZE, EXT_SMTP_UTF8, EhloResponse,
    Request, Response,
};

const EHLO: &[u8] = b"EHLO client.example.org\r\n";
const NOOP: &[u8] = b"NOOP\r\n";

fn main() {
    let mut c = Criterion::default().measurement_time(Duration::from_secs(3)).configure_from_args();
    ehlo(&mut c);
    short(&mut c);
    c.final_summary();
}

fn smtp_proto_ehlo(out: &mut Vec<u8>) {
    let mut reply = EhloResponse::new(HOSTNAME);
    reply.capabilities = EXT_PIPELINING
        | EXT_SIZE
        | EXT_8BIT_MIME
        | EXT_SMTP_UTF8
        | EXT_CHUNKING
        | EXT_DSN
        | EXT_ENHANCED_STATUS_CODES
        | EXT_AUTH
        | EXT_HELP;
    reply.auth_mechanisms = AUTH_PLAIN | AUTH_CRAM_MD5 | AUTH_OAUTHBEARER;
    reply.size = 64 * 1024 * 1024;
    out.clear();
    let sent = black_box(reply).write(&mut *out);
    black_box((sent.is_ok(), &*out));
}

fn ehlo(c: &mut Criterion) {
    let mut group = c.benchmark_group("replies/ehlo");
    let (mut rx, mut tx) = ([0; 2048], [0; 1024]);
    let mut connection = server::connection(&WITH_AUTH, &mut rx, &mut tx);
    feed(&mut connection, b"", accept);
    group.bench_function("ehlo, read and replied", |b| {
        b.iter(|| feed(&mut connection, black_box(EHLO), accept));
    });
    let mut out = Vec::with_capacity(1024);
    group.bench_function("smtp-proto, read and replied", |b| {
        b.iter(|| {
            black_box(Request::parse(&mut black_box(EHLO).iter())).is_ok().then(|| {
                smtp_proto_ehlo(&mut out);
            })
        });
    });
    group.bench_function("smtp-proto, reply alone", |b| b.iter(|| smtp_proto_ehlo(&mut out)));
    let capabilities = [
        "PIPELINING",
        "SIZE 67108864",
        "8BITMIME",
        "SMTPUTF8",
        "CHUNKING",
        "DSN",
        "ENHANCEDSTATUSCODES",
        "AUTH PLAIN CRAM-MD5 OAUTHBEARER",
        "HELP",
    ];
    group.bench_function("mailrs-smtp-proto, reply alone", |b| {
        b.iter(|| black_box(format_ehlo_response(HOSTNAME, black_box(&capabilities))));
    });
    group.finish();
}

fn short(c: &mut Criterion) {
    let mut group = c.benchmark_group("replies/short");
    let (mut rx, mut tx) = ([0; 2048], [0; 1024]);
    let mut connection = server::connection(&server::OPEN, &mut rx, &mut tx);
    feed(&mut connection, b"", accept);
    group.bench_function("ehlo, read and replied", |b| {
        b.iter(|| feed(&mut connection, black_box(NOOP), accept));
    });
    let mut out = Vec::with_capacity(1024);
    let mut smtp_proto_ok = || {
        out.clear();
        let sent = black_box(Response::new(250, 2, 0, 0, "OK")).write(&mut out);
        black_box((sent.is_ok(), &out));
    };
    group.bench_function("smtp-proto, read and replied", |b| {
        b.iter(|| {
            black_box(Request::parse(&mut black_box(NOOP).iter())).is_ok().then(&mut smtp_proto_ok)
        });
    });
    group.bench_function("smtp-proto, reply alone", |b| b.iter(&mut smtp_proto_ok));
    group.bench_function("mailrs-smtp-proto, reply alone", |b| {
        b.iter(|| black_box(mailrs_smtp_proto::Response::ok().format()));
    });
    let mut out = Vec::with_capacity(1024);
    group.bench_function("mailin, reply alone", |b| {
        b.iter(|| {
            out.clear();
            let sent = black_box(mailin::response::OK).write_to(&mut out);
            black_box((sent.is_ok(), &out));
        });
    });
    group.finish();
}
