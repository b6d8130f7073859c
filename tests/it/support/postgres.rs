//! A real PostgreSQL that the test starts, with a database for a fleet. Kiosks come over TLS on loopback, admins by its socket.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::{runtime::Runtime, sync::mpsc::UnboundedReceiver};
use vestibule::{
    fleet::{self, Access, Account, Address, Connection, FirstKey, JoinRequest, Link, LinkEvent},
    secret::Secret,
    staff::{BadgeRow, LoginRow, PersonRows, PinRow, StaffId},
};

use crate::support::headless::now;

/// The account that PostgreSQL runs as where the tests run as root, which it refuses. Debian's package makes it.
const ACCOUNT: &str = "postgres";

/// A server with an empty database `fleet`.
pub(crate) struct Postgres {
    server: Mutex<Child>,
    /// Shared with its standby: sockets and certificates.
    folder: Arc<TempDir>,
    data: PathBuf,
    port: u16,
    /// Connections live in it.
    runtime: Arc<Runtime>,
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // An immediate shutdown. The postmaster ends its children.
        let id = self.process();
        if let Some(pid) = rustix::process::Pid::from_raw(i32::try_from(id).unwrap()) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::QUIT);
        }
        let _ = self.server.get_mut().unwrap().wait();
    }
}

/// The newest PostgreSQL that is installed.
fn binaries() -> PathBuf {
    let found = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut folders: Vec<PathBuf> = found.map(|entry| entry.unwrap().path().join("bin")).collect();
    folders.retain(|folder| folder.join("initdb").exists());
    folders
        .sort_by_key(|folder| folder.parent().and_then(|version| version.file_name()?.to_str()?.parse::<u32>().ok()));
    folders.pop().expect("PostgreSQL is installed: apt-get install postgresql")
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A program of PostgreSQL, as an account that is not root.
fn program(name: &str) -> Command {
    let program = binaries().join(name);
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    let _ =
        command.args(["--reuid", ACCOUNT, "--regid", ACCOUNT, "--clear-groups", "--"]).arg(program).current_dir("/");
    command
}

/// Gives a file to PostgreSQL's account.
fn give(path: &Path) {
    if rustix::process::geteuid().is_root() {
        assert!(Command::new("chown").arg("-R").arg(ACCOUNT).arg(path).status().unwrap().success());
    }
}

/// Starts the server's process.
fn server(folder: &Path, data: &Path) -> Child {
    let (log, quiet) = (fs::File::create(folder.join("server.log")).unwrap(), Stdio::null());
    program("postgres").arg("-D").arg(data).stdin(Stdio::null()).stdout(quiet).stderr(log).spawn().unwrap()
}

impl Postgres {
    /// `settings` go to postgresql.conf.
    pub(crate) fn start_with(settings: &str) -> Self {
        let folder = vestibule::private_files::temporary_folder("vestibule-").unwrap();
        give(folder.path());
        let data = folder.path().join("data");
        let made = program("initdb")
            .args(["--username=owner", "--auth=trust", "--no-sync", "--locale=C.UTF-8", "-D"])
            .arg(&data)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = free_port();
        certify(folder.path());
        let config = format!(
            "listen_addresses = 'localhost'\nport = {port}\nunix_socket_directories = '{0}'\nssl = on\nssl_cert_file = '{0}/server.crt'\n\
             ssl_key_file = '{0}/server.key'\nfsync = off\nmax_connections = 200\nlog_min_messages = fatal\n{settings}\n",
            folder.path().display()
        );
        fs::write(data.join("postgresql.conf"), config).unwrap();
        fs::write(
            data.join("pg_hba.conf"),
            "local all all trust\nlocal replication all trust\nhostssl all all all scram-sha-256\n",
        )
        .unwrap();
        give(folder.path());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let postgres = Self::serve(Arc::new(folder), data, port, Arc::new(runtime));
        postgres.on_server("CREATE DATABASE fleet");
        postgres
    }

    fn serve(folder: Arc<TempDir>, data: PathBuf, port: u16, runtime: Arc<Runtime>) -> Self {
        let server = Mutex::new(server(folder.path(), &data));
        let postgres = Self { server, folder, data, port, runtime };
        postgres.wait_until_it_answers();
        postgres
    }

    /// A server that a crashed one went before does not start until the last process of that one has ended.
    fn wait_until_it_answers(&self) {
        let begin = now();
        while !self.psql("postgres", "SELECT 1").status.success() {
            let log = fs::read_to_string(self.folder.path().join("server.log")).unwrap();
            assert!(begin.elapsed() < Duration::from_secs(30), "PostgreSQL does not start: {log}");
            let mut running = self.server.lock().unwrap();
            if running.try_wait().unwrap().is_some() {
                *running = server(self.folder.path(), &self.data);
            }
            drop(running);
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// kill -9, as by a power cut, and a new start on the same data.
    pub(crate) fn crash_and_restart(&self) {
        self.again(|| {});
    }

    /// The same, after something was done to its data.
    fn again(&self, between: impl FnOnce()) {
        let mut running = self.server.lock().unwrap();
        running.kill().unwrap();
        let _ = running.wait().unwrap();
        between();
        *running = server(self.folder.path(), &self.data);
        drop(running);
        self.wait_until_it_answers();
    }

    /// The process that the backends are children of.
    pub(crate) fn process(&self) -> u32 {
        self.server.lock().unwrap().id()
    }

    /// Copies the running server.
    fn copy(&self, name: &str, more: &[&str]) -> PathBuf {
        // A port may come again.
        let mut folders = (0..).map(|number| self.folder.path().join(format!("{name}.{number}")));
        let data = folders.find(|folder| !folder.exists()).unwrap();
        let from =
            format!("host={} port={} user=owner application_name={name}", self.folder.path().display(), self.port);
        let copied = program("pg_basebackup")
            .args(["--wal-method=stream", "--checkpoint=fast", "--no-sync", "-d", &from, "-D"])
            .arg(&data)
            .args(more)
            .output()
            .unwrap();
        assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
        data
    }

    /// A backup, for [`Self::restore`].
    pub(crate) fn backup(&self) -> PathBuf {
        self.copy("backup", &[])
    }

    /// Stops the server and goes on with a backup.
    pub(crate) fn restore(&self, backup: &Path) {
        self.again(|| {
            fs::remove_dir_all(&self.data).unwrap();
            fs::rename(backup, &self.data).unwrap();
        });
    }

    /// Starts a standby, without which no commit is acknowledged from now on.
    pub(crate) fn standby(&self) -> Self {
        let port = free_port();
        let name = format!("standby{port}");
        let data = self.copy(&name, &["--write-recovery-conf"]);
        let config = fs::read_to_string(data.join("postgresql.conf")).unwrap();
        let other = config.replace(&format!("port = {}", self.port), &format!("port = {port}"));
        assert_ne!(config, other);
        fs::write(data.join("postgresql.conf"), other).unwrap();
        let standby = Self::serve(Arc::clone(&self.folder), data, port, Arc::clone(&self.runtime));
        self.on_server(&format!("ALTER SYSTEM SET synchronous_standby_names = '{name}'"));
        self.on_server("SELECT pg_reload_conf()");
        let begin = now();
        while self.value("SELECT coalesce(max(sync_state), '') FROM pg_stat_replication") != "sync" {
            assert!(begin.elapsed() < Duration::from_secs(30), "the standby does not follow");
            std::thread::sleep(Duration::from_millis(20));
        }
        standby
    }

    /// kill -9, as by a power cut. Its children notice and end.
    pub(crate) fn crash(mut self) {
        let server = self.server.get_mut().unwrap();
        server.kill().unwrap();
        let _ = server.wait().unwrap();
    }

    /// A standby becomes the primary, and waits for no standby of its own.
    pub(crate) fn promote(&self) {
        // What the primary had set came with the copy.
        let auto = self.data.join("postgresql.auto.conf");
        let kept = fs::read_to_string(&auto).unwrap();
        let kept: Vec<&str> = kept.lines().filter(|line| !line.starts_with("synchronous_standby_names")).collect();
        fs::write(&auto, kept.join("\n") + "\n").unwrap();
        self.on_server("SELECT pg_reload_conf()");
        self.on_server("SELECT pg_promote()");
    }

    pub(crate) fn start() -> Self {
        Self::start_with("")
    }

    /// With a fleet that has one site, `HQ`.
    pub(crate) fn with_fleet() -> Self {
        Self::with_fleet_and("")
    }

    /// The same. `settings` go to postgresql.conf.
    pub(crate) fn with_fleet_and(settings: &str) -> Self {
        let postgres = Self::start_with(settings);
        let mut owner = postgres.owner();
        let first = FirstKey { salt: [7; 16], cost: [65_536, 3, 4], recipient: &recipient(1), wrapped: b"wrapped" };
        postgres.run(fleet::init(&mut owner, &first)).unwrap();
        postgres.run(owner.add_site("HQ", "Europe/Berlin")).unwrap();
        postgres
    }

    /// Waits for what is asked of a connection.
    pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Runs something beside the test.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> tokio::task::JoinHandle<()> {
        self.runtime.spawn(work)
    }

    fn psql(&self, database: &str, sql: &str) -> std::process::Output {
        let mut command = program("psql");
        let command = command.args(["-U", "owner", "-d", database, "-qAt", "-v", "ON_ERROR_STOP=1", "-c", sql]);
        command.arg("-h").arg(self.folder.path()).arg("-p").arg(self.port.to_string()).output().unwrap()
    }

    /// Runs SQL as the superuser, and returns what it prints.
    #[track_caller]
    fn answer(&self, database: &str, sql: &str) -> String {
        let done = self.psql(database, sql);
        assert!(done.status.success(), "{sql}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    }

    /// Runs SQL for the whole server.
    #[track_caller]
    pub(crate) fn on_server(&self, sql: &str) {
        let _ = self.answer("postgres", sql);
    }

    /// Runs SQL in the fleet's database.
    #[track_caller]
    pub(crate) fn in_fleet(&self, sql: &str) {
        let _ = self.answer("fleet", sql);
    }

    /// One value of the fleet's database.
    #[track_caller]
    pub(crate) fn value(&self, sql: &str) -> String {
        self.answer("fleet", sql)
    }

    /// The authority whose certificates the server's is one of.
    pub(crate) fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// The address of the socket, as admins use it.
    pub(crate) fn socket(&self, role: &str) -> String {
        let folder = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://{role}@{folder}:{}/fleet", self.port)
    }

    /// The port on loopback.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The address of the network.
    pub(crate) fn url(&self) -> String {
        format!("postgres://localhost:{}/fleet", self.port)
    }

    /// Connects by the socket.
    pub(crate) fn as_admin(&self, role: &str) -> Connection {
        let address: Address = self.socket(role).parse().unwrap();
        let account = Account { role: role.to_owned(), password: None };
        self.run(Connection::open(&address, None, &account)).unwrap()
    }

    /// The superuser.
    pub(crate) fn owner(&self) -> Connection {
        self.as_admin("owner")
    }

    /// Connects over TLS, as a kiosk does.
    pub(crate) fn connect(&self, role: &str, password: &str) -> Result<Connection, fleet::Error> {
        let address: Address = self.url().parse().unwrap();
        let account = Account { role: role.to_owned(), password: Some(Secret::new(password.to_owned())) };
        self.run(Connection::open(&address, Some(&self.ca()), &account))
    }
}

/// A kiosk of the fleet, with its own credentials.
pub(crate) struct Member {
    pub(crate) role: String,
    pub(crate) password: String,
}

impl Postgres {
    /// Admits a kiosk to the site `HQ`, or another.
    pub(crate) fn admit(&self, number: u32, site: &str) -> Member {
        let request = JoinRequest::new(recipient(number)).unwrap();
        let owner = self.owner();
        let role =
            self.run(owner.admit(&(&request).into(), &format!("Kiosk {number}"), site, (1, b"wrapped"))).unwrap();
        Member { role, password: request.password.expose().clone() }
    }
}

impl Postgres {
    /// A kiosk's link, at this address.
    pub(crate) fn link_by(&self, member: &Member, url: &str) -> (Link, UnboundedReceiver<LinkEvent>) {
        let account = Account { role: member.role.clone(), password: Some(Secret::new(member.password.clone())) };
        let access = Access { address: url.parse().unwrap(), ca: Some(self.ca()), account };
        self.run(async { Link::start(access) })
    }

    /// A kiosk's link.
    pub(crate) fn link(&self, member: &Member) -> Link {
        self.link_by(member, &self.url()).0
    }

    /// Enrols a [`person`], who may come in everywhere.
    pub(crate) fn enrol(&self, id: i64) {
        let _ = self.run(self.owner().put(&person(id), None)).unwrap();
    }

    /// Suspends a [`person`], or resumes them.
    pub(crate) fn suspend(&self, id: i64, is_suspended: bool) {
        let owner = self.owner();
        let (rows, version) = self.run(owner.person(&person(id).email)).unwrap().unwrap();
        let proof = Some(b"another proof".to_vec());
        let _ = self.run(owner.put(&PersonRows { is_suspended, proof, ..rows }, Some(version))).unwrap();
    }
}

/// The blind index of a text in these tests.
pub(crate) fn tag(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// A person with the PIN `pin 7` and the badge `badge 7`, where 7 is their number.
pub(crate) fn person(id: i64) -> PersonRows {
    let login = |role: &str| LoginRow {
        role: role.to_owned(),
        revision: 1,
        generation: 1,
        nonce: tag("nonce")[..24].to_vec(),
        sealed: tag(role).to_vec(),
    };
    PersonRows {
        staff: StaffId::new(id),
        email: format!("person{id}@example.com"),
        name: format!("Person {id}"),
        salt: tag("salt")[..16].to_vec(),
        revision: 1,
        login_id: 1_000 + id.cast_unsigned(),
        is_suspended: false,
        proof: Some(b"proof".to_vec()),
        language: None,
        is_refused: false,
        pins: vec![PinRow { tag: tag(&format!("pin {id}")), generation: 1 }],
        badges: vec![BadgeRow {
            tag: tag(&format!("badge {id}")),
            hint: format!("…{id}"),
            generation: 1,
            sealed: Some(b"number".to_vec()),
        }],
        logins: vec![login("device"), login("pin")],
    }
}

/// An age recipient that is another one for each number.
pub(crate) fn recipient(number: u32) -> String {
    format!("age1{number:0>58}")
}

/// An authority, and a certificate of `localhost`.
fn certify(folder: &Path) {
    let (authority, own) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = params.self_signed(&authority).unwrap();
    let issuer = rcgen::Issuer::from_params(&params, &authority);
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&own, &issuer).unwrap();
    fs::write(folder.join("ca.crt"), root.pem()).unwrap();
    fs::write(folder.join("server.crt"), certificate.pem()).unwrap();
    fs::write(folder.join("server.key"), own.serialize_pem()).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(folder.join("server.key"), private).unwrap();
}
