//! Scripted faults: for people who test what their client does with them.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

use ehlo_std::server::{Refuse, Verdict};

use super::values::Invalid;

/// Where in a session a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// In place of the greeting.
    Connect,
    /// EHLO, HELO or LHLO.
    Hello,
    /// Credentials, right or wrong.
    Auth,
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA, or the first BDAT.
    Data,
    /// The end of the mail data: the message is not stored.
    Message,
}

const STAGES: [(&str, Stage); 7] = [
    ("connect", Stage::Connect),
    ("hello", Stage::Hello),
    ("auth", Stage::Auth),
    ("mail", Stage::Mail),
    ("rcpt", Stage::Rcpt),
    ("data", Stage::Data),
    ("message", Stage::Message),
];

impl Stage {
    fn named(name: &str) -> Result<Self, Invalid> {
        let found = STAGES.iter().find(|(known, _)| *known == name);
        found.map(|(_, stage)| *stage).ok_or_else(|| {
            let names: Vec<&str> = STAGES.iter().map(|(known, _)| *known).collect();
            Invalid::new(format!("there is no stage {name:?}; there are {}", names.join(", ")))
        })
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = STAGES.iter().find(|(_, stage)| stage == self);
        f.write_str(found.map_or("", |(name, _)| name))
    }
}

/// `STAGE=CODE[:PROBABILITY]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fail {
    stage: Stage,
    code: u16,
    probability: f64,
}

impl FromStr for Fail {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let form =
            || Invalid::new("write STAGE=CODE or STAGE=CODE:PROBABILITY, as in rcpt=450:0.5");
        let (stage, rest) = text.split_once('=').ok_or_else(form)?;
        let stage = Stage::named(stage)?;
        let (code, probability) = rest.split_once(':').unwrap_or((rest, "1"));
        let code = code.parse().map_err(|_| form())?;
        if !(400..600).contains(&code) {
            return Err(Invalid::new("the code of a fault is 400 to 599"));
        }
        let probability = probability.parse().map_err(|_| form())?;
        if !(0.0..=1.0).contains(&probability) {
            return Err(Invalid::new("the probability is a number from 0 to 1"));
        }
        Ok(Self { stage, code, probability })
    }
}

/// `STAGE=MS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delay {
    stage: Stage,
    time: Duration,
}

impl FromStr for Delay {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let form = || Invalid::new("write STAGE=MILLISECONDS, as in message=1500");
        let (stage, time) = text.split_once('=').ok_or_else(form)?;
        let stage = Stage::named(stage)?;
        let time = Duration::from_millis(time.parse().map_err(|_| form())?);
        Ok(Self { stage, time })
    }
}

/// All faults of a server.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// They are asked in this order.
    pub(crate) fails: Vec<Fail>,
    /// They add up.
    pub(crate) delays: Vec<Delay>,
}

impl Faults {
    /// Waits as long as this stage is to take, and refuses when it is to fail.
    pub(crate) async fn strike(&self, stage: Stage) -> Verdict {
        let time = self.delays.iter().filter(|delay| delay.stage == stage).map(|delay| delay.time);
        let time: Duration = time.sum();
        if !time.is_zero() {
            tokio::time::sleep(time).await;
        }
        let struck = self.fails.iter().find(|fail| fail.stage == stage && chance(fail.probability));
        match struck {
            None => Ok(()),
            Some(Fail { code, .. }) => {
                let class = code / 100;
                Err(Refuse::with_code(*code, format!("{class}.3.0 scripted fault at {stage}")))
            }
        }
    }
}

/// As they were asked for.
impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        for Fail { stage, code, probability } in &self.fails {
            write!(f, "{comma}{code} at {stage}")?;
            if *probability < 1.0 {
                write!(f, " with probability {probability}")?;
            }
            comma = ", ";
        }
        for Delay { stage, time } in &self.delays {
            write!(f, "{comma}{} ms at {stage}", time.as_millis())?;
            comma = ", ";
        }
        Ok(())
    }
}

/// True as often as said.
fn chance(probability: f64) -> bool {
    // Without randomness, a fault that is not certain never strikes.
    let drawn = getrandom::u32().unwrap_or(u32::MAX);
    f64::from(drawn) < probability * (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_read() {
        let fail = |text: &str| text.parse::<Fail>().unwrap();
        assert_eq!(fail("rcpt=450"), Fail { stage: Stage::Rcpt, code: 450, probability: 1.0 });
        assert_eq!(fail("auth=454:0.25").probability, 0.25);
        for wrong in ["", "rcpt", "rcpt=", "rcpt=250", "rcpt=600", "rcpt=450:2", "rcpt=450:-1"] {
            assert!(wrong.parse::<Fail>().is_err(), "{wrong}");
        }
        let error = "quit=450".parse::<Fail>().unwrap_err().to_string();
        assert!(error.contains("\"quit\"") && error.contains("message"), "{error}");
    }

    #[test]
    fn chance_keeps_to_its_ends() {
        assert!((0..100).all(|_| chance(1.0) && !chance(0.0)));
    }
}
