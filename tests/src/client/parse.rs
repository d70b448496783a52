//! From a file to a [`Script`].

use core::time::Duration;

use super::{Act, Doing, Expected, Input, Script, Setting, Step};
use crate::text::unescape;

impl Script {
    /// Reads the text of a dialogue.
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
        if !text.starts_with("# ") {
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
    Step { line, input, events: Vec::new(), output: Vec::new(), facts: None }
}

impl Reader {
    fn line(&mut self, number: usize, line: &str) -> Result<(), String> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let last = self.steps.last_mut().ok_or("there is always a step")?;
        match word {
            "config:" => self.setting.take(rest)?,
            "begin:" => self.setting.begin(rest)?,
            "S:" => {
                let mut octets = unescape(rest)?;
                if !octets.ends_with(b"\n") {
                    octets.extend_from_slice(b"\r\n");
                }
                self.octets(number, &octets);
            }
            "R:" => self.octets(number, &unescape(rest)?),
            "C:" => {
                last.output.extend(unescape(rest)?);
                last.output.extend_from_slice(b"\r\n");
            }
            "O:" => last.output.extend(unescape(rest)?),
            "E:" => last.events.push(Expected {
                line: number,
                description: if rest.contains("\\{") {
                    String::from_utf8(unescape(rest)?).map_err(|error| error.to_string())?
                } else {
                    rest.to_owned()
                },
                acts: Vec::new(),
            }),
            "A:" => {
                let event = last.events.last_mut().ok_or("there is no event to answer")?;
                let (act, error) = match rest.split_once(" => ") {
                    Some((act, error)) => (act, Some(error.to_owned())),
                    None => (rest, None),
                };
                event.acts.push(Doing { line: number, act: Act::parse(act)?, error });
            }
            "F:" => last.facts = Some(rest.to_owned()),
            "T:" => self.outside(number, Input::Timeout(seconds(rest)?)),
            "EOF" => self.outside(number, Input::EndOfFile),
            "LOST" => self.outside(number, Input::Lost),
            "WRITE-LOST" => self.outside(number, Input::WriteLost),
            _ => return Err(format!("no such line: {line}")),
        }
        Ok(())
    }

    /// The server says something; what it says in one go is one step.
    fn octets(&mut self, number: usize, octets: &[u8]) {
        match self.steps.last_mut() {
            Some(last) if last.events.is_empty() && last.output.is_empty() => {
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
