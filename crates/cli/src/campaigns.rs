//! `campaign check|try`: what needs no node.

use crate::failure::{Failure, NO, io};
use campaign::Severity;
use contest::{Compiled, SAMPLE_FAN};
use std::path::{Path, PathBuf};

/// Prints every problem of every file; exit code 1 when one of them is an error.
pub(crate) fn check(files: &[PathBuf], at: Option<&str>) -> Result<(), Failure> {
    let at = at.map(time).transpose()?;
    let mut errors = 0;
    for file in files {
        let problems = contest::check(&read(file)?, at);
        for problem in &problems {
            println!("{}: {problem}", file.display());
        }
        let wrong = problems
            .iter()
            .filter(|problem| problem.severity == Severity::Error)
            .count();
        if wrong == 0 {
            println!("{}: ok, {} warning(s)", file.display(), problems.len());
        }
        errors += wrong;
    }
    if errors == 0 {
        Ok(())
    } else {
        Err(Failure {
            code: NO,
            message: String::new(),
        })
    }
}

/// Prints what a text would be taken for and answered.
pub(crate) fn try_text(file: &Path, text: &str, at: Option<&str>) -> Result<(), Failure> {
    let (compiled, _) = Compiled::from_toml(&read(file)?).map_err(|problems| {
        let first = problems
            .first()
            .map(ToString::to_string)
            .unwrap_or_default();
        Failure::no(format!(
            "{} has {} error(s), first {first}; `campaign check` shows them all",
            file.display(),
            problems.len()
        ))
    })?;
    let at = match at {
        Some(at) => time(at)?,
        // Well inside the first round, away from its edges.
        None => compiled
            .campaign
            .rounds
            .first()
            .map_or(compiled.campaign.start, |round| {
                round
                    .open
                    .saturating_add((round.close.saturating_sub(round.open)) / 2)
            }),
    };
    let trial = compiled.try_text(text, at);
    println!("at          {} ({at})", shown(at));
    println!("fan         {SAMPLE_FAN}");
    println!("normal form {:?}", trial.plain);
    println!("tight       {:?}", trial.tight);
    println!("class       {} {:?}", trial.class.name(), trial.class);
    if trial.rule.is_empty() {
        println!("rule        none: the account's default reply, or `success`");
        return Ok(());
    }
    println!("rule        {}", trial.rule);
    println!("template    {}", trial.template);
    println!("bytes       {} of 2047", trial.text.len());
    println!("reply       {}", trial.text);
    Ok(())
}

fn read(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(io(format!("read {}", file.display())))
}

/// A time in RFC 3339, or seconds since 1970.
fn time(text: &str) -> Result<i64, Failure> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Ok(seconds);
    }
    text.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_second).map_err(|_| {
        Failure::wrong(format!(
            "{text:?} is no time; write it like 2013-04-09T14:00:00+08:00, or in seconds since 1970"
        ))
    })
}

/// Beijing time, which is what fans and operators read.
pub(crate) fn shown(at: i64) -> String {
    let offset = jiff::tz::Offset::constant(8);
    match jiff::Timestamp::from_second(at) {
        Ok(instant) => instant
            .to_zoned(jiff::tz::TimeZone::fixed(offset))
            .strftime("%F %T %:z")
            .to_string(),
        Err(_) => at.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_both_forms() {
        assert_eq!(time("2013-04-09T14:00:00+08:00").unwrap(), 1_365_487_200);
        assert_eq!(time("1365487200").unwrap(), 1_365_487_200);
        assert_eq!(time("two o'clock").unwrap_err().code, crate::failure::WRONG);
        assert_eq!(shown(1_365_487_200), "2013-04-09 14:00:00 +08:00");
    }
}
