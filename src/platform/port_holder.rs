//! Which process listens on a TCP port of this machine.

use std::{fs, path::Path};

/// The process that listens on a port: its name and id, or its account if the process cannot be seen.
///
/// # Source
///
/// Linux, `proc_pid_net(5)`: `/proc/net/tcp` and `tcp6`, state `0A` is listening; and `proc_pid_fd(5)`.
pub fn of(port: u16) -> Option<String> {
    let (inode, account) = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .find_map(|table| table.lines().find_map(|line| listener(line, port)))?;
    Some(process(&format!("socket:[{inode}]")).unwrap_or_else(|| format!("a process of account {account}")))
}

/// The inode and the account of a listening socket on this port.
fn listener(line: &str, port: u16) -> Option<(String, String)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (_, own) = fields.get(1)?.rsplit_once(':')?;
    let is_it = u16::from_str_radix(own, 16).ok()? == port && *fields.get(3)? == "0A";
    is_it.then_some(((*fields.get(9)?).to_owned(), (*fields.get(7)?).to_owned()))
}

/// The process that has this file open.
fn process(link: &str) -> Option<String> {
    fs::read_dir("/proc").ok()?.flatten().find_map(|process| {
        let pid: u32 = process.file_name().to_str()?.parse().ok()?;
        let has_it = |files: fs::ReadDir| {
            files.flatten().any(|file| fs::read_link(file.path()).is_ok_and(|target| target == Path::new(link)))
        };
        fs::read_dir(process.path().join("fd")).is_ok_and(has_it).then(|| {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            format!("{} (process {pid})", name.trim())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listening_process_is_named() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let holder = of(port).unwrap();
        assert!(holder.ends_with(&format!("(process {})", std::process::id())), "{holder}");
        drop(listener);
        assert_eq!(of(port), None);
    }
}
