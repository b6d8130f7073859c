//! Lists of staff as spreadsheets, directories and other access control systems save them. Each file in `lists/` is one list,
//! byte for byte; `corpus.txt` has the expected result.

use std::{fs, path::Path};

use vestibule::{
    enrol::list::{self, Encoding, List},
    error_chain::Chain,
    staff::{Badge, BadgeProfile},
};

use crate::support::files::Files;

/// The rows as `row address name badge`, then the doubts.
fn written(list: &List) -> String {
    let rows: Vec<String> = list
        .candidates
        .iter()
        .map(|one| format!("{} {} {} {}", one.row, one.email, one.name, one.badge.as_ref().map_or("-", Badge::expose)))
        .collect();
    [rows.join(" / ")].into_iter().chain(list.doubts.clone()).collect::<Vec<_>>().join(" ? ")
}

#[test]
fn every_list_of_the_corpus_is_read_or_refused_as_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/staff/lists");
    let table = fs::read_to_string(folder.join("corpus.txt")).unwrap();
    let cases: Vec<&str> = table.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(cases.len(), fs::read_dir(&folder).unwrap().count() - 1, "every file has its line");
    assert!(40 <= cases.len());
    let mut failures = Vec::new();
    for case in cases {
        let [name, encoding, expected] = case.splitn(3, " | ").collect::<Vec<_>>()[..] else { panic!("{case}") };
        let encoding = match encoding {
            "unicode" => Encoding::Unicode,
            "windows-1252" => Encoding::Windows1252,
            "macroman" => Encoding::MacRoman,
            other => panic!("{other}"),
        };
        let bytes = fs::read(folder.join(format!("{name}.csv"))).unwrap();
        let read = list::read(&bytes, encoding, &BadgeProfile::plain());
        let (said, is_well) = match (&read, expected.strip_prefix("refused: ")) {
            (Err(error), Some(why)) => (Chain(error).to_string(), Chain(error).to_string().contains(why)),
            (Ok(list), None) if list.doubts.is_empty() => (written(list), written(list) == expected),
            (Ok(list), None) => (written(list), expected.contains(" ? ") && written(list).starts_with(expected)),
            (Ok(list), Some(_)) => (written(list), false),
            (Err(error), None) => (Chain(error).to_string(), false),
        };
        if !is_well {
            failures.push(format!("{name}: {said}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The whole program: a German Excel list is checked, which makes nothing, and then imported.
#[test]
fn a_list_is_checked_and_imported() {
    let files = Files::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/staff/lists");
    let file = folder.join("excel-german-1252.csv");
    let file = file.to_str().unwrap();
    let refused = files.run(&["staff", "import", file]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--encoding windows-1252"));
    let arguments = ["staff", "import", file, "--encoding", "windows-1252"];
    let checked = files.run(&[&arguments[..], &["--check"]].concat());
    let said = String::from_utf8(checked.stdout).unwrap();
    assert!(checked.status.success(), "{said}");
    assert_eq!(
        said,
        "columns: e-mail: `E-Mail`, name: `Name`, badge: `Karte`\nrow 2: ada@example.com would be enrolled\nwould enroll 1 new person\n"
    );
    assert!(!files.folder.join("data").exists(), "--check makes nothing");
    files.site.kisi.with(|world| assert_eq!(world.requests.len(), 0));
    let imported = files.run(&arguments);
    assert!(imported.status.success(), "{imported:?}");
    let again = files.run(&[&arguments[..], &["--check", "--json"]].concat());
    let last = String::from_utf8(again.stdout).unwrap();
    assert!(last.contains(r#""result":"unchanged""#), "{last}");
}

/// A doubt about the whole list is asked about before anything is made. Without a terminal nothing happens, unless `--yes`
/// answers.
#[test]
fn a_doubtful_list_is_asked_about() {
    let files = Files::new();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/staff/lists/lost-zeros.csv");
    let file = file.to_str().unwrap();
    let asked = files.run(&["staff", "import", file]);
    let said = String::from_utf8(asked.stderr).unwrap();
    assert_eq!(asked.status.code(), Some(1), "{said}");
    assert!(said.contains("warning: the badge numbers have 8 to 10 digits"), "{said}");
    assert!(said.contains("pass --yes"), "{said}");
    files.site.kisi.with(|world| assert_eq!(world.requests.len(), 0));
    let done = files.run(&["staff", "import", file, "--yes"]);
    assert!(done.status.success(), "{done:?}");
}

/// On a terminal, the recognized columns and the first rows stand before the question; `n` does nothing, `y` enrolls.
#[test]
fn a_terminal_shows_a_preview_and_asks() {
    let files = Files::new();
    let rows: Vec<String> = ["ada", "grace", "juergen", "nadia", "carlos", "olga"]
        .iter()
        .enumerate()
        .map(|(number, name)| format!("{name}@example.com;{name};000000100{number};Berlin\n"))
        .collect();
    let file = files.list("staff.csv", &format!("E-Mail;Name;Karte;Ort\n{}", rows.concat()));
    let answered = |answer: &str| {
        let program = env!("CARGO_BIN_EXE_vestibule");
        let (config, data) = (files.folder.join("kiosk.toml"), files.folder.join("data"));
        let line =
            format!("'{program}' staff import '{file}' --config '{}' --data '{}'", config.display(), data.display());
        let mut child = std::process::Command::new("script")
            .args(["-qec", &line, "/dev/null"])
            .env("VESTIBULE_ADMIN_KEY", &files.site.admin)
            .env("TERM", "xterm")
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        std::io::Write::write_all(&mut input, format!("{answer}\n").as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        drop(input);
        String::from_utf8(output.stdout).unwrap()
    };
    let said = answered("n");
    for part in [
        "columns: e-mail: `E-Mail`, name: `Name`, badge: `Karte`",
        "not used: Ort",
        "row 2: ada@example.com  ada  badge ..00",
        "and 1 more row",
        "Enroll 6 new people? [y/N]",
        "nothing was done",
    ] {
        assert!(said.contains(part), "no `{part}` in {said}");
    }
    files.site.kisi.with(|world| assert_eq!(world.requests.len(), 0));
    let said = answered("y");
    assert!(said.contains("row 2: ada@example.com enrolled") && said.contains("enrolled, "), "{said}");
    assert!(said.contains("of 6"), "the progress is shown on a terminal: {said}");
}
