//! `vestibule setup`: installs a kiosk interactively. It asks for settings, then runs the other commands. Run again, it
//! changes only settings with a new answer.

mod questions;
mod reader;

use std::{
    env, fs,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use vestibule::config::{self, Badges, Config, SAMPLE, set};
use zeroize::Zeroizing;

use self::questions::{ask_until, ask_yes};
use super::{Failure, Site, ask::AnswerError, io, report::say};

/// Configuration file of a packaged installation.
const CONFIG: &str = "/etc/vestibule/kiosk.toml";
/// Script of the package that runs a command as the kiosk's account.
const ADMIN: &str = "/usr/sbin/vestibule-admin";
/// Data folder of a packaged installation.
const DATA: &str = "/var/lib/vestibule";
/// Device key of a packaged installation, as a systemd credential.
const CREDENTIAL: &str = "/etc/credstore.encrypted/vestibule.key";

impl Site {
    /// Runs all steps of an installation. A failed step does not undo earlier ones.
    pub(crate) fn setup(&self) -> Result<(), Failure> {
        let file = self.config.clone().unwrap_or_else(|| PathBuf::from(CONFIG));
        say("1 of 5: the configuration. Press Enter to keep the value in brackets.")?;
        self.configure(&file)?;
        say("\n2 of 5: the device key and the directory.")?;
        if self.is_installed() {
            make_credential()?;
        }
        self.run(&file, &["setup", "--make-directory"], None)?;
        say("\n3 of 5: the technician's PIN.")?;
        let is_new = ask_yes("If there is a PIN already, replace it?", false)?;
        self.run(&file, &["technician", "pin", if is_new { "--yes" } else { "--keep" }], None)?;
        say("\n4 of 5: staff. The list is a CSV file with the header line email,name,badge and one person per row.")?;
        let is_listed = self.enroll(&file)?;
        say("\n5 of 5: a check of everything.")?;
        let is_well = self.run(&file, &["doctor"], None);
        say("\nStart it now and at every boot: systemctl enable --now vestibule")?;
        if is_listed { is_well } else { Err(Failure::incomplete()) }
    }

    /// Creates the data folder, the device key, the directory and the audit log, owned by the account that runs this.
    pub(crate) fn make_directory(&self) -> Result<(), Failure> {
        let directory = self.directory_or_new()?;
        let _ = vestibule::wiring::log(&directory)?;
        say(&format!(
            "the directory is in {}, its device key is {}",
            directory.folder().display(),
            directory.key_place().path().display()
        ))
    }

    /// Whether to set up the packaged installation: its script exists, and `--data` names no other folder.
    fn is_installed(&self) -> bool {
        self.data.is_none() && Path::new(ADMIN).exists()
    }

    /// Asks for a list of staff and imports it. Returns `false` if some rows failed.
    fn enroll(&self, file: &Path) -> Result<bool, Failure> {
        let list = ask_until("Path of the list, or nothing to import it later", "", |list| {
            if list.is_empty() {
                return Ok(None);
            }
            fs::File::open(list)
                .map(|opened| Some((list.to_owned(), opened)))
                .map_err(|error| format!("`{list}` cannot be read: {error}"))
        })?;
        let Some((name, opened)) = list else { return Ok(true) };
        let with_pins = ask_yes("Issue a PIN to everybody?", true)?;
        let words: &[&str] = if with_pins { &["staff", "import", "-", "--pin"] } else { &["staff", "import", "-"] };
        match self.run(file, words, Some(opened)) {
            Ok(()) => Ok(true),
            Err(failure) if failure.is_incomplete() => {
                say(&format!(
                    "the list was not imported completely. Correct it, then import the rest: vestibule-admin {} < {name}",
                    words.join(" ")
                ))?;
                Ok(false)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Runs another command on the same files, in a packaged installation as the kiosk's account.
    fn run(&self, file: &Path, arguments: &[&str], input: Option<fs::File>) -> Result<(), Failure> {
        let own = env::current_exe().map_err(io("this program cannot be found"))?;
        let program = if self.is_installed() { PathBuf::from(ADMIN) } else { own };
        let mut command = Command::new(program);
        let _ = command.args(arguments).arg("--config").arg(file);
        if let Some(data) = &self.data {
            let _ = command.arg("--data").arg(data);
        }
        if let Some(input) = input {
            let _ = command.stdin(Stdio::from(input));
        }
        let status = command.status().map_err(io(format!("`vestibule {}` cannot run", arguments.join(" "))))?;
        if status.success() { Ok(()) } else { Err(Failure::incomplete()) }
    }

    /// Asks for the settings that differ per site, shows the changed lines and writes the file.
    fn configure(&self, file: &Path) -> Result<(), Failure> {
        let (before, is_there) = read(file)?;
        let mut text = answered(&before, file)?;
        if self.is_installed() {
            text = reader::choose(text, &Config::parse(&before, file)?)?;
        }
        if is_there && text == before {
            return say(&format!("{} stays as it is", file.display()));
        }
        for line in text.lines().filter(|line| !before.lines().any(|known| known == *line)) {
            say(&format!("  {line}"))?;
        }
        if !ask_yes(&format!("Write this to {}?", file.display()), true)? {
            return Err(AnswerError::Declined.into());
        }
        self.write(file, &text, is_there)
    }

    /// Replaces the file atomically, so that a running kiosk reads either the old or the new one. Keeps the old one as
    /// `.bak`.
    fn write(&self, file: &Path, text: &str, is_there: bool) -> Result<(), Failure> {
        let failed = || io(format!("`{}` cannot be written", file.display()));
        let backup = file.with_extension("toml.bak");
        if is_there {
            let _ = fs::copy(file, &backup).map_err(failed())?;
            keep_owner(file, &backup).map_err(failed())?;
        }
        // It replaces the file in one step, and is gone if anything fails before.
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut part = tempfile::Builder::new().prefix(".kiosk.toml.").tempfile_in(folder).map_err(failed())?;
        part.write_all(text.as_bytes()).and_then(|()| part.as_file().sync_all()).map_err(failed())?;
        let model = if is_there { Some(file) } else { self.is_installed().then_some(Path::new(DATA)) };
        match model {
            Some(model) if is_there => keep_owner(model, part.path()).map_err(failed())?,
            Some(model) => share_with_group_of(model, part.path()).map_err(failed())?,
            None => {}
        }
        let _ = part.persist(file).map_err(|error| error.error).map_err(failed())?;
        say(&format!("written to {}", file.display()))?;
        if is_there { say(&format!("the previous file is {}", backup.display())) } else { Ok(()) }
    }
}

/// Reads the configuration and whether it exists; if not, its text is the shipped one. Fails on a file that does not parse,
/// so that it is not overwritten (E27).
fn read(file: &Path) -> Result<(String, bool), Failure> {
    let bytes = match fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok((SAMPLE.to_owned(), false)),
        Err(source) => return Err(Failure::io(format!("`{}` cannot be read", file.display()), source)),
    };
    let text = config::text_of(bytes, file)?;
    let _ = Config::parse(&text, file)?;
    Ok((text, true))
}

/// Asks each question until the answer is a valid value, and returns the changed text of the configuration.
fn answered(before: &str, file: &Path) -> Result<String, Failure> {
    let mut text = before.to_owned();
    let known = Config::parse(before, file)?;
    let badge = match known.sign_in.badge {
        Badges::Alone => "alone",
        Badges::WithPin => "with-pin",
        Badges::Off => "off",
    };
    let width = known.display.panel_width_mm.unwrap_or_default().to_string();
    for (key, question, now) in [
        ("kiosk.name", "Name of this kiosk, also the name of its logins at Kisi", known.kiosk.name.as_str()),
        ("kiosk.location", "Location", &known.kiosk.location),
        ("kiosk.support_phone", "Support phone", &known.kiosk.support_phone),
        ("kisi.base_url", "Kisi's address", &known.kisi.base_url),
        ("sign_in.badge", "Badges: alone (convenient, clonable), with-pin, or off", badge),
        ("display.panel_width_mm", "Width of the panel in millimeters, 0 if nobody measured it", &width),
    ] {
        text = ask_until(question, now, |answer| {
            if answer == now {
                return Ok(text.clone());
            }
            let value =
                if key == "display.panel_width_mm" { millimeters(answer)? } else { toml_edit::Value::from(answer) };
            let changed = set(&text, key, value).map_err(|error| error.to_string())?;
            match Config::parse(&changed, file) {
                Ok(_) => Ok(changed),
                Err(error) => Err(error.to_string()),
            }
        })?;
    }
    Ok(text)
}

/// Parses a width: `300`, `300 mm` or `30 cm`.
fn millimeters(answer: &str) -> Result<toml_edit::Value, String> {
    let answer = answer.trim().to_lowercase();
    let (number, factor) = match (answer.strip_suffix("mm"), answer.strip_suffix("cm")) {
        (Some(number), _) => (number, 1),
        (None, Some(number)) => (number, 10),
        (None, None) => (answer.as_str(), 1),
    };
    let read = number.trim().parse::<i64>().ok().and_then(|number| number.checked_mul(factor));
    read.map(toml_edit::Value::from).ok_or_else(|| format!("`{answer}` is not a width in millimeters, such as 217"))
}

/// Creates the device key as a systemd credential, before the directory exists: then no plain key file is ever written. If
/// `systemd-creds` fails, the directory will create a key file, and `doctor` warns about it.
fn make_credential() -> Result<(), Failure> {
    if Path::new(CREDENTIAL).exists() || Path::new(DATA).join("directory.sqlite").exists() {
        return Ok(());
    }
    let mut key = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *key).map_err(|error| io("the system has no random numbers")(std::io::Error::other(error)))?;
    let mut command = Command::new("systemd-creds");
    let _ = command.args(["encrypt", "--name=vestibule.key", "-", CREDENTIAL]);
    let made = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().and_then(|mut child| {
        let written = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(&*key));
        let status = child.wait()?;
        written.map(|()| status.success())
    });
    match made {
        Ok(true) => say("the device key is a systemd credential"),
        Ok(false) | Err(_) => {
            say("systemd-creds cannot create a credential here: the device key will be a file in the data folder")
        }
    }
}

/// Copies mode, owner and group of the old file to the new one.
fn keep_owner(file: &Path, part: &Path) -> std::io::Result<()> {
    let before = fs::metadata(file)?;
    fs::set_permissions(part, before.permissions())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, chown};
        chown(part, Some(before.uid()), Some(before.gid()))?;
    }
    Ok(())
}

/// Sets the group to that of the folder and the mode to 0640, so that the kiosk's account can read the file but not change
/// it.
#[cfg(unix)]
fn share_with_group_of(folder: &Path, part: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    let group = fs::metadata(folder)?.gid();
    chown(part, None, Some(group))?;
    fs::set_permissions(part, fs::Permissions::from_mode(0o640))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on other systems it can fail")]
fn share_with_group_of(_: &Path, _: &Path) -> std::io::Result<()> {
    Ok(())
}
