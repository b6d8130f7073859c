//! The command line: arguments, log, and how an error ends: one line and an exit code, or the notice on the screen.

mod arguments;
mod commands;
mod logging;
mod process;

use std::{
    alloc::System,
    ffi::OsString,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::Parser;
use vestibule::{
    audit,
    chain::Chain,
    config::{self, Config},
    demo, directory, enrol, kisi, wiring,
};

use zeroizing_alloc::ZeroAlloc;

use self::arguments::{Arguments, Audit, Command, Staff, Technician};

/// Wipes whatever is given back: libraries copy a login too, into requests and buffers that know nothing of secrets.
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

/// Why a command did not do what it should.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the configuration is refused")]
    Config(#[source] config::Error),
    #[error("the client is refused by the configuration")]
    Client(#[source] kisi::Error),
    #[error("the directory cannot be used")]
    Directory(#[source] directory::Error),
    #[error("the list `{}` is refused", file.display())]
    List { file: PathBuf, source: enrol::csv::Error },
    #[error("{email}")]
    Enrol { email: String, source: enrol::Error },
    #[error("the demo failed")]
    Demo(#[source] demo::Error),
    #[error("the scene `{}` is refused", file.display())]
    Scene { file: PathBuf, source: vestibule::simulator::world::SceneError },
    #[error("{what}")]
    Io { what: String, source: io::Error },
    #[error("the badge does not fit [badge] in the configuration")]
    Badge,
    #[error("there is no display: set DISPLAY or WAYLAND_DISPLAY, or run it on the kiosk's own screen")]
    NoDisplay,
    #[error("the window ended although nobody closed it: the display server is gone")]
    DisplayLost,
    #[error("the window cannot be opened")]
    Window(#[source] iced::Error),
    #[error("the kiosk cannot start")]
    Start(#[source] wiring::Error),
    #[error("the audit log cannot be used")]
    Audit(#[source] audit::Error),
    #[error("the audit log is not whole")]
    NotWhole(#[source] audit::Finding),
    #[error("the backup cannot be encrypted or opened")]
    Backup(#[source] vestibule::vault::Error),
    #[error("nothing was done: this must be confirmed, on a terminal or with --yes")]
    NotConfirmed,
    #[error("nothing was done")]
    Declined,
    #[error("a kiosk runs already on the data folder `{}`", .0.display())]
    Running(PathBuf),
    #[error("Kisi cannot be asked")]
    Kisi(#[source] kisi::Error),
    #[error("the address or the name holds a control character")]
    Hidden,
    #[error("a badge to print needs at least 10 digits: [badge] in the configuration does not allow them")]
    QrFormat,
    #[error("the file must end in .svg or .png, or --format must say which")]
    QrFile,
    #[error("line {line} of `{}` has no email and login_id", file.display())]
    Line { file: PathBuf, line: usize },
    #[error("the demo has a configuration and data of its own: leave out --config and --data")]
    DemoData,
    #[error("a question was not answered")]
    NoAnswer,
    #[error("there is no such day")]
    Date,
    #[error("the file holds no key as `take-key` prints it: a number, a colon and 64 hexadecimal digits")]
    NoKey,
    #[error("`{0}` is neither an audit head (NUMBER:HASH) nor a file containing one")]
    NoHead(String),
    #[error("the first key was taken away before")]
    KeyTaken,
    /// The report has said why.
    #[error("not everything was done")]
    Incomplete,
    /// The report has said what.
    #[error("something needs attention")]
    Unwell,
}

impl Failure {
    /// 2 for a wrong usage or configuration, 1 for everything else.
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
    process::close_new_files();
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    let closed = process::close();
    // Only the kiosk logs as its configuration says: commands speak to whoever types them.
    let config = arguments.command.is_none().then(|| Config::find(arguments.config.as_deref()).ok()).flatten();
    let _log = logging::begin(config.as_ref().map(|config| &config.log));
    // Where there is no such thing, the kiosk says so; a command need not each time.
    let is_news = |error: &io::Error| arguments.command.is_none() || error.kind() != io::ErrorKind::Unsupported;
    if let Err(error) = closed
        && is_news(&error)
    {
        tracing::error!(%error, "this process could be looked into: its memory may end up in a core dump");
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

/// The arguments, or how the program ends without them.
fn arguments() -> Result<Arguments, ExitCode> {
    let is_private = |word: OsString| word.to_string_lossy().to_ascii_uppercase().contains("AGE-SECRET-KEY");
    if std::env::args_os().any(is_private) {
        let why =
            "an argument holds a private key, and everybody on this machine can read arguments: name a file instead";
        let _ = writeln!(io::stderr(), "vestibule: {why}");
        return Err(2.into());
    }
    Arguments::try_parse().map_err(|error| {
        if !error.use_stderr() {
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        // It repeats what was typed.
        let _ = write!(io::stderr(), "{}", commands::printable(&error.to_string()));
        ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
    })
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    let site = commands::Site::new(arguments.config, arguments.data);
    match arguments.command {
        None => site.kiosk(),
        // Sample staff never meet real ones (T39).
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
