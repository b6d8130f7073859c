//! Checks the keys of the screen texts: every key in the code exists, and every existing key is used.

use std::{collections::BTreeSet, fs};

use super::layers::{files, is_test, root};

/// Prefixes of keys that the code builds from one of Kisi's codes or classes, a kind of outage, or an outcome.
const BUILT: [&str; 4] = ["code-", "class-", "network-", "budget-"];

/// The keys of `en.ftl`; another test compares the other languages with it.
fn defined() -> BTreeSet<String> {
    let key = |line: &str| {
        let (key, _) = line.split_once(" =")?;
        key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-').then(|| key.to_owned())
    };
    let english = fs::read_to_string(root().join("../assets/languages/en.ftl")).unwrap();
    english.lines().filter_map(key).collect()
}

/// Every text in quotes in the code of `src`, comments and tests left out.
fn quoted() -> BTreeSet<String> {
    let code = files(&root()).into_iter().filter(|file| !is_test(file)).map(|file| fs::read_to_string(file).unwrap());
    code.flat_map(|text| {
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        lines
            .flat_map(|line| line.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>())
            .collect::<Vec<_>>()
    })
    .collect()
}

#[test]
fn every_text_on_the_screen_has_its_key_and_every_key_is_used() {
    let (defined, quoted) = (defined(), quoted());
    // A text may be used only inside other texts.
    let english = fs::read_to_string(root().join("../assets/languages/en.ftl")).unwrap();
    let is_part = |key: &str| english.contains(&format!("{{ {key} }}"));
    let unused: Vec<&String> = defined
        .iter()
        .filter(|key| !quoted.contains(*key) && !is_part(key) && !BUILT.iter().any(|start| key.starts_with(start)))
        .collect();
    assert!(unused.is_empty(), "no code shows {unused:?}");
    let mut missing = Vec::new();
    for file in files(&root()).iter().filter(|file| !is_test(file)) {
        let text = fs::read_to_string(file).unwrap();
        for named in text.split(".say(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            if !defined.contains(named) {
                missing.push(format!("{}: {named}", file.display()));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
    assert!(50 < defined.len(), "{} keys", defined.len());
}
