//! Checks that no module of `src` uses a layer that it must not use. Reports a violation with file, line and rule.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A layer: its modules, the layers that they may use besides their own, and the names that none of their lines may
/// contain.
struct Layer {
    name: &'static str,
    modules: &'static [&'static str],
    may_use: &'static [&'static str],
    banned: &'static [&'static str],
}

impl Layer {
    /// All names that a module of this layer may not contain.
    fn banned_in(&self, module: &str) -> Vec<String> {
        let others = LAYERS.iter().filter(|other| other.name != self.name && !self.may_use.contains(&other.name));
        let others = others.flat_map(|other| other.modules).copied();
        // Edge modules do not use each other either, except for opening files.
        let beside = self.modules.iter().copied().filter(|other| *other != module && *other != "private_files");
        let beside = beside.filter(|_| self.name == "edge");
        let modules = others.chain(beside).map(|other| format!("crate::{other}"));
        self.banned.iter().map(|word| (*word).to_owned()).chain(modules).collect()
    }
}

const LAYERS: [Layer; 4] = [
    Layer {
        name: "core",
        modules: &[
            "error_chain",
            "hex",
            "crypt",
            "secret",
            "door",
            "base_url",
            "language",
            "proximity",
            "outage",
            "staff",
            "session",
        ],
        may_use: &[],
        banned: &[
            "iced",
            "reqwest",
            "tokio",
            "serde",
            "rusqlite",
            "std::fs",
            "std::net",
            "std::env",
            "std::thread",
            "Instant::now",
            "SystemTime",
        ],
    },
    Layer {
        name: "edge",
        modules: &["config", "store", "kisi", "backup_encryption", "private_files", "readers", "beacons", "fleet"],
        may_use: &["core"],
        banned: &["iced", "crate::session", "SystemTime"],
    },
    Layer {
        name: "view",
        modules: &["screen"],
        may_use: &["core"],
        banned: &["Task", "async ", "tokio", "reqwest", "rusqlite", "std::fs", "std::net", "std::env", "Instant::now"],
    },
    Layer {
        name: "shell",
        modules: &[
            "platform",
            "agent",
            "status",
            "sound",
            "app",
            "enrol",
            "reconcile",
            "wiring",
            "demo",
            "gallery",
            "simulator",
            "arguments",
            "commands",
            "logging",
            "main",
            "lib",
        ],
        may_use: &["core", "edge", "view"],
        banned: &["std::time::SystemTime::now"],
    },
];

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The top-level module of a file: `session/entry.rs` belongs to `session`.
fn module(file: &Path) -> String {
    let first = file.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The line up to its `//` comment: a banned name in a comment breaks no rule.
fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

/// Whether the line contains `what` as a whole word, not within a longer one.
pub(super) fn names(line: &str, what: &str) -> bool {
    line.match_indices(what).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + what.len()..].chars().next();
        let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !is_word(before) && (what.ends_with(' ') || !is_word(after))
    })
}

pub(super) fn is_test(file: &Path) -> bool {
    file.ends_with("tests.rs")
        || file.ends_with("random.rs")
        || file.components().any(|part| part.as_os_str() == "tests")
}

/// The violations in a file.
fn broken(file: &Path, text: &str) -> Vec<String> {
    let module = module(file);
    let Some(layer) = LAYERS.iter().find(|layer| layer.modules.contains(&module.as_str())) else {
        return vec![format!("{}: `{module}` belongs to no layer", file.display())];
    };
    let (is_test, banned) = (is_test(file), layer.banned_in(&module));
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.contains("#[cfg(test)]") && !text.lines().nth(number + 1).unwrap_or_default().ends_with(';') {
            break;
        }
        if line.trim_start().starts_with("#[cfg_attr(test,") {
            continue;
        }
        let line = code(line);
        for word in banned.iter().filter(|word| names(line, word)) {
            if is_test && ["std::env", "Instant::now"].contains(&word.as_str()) {
                continue;
            }
            found.push(format!("{}:{}: {} names `{word}`", file.display(), number + 1, layer.name));
        }
        // `use crate::{self, ...}` would hide names from the check above.
        if layer.name != "shell"
            && (line.contains("use crate::{self") || line.trim_start().starts_with("use std::{self"))
        {
            found.push(format!("{}:{}: import modules by name", file.display(), number + 1));
        }
    }
    found.extend(grouped(file, layer, &banned, text));
    found
}

/// Checks the names inside `use crate::{a::…, b::…}` like full paths.
fn grouped(file: &Path, layer: &Layer, banned: &[String], text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for root in ["crate", "std"] {
        for (at, _) in text.match_indices(&format!("use {root}::{{")) {
            let group = text[at..].split(';').next().unwrap_or_default();
            let inside = group.split_once('{').map_or("", |(_, inside)| inside);
            for part in inside.split(['{', ',', '}', '\n']) {
                let first = part.trim().split("::").next().unwrap_or_default();
                let path = format!("{root}::{first}");
                if !first.is_empty() && banned.contains(&path) {
                    let line = text[..at].lines().count() + 1;
                    found.push(format!("{}:{line}: {} names `{path}`", file.display(), layer.name));
                }
            }
        }
    }
    found
}

#[test]
fn no_module_crosses_its_layer() {
    let mut all = Vec::new();
    for path in files(&root()) {
        let text = fs::read_to_string(&path).unwrap();
        all.extend(broken(path.strip_prefix(root()).unwrap(), &text));
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

/// Each rule is broken on purpose, to show that the check reports it.
#[test]
fn a_crossed_layer_is_found_with_file_line_and_rule() {
    let check = |file: &str, text: &str, expected: &str| {
        let found = broken(Path::new(file), text);
        assert_eq!(found.first().map(String::as_str), Some(expected));
    };
    check("session.rs", "//! A\nuse std::fs;\n", "session.rs:2: core names `std::fs`");
    check("session/entry.rs", "let now = Instant::now();", "session/entry.rs:1: core names `Instant::now`");
    check("door.rs", "use serde::Serialize;", "door.rs:1: core names `serde`");
    check("kisi.rs", "use crate::session::Event;", "kisi.rs:1: edge names `crate::session`");
    check(
        "kisi/wire.rs",
        "use crate::{\n    door::Door,\n    store::Person,\n};",
        "kisi/wire.rs:1: edge names `crate::store`",
    );
    check("store/directory.rs", "let c = crate::kisi::Client;", "store/directory.rs:1: edge names `crate::kisi`");
    check("screen/doors.rs", "fn update() -> iced::Task<()> {", "screen/doors.rs:1: view names `Task`");
    check("screen/doors.rs", "use crate::agent;", "screen/doors.rs:1: view names `crate::agent`");
    check("session.rs", "use std::{fs, time::Duration};", "session.rs:1: core names `std::fs`");
    check("helpers.rs", "", "helpers.rs: `helpers` belongs to no layer");
    assert!(broken(Path::new("session.rs"), "// std::fs is not used here\n").is_empty());
}
