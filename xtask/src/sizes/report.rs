//! `embedded-example/SIZES.md`.

use core::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result};

use super::{CORTEX_M3, Figures, MECHANISMS, PROGRAMS, Prices, TARGETS};
use crate::process::root;

/// Writes the file.
///
/// # Errors
///
/// Fails when it can't be written, or something was not measured.
pub(super) fn write(figures: &Figures) -> Result<()> {
    let path = root().join("embedded-example/SIZES.md");
    let text = text(figures)?;
    fs::write(&path, text).with_context(|| path.display().to_string())?;
    println!("{} is written", path.display());
    Ok(())
}

fn text(figures: &Figures) -> Result<String> {
    let mut out = String::new();
    let compiler = &figures.compiler;
    write!(
        out,
        "# What it costs\n\n\
        Written by `cargo xtask sizes --write`; `cargo xtask sizes` measures again and fails where a figure exceeds\n\
        [budget.toml](budget.toml) by more than 3 %. Built {compiler},\n\
        `opt-level = \"z\"`, fat LTO, one codegen unit, `panic = \"abort\"`, and nothing but what is reached; SHA-2 as\n\
        loops, by `--cfg sha2_backend_soft=\"compact\"`, which saves 6.7 KB for SHA-256.\n\n\
        The programs are applications as a firmware has them ([xtask/probes/figures](../xtask/probes/figures)): the\n\
        server checks a login against one user and stores messages, the client submits one message by STARTTLS and\n\
        AUTH. What isn't in the figures is the board's: TCP/IP, TLS, its clock and its storage. Programs that name their\n\
        mechanisms have neither the feature `extensions` nor `texts`; those with every mechanism have both. What each of\n\
        the two costs stands in the last table.\n\n\
        ## Flash\n\n\
        Octets of instructions, constants and initialised variables, with the application and with what it takes of\n\
        the compiler's own library.\n\n"
    )?;
    table(&mut out, "", &TARGETS.map(|(_, part)| part.to_owned()))?;
    for program in PROGRAMS {
        let flash = TARGETS.map(|(target, _)| {
            let size = figures.size(target, program.name);
            size.map_or_else(|| "?".to_owned(), |size| octets(size.flash()))
        });
        row(&mut out, program.title, &flash)?;
    }
    write!(out, "\nOf these, on the Cortex-M3:\n\n")?;
    table(&mut out, "", &["instructions", "constants", "variables"].map(str::to_owned))?;
    for program in PROGRAMS {
        let size = figures.size(CORTEX_M3, program.name).context("not measured")?;
        row(&mut out, program.title, &[size.text, size.rodata, size.data].map(octets))?;
    }
    write!(
        out,
        "\nFor comparison: the SMTP client of lwIP, in C, is 3.1 KB and has neither STARTTLS nor dot-stuffing;\n\
        io-smtp's client links at 39.6 KB. `cargo xtask sizes --explain PROGRAM` prints where the flash goes, by\n\
        function, crate and file.\n\n"
    )?;
    write!(
        out,
        "## Where it goes\n\n\
        Octets of instructions on the Cortex-M3, by where they were written; what is inlined counts where it is from.\n\
        Constants are mostly texts: of replies, keywords and tables of the grammar.\n\n"
    )?;
    parts(&mut out, figures)?;
    write!(
        out,
        "\n## RAM of a connection\n\n\
        Octets on a part of 32 bits. A connection is its state and two buffers that the application gives it; there is\n\
        no other memory, static or on a heap. The smallest buffers are 512 and 512.\n\n"
    )?;
    table(&mut out, "", &["state", "with the smallest buffers"].map(str::to_owned))?;
    for program in PROGRAMS.iter().filter(|program| program.binary != "both") {
        let size = figures.size(CORTEX_M3, program.name).context("not measured")?;
        row(&mut out, program.title, &[size.state, size.state + 1024].map(octets))?;
    }
    let Prices { none, with } = figures.mechanisms.as_ref().context("not measured")?;
    write!(
        out,
        "\n## The price of a mechanism\n\n\
        On a Cortex-M3: flash over a server, or a client, that has no mechanism but EXTERNAL ({} and {} octets), and the\n\
        state of a connection (there {} and {}). Mechanisms share much: two of them cost less than their sum.\n\n",
        octets(none[0].flash()),
        octets(none[1].flash()),
        none[0].state,
        none[1].state,
    )?;
    let columns = ["server, flash", "server, state", "client, flash", "client, state"];
    table(&mut out, "mechanism", &columns.map(str::to_owned))?;
    for ((title, _), (measured, [server, client])) in MECHANISMS.iter().zip(with) {
        debug_assert_eq!(title, measured, "they are measured in their order");
        let more = |with: u64, without: u64| octets(with.saturating_sub(without));
        let cells = [
            format!("+{}", more(server.flash(), none[0].flash())),
            octets(server.state),
            format!("+{}", more(client.flash(), none[1].flash())),
            octets(client.state),
        ];
        row(&mut out, title, &cells)?;
    }
    Ok(out)
}

/// The parts with the largest shares, and all others together.
fn parts(out: &mut String, figures: &Figures) -> Result<()> {
    let mut names: Vec<&str> = Vec::new();
    for (_, parts) in &figures.parts {
        for (name, _) in parts.iter().take(12) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
    }
    let titles: Vec<String> = figures.parts.iter().map(|(title, _)| (*title).to_owned()).collect();
    table(out, "", &titles)?;
    let share = |parts: &[(String, u64)], name: &str| {
        parts.iter().find(|(part, _)| part == name).map_or(0, |(_, octets)| *octets)
    };
    for name in &names {
        let cells: Vec<String> =
            figures.parts.iter().map(|(_, parts)| octets(share(parts, name))).collect();
        row(out, name, &cells)?;
    }
    let rest = |parts: &[(String, u64)]| -> u64 {
        let others = parts.iter().filter(|(name, _)| !names.contains(&name.as_str()));
        others.map(|(_, octets)| octets).sum()
    };
    let cells: Vec<String> = figures.parts.iter().map(|(_, parts)| octets(rest(parts))).collect();
    row(out, "all others", &cells)
}

/// The heading of a table.
fn table(out: &mut String, first: &str, columns: &[String]) -> Result<()> {
    row(out, first, columns)?;
    writeln!(out, "| --- |{}", " ---: |".repeat(columns.len()))?;
    Ok(())
}

fn row(out: &mut String, first: &str, cells: &[String]) -> Result<()> {
    writeln!(out, "| {first} | {} |", cells.join(" | "))?;
    Ok(())
}

/// A number with its thousands apart.
fn octets(n: u64) -> String {
    if n < 1000 { n.to_string() } else { format!("{} {:03}", n / 1000, n % 1000) }
}
