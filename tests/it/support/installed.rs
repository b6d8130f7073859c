//! Test harness: the installed program as a process, with its own files and `vestibule simulate`.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use iced::Size;
use serde_json::{Value, json};
use vestibule::{
    config::Config,
    kisi::Client,
    store::directory::{Cost, Directory},
    wiring,
};

use crate::support::{
    headless::{BADGE, Kiosk, now},
    touchscreen::Touchscreen,
};

/// A child process and the lines it prints. Killed when dropped.
pub(crate) struct Program {
    pub(crate) child: Child,
    pub(crate) lines: mpsc::Receiver<String>,
}

impl Program {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let outputs: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for output in outputs {
            let sender = sender.clone();
            let _ = thread::spawn(move || {
                BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
            });
        }
        Self { child, lines }
    }

    /// The next line that contains this, within twenty seconds.
    #[track_caller]
    pub(crate) fn expect(&self, text: &str) -> String {
        self.until(text).pop().unwrap_or_default()
    }

    /// All lines up to the next one that contains this.
    #[track_caller]
    pub(crate) fn until(&self, text: &str) -> Vec<String> {
        let deadline = now() + Duration::from_secs(20);
        let mut lines = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(deadline.saturating_duration_since(now())) {
            lines.push(line);
            if lines.last().is_some_and(|line| line.contains(text)) {
                return lines;
            }
        }
        panic!("no line with `{text}`, but {lines:#?}");
    }

    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        let deadline = now() + Duration::from_secs(10);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(now() < deadline, "the program did not end");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A running `vestibule simulate`, with the base URL and the admin key that it printed.
pub(crate) struct Simulated {
    _program: Program,
    pub(crate) base_url: String,
    pub(crate) admin: String,
    http: reqwest::blocking::Client,
}

impl Simulated {
    pub(crate) fn start() -> Self {
        let program =
            Program::start(Command::new(env!("CARGO_BIN_EXE_vestibule")).args(["simulate", "--listen", "127.0.0.1:0"]));
        let base_url = program.expect("base_url").split_whitespace().last().unwrap().to_owned();
        let admin = program.expect("admin key").split_whitespace().last().unwrap().to_owned();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::blocking::Client::builder().no_proxy().build().unwrap();
        Self { _program: program, base_url, admin, http }
    }

    /// The unlocks in Kisi's event log, read through Kisi's API.
    pub(crate) fn unlocks(&self) -> Vec<Value> {
        thread::sleep(Duration::from_millis(1_100)); // Kisi takes one event set a second.
        let ask = json!({"event_set": {"event_type": "lock.unlock"}});
        let request = self.http.post(format!("{}/event_sets", self.base_url));
        let answer = request.header("Authorization", format!("KISI-LOGIN {}", self.admin)).json(&ask).send().unwrap();
        let set: Value = answer.json().unwrap();
        set["events"].as_array().unwrap().clone()
    }
}

/// A kiosk that is installed as in the README: configuration file, data folder, staff lists.
pub(crate) struct Installed {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) simulated: Simulated,
}

impl Installed {
    /// Starts the kiosk on this screen and waits until it is drawn.
    pub(crate) fn open(&self, screen: &Touchscreen) -> Program {
        let kiosk = self.kiosk(screen);
        let _ = kiosk.expect("the window is open");
        let _ = screen.settled();
        kiosk
    }

    /// Starts the kiosk on this screen.
    pub(crate) fn kiosk(&self, screen: &Touchscreen) -> Program {
        Program::start(self.command(&[]).env("DISPLAY", screen.display()).env_remove("WAYLAND_DISPLAY"))
    }

    pub(crate) fn new() -> Self {
        let (folder, simulated) =
            (vestibule::private_files::temporary_folder("vestibule-").unwrap(), Simulated::start());
        let text = format!(
            // 12-digit PINs: six digits could be in a log by chance.
            "[health]\nlisten = \"\"\n[kiosk]\nvolatile_data = true\n[kisi]\nbase_url = \"{}\"\n[sign_in]\npin_digits = 12\n[session]\nidle_seconds = 10\nwarning_seconds = 6\n",
            simulated.base_url
        );
        fs::write(folder.path().join("kiosk.toml"), text).unwrap();
        fs::write(folder.path().join("pins.csv"), "email,name,badge\nada@example.com,,\n").unwrap();
        fs::write(folder.path().join("badges.csv"), format!("email,name,badge\ngrace@example.com,,{BADGE}\n")).unwrap();
        Self { folder, simulated }
    }

    /// Replaces a text in the configuration file.
    pub(crate) fn configure(&self, what: &str, with: &str) {
        let file = self.path("kiosk.toml");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(what), "{text}");
        fs::write(file, text.replace(what, with)).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
        let _ =
            command.args(arguments).arg("--config").arg(self.path("kiosk.toml")).arg("--data").arg(self.path("data"));
        command
    }

    /// Imports a list, and returns the report of its one row.
    pub(crate) fn import(&self, list: &str, more: &[&str]) -> Value {
        let mut command = self.command(&["staff", "import", "--json"]);
        let output =
            command.args(more).arg(self.path(list)).env("VESTIBULE_ADMIN_KEY", &self.simulated.admin).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(output.stdout.split(|byte| *byte == b'\n').next().unwrap()).unwrap()
    }

    /// The id of a person's login, from `staff list`.
    pub(crate) fn login(&self, email: &str) -> u64 {
        let output = self.command(&["staff", "list", "--json"]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let people = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        people.into_iter().find(|person| person["email"] == email).unwrap()["login_id"].as_u64().unwrap()
    }

    /// A headless kiosk on the same files, the reference for positions and pixels.
    pub(crate) fn twin(&self) -> Kiosk {
        let config = Config::load(&self.path("kiosk.toml")).unwrap();
        let directory = Directory::open(&self.path("data"), None, || Cost::SHIPPED).unwrap();
        let client = Client::new(&wiring::client(&config)).unwrap();
        Kiosk::new(wiring::start(&config, directory, client).unwrap(), Size::new(1280.0, 800.0))
    }
}
