//! `vestibule setup`: a first installation in the terminal. It asks, then does what the other commands do.

use std::{
    env, fs,
    io::{BufRead, Write, stdin, stdout},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use vestibule::config::{Config, SAMPLE, set};

use super::{Site, io, report::say};
use crate::Failure;

/// Where an installed kiosk has its configuration.
const CONFIG: &str = "/etc/vestibule/kiosk.toml";
/// Runs a command as the account of an installed kiosk.
const ADMIN: &str = "/usr/sbin/vestibule-admin";

impl Site {
    /// From nothing to a kiosk that can be started.
    pub(crate) fn setup(&self) -> Result<(), Failure> {
        let file = self.config.clone().unwrap_or_else(|| PathBuf::from(CONFIG));
        say("1 of 5: the configuration. Enter keeps what is in brackets.")?;
        configure(&file)?;
        say("\n2 of 5: the device key and the directory.")?;
        self.run(&file, &["staff", "list"], None)?;
        say("A key that a TPM or the host keeps is better than a file:")?;
        say(
            "  head -c 32 /dev/urandom | systemd-creds encrypt --name=vestibule.key - /etc/credstore.encrypted/vestibule.key",
        )?;
        say("  vestibule-admin rekey")?;
        say("\n3 of 5: the technician's PIN.")?;
        self.run(&file, &["technician", "pin", "--yes"], None)?;
        say("\n4 of 5: staff. A list has a head, email,name,badge, and a row for each person.")?;
        let list = ask("The file of the list, or nothing to do it later", "")?;
        if !list.is_empty() {
            let with_pins = !ask("Issue a PIN to everybody? y or n", "y")?.starts_with('n');
            let pins = ["staff", "import", "/dev/stdin", "--pin"];
            let given = if with_pins { &pins[..] } else { pins.get(..3).unwrap_or_default() };
            self.run(&file, given, Some(Path::new(&list)))?;
        }
        say("\n5 of 5: a look at everything.")?;
        let is_well = self.run(&file, &["doctor"], None);
        say("\nStart it now and at every boot: systemctl enable --now vestibule")?;
        is_well
    }

    /// Runs another command on the same files, as the account that the files belong to.
    fn run(&self, file: &Path, arguments: &[&str], input: Option<&Path>) -> Result<(), Failure> {
        let own = env::current_exe().map_err(io("this program cannot be found"))?;
        let program = if self.data.is_none() && Path::new(ADMIN).exists() { PathBuf::from(ADMIN) } else { own };
        let mut command = Command::new(program);
        let _ = command.args(arguments).arg("--config").arg(file);
        if let Some(data) = &self.data {
            let _ = command.arg("--data").arg(data);
        }
        if let Some(input) = input {
            let opened = fs::File::open(input).map_err(io(format!("the list `{}` cannot be read", input.display())))?;
            let _ = command.stdin(Stdio::from(opened));
        }
        let status = command.status().map_err(io(format!("`vestibule {}` cannot run", arguments.join(" "))))?;
        if status.success() { Ok(()) } else { Err(Failure::Incomplete) }
    }
}

/// Asks for what every site has otherwise, and writes it down where it is.
fn configure(file: &Path) -> Result<(), Failure> {
    let mut text = fs::read_to_string(file).unwrap_or_else(|_| SAMPLE.to_owned());
    let before = Config::parse(&text, file).map_err(Failure::Config)?;
    let badge = match before.sign_in.badge {
        vestibule::config::Badges::Alone => "alone",
        vestibule::config::Badges::WithPin => "with-pin",
        vestibule::config::Badges::Off => "off",
    };
    for (key, question, now) in [
        ("kiosk.name", "What is this kiosk called? Its logins at Kisi are called so", before.kiosk.name.as_str()),
        ("kiosk.location", "Where does it hang?", &before.kiosk.location),
        ("kiosk.support_phone", "Whom do people call when it does not work?", &before.kiosk.support_phone),
        ("kisi.base_url", "Kisi's address", &before.kisi.base_url),
        ("sign_in.badge", "Badges: alone (convenient, clonable), with-pin, or off", badge),
    ] {
        text = set(&text, key, &ask(question, now)?.into());
    }
    let width = before.display.panel_width_mm.unwrap_or_default().to_string();
    let width = ask("How wide is the panel, in millimetres? 0 where nobody measured", &width)?;
    text = set(&text, "display.panel_width_mm", &width.parse::<i64>().unwrap_or(-1).into());
    let _ = Config::parse(&text, file).map_err(Failure::Config)?;
    // Beside it first: a kiosk that reads it meanwhile finds the old one or the new one.
    let part = file.with_extension("toml.part");
    let written = fs::write(&part, text).and_then(|()| keep_owner(file, &part)).and_then(|()| fs::rename(&part, file));
    written.map_err(io(format!("`{}` cannot be written", file.display())))?;
    say(&format!("written to {}", file.display()))
}

/// Whoever could read the file before can read the new one.
fn keep_owner(file: &Path, part: &Path) -> std::io::Result<()> {
    let Ok(before) = fs::metadata(file) else { return Ok(()) };
    fs::set_permissions(part, before.permissions())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, chown};
        chown(part, Some(before.uid()), Some(before.gid()))?;
    }
    Ok(())
}

fn ask(question: &str, now: &str) -> Result<String, Failure> {
    let failed = || io("the terminal cannot be asked");
    let mut out = stdout();
    write!(out, "{question} [{now}]: ").and_then(|()| out.flush()).map_err(failed())?;
    let mut line = String::new();
    if stdin().lock().read_line(&mut line).map_err(failed())? == 0 {
        return Err(Failure::NoAnswer);
    }
    let answer = line.trim();
    Ok(if answer.is_empty() { now.to_owned() } else { answer.to_owned() })
}
