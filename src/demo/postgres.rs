//! A PostgreSQL server of the demo's own: the system's programs on a Unix socket in a temporary folder. Only this account
//! reaches the socket, so the server asks for no password.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::Duration,
};

use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::{
    fleet::{self, Account, Address, Connection},
    private_files,
};

/// The superuser.
const OWNER: &str = "owner";
/// The account that runs the server for root, which PostgreSQL refuses to run as. Debian's package creates it.
const ACCOUNT: &str = "postgres";
/// Where Debian's packages install the programs, below the version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// Attempts to connect to the server that starts, and the pause between them.
const ATTEMPTS: u32 = 200;
const PAUSE: Duration = Duration::from_millis(50);
const SETTINGS: &str = "listen_addresses = ''\nfsync = off\nlog_min_messages = fatal\nlogging_collector = off\n";

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There are no programs of PostgreSQL.
    #[error("PostgreSQL is not installed: install the package `postgresql`, as by `apt-get install postgresql`")]
    Missing,
    /// The folder or a process cannot be created.
    #[error("PostgreSQL cannot be started")]
    Io(#[from] io::Error),
    /// A program of PostgreSQL failed.
    #[error("`{program}` failed: {said}")]
    Failed {
        /// Its name.
        program: &'static str,
        /// The last line that it printed.
        said: String,
    },
    /// It does not let the demo in.
    #[error("PostgreSQL does not answer")]
    Silent(#[source] fleet::Error),
}

/// A running server. It ends when this is dropped, and when the process ends in whatever way.
#[derive(Debug)]
pub(super) struct Server {
    process: Child,
    folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        // An immediate shutdown. It returns when all of the server's processes have ended.
        #[cfg(unix)]
        let quit = i32::try_from(self.process.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw)
            .is_some_and(|process| rustix::process::kill_process(process, rustix::process::Signal::QUIT).is_ok());
        #[cfg(not(unix))]
        let quit = false;
        let ended = if quit { Ok(()) } else { self.process.kill() };
        if let Err(error) = ended.and_then(|()| self.process.wait().map(drop)) {
            tracing::warn!(%error, "the demo's PostgreSQL cannot be ended");
        }
    }
}

impl Server {
    /// Starts a server with an empty database, and waits until it answers. The thread that calls this must live as long as
    /// the process: the server ends with it.
    ///
    /// # Errors
    ///
    /// Any of [`Error`].
    pub(super) fn start(runtime: &Runtime) -> Result<Self, Error> {
        let programs = programs().ok_or(Error::Missing)?;
        let folder = private_files::temporary_folder("vestibule-demo-fleet-")?;
        give(folder.path())?;
        let data = folder.path().join("data");
        let made = command(&programs.join("initdb"))
            .args(["--auth=trust", "--no-sync", "--no-locale", "--encoding=UTF8"])
            .args(["--username", OWNER, "-D"])
            .arg(&data)
            .output()?;
        check("initdb", &made)?;
        let mut settings = fs::OpenOptions::new().append(true).open(data.join("postgresql.conf"))?;
        writeln!(settings, "{SETTINGS}unix_socket_directories = '{}'", folder.path().display())?;
        let log = private_files::create_new(&folder.path().join("server.log"))?;
        let mut server = command(&programs.join("postgres"));
        let server = server.arg("-D").arg(&data).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        // Ctrl+C in the terminal is for the demo, which ends its kiosks before the server.
        #[cfg(unix)]
        let server = std::os::unix::process::CommandExt::process_group(server, 0);
        let mut server = Self { process: server.spawn()?, folder };
        let answered = server.wait_until_it_answers(runtime);
        answered.map(|()| server)
    }

    fn wait_until_it_answers(&mut self, runtime: &Runtime) -> Result<(), Error> {
        let mut attempts = 0;
        while let Err(error) = runtime.block_on(self.connect()) {
            attempts += 1;
            if self.process.try_wait()?.is_some() {
                let said = fs::read_to_string(self.folder.path().join("server.log"))?;
                return Err(Error::Failed { program: "postgres", said: last_line(&said) });
            }
            if attempts == ATTEMPTS {
                return Err(Error::Silent(error));
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// The address of its socket, without a role.
    pub(super) fn url(&self) -> String {
        format!("postgres://{}/postgres", self.folder.path().display().to_string().replace('/', "%2F"))
    }

    /// The superuser, who owns the database.
    pub(super) fn owner() -> Account {
        Account { role: OWNER.to_owned(), password: None }
    }

    /// Connects as the superuser.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::open`].
    pub(super) async fn connect(&self) -> Result<Connection, fleet::Error> {
        let address: Address = self.url().parse()?;
        Connection::open(&address, None, &Self::owner()).await
    }
}

/// The folder with the programs of the newest version that is installed.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let version = |folder: &PathBuf| folder.file_name()?.to_str()?.parse::<u32>().ok();
    let mut debian: Vec<PathBuf> = versions.map(|entry| entry.path()).collect();
    debian.sort_unstable_by_key(|folder| std::cmp::Reverse(version(folder)));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let anywhere = std::env::split_paths(&path).collect::<Vec<_>>();
    let folders = debian.into_iter().map(|folder| folder.join("bin")).chain(anywhere);
    folders.into_iter().find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

/// A program of PostgreSQL. It ends with this process, and does not run as root.
#[cfg(target_os = "linux")]
fn command(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    let _ = command.args(["--pdeathsig", "QUIT"]).current_dir("/");
    if is_root() {
        let _ = command.args(["--reuid", ACCOUNT, "--regid", ACCOUNT, "--clear-groups"]);
    }
    let _ = command.arg("--").arg(program);
    command
}

/// A program of PostgreSQL.
#[cfg(not(target_os = "linux"))]
fn command(program: &Path) -> Command {
    Command::new(program)
}

/// Gives the folder to the account that runs the server.
fn give(folder: &Path) -> Result<(), Error> {
    if is_root() {
        check("chown", &Command::new("chown").arg(ACCOUNT).arg(folder).output()?)?;
    }
    Ok(())
}

fn is_root() -> bool {
    cfg!(target_os = "linux") && private_files::account() == 0
}

fn check(program: &'static str, done: &Output) -> Result<(), Error> {
    if done.status.success() {
        return Ok(());
    }
    Err(Error::Failed { program, said: last_line(&String::from_utf8_lossy(&done.stderr)) })
}

fn last_line(text: &str) -> String {
    text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned()
}
