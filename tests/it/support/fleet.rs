//! A fleet as people make it: an admin's machine and kiosks that join, with the shipped program.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{headless::Site, postgres::Postgres};

/// An admin's machine: a data folder of its own, and the socket of the database.
pub(crate) struct Machine<'a> {
    pub(crate) db: &'a Postgres,
    pub(crate) folder: TempDir,
}

impl<'a> Machine<'a> {
    pub(crate) fn new(db: &'a Postgres) -> Self {
        Self { db, folder: vestibule::private_files::temporary_folder("vestibule-").unwrap() }
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let mut command = vestibule(self.folder.path().join("data"));
        command.arg("fleet").args(arguments).env("VESTIBULE_FLEET", self.db.socket("owner")).output().unwrap()
    }

    /// What a command prints with `--json`. It must succeed.
    #[track_caller]
    pub(crate) fn asks(&self, arguments: &[&str]) -> Vec<Value> {
        let done = self.run(&[arguments, &["--json"]].concat());
        assert!(done.status.success(), "{arguments:?}: {done:?}");
        let text = String::from_utf8(done.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What a command says that must fail with this code.
    #[track_caller]
    pub(crate) fn is_refused(&self, arguments: &[&str], code: i32) -> String {
        let done = self.run(arguments);
        assert_eq!(done.status.code(), Some(code), "{arguments:?}: {done:?}");
        String::from_utf8(done.stderr).unwrap()
    }
}

pub(crate) fn vestibule(data: PathBuf) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    let _ = command.arg("--data").arg(data).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// `fleet join` on a kiosk that was set up.
pub(crate) fn join(db: &Postgres, kiosk: &Site, more: &[&str]) -> Command {
    drop(kiosk.directory());
    let mut command = vestibule(kiosk.folder.path().to_owned());
    let _ = command.args(["fleet", "join", &db.url(), "--json", "--ca"]).arg(db.ca()).args(more);
    command
}

/// Starts joining, and returns the program and the code that it shows.
pub(crate) fn shown(mut command: Command) -> (std::process::Child, BufReader<std::process::ChildStdout>, String) {
    let mut running = command.spawn().unwrap();
    let mut said = BufReader::new(running.stdout.take().unwrap());
    let mut line = String::new();
    let _ = said.read_line(&mut line).unwrap();
    assert!(!line.is_empty(), "no code: {:?}", running.wait_with_output());
    let line: Value = serde_json::from_str(&line).unwrap();
    (running, said, line["code"].as_str().unwrap().to_owned())
}

/// A fleet with its database, its admin and a simulated Kisi.
pub(crate) struct Fleet<'a> {
    pub(crate) admin: Machine<'a>,
    kisi: &'a Site,
}

impl<'a> Fleet<'a> {
    /// With one site, `HQ`. Joining is open.
    pub(crate) fn new(db: &'a Postgres, kisi: &'a Site) -> Self {
        let admin = Machine::new(db);
        let _ = admin.asks(&["init"]);
        let _ = admin.asks(&["sites", "--add", "HQ", "--zone", "Europe/Berlin"]);
        let _ = admin.asks(&["open"]);
        let config = format!("[kisi]\nbase_url = \"{}\"\n", kisi.config.kisi.base_url);
        fs::write(admin.folder.path().join("kiosk.toml"), config).unwrap();
        Self { admin, kisi }
    }

    /// Another kiosk, which has joined.
    pub(crate) fn kiosk(&self, name: &str, keys: &str) -> Site {
        let site = self.kisi.beside(keys);
        let (running, _said, code) = shown(join(self.admin.db, &site, &[]));
        let _ = self.admin.asks(&["admit", &code, "--name", name, "--site", "HQ"]);
        assert!(running.wait_with_output().unwrap().status.success());
        site
    }

    /// Runs a `staff` command for the people of the fleet.
    pub(crate) fn staff(&self, arguments: &[&str]) -> Output {
        self.run(&[&["staff"], arguments].concat())
    }

    /// Runs a command on the admin's machine, with Kisi's admin key.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let folder = self.admin.folder.path();
        let mut command = vestibule(folder.join("data"));
        let command = command.arg("--config").arg(folder.join("kiosk.toml")).args(arguments);
        let command = command.env("VESTIBULE_FLEET", self.admin.db.socket("owner"));
        command.env("VESTIBULE_ADMIN_KEY", &self.kisi.admin).output().unwrap()
    }

    /// What a `staff` command prints with `--json`. It must succeed.
    #[track_caller]
    pub(crate) fn people(&self, arguments: &[&str]) -> Vec<Value> {
        let done = self.staff(&[arguments, &["--json"]].concat());
        assert!(done.status.success(), "{arguments:?}: {done:?}");
        let text = String::from_utf8(done.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Enrols somebody with a PIN and perhaps a badge, and returns the PIN.
    #[track_caller]
    pub(crate) fn enrol(&self, email: &str, badge: Option<&str>) -> String {
        let badge: Vec<&str> = badge.iter().flat_map(|number| ["--badge", number]).collect();
        let enrolled = self.people(&[&["add", email, "--pin"], &badge[..]].concat());
        let pin = enrolled.iter().find_map(|line| line["pin"].as_str());
        pin.unwrap_or_else(|| panic!("{enrolled:?}")).to_owned()
    }
}
