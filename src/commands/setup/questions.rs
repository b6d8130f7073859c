//! Questions on the terminal, repeated until the answer is valid.

use std::io::{BufRead, Write, stdin, stdout};

use vestibule::language::Language;

use super::super::{
    Failure,
    ask::AnswerError,
    io,
    report::{printable, say},
};

/// Asks once. An empty line returns the current value `now`.
///
/// # Errors
///
/// [`AnswerError::NoAnswer`] at the end of the input.
pub(super) fn ask(question: &str, now: &str) -> Result<String, Failure> {
    let failed = || io("cannot ask on the terminal");
    let mut out = stdout();
    write!(out, "{} [{}]: ", printable(question), printable(now)).and_then(|()| out.flush()).map_err(failed())?;
    let mut line = String::new();
    if stdin().lock().read_line(&mut line).map_err(failed())? == 0 {
        return Err(AnswerError::NoAnswer.into());
    }
    let answer = line.trim();
    Ok(if answer.is_empty() { now.to_owned() } else { answer.to_owned() })
}

/// Asks until `judge` accepts the answer, and prints its error for each invalid one.
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

/// Asks for yes or no, in any language of the screen.
pub(super) fn ask_yes(question: &str, now: bool) -> Result<bool, Failure> {
    ask_until(&format!("{question} y or n"), if now { "y" } else { "n" }, |answer| {
        Language::yes_or_no(answer).ok_or_else(|| format!("`{answer}` is neither yes nor no"))
    })
}
