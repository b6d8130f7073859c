//! Tests in their own network and mount namespaces, where they may take down the loopback or mount a small disk.

use std::{path::Path, process::Command};

/// Environment variable that is set in the process with its own network namespace.
pub(crate) const INSIDE: &str = "VESTIBULE_INSIDE_NAMESPACE";

/// Reruns this test in a process with its own network and mount namespaces, where it may take down the loopback.
/// Returns whether this is already that process. `module` is `module_path!()` in the file of the test, and `test` is its name.
pub(crate) fn is_inside(module: &str, test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let mut command = Command::new("unshare");
    // An unprivileged user has to become root in a user namespace.
    let _ = command.args(if rustix::process::geteuid().is_root() { &["-nm"][..] } else { &["-rnm"] });
    let exe = std::env::current_exe().unwrap();
    let output = command
        .arg(exe)
        .args([format!("{}::{test}", module.trim_start_matches("it::")).as_str(), "--exact", "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    print!(
        "{}",
        said.lines().filter(|line| line.contains("black hole") || line.ends_with(" ms")).collect::<Vec<_>>().join("\n")
    );
    false
}

pub(crate) fn loopback(state: &str) {
    assert!(
        Command::new("ip").args(["link", "set", "lo", state]).status().unwrap().success(),
        "`ip link set lo` failed"
    );
}

pub(crate) fn ip(arguments: &[&str]) {
    assert!(Command::new("ip").args(arguments).status().unwrap().success(), "ip {arguments:?}");
}

pub(crate) fn mount(arguments: &[&str], at: &Path) {
    assert!(Command::new("mount").args(arguments).arg(at).status().unwrap().success(), "mount {arguments:?}");
}
