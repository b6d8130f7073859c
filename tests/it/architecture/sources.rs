//! Checks each source file (length, module doc) and the imports between the modules of a folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use super::layers::{files, is_test, root};

/// No file of `src` has more than 400 lines, unit tests excepted.
#[test]
fn no_source_file_exceeds_400_lines() {
    const LIMIT: usize = 400;
    for path in files(&root()) {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        let is_test = is_test(&path);
        assert!(is_test || lines <= LIMIT, "{} has {lines} lines", path.display());
    }
}

/// Every file of `src` starts with a module doc.
#[test]
fn every_source_file_has_a_module_doc() {
    for path in files(&root()) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "{} has no module doc", path.display());
    }
}

/// The sibling modules that a file imports by `super::` or `crate::FOLDER::` paths, read from its text.
fn taken(folder: &str, module: &str, siblings: &BTreeSet<String>, text: &str) -> BTreeSet<String> {
    let code: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let code = code.join("\n").split("#[cfg(test)]").next().unwrap_or_default().to_owned();
    let mut found = BTreeSet::new();
    for start in ["super::".to_owned(), format!("crate::{folder}::")] {
        for (at, _) in code.match_indices(&start) {
            let rest = &code[at + start.len()..];
            let group = rest.strip_prefix('{').map_or(rest, |group| group.split(';').next().unwrap_or_default());
            let mut depth = 0_i32;
            let mut word = String::new();
            // Names at the top of a group, or the one name of a path.
            for c in group.chars() {
                match c {
                    'a'..='z' | '0'..='9' | '_' if depth == 0 => word.push(c),
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    _ => {
                        if depth == 0 {
                            let _ = found.insert(std::mem::take(&mut word));
                        }
                        if !rest.starts_with('{') && c != ':' {
                            break;
                        }
                        if c == ':' && !rest.starts_with('{') {
                            break;
                        }
                    }
                }
                if c == ':' && depth == 0 {
                    // The rest of the path is inside that module.
                    word.clear();
                }
            }
            let _ = found.insert(word);
        }
    }
    found.retain(|name| name != module && siblings.contains(name));
    found
}

/// Modules in the same folder of `src` do not import each other in a cycle.
#[test]
fn no_folder_has_an_import_cycle() {
    let mut folders = BTreeMap::<String, BTreeMap<String, String>>::new();
    for path in files(&root()).iter().filter(|path| !is_test(path)) {
        let inside = path.strip_prefix(root()).unwrap();
        let module = inside.file_stem().unwrap().to_str().unwrap().to_owned();
        let folder = inside.parent().unwrap().to_str().unwrap().replace('/', "::");
        let _ = folders.entry(folder).or_default().insert(module, fs::read_to_string(path).unwrap());
    }
    let mut cycles = Vec::new();
    for (folder, modules) in folders.iter().filter(|(folder, _)| !folder.is_empty()) {
        let siblings: BTreeSet<String> = modules.keys().cloned().collect();
        let arrows: BTreeMap<&str, BTreeSet<String>> =
            modules.iter().map(|(name, text)| (name.as_str(), taken(folder, name, &siblings, text))).collect();
        for start in modules.keys() {
            let (mut seen, mut next) = (BTreeSet::new(), arrows[start.as_str()].clone());
            while let Some(name) = next.pop_first() {
                if name == *start {
                    cycles.push(format!("{folder}: `{start}` imports a module that imports it"));
                    break;
                }
                if seen.insert(name.clone()) {
                    next.extend(arrows[name.as_str()].iter().cloned());
                }
            }
        }
    }
    assert_eq!(cycles, Vec::<String>::new());
}

/// Imports are found in each notation, and not in comments.
#[test]
fn imports_of_sibling_modules_are_found() {
    let siblings = ["wire", "access", "list"].map(str::to_owned).into();
    let taken = |text: &str| taken("kisi", "list", &siblings, text).into_iter().collect::<Vec<_>>();
    assert_eq!(taken("use super::{Client, access::Rights, wire};\n"), ["access", "wire"]);
    assert_eq!(taken("use super::wire::Lock;\nlet a = super::access::of();\n"), ["access", "wire"]);
    assert_eq!(taken("use crate::kisi::wire::Lock; // super::access\n"), ["wire"]);
    assert!(taken("use super::{Client, Error};\nuse crate::door::wire;\n").is_empty());
}

/// Sizes of the screens stand in the design system: elsewhere in `screen` there are only numbers that count or halve.
#[test]
fn sizes_of_the_screens_stand_in_the_design_system() {
    /// What has numbers of its own: colors, measures of the fonts, and the panels.
    const OTHERS: [&str; 5] = ["colors.rs", "fonts.rs", "label.rs", "theme.rs", "icon.rs"];
    const COUNTS: [&str; 7] = ["0.0", "1.0", "2.0", "3.0", "4.0", "100.0", "255.0"];
    let folder = root().join("screen");
    let mut found = Vec::new();
    for path in files(&folder).into_iter().filter(|path| !is_test(path)) {
        let name = path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
        if name.starts_with("design") || OTHERS.contains(&name.as_str()) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in code.lines().enumerate() {
            let line = line.split("//").next().unwrap_or_default();
            let numbers = line.split(|c: char| !c.is_ascii_digit() && c != '.').map(|number| number.trim_matches('.'));
            let sizes =
                numbers.filter(|number| number.contains('.') && !number.contains("..") && !COUNTS.contains(number));
            found.extend(sizes.map(|size| format!("{name}:{}: {size}", number + 1)));
        }
    }
    assert!(found.is_empty(), "sizes outside of `screen/design`:\n{}", found.join("\n"));
}
