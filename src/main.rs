//! The entry point: arguments, log, commands, and error reporting. An error becomes one line and an exit code, or the
//! notice on the screen.

mod arguments;
mod commands;
mod logging;

use std::{
    alloc::System,
    ffi::OsString,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::Parser;
use vestibule::{
    config::{self, Config},
    demo, enrol,
    error_chain::Chain,
    kisi,
    platform::hardening,
    store::audit,
    store::directory,
    wiring,
};

use zeroizing_alloc::ZeroAlloc;

use self::arguments::{Arguments, Audit, Command, Staff, Technician};

/// Wipes memory when it is freed, because libraries copy logins into requests and buffers of their own.
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the configuration is refused")]
    Config(#[source] config::Error),
    #[error("the client for Kisi cannot be created")]
    Client(#[source] kisi::Error),
    #[error("the directory cannot be used")]
    Directory(#[source] directory::Error),
    #[error("the list `{}` cannot be imported", file.display())]
    List { file: PathBuf, source: enrol::csv::Error },
    #[error("{email}")]
    Enrol { email: String, source: enrol::Error },
    #[error("the demo failed")]
    Demo(#[source] demo::Error),
    #[error("the scene `{}` is invalid", file.display())]
    Scene { file: PathBuf, source: vestibule::simulator::world::SceneError },
    #[error("{what}")]
    Io { what: String, source: io::Error },
    #[error("the badge number does not match [badge] in the configuration")]
    Badge,
    #[error("there is no display: set DISPLAY or WAYLAND_DISPLAY, or run it on the kiosk's own screen")]
    NoDisplay,
    #[error("the window closed unexpectedly: the display server is gone")]
    DisplayLost,
    #[error("the window cannot be opened")]
    Window(#[source] iced::Error),
    #[error("the kiosk cannot start")]
    Start(#[source] wiring::Error),
    #[error("the audit log cannot be used")]
    Audit(#[source] audit::Error),
    #[error("the audit log failed verification")]
    NotWhole(#[source] audit::Finding),
    #[error("the backup cannot be encrypted or decrypted")]
    Backup(#[source] vestibule::backup_encryption::Error),
    #[error("nothing was done: confirm on a terminal, or pass --yes")]
    NotConfirmed,
    #[error("nothing was done")]
    Declined,
    #[error("another kiosk is already running on the data folder `{}`", .0.display())]
    Running(PathBuf),
    #[error("the list of people cannot be read from Kisi")]
    Kisi(#[source] kisi::Error),
    #[error("the e-mail address or the name contains a control character")]
    Hidden,
    #[error("a printed badge needs at least 10 digits, but [badge] in the configuration does not allow that")]
    QrFormat,
    #[error("the file name must end in .svg or .png: rename it or pass --format")]
    QrFile,
    #[error("line {line} of `{}` is not a JSON object with email and login_id", file.display())]
    Line { file: PathBuf, line: usize },
    #[error("the demo uses its own configuration and data: leave out --config and --data")]
    DemoData,
    #[error("the input ended before every question was answered")]
    NoAnswer,
    #[error("--from or --until is out of range")]
    Date,
    #[error("the --first-key file has no key as printed by `take-key`: a number, a colon and 64 hexadecimal digits")]
    NoKey,
    #[error("`{0}` is neither an audit head (NUMBER:HASH) nor a file containing one")]
    NoHead(String),
    #[error("the first key was already taken: it is in the output of the earlier `take-key`")]
    KeyTaken,
    /// The output of the command names the failed parts.
    #[error("the command did not complete: see its output")]
    Incomplete,
    /// The output of `doctor` names the failed checks.
    #[error("some checks failed: see the output")]
    Unwell,
}

impl Failure {
    /// 2 for wrong usage or configuration, 1 for everything else.
    fn exit_code(&self, is_demo: bool) -> ExitCode {
        match self {
            Self::Config(_)
            | Self::Client(kisi::Error::Setting { .. })
            | Self::Badge
            | Self::Hidden
            | Self::Scene { .. }
            | Self::QrFormat
            | Self::QrFile
            | Self::DemoData
            | Self::Date => 2.into(),
            Self::NoDisplay if is_demo => 2.into(),
            Self::Client(_)
            | Self::Directory(_)
            | Self::List { .. }
            | Self::Line { .. }
            | Self::Enrol { .. }
            | Self::Demo(_)
            | Self::Io { .. }
            | Self::NoDisplay
            | Self::Running(_)
            | Self::DisplayLost
            | Self::Window(_)
            | Self::Start(_)
            | Self::Audit(_)
            | Self::NotWhole(_)
            | Self::Backup(_)
            | Self::NotConfirmed
            | Self::Declined
            | Self::Kisi(_)
            | Self::NoAnswer
            | Self::NoKey
            | Self::KeyTaken
            | Self::NoHead(_)
            | Self::Incomplete
            | Self::Unwell => 1.into(),
        }
    }
}

fn main() -> ExitCode {
    hardening::close_new_files();
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    let closed = hardening::close();
    // Only the kiosk uses [log] of the configuration. Commands log to the terminal.
    let config = arguments.command.is_none().then(|| Config::find(arguments.config.as_deref()).ok()).flatten();
    let _log = logging::begin(config.as_ref().map(|config| &config.log));
    // If the system does not support hardening, only the kiosk logs that, not every command.
    let is_news = |error: &io::Error| arguments.command.is_none() || error.kind() != io::ErrorKind::Unsupported;
    if let Err(error) = closed
        && is_news(&error)
    {
        tracing::error!(%error, "process hardening failed: memory may be readable and may end up in a core dump");
    }
    let is_demo = matches!(arguments.command, Some(Command::Demo { .. }));
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "vestibule: {}", commands::printable(&Chain(&failure).to_string()));
            failure.exit_code(is_demo)
        }
    }
}

/// Parses the arguments, or returns the exit code.
fn arguments() -> Result<Arguments, ExitCode> {
    let is_private = |word: OsString| word.to_string_lossy().to_ascii_uppercase().contains("AGE-SECRET-KEY");
    if std::env::args_os().any(is_private) {
        let why =
            "an argument contains a private key, which every user of this machine can read: pass a file name instead";
        let _ = writeln!(io::stderr(), "vestibule: {why}");
        return Err(2.into());
    }
    Arguments::try_parse().map_err(|error| {
        if !error.use_stderr() {
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        // The error text repeats the arguments, which may contain control characters.
        let _ = write!(io::stderr(), "{}", commands::printable(&error.to_string()));
        ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
    })
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    let site = commands::Site::new(arguments.config, arguments.data);
    match arguments.command {
        None => site.kiosk(),
        // Sample staff must not end up in a real directory (T39).
        Some(Command::Demo { .. }) if site.is_named() => Err(Failure::DemoData),
        Some(Command::Demo { windowed }) => commands::demo(windowed),
        Some(Command::Simulate { listen, scene }) => commands::simulate(listen, scene),
        Some(Command::Staff(staff)) => run_staff(&site, staff),
        Some(Command::Audit(Audit::Verify { heads, first_key, json })) => site.audit_verify(&heads, first_key, json),
        Some(Command::Audit(Audit::Export { format })) => site.audit_export(format),
        Some(Command::Audit(Audit::Report { by, from, until, json })) => site.audit_report(by, from, until, json),
        Some(Command::Audit(Audit::TakeKey)) => site.audit_take_key(),
        Some(Command::Doctor { json }) => site.doctor(json),
        Some(Command::Setup { make_directory: true }) => site.make_directory(),
        Some(Command::Setup { .. }) => site.setup(),
        Some(Command::Technician(Technician::Pin { yes, keep, json })) => site.technician_pin(yes, keep, json),
        Some(Command::Man { folder }) => commands::man(&folder),
        Some(Command::Completions { shell }) => commands::completions(shell),
        Some(Command::Rekey { is_named_next: true }) => site.is_key_named_next(),
        Some(Command::Rekey { .. }) => site.rekey(),
        Some(Command::Backup { to, out }) => site.backup(&to, &out),
        Some(Command::Restore { file, identity, yes }) => site.restore(&file, &identity, yes),
    }
}

fn run_staff(site: &commands::Site, staff: Staff) -> Result<(), Failure> {
    match staff {
        Staff::Add { email, name, badge, pin, json } => site.staff_add(email, name, badge, pin, json),
        Staff::Import { file: Some(file), from_kisi: false, pin, json, .. } => site.staff_import(file, pin, json),
        Staff::Import { place, pin, yes, json, .. } => site.staff_import_from_kisi(place, pin, yes, json),
        Staff::List { json } => site.staff_list(json),
        Staff::Pin { email, yes, json } => site.staff_pin(&email, yes, json),
        Staff::Badge { email, number, remove: true, all, capture, .. } => {
            site.staff_badge_remove(&email, number, all, capture)
        }
        Staff::Badge { email, number, capture, json, .. } => site.staff_badge(email, number, capture, json),
        Staff::Qr { email, out, format } => site.staff_qr(&email, &out, format),
        Staff::Renew { email, yes, json } => site.staff_renew(&email, yes, json),
        Staff::Remove { email, json } => site.staff_remove(&email, json),
        Staff::Revoke { file } => site.staff_revoke(&file),
        Staff::Suspend { email } => site.staff_suspend(&email, true),
        Staff::Resume { email } => site.staff_suspend(&email, false),
    }
}
