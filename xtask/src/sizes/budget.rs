//! The budget: what may not be exceeded.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::Figures;
use crate::process::root;

/// The table of the states' sizes; all others are named by their target.
const STATE: &str = "state";

/// `embedded-example/budget.toml`.
#[derive(Debug, Deserialize)]
pub(crate) struct Budget {
    /// By how much it may be exceeded, in per cent.
    slack: u64,
    /// Octets of flash by target and program.
    flash: BTreeMap<String, BTreeMap<String, u64>>,
    /// Octets of a connection's state by program, on 32 bits.
    state: BTreeMap<String, u64>,
    /// Octets of the stack by board and program.
    stack: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Budget {
    fn path() -> PathBuf {
        root().join("embedded-example/budget.toml")
    }

    /// Reads it.
    ///
    /// # Errors
    ///
    /// Fails when it is not there or has not the shape of one.
    pub(crate) fn read() -> Result<Self> {
        let path = Self::path();
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        toml::from_str(&text).with_context(|| path.display().to_string())
    }

    /// Compares what was measured with it, and says where it could be lowered.
    ///
    /// # Errors
    ///
    /// Fails when something is larger by more than the slack, or is not in it.
    pub(super) fn check(&self, figures: &Figures) -> Result<()> {
        let mut exceeded = 0;
        let mut lower = 0;
        for (table, name, octets) in measured(figures) {
            let place = if table == STATE { Some(&self.state) } else { self.flash.get(&table) };
            let budget = place.and_then(|table| table.get(name));
            let budget = *budget.with_context(|| format!("no budget for {name} on {table}"))?;
            match verdict(octets, budget, self.slack) {
                Verdict::Exceeded => {
                    exceeded += 1;
                    println!("EXCEEDED: {table}, {name}: {octets} octets, the budget is {budget}");
                }
                Verdict::Lower => {
                    lower += 1;
                    println!("could be lowered: {table}, {name}: {octets}, the budget is {budget}");
                }
                Verdict::Kept => {}
            }
        }
        if lower > 0 {
            println!("`cargo xtask sizes --set-budget` makes what is measured the budget");
        }
        ensure!(
            exceeded == 0,
            "{exceeded} figures exceed the budget by more than {} %",
            self.slack
        );
        println!("all within the budget");
        Ok(())
    }

    /// Compares the stack that a firmware has used with it.
    ///
    /// # Errors
    ///
    /// Fails when it is larger by more than the slack, or is not in it.
    pub(crate) fn stack(&self, program: &str, board: &str, octets: u64) -> Result<String> {
        let budget = self.stack.get(board).and_then(|table| table.get(program));
        let budget = *budget.with_context(|| format!("no budget; {octets} octets are in use"))?;
        let verdict = verdict(octets, budget, self.slack);
        ensure!(verdict != Verdict::Exceeded, "{octets} octets, the budget is {budget}");
        Ok(format!("{octets} octets, the budget is {budget}"))
    }

    /// Puts what was measured in its place, and leaves everything else in the file as it is.
    ///
    /// # Errors
    ///
    /// Fails when the file can't be written, or has no line for a figure.
    pub(super) fn set(&self, figures: &Figures) -> Result<()> {
        let path = Self::path();
        let mut lines: Vec<String> =
            fs::read_to_string(&path)?.lines().map(str::to_owned).collect();
        for (table, name, octets) in measured(figures) {
            let heading =
                if table == STATE { format!("[{STATE}]") } else { format!("[flash.{table}]") };
            let begin = format!("{name} = ");
            let line = lines.iter_mut().skip_while(|line| **line != heading).skip(1);
            let line = line
                .take_while(|line| !line.starts_with('['))
                .find(|line| line.starts_with(&begin));
            *line.with_context(|| format!("no line for {name} behind {heading}"))? =
                format!("{begin}{octets}");
        }
        lines.push(String::new());
        fs::write(&path, lines.join("\n"))?;
        println!("{} is set", path.display());
        Ok(())
    }
}

/// Each figure with its table and name.
fn measured(figures: &Figures) -> Vec<(String, &'static str, u64)> {
    let mut all = Vec::new();
    for (target, sizes) in &figures.programs {
        for (program, size) in sizes {
            all.push(((*target).to_owned(), program.name, size.flash()));
        }
    }
    if let Some((_, sizes)) = figures.programs.last() {
        all.extend(
            sizes.iter().map(|(program, size)| (STATE.to_owned(), program.name, size.state)),
        );
    }
    all
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Kept,
    Exceeded,
    Lower,
}

fn verdict(octets: u64, budget: u64, slack: u64) -> Verdict {
    let (octets, least, most) = (octets * 100, budget * (100 - slack), budget * (100 + slack));
    match octets {
        _ if octets > most => Verdict::Exceeded,
        _ if octets < least => Verdict::Lower,
        _ => Verdict::Kept,
    }
}

#[cfg(test)]
mod tests {
    use super::{Verdict, verdict};

    #[test]
    fn the_slack_is_on_both_sides() {
        assert_eq!(verdict(1030, 1000, 3), Verdict::Kept);
        assert_eq!(verdict(1031, 1000, 3), Verdict::Exceeded);
        assert_eq!(verdict(970, 1000, 3), Verdict::Kept);
        assert_eq!(verdict(969, 1000, 3), Verdict::Lower);
    }
}
