//! The entry point: arguments, log, commands, and error reporting. An error becomes one line and an exit code, or the
//! notice on the screen.

mod arguments;
mod commands;
mod logging;

use std::{
    alloc::System,
    ffi::OsString,
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

use clap::Parser;
use vestibule::{config::Config, enrol::list::Encoding, error_chain::Chain, platform::hardening};

use zeroizing_alloc::ZeroAlloc;

use self::arguments::{Arguments, Audit, Backup, Command, Fleet, ListEncoding, Reader, Staff, Technician};
use self::commands::Failure;

/// Wipes memory when it is freed, because libraries copy logins into requests and buffers of their own.
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    hardening::close_new_files();
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    let closed = hardening::close();
    // Only the kiosk uses [log] of the configuration. Commands log to the terminal.
    let config = arguments.command.is_none().then(|| Config::find(arguments.config.as_deref()).ok()).flatten();
    let is_command = !matches!(arguments.command, None | Some(Command::Demo { .. } | Command::Simulate { .. }));
    let _log = logging::begin(config.as_ref().map(|config| &config.log), is_command);
    // If the system does not support hardening, only the kiosk logs that, not every command.
    let is_news = |error: &io::Error| arguments.command.is_none() || error.kind() != io::ErrorKind::Unsupported;
    if let Err(error) = closed
        && is_news(&error)
    {
        tracing::error!(%error, "process hardening failed: memory may be readable and may end up in a core dump");
    }
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "vestibule: {}", commands::printable(&Chain(failure.error()).to_string()));
            failure.exit_code()
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
        Some(Command::Demo { windowed, fleet }) => commands::demo(&site, windowed, fleet),
        Some(Command::Gallery(arguments)) => commands::gallery(arguments),
        Some(Command::Simulate { listen, scene }) => commands::simulate(listen, scene),
        Some(Command::Staff { fleet, command }) => run_staff(&site.of_fleet(fleet.into()), command),
        Some(Command::Fleet(fleet)) => run_fleet(&site, fleet),
        Some(Command::Audit { fleet, command }) => run_audit(&site.of_fleet(fleet.into()), command),
        Some(Command::Doctor { fleet, json }) => site.of_fleet(fleet.into()).doctor(json.into()),
        Some(Command::Reader(Reader::List { capture: false, json, .. })) => site.reader_list(json.into()),
        Some(Command::Reader(Reader::List { seconds, json, .. })) => {
            site.reader_capture(Duration::from_secs(seconds), json.into())
        }
        Some(Command::Reader(Reader::Pair { address, json, .. })) => site.reader_pair(address, json.into()),
        Some(Command::Setup { make_directory: true }) => site.make_directory(),
        Some(Command::Setup { .. }) => site.setup(),
        Some(Command::Technician(Technician::Pin { yes, keep, json })) => {
            site.technician_pin(yes.into(), keep, json.into())
        }
        Some(Command::Man { folder }) => commands::man(&folder),
        Some(Command::Completions { shell }) => commands::completions(shell),
        Some(Command::Rekey { is_named_next: true, .. }) => site.is_key_named_next(),
        Some(Command::Rekey { yes, json, .. }) => site.rekey(yes.into(), json.into()),
        Some(Command::Backup(Backup { to, out, json })) => site.backup(&to, &out, json.into()),
        Some(Command::Restore { file, identity, yes, json }) => site.restore(&file, &identity, yes.into(), json.into()),
    }
}

fn run_audit(site: &commands::Site, audit: Audit) -> Result<(), Failure> {
    match audit {
        Audit::Verify { heads, first_key, json } => site.audit_verify(&heads, first_key, json.into()),
        Audit::Export { format, excel } => site.audit_export(format, excel),
        Audit::Report { by, from, until, json } => site.audit_report(by, from, until, json.into()),
        Audit::Reconcile { from, until, json } => site.audit_reconcile(from, until, json.into()),
        Audit::TakeKey { yes, json } => site.audit_take_key(yes.into(), json.into()),
    }
}

