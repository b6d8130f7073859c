//! The health endpoint of a running kiosk.

use std::{
    io::Write,
    process::{Command, Stdio},
    sync::LazyLock,
    thread,
    time::Duration,
};

use crate::support::{headless::now, installed::Installed};

/// A free TCP port on loopback.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// An installed kiosk with `health.listen`, and the base URL of its health endpoints.
pub(crate) fn watched() -> (Installed, String) {
    let (installed, port) = (Installed::new(), free_port());
    installed.configure("listen = \"\"", &format!("listen = \"127.0.0.1:{port}\""));
    (installed, format!("http://127.0.0.1:{port}"))
}

pub(crate) fn get(url: &str) -> (u16, String) {
    // Shared, because creating a client reads all system certificates.
    static CLIENT: LazyLock<reqwest::blocking::Client> =
        LazyLock::new(|| reqwest::blocking::Client::builder().no_proxy().build().unwrap());
    // Nothing listens yet: status 0.
    let Ok(answer) = CLIENT.get(url).send() else { return (0, String::new()) };
    (answer.status().as_u16(), answer.text().unwrap())
}

/// Polls the URL until the condition holds, for at most 30 s. Returns the body.
#[track_caller]
pub(crate) fn until(url: &str, is_so: impl Fn(u16, &str) -> bool) -> String {
    let deadline = now() + Duration::from_secs(30);
    loop {
        let (status, text) = get(url);
        if is_so(status, &text) {
            return text;
        }
        assert!(now() < deadline, "{url}: {status} {text}");
        thread::sleep(Duration::from_millis(100));
    }
}

/// Prometheus' own check finds nothing to say about these metrics.
#[track_caller]
pub(crate) fn is_valid(metrics: &str) {
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool must be installed: see README");
    promtool.stdin.take().unwrap().write_all(metrics.as_bytes()).unwrap();
    let verdict = promtool.wait_with_output().unwrap();
    let said = [verdict.stdout, verdict.stderr].concat();
    assert!(verdict.status.success() && said.is_empty(), "{}", String::from_utf8_lossy(&said));
}

pub(crate) fn number(metrics: &str, name: &str) -> f64 {
    let line = metrics.lines().find(|line| line.starts_with(name) && line[name.len()..].starts_with([' ', '{']));
    line.unwrap_or_else(|| panic!("no {name} in {metrics}")).split(' ').next_back().unwrap().parse().unwrap()
}
