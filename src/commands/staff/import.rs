//! `staff import`: enrolls a list, or everybody whom Kisi knows, after showing what that means.

use std::{io::IsTerminal, path::PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use vestibule::{
    config::{Badges, Config},
    enrol::{
        self, Candidate, Enroller,
        list::{Encoding, List},
        plan::{Plan, Rules},
    },
    staff::Badge,
    store::directory::{self, Directory},
};

use super::{PACE, StaffError, warn_of_badges_off};
use crate::commands::{
    Confirmation, Output, PinWish, Site,
    ask::confirm,
    credentials,
    failure::Failure,
    files::{is_standard, read},
    report::{count, say, tell},
    runtime::wait,
};

/// Rows of the preview.
const PREVIEW: usize = 5;

/// How to import a list.
pub(crate) struct Import {
    pub(crate) file: PathBuf,
    pub(crate) encoding: Encoding,
    /// Only show what would happen.
    pub(crate) check: bool,
    pub(crate) pins: PinWish,
    pub(crate) confirmation: Confirmation,
    pub(crate) output: Output,
}

impl Site {
    pub(crate) fn staff_import(&self, import: Import) -> Result<(), Failure> {
        let Import { file, encoding, check, pins, confirmation, output } = import;
        let config = self.config()?;
        let bytes = read(&file)?;
        let list = enrol::list::read(&bytes, encoding, &config.badge.profile);
        let list = list.map_err(|source| StaffError::List { file: file.clone(), source })?;
        if list.candidates.iter().any(|candidate| candidate.badge.is_some()) {
            warn_of_badges_off(&config);
        }
        let plans = self.plan(&config, &list.candidates, pins)?;
        if check {
            return show_plans(&list, &plans, output);
        }
        let is_terminal = std::io::stdin().is_terminal() && !is_standard(&file);
        if confirmation == Confirmation::Ask && (is_terminal || !list.doubts.is_empty()) {
            preview(&list);
            confirm(confirmation, &question(&plans))?;
        } else {
            if !list.passed_over.is_empty() {
                tell(&format!("not used: {}", list.passed_over.join(", ")));
            }
            list.doubts.iter().for_each(|doubt| tell(&format!("warning: {doubt}")));
        }
        let enroller = self.new_enroller(&config, PACE, output)?;
        enroll(enroller, &list.candidates, pins, output)
    }

    /// Lists everybody whom Kisi knows, and enrolls them after a confirmation.
    pub(crate) fn staff_import_from_kisi(
        &self,
        place: Option<u64>,
        pins: PinWish,
        confirmation: Confirmation,
        output: Output,
    ) -> Result<(), Failure> {
        let config = self.config()?;
        let enroller = self.new_enroller(&config, PACE, output)?;
        let proposal = wait(enrol::proposal::from_kisi(&enroller, place, &config.badge.profile))?;
        let proposal = proposal.map_err(StaffError::Kisi)?;
        proposal.iter().try_for_each(|proposed| output.proposed(proposed))?;
        let candidates: Vec<Candidate> = proposal.into_iter().map(|proposed| proposed.candidate).collect();
        let plans = enrol::plan::plan(Some(&enroller.directory), &candidates, rules(&config, pins))?;
        confirm(confirmation, &question(&plans))?;
        enroll(enroller, &candidates, pins, output)
    }

    /// Compares candidates with the directory, if there is one.
    fn plan(&self, config: &Config, candidates: &[Candidate], pins: PinWish) -> Result<Vec<Plan>, Failure> {
        let directory = match Directory::open_existing(&self.folder(), credentials().as_deref()) {
            Ok(directory) => Some(directory),
            Err(directory::Error::Nothing { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        Ok(enrol::plan::plan(directory.as_ref(), candidates, rules(config, pins))?)
    }
}

fn rules(config: &Config, pins: PinWish) -> Rules {
    Rules { with_pin: pins == PinWish::Issue, badge_alone: config.sign_in.badge == Badges::Alone }
}

/// Counts the people who are new and those who are known.
fn question(plans: &[Plan]) -> String {
    let new = plans.iter().filter(|plan| matches!(plan, Plan::Enroll)).count();
    let failing = plans.iter().filter(|plan| matches!(plan, Plan::Fail(_))).count();
    let known = plans.len() - new - failing;
    let more = |number: usize, what: &str| if number == 0 { String::new() } else { format!(", {number} {what}") };
    let (known, failing) = (more(known, "known"), more(failing, "that cannot be enrolled"));
    format!("Enroll {}{known}{failing}?", count(new, "new person", "new people"))
}

/// Shows the recognized columns, the first rows and the doubts, before the question.
fn preview(list: &List) {
    tell(&format!("columns: {}", list.columns.join(", ")));
    if !list.passed_over.is_empty() {
        tell(&format!("not used: {}", list.passed_over.join(", ")));
    }
    for Candidate { row, email, name, badge } in list.candidates.iter().take(PREVIEW) {
        let badge = badge.as_ref().map_or("no badge".to_owned(), |badge| format!("badge ..{}", Badge::hint(badge)));
        tell(&format!("row {row}: {email}  {name}  {badge}"));
    }
    let more = list.candidates.len().saturating_sub(PREVIEW);
    if 0 < more {
        tell(&format!("and {}", count(more, "more row", "more rows")));
    }
    for doubt in &list.doubts {
        tell(&format!("warning: {doubt}"));
    }
}

/// Prints what an import would do. Fails if a row would fail.
fn show_plans(list: &List, plans: &[Plan], output: Output) -> Result<(), Failure> {
    output.list(list)?;
    for (candidate, plan) in list.candidates.iter().zip(plans) {
        output.plan(candidate, plan)?;
    }
    if output == Output::Text {
        say(&question(plans).replace("Enroll", "would enroll").replace('?', ""))?;
    }
    if plans.iter().any(|plan| matches!(plan, Plan::Fail(_))) { Err(Failure::incomplete()) } else { Ok(()) }
}

/// Enrolls people and prints the result of each row. On a terminal it also shows the progress.
fn enroll(mut enroller: Enroller, candidates: &[Candidate], pins: PinWish, output: Output) -> Result<(), Failure> {
    let progress = progress(candidates.len());
    let mut written = Ok(());
    let summary = wait(enroller.import(candidates, pins == PinWish::Issue, |candidate, done| {
        let row = progress.suspend(|| output.row(candidate, done));
        progress.inc(1);
        if written.is_ok() {
            written = row;
        }
    }))?;
    progress.finish_and_clear();
    written.and_then(|()| output.summary(summary))?;
    if summary.is_complete() { Ok(()) } else { Err(Failure::incomplete()) }
}

/// A progress bar on standard error, if that is a terminal.
fn progress(rows: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(rows).unwrap_or(u64::MAX));
    match ProgressStyle::with_template("{pos} of {len} {wide_bar} {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
