//! A site as the commands see it: `kiosk.toml`, a data folder, and a simulated Kisi.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use crate::support::headless::Site;

/// A site with a configuration file and a data folder, for running the program.
pub(crate) struct Files {
    pub(crate) site: Site,
    pub(crate) folder: PathBuf,
}

impl Files {
    pub(crate) fn new() -> Self {
        let site = Site::new();
        let folder = site.folder.path().to_owned();
        fs::write(folder.join("kiosk.toml"), format!("[kisi]\nbase_url = \"{}\"\n", site.kisi.base_url())).unwrap();
        Self { site, folder }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
        let _ = command
            .args(arguments)
            .args(["--config".as_ref(), self.folder.join("kiosk.toml").as_os_str()])
            .args(["--data".as_ref(), self.folder.join("data").as_os_str()])
            .env("VESTIBULE_ADMIN_KEY", &self.site.admin)
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    pub(crate) fn list(&self, name: &str, text: &str) -> String {
        let file = self.folder.join(name);
        fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    }
}
