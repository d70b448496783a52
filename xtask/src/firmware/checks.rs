//! What was found, a line each.

use std::time::Instant;

use anyhow::Result;

/// Counts, and prints as it goes.
#[derive(Debug, Default)]
pub(super) struct Checks {
    pub(super) passed: usize,
    pub(super) failed: Vec<String>,
    /// What is being checked.
    subject: String,
}

impl Checks {
    /// What the next checks are about.
    pub(super) fn about(&mut self, subject: &str) {
        println!("\n{subject}");
        subject.clone_into(&mut self.subject);
    }

    /// Does it and prints what was seen, or why it failed; whether it went well.
    pub(super) fn check(&mut self, what: &str, done: impl FnOnce() -> Result<String>) -> bool {
        let begun = Instant::now();
        let outcome = done();
        let seconds = begun.elapsed().as_secs_f32();
        match outcome {
            Ok(seen) => {
                self.passed += 1;
                println!("  ok      {what}: {seen} ({seconds:.1} s)");
                true
            }
            Err(error) => {
                println!("  FAILED  {what}: {error:#} ({seconds:.1} s)");
                self.failed.push(format!("{}: {what}", self.subject));
                false
            }
        }
    }
}
