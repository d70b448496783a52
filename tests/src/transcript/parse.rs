//! From a file to a [`Transcript`].

use core::time::Duration;

use super::{Answer, Expected, Input, Setting, Step, Transcript};
use crate::text::unescape;

impl Transcript {
    /// Reads the text of a transcript.
    ///
    /// # Errors
    /// What is wrong, and in which line.
    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        let mut reader =
            Reader { setting: Setting::default(), steps: vec![step(1, Input::Octets(Vec::new()))] };
        let mut in_header = true;
        for (number, line) in text.lines().enumerate() {
            let number = number + 1;
            let result = if line.is_empty() || line.starts_with('#') {
                Ok(())
            } else {
                let setting = line.starts_with("config: ") || line.starts_with("begin: ");
                if setting && !in_header {
                    Err("this stands in the header".to_owned())
                } else {
                    in_header = setting;
                    reader.line(number, line)
                }
            };
            result.map_err(|error| format!("line {number}: {error}"))?;
        }
        let first = text.lines().next().unwrap_or_default();
        if !first.starts_with("# ") {
            return Err("the first line says what this is about".into());
        }
        reader.setting.complete();
        Ok(Self { name: name.to_owned(), setting: reader.setting, steps: reader.steps })
    }
}

struct Reader {
    setting: Setting,
    steps: Vec<Step>,
}

const fn step(line: usize, input: Input) -> Step {
    Step { line, input, events: Vec::new(), waits: Vec::new(), output: Vec::new(), facts: None }
}

impl Step {
    fn expects_something(&self) -> bool {
        let quiet = self.events.is_empty() && self.waits.is_empty() && self.output.is_empty();
        !quiet || self.facts.is_some()
    }
}

impl Reader {
    fn line(&mut self, number: usize, line: &str) -> Result<(), String> {
        let (word, rest) = match line.split_once(' ') {
            Some((word, rest)) => (word, rest),
            None => (line, ""),
        };
        let last = self.steps.last_mut().ok_or("there is always a step")?;
        match word {
            "config:" => self.setting.take(rest)?,
            "begin:" => self.setting.begin(rest)?,
            "C:" => {
                let mut octets = unescape(rest)?;
                if !octets.ends_with(b"\n") {
                    octets.extend_from_slice(b"\r\n");
                }
                self.octets(number, &octets);
            }
            "R:" => self.octets(number, &unescape(rest)?),
            "S:" => {
                last.output.extend(unescape(rest)?);
                last.output.extend_from_slice(b"\r\n");
            }
            "E:" => {
                let mut description = unescape(rest)?;
                // More of the body: a long one may take several lines.
                match last.events.last_mut() {
                    Some(before)
                        if before.description.starts_with(b"Body ")
                            && description.starts_with(b"Body ") =>
                    {
                        before.description.extend(description.drain(5..));
                    }
                    _ => last.events.push(Expected {
                        line: number,
                        description,
                        answer: Answer::Accept,
                    }),
                }
            }
            "A:" => {
                let event = last.events.last_mut().ok_or("there is no event to answer")?;
                event.answer = Answer::parse(rest)?;
            }
            "W:" => last.waits.push(seconds(rest)?),
            "F:" => last.facts = Some(rest.to_owned()),
            "T:" => self.outside(number, Input::Timeout(seconds(rest)?)),
            "EOF" => self.outside(number, Input::EndOfFile),
            "SHUTDOWN" => self.outside(number, Input::Shutdown),
            "SHUTDOWN-NOW" => self.outside(number, Input::ShutdownNow),
            "LOST" => self.outside(number, Input::Lost),
            _ => return Err(format!("no such line: {line}")),
        }
        Ok(())
    }

    /// The client says something; what it says in one go is one step.
    fn octets(&mut self, number: usize, octets: &[u8]) {
        match self.steps.last_mut() {
            Some(last) if !last.expects_something() => {
                if let Input::Octets(before) = &mut last.input {
                    before.extend_from_slice(octets);
                    return;
                }
            }
            _ => {}
        }
        self.outside(number, Input::Octets(octets.to_vec()));
    }

    fn outside(&mut self, number: usize, input: Input) {
        self.steps.push(step(number, input));
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.strip_suffix('s').and_then(|number| number.parse().ok());
    number.map(Duration::from_secs).ok_or(format!("not a time: {text}"))
}
