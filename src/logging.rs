//! Where the program's log goes: the journal or the terminal, and a folder with a file a day where the site wants one.

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
use vestibule::{config, status::supervisor};

/// What is logged when `VESTIBULE_LOG` says nothing else.
const LOG: &str = "warn,vestibule=info";
/// More lines than these are not kept for a reader that takes none.
const LINES: usize = 4_096;

/// Begins to log. Without a configuration it is text, and no file is kept. What is still to be written is when the guards go.
///
/// Threads of its own write: a journal that takes nothing any more stops neither the window nor the agent (F60). What does not fit
/// is left out.
#[must_use]
pub(super) fn begin(config: Option<&config::Log>) -> Vec<WorkerGuard> {
    let filter = EnvFilter::try_from_env("VESTIBULE_LOG").unwrap_or_else(|_| EnvFilter::new(LOG));
    let folder = config.and_then(|log| Some((log.folder.as_deref()?, log.keep_files)));
    let (file, fault) = match folder.map(|(folder, keep)| file(folder, keep)).transpose() {
        Ok(file) => (file, None),
        Err(error) => (None, Some(error)),
    };
    // A second call is a command within a command: the first log goes on.
    let is_json = config.is_some_and(|log| log.is_json);
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
        tracing::error!(%error, "`log.folder` cannot be used: nothing is kept there");
    }
    supervisor::log_panics();
    guards
}

/// A writer that nobody waits for, and that keeps so many lines at most.
fn unhurried(out: impl Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default().buffered_lines_limit(LINES).finish(out)
}

/// A journal has its own times, and would keep the codes of colours.
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

/// systemd says so.
fn is_journal() -> bool {
    env::var_os("JOURNAL_STREAM").is_some()
}
