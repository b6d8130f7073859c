//! Checks citations: faults, threats and rules by their ids, documents by file and section, tests by their names.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use super::layers::files;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file of the repository.
fn sources() -> Vec<PathBuf> {
    ["src", "tests", "benches"].into_iter().flat_map(|folder| files(&repository().join(folder))).collect()
}

fn document(name: &str) -> Option<String> {
    fs::read_to_string(repository().join("assets/docs").join(name)).ok()
}

/// A test function: its path, and the text that stands for it (doc comment, attributes, name).
struct TestFunction {
    path: String,
    about: String,
}

/// The test functions of a file.
fn tests_of(file: &Path) -> Vec<TestFunction> {
    let text = fs::read_to_string(file).unwrap();
    let inside = file.strip_prefix(repository()).unwrap().with_extension("");
    let module = inside.to_str().unwrap().replace('/', "::");
    let module = module.trim_start_matches("src::").trim_start_matches("tests::it::").to_owned();
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let is_test = ["#[test]", "#[tokio::test"].iter().any(|start| line.trim_start().starts_with(start));
        if !is_test {
            continue;
        }
        let is_about = |line: &str| line.trim_start().starts_with("///") || line.trim_start().starts_with("#[");
        let first = (0..at).rev().take_while(|before| is_about(lines[*before])).last().unwrap_or(at);
        let Some(name) = (at..lines.len()).find(|after| lines[*after].contains("fn ")) else { continue };
        let function = lines[name].split("fn ").nth(1).unwrap().split('(').next().unwrap();
        let inner = if lines[..at].iter().any(|line| line.starts_with("mod tests {")) { "::tests" } else { "" };
        found
            .push(TestFunction { path: format!("{module}{inner}::{function}"), about: lines[first..=name].join("\n") });
    }
    found
}

/// The ids in a text: one of these letters and a number, as a word of its own.
fn ids(text: &str, letters: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| word.len() > 1 && word.starts_with(|first| letters.contains(first)))
        .filter(|word| word[1..].trim_end_matches('a').bytes().all(|byte| byte.is_ascii_digit()) && word.len() > 1)
        .filter(|word| word[1..].starts_with(|c: char| c.is_ascii_digit()))
        .map(str::to_owned)
        .collect()
}

/// The ids that a document defines: in bold.
fn defined(name: &str) -> BTreeSet<String> {
    let text = document(name).unwrap();
    text.split("**").filter(|part| part.len() < 6).flat_map(|part| ids(part, "ABCDEFIRT")).collect()
}

/// A test function cites every fault of `faults.md` and every threat of `threats.md` but T40 (duress, not implemented):
/// in its doc comment, its attributes or its name. A comment elsewhere does not count.
#[test]
fn every_fault_and_threat_is_cited_by_a_test() {
    let cited: BTreeSet<String> =
        sources().iter().flat_map(|file| tests_of(file)).flat_map(|test| ids(&test.about, "FT")).collect();
    let rows = (1..=60).map(|row| format!("F{row}")).chain((1..=39).map(|row| format!("T{row}")));
    let missing: Vec<String> = rows.filter(|row| !cited.contains(row)).collect();
    assert_eq!(missing, Vec::<String>::new());
}

/// Every id in a comment is defined in one of the documents.
#[test]
fn every_cited_id_is_defined() {
    let all: BTreeSet<String> = ["threats.md", "faults.md", "invariants.md"].into_iter().flat_map(defined).collect();
    let mut unknown = Vec::new();
    for file in sources() {
        for (at, line) in fs::read_to_string(&file).unwrap().lines().enumerate() {
            let Some((_, comment)) = line.split_once("///").or_else(|| line.split_once("// ")) else { continue };
            for id in ids(comment, "FIRT").difference(&all) {
                unknown.push(format!("{}:{}: {id}", file.display(), at + 1));
            }
        }
    }
    assert_eq!(unknown, Vec::<String>::new());
}

/// A citation such as "`kisi.md`, section 5" or "`threats.md`, \"Construction\"" names a document of this repository
/// and a heading in it.
#[test]
fn every_cited_document_and_section_exists() {
    let mut broken = Vec::new();
    let mut cited = 0;
    for file in sources().iter().filter(|file| !file.ends_with("citations.rs")) {
        let text = fs::read_to_string(file).unwrap();
        for (at, _) in text.match_indices(".md`") {
            let name = text[..at].rsplit('`').next().unwrap_or_default();
            let line = text[..at].lines().count();
            let name = format!("{}.md", name.rsplit('/').next().unwrap_or_default());
            if name == "README.md" || text[..at].ends_with("target/tmp/sentences") {
                continue;
            }
            let Some(document) = document(&name) else {
                broken.push(format!("{}:{line}: there is no {name}", file.display()));
                continue;
            };
            cited += 1;
            let rest = text[at + 4..].lines().next().unwrap_or_default();
            if let Some(section) = rest.strip_prefix(", section ") {
                let section = section.split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default();
                let section = section.trim_end_matches('.');
                let is_heading = |line: &str| {
                    line.starts_with('#')
                        && line
                            .trim_start_matches('#')
                            .trim()
                            .trim_end_matches('.')
                            .split([' '])
                            .next()
                            .is_some_and(|first| first.trim_end_matches('.') == section)
                };
                if !document.lines().any(is_heading) {
                    broken.push(format!("{}:{line}: {name} has no section {section}", file.display()));
                }
            } else if let Some(heading) = rest.strip_prefix(", \"").and_then(|rest| rest.split('"').next())
                && !document.lines().any(|line| line.starts_with('#') && line.contains(heading))
            {
                broken.push(format!("{}:{line}: {name} has no heading `{heading}`", file.display()));
            }
        }
    }
    assert_eq!(broken, Vec::<String>::new());
    assert!(20 < cited, "{cited} citations were found");
}

/// Every test that a document names exists: `module::test`, or `module::*` for all tests of a module.
#[test]
fn every_test_named_by_a_document_exists() {
    let known: BTreeSet<String> = sources().iter().flat_map(|file| tests_of(file)).map(|test| test.path).collect();
    let mut missing = Vec::new();
    for entry in
        fs::read_dir(repository().join("assets/docs")).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_file())
    {
        let file = entry.unwrap().path();
        let text = fs::read_to_string(&file).unwrap();
        for name in text.split('`').skip(1).step_by(2) {
            let is_path = name.contains("::")
                && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_:*".contains(c));
            let exists = match name.strip_suffix('*') {
                Some(module) => known.iter().any(|test| test.starts_with(module)),
                None => known.contains(name),
            };
            if is_path && !exists {
                missing.push(format!("{}: {name}", file.file_name().unwrap().display()));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

/// Links from one document to another, and from the README, lead to a file.
#[test]
fn every_link_between_documents_leads_to_a_file() {
    let mut broken = Vec::new();
    let documents = fs::read_dir(repository().join("assets/docs")).unwrap().map(|entry| entry.unwrap().path());
    let documents = documents.filter(|path| path.is_file());
    for file in documents.chain(["README.md", "tests/README.md"].map(|name| repository().join(name))) {
        let text = fs::read_to_string(&file).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = target.split('#').next().unwrap_or_default();
            if !path.is_empty() && !path.contains("://") && !file.parent().unwrap().join(path).exists() {
                broken.push(format!("{}: {target}", file.display()));
            }
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

/// The README stays short enough to be read in five minutes.
#[test]
fn the_readme_has_twelve_kilobytes_at_most() {
    let length = fs::metadata(repository().join("README.md")).unwrap().len();
    assert!(length <= 12 << 10, "{length} bytes");
}