fn run_staff(site: &commands::Site, staff: Staff) -> Result<(), Failure> {
    match staff {
        Staff::Add { email, name, badge, pin, json } => site.staff_add(email, name, badge, pin.into(), json.into()),
        Staff::Import { file: Some(file), encoding, check, yes, pin, json, .. } => {
            let encoding = match encoding {
                None | Some(ListEncoding::Utf8) => Encoding::Unicode,
                Some(ListEncoding::Windows1252) => Encoding::Windows1252,
                Some(ListEncoding::MacRoman) => Encoding::MacRoman,
            };
            let (pins, confirmation, output) = (pin.into(), yes.into(), json.into());
            site.staff_import(commands::Import { file, encoding, check, pins, confirmation, output })
        }
        Staff::Import { place, pin, yes, json, .. } => {
            site.staff_import_from_kisi(place, pin.into(), yes.into(), json.into())
        }
        Staff::List { json } => site.staff_list(json.into()),
        Staff::Pin { email, yes, json } => site.staff_pin(&email, yes.into(), json.into()),
        Staff::Badge { email, number, remove: true, all, capture, json } => {
            site.staff_badge_remove(&email, number, all, capture, json.into())
        }
        Staff::Badge { email, number, capture, json, .. } => site.staff_badge(email, number, capture, json.into()),
        Staff::Qr { email, out, format, json } => site.staff_qr(&email, &out, format, json.into()),
        Staff::Renew { email, yes, json } => site.staff_renew(&email, yes.into(), json.into()),
        Staff::Remove { email, yes, json } => site.staff_remove(&email, yes.into(), json.into()),
        Staff::Revoke { file, yes, json } => site.staff_revoke(&file, yes.into(), json.into()),
        Staff::Suspend { email, json } => site.staff_suspend(&email, true, json.into()),
        Staff::Sites { email, site: sites, json, .. } => site.staff_sites(&email, sites, json.into()),
        Staff::Resume { email, json } => site.staff_suspend(&email, false, json.into()),
    }
}

fn run_fleet(site: &commands::Site, fleet: Fleet) -> Result<(), Failure> {
    match fleet {
        Fleet::Init { database, json } => site.fleet_init(&database, json.into()),
        Fleet::Adopt { database, name, site: at, zone, kiosk_url, admin_data, yes, json } => {
            let adopt = commands::Adopt {
                database,
                name,
                site: at,
                zone,
                url: kiosk_url,
                admin_data,
                confirmation: yes.into(),
            };
            site.fleet_adopt(adopt, json.into())
        }
        Fleet::Upgrade { database, json } => commands::Site::fleet_upgrade(&database, json.into()),
        Fleet::Sites { database, add, zone, json } => {
            commands::Site::fleet_sites(&database, add.zip(zone), json.into())
        }
        Fleet::Open { database, minutes, json } => commands::Site::fleet_open(&database, minutes, json.into()),
        Fleet::Join { url, ca, wait, anew, json } => {
            site.fleet_join(commands::Join { url, ca, wait: Duration::from_mins(wait), is_anew: anew }, json.into())
        }
        Fleet::Admit { code, database, name, site: at, json } => {
            site.fleet_admit(&database, &code, (&name, &at), json.into())
        }
        Fleet::List { database, json } => commands::Site::fleet_list(&database, json.into()),
        Fleet::Status { database, json } => commands::Site::fleet_status(&database, json.into()),
        Fleet::Set { database, settings, json } => site.fleet_set(&database, &settings.changes(), json.into()),
        Fleet::Backup(Backup { to, out, json }) => site.fleet_backup(&to, &out, json.into()),
        Fleet::Restored { database, backup_of, reapply, yes, json } => {
            let restoring = if reapply { commands::Restoring::Reapply } else { commands::Restoring::Whole };
            site.fleet_restored(&database, (backup_of, restoring), yes.into(), json.into())
        }
        Fleet::Expel { name, database, no_renew, yes, json } => {
            let renewals = if no_renew { commands::Renewals::List } else { commands::Renewals::Make };
            site.fleet_expel(&database, &name, (renewals, yes.into()), json.into())
        }
    }
}
