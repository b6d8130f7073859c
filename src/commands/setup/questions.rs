//! Questions at the terminal: each answer is judged when it is given, and asked for again until it fits.

use std::io::{BufRead, Write, stdin, stdout};

use super::super::{io, report::printable, report::say, staff::yes_or_no};
use crate::Failure;

/// The answer, or what was so before. An end of the input is no answer.
pub(super) fn ask(question: &str, now: &str) -> Result<String, Failure> {
    let failed = || io("the terminal cannot be asked");
    let mut out = stdout();
    write!(out, "{} [{}]: ", printable(question), printable(now)).and_then(|()| out.flush()).map_err(failed())?;
    let mut line = String::new();
    if stdin().lock().read_line(&mut line).map_err(failed())? == 0 {
        return Err(Failure::NoAnswer);
    }
    let answer = line.trim();
    Ok(if answer.is_empty() { now.to_owned() } else { answer.to_owned() })
}

/// Asks until the answer fits, and says what is wrong with one that does not.
pub(super) fn ask_until<T>(
    question: &str,
    now: &str,
    mut judge: impl FnMut(&str) -> Result<T, String>,
) -> Result<T, Failure> {
    loop {
        match judge(&ask(question, now)?) {
            Ok(answer) => return Ok(answer),
            Err(why) => say(&why)?,
        }
    }
}

/// Yes or no, in any language of the screen.
pub(super) fn ask_yes(question: &str, now: bool) -> Result<bool, Failure> {
    ask_until(&format!("{question} y or n"), if now { "y" } else { "n" }, |answer| {
        yes_or_no(answer).ok_or_else(|| format!("`{answer}` is neither yes nor no"))
    })
}
