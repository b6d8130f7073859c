//! Sets up the program's log: the journal or the terminal, and optionally a folder with daily files.

use std::{
    env,
    io::{self, IsTerminal, Write},
    path::Path,
};

use tracing::Subscriber;
use tracing_appender::{
    non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard},
    rolling::{Builder, Rotation},
};
use tracing_subscriber::{
    EnvFilter, Layer,
    fmt::{self, MakeWriter},
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};
use vestibule::{config, platform::supervisor};

/// The log filter if `VESTIBULE_LOG` is not set or invalid.
const LOG: &str = "warn,vestibule=info";
/// The log filter of commands, whose output is for people and scripts.
const COMMAND_LOG: &str = "error";
/// Largest number of lines buffered for a log reader that is blocked.
const LINES: usize = 4_096;

/// Starts logging: without a configuration as text and without files. Dropping the guards flushes the buffered lines.
///
/// Separate threads write, so a blocked log reader never blocks the window or the agent (F60). Excess lines are dropped.
#[must_use]
pub(super) fn begin(config: Option<&config::Log>, is_command: bool) -> Vec<WorkerGuard> {
    let usual = if is_command { COMMAND_LOG } else { LOG };
    let filter = EnvFilter::try_from_env("VESTIBULE_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    let folder = config.and_then(|log| Some((log.folder.as_deref()?, log.keep_files)));
    let (file, fault) = match folder.map(|(folder, keep)| file(folder, keep)).transpose() {
        Ok(file) => (file, None),
        Err(error) => (None, Some(error)),
    };
    let is_json = config.is_some_and(|log| log.format == config::LogFormat::Json);
    let (stderr, guard) = unhurried(io::stderr());
    let mut guards = vec![guard];
    let spoken = layer(is_json, io::stderr().is_terminal(), is_journal(), stderr);
    let kept = file.map(|file| {
        let (file, guard) = unhurried(file);
        guards.push(guard);
        layer(is_json, false, false, file)
    });
    let _ = tracing_subscriber::registry()
        .with(vec![spoken].into_iter().chain(kept).collect::<Vec<_>>())
        .with(filter)
        .try_init();
    if let Some(error) = fault {
        tracing::error!(%error, "`log.folder` cannot be used: no log files are written");
    }
    supervisor::log_panics();
    guards
}

/// A non-blocking writer with a bounded buffer.
fn unhurried(out: impl Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default().buffered_lines_limit(LINES).finish(out)
}

/// The output format. The journal adds its own timestamps and would store color codes.
fn layer<S, W>(is_json: bool, is_coloured: bool, is_journal: bool, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = fmt::layer().with_ansi(is_coloured).with_writer(writer);
    match (is_json, is_journal) {
        (true, _) => layer.json().flatten_event(true).boxed(),
        (false, true) => layer.without_time().boxed(),
        (false, false) => layer.boxed(),
    }
}

fn file(folder: &Path, keep: usize) -> Result<tracing_appender::rolling::RollingFileAppender, String> {
    Builder::new()
        .rotation(Rotation::DAILY)
        .filename_prefix("vestibule")
        .filename_suffix("log")
        .max_log_files(keep)
        .build(folder)
        .map_err(|error| error.to_string())
}

/// Whether systemd connected the output to the journal, according to `JOURNAL_STREAM`.
fn is_journal() -> bool {
    env::var_os("JOURNAL_STREAM").is_some()
}
