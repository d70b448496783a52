//! Mail data from a read buffer to the application, in reads of a given size.

use core::hint::black_box;

use ehlo::server::Event;
use ehlo_benches::server;
use memchr::memmem;
use smtp_proto::request::receiver::DataReceiver;

/// A name, and a function that takes mail data in reads of so many octets.
pub(crate) type Case = (&'static str, fn(&[u8], usize, &mut Buffers) -> usize);

/// What is allocated once and used again.
pub(crate) struct Buffers {
    rx: Vec<u8>,
    tx: Vec<u8>,
    message: Vec<u8>,
}

impl Buffers {
    pub(crate) fn new(read: usize) -> Self {
        Self { rx: vec![0; read], tx: vec![0; 1024], message: Vec::with_capacity(2 * read) }
    }
}

/// Those that take part. Each "read" is a copy into the read buffer, as it is from a socket.
pub(crate) const CASES: [Case; 6] = [
    ("ehlo, lent", ehlo_lent),
    ("ehlo, copied", ehlo_copied),
    ("smtp-proto, copied", |data, read, b| smtp_proto(data, read, b, true)),
    ("smtp-proto, copied, without reading", |data, read, b| smtp_proto(data, read, b, false)),
    ("memcpy", |data, read, b| {
        let mut total = 0;
        for read in black_box(data).chunks(read) {
            if let Some(space) = b.rx.get_mut(..read.len()) {
                space.copy_from_slice(read);
            }
            total += black_box(&b.rx).len();
        }
        total
    }),
    ("memmem CRLF dot", |data, _, _| {
        memmem::Finder::new(b"\r\n.").find_iter(black_box(data)).count()
    }),
];

/// The application looks at the octets where they lie.
fn ehlo_lent(data: &[u8], _: usize, b: &mut Buffers) -> usize {
    let mut total = 0;
    let mut connection = server::at_mail_data(&mut b.rx, &mut b.tx);
    server::feed(&mut connection, black_box(data), |event| match event {
        Event::Body(body) => {
            total += black_box(body.bytes()).len();
            body.done();
        }
        other => server::accept(other),
    });
    total
}

/// The application copies the octets into a buffer of its own.
fn ehlo_copied(data: &[u8], read: usize, b: &mut Buffers) -> usize {
    let mut total = 0;
    let message = &mut b.message;
    message.clear();
    let mut connection = server::at_mail_data(&mut b.rx, &mut b.tx);
    server::feed(&mut connection, black_box(data), |event| match event {
        Event::Body(body) => {
            message.extend_from_slice(body.bytes());
            body.done();
            if message.len() >= read {
                total += black_box(&*message).len();
                message.clear();
            }
        }
        other => server::accept(other),
    });
    total + message.len()
}

/// The message goes into a `Vec`: there is no other way.
fn smtp_proto(data: &[u8], read: usize, b: &mut Buffers, reading: bool) -> usize {
    let mut total = 0;
    let mut receiver = DataReceiver::new();
    b.message.clear();
    for read in black_box(data).chunks(read) {
        let mut octets = if reading {
            let Some(space) = b.rx.get_mut(..read.len()) else { break };
            space.copy_from_slice(read);
            black_box(&*space).iter()
        } else {
            read.iter()
        };
        receiver.ingest(&mut octets, &mut b.message);
        total += black_box(&b.message).len();
        b.message.clear();
    }
    total
}
