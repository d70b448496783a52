//! Runs one case a number of times, for a tool that counts instructions: see README.md.
//!
//! Two runs with different numbers, and the difference between them: what is done only once is not
//! in it.
#![allow(clippy::print_stdout, reason = "a program to be run by hand")]

use core::hint::black_box;
use std::env;

use ehlo_benches::input;

#[path = "peers/auths.rs"]
mod auths;
#[path = "peers/bodies.rs"]
mod bodies;
#[path = "peers/clients.rs"]
mod clients;
#[path = "peers/parsers.rs"]
mod parsers;
#[path = "peers/sessions.rs"]
mod sessions;

/// Octets of mail data of one iteration; a tool makes this some fifty times slower.
const MAIL_DATA: usize = 1_000_000;

/// Octets of a read. Larger copies are made by a string instruction, which is counted once an octet.
const READ: usize = 8 * 1024;

struct Case {
    name: String,
    /// What a figure is divided by: commands, lines or octets.
    units: usize,
    /// Returns what it counted, so that a case that goes wrong shows.
    run: Box<dyn FnMut() -> usize>,
}

fn main() {
    let mut arguments = env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let (name, count) = (arguments.next(), arguments.next());
    let count: usize = count.and_then(|count| count.parse().ok()).unwrap_or(1);
    let mut cases = cases();
    match name.and_then(|name| cases.iter_mut().find(|case| case.name == name)) {
        Some(case) => {
            let counted = (0..count).map(|_| black_box((case.run)())).last();
            println!("{counted:?}");
        }
        None => cases.iter().for_each(|case| println!("{}\t{}", case.name, case.units)),
    }
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut case = |name: String, units, run: Box<dyn FnMut() -> usize>| {
        cases.push(Case { name, units, run });
    };
    for (name, parse) in parsers::OF_LINE {
        let name = format!("line_parser/line/{name}");
        let mix = move || input::COMMANDS.iter().filter(|line| parse(line)).count();
        case(format!("{name}/mix"), input::COMMANDS.len(), Box::new(mix));
        for line in input::COMMANDS {
            let one = move || usize::from(parse(line));
            case(format!("{name}/{}", input::verb(line)), 1, Box::new(one));
        }
    }
    for (name, parse) in parsers::OF_BUFFER {
        let name = format!("line_parser/buffer/{name}");
        let mix = input::commands();
        let units = input::COMMANDS.len();
        case(format!("{name}/mix"), units, Box::new(move || parse(&mix)));
        for line in input::COMMANDS {
            let buffer = [line.as_bytes(), b"\r\n"].concat();
            case(format!("{name}/{}", input::verb(line)), 1, Box::new(move || parse(&buffer)));
        }
    }
    for (name, run) in sessions::CASES {
        let mut buffers = sessions::Buffers::new();
        let units = input::SESSION.len();
        case(format!("session/{name}"), units, Box::new(move || run(&mut buffers)));
    }
    for (name, run) in bodies::CASES {
        let (mut data, mut buffers) = (None, bodies::Buffers::new(READ));
        let run = move || {
            let data = data.get_or_insert_with(|| input::mail_data(MAIL_DATA));
            run(data, READ, &mut buffers)
        };
        case(format!("body/{name}"), MAIL_DATA, Box::new(run));
    }
    let of_client: [(&str, &[clients::Case], usize); 4] = [
        ("reply", &clients::REPLY, 1),
        ("hello", &clients::HELLO, 1),
        ("dialogue", &clients::DIALOGUE, 1),
        ("stuffing", &clients::STUFFING, MAIL_DATA),
    ];
    for (kind, each, units) in of_client {
        for (name, run) in each {
            let mut buffers = None;
            let run = move || run(buffers.get_or_insert_with(|| clients::Buffers::new(MAIL_DATA)));
            case(format!("client/{kind}/{name}"), units, Box::new(run));
        }
    }
    for size in input::RESPONSES {
        for (name, run) in auths::CASES {
            let mut response = auths::Response::new(size);
            let units = response.len();
            case(format!("base64/{name}/{units}"), units, Box::new(move || run(&mut response)));
        }
    }
    cases
}
