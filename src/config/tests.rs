//! Defaults, and the error for every kind of mistake.

use std::time::Duration;

use super::*;
use crate::language::Language;

fn parse(text: &str) -> Result<Config, Error> {
    Config::parse(text, Path::new("kiosk.toml"))
}

/// The line of the shipped file that starts with this text, from 1.
fn sample_line(start: &str) -> usize {
    1 + SAMPLE.lines().position(|line| line.starts_with(start)).unwrap()
}

#[track_caller]
fn check(right: &str, wrong: &str, expected: &str) {
    assert!(SAMPLE.contains(right), "the sample has no `{right}`");
    let error = parse(&SAMPLE.replacen(right, wrong, 1)).unwrap_err();
    assert!(
        crate::error_chain::Chain(&error).to_string().contains(expected),
        "`{}` does not say `{expected}`",
        crate::error_chain::Chain(&error)
    );
}

#[test]
fn the_shipped_file_is_a_configuration_and_an_empty_one_means_the_same() {
    assert_eq!(parse(SAMPLE).unwrap(), parse("").unwrap());
}

#[test]
fn a_file_with_one_key_changes_that_key_only() {
    let config = parse("[session]\nidle_seconds = 60\n").unwrap();
    assert_eq!(config.session.idle, Duration::from_mins(1));
    assert_eq!(Config { session: parse("").unwrap().session, ..config }, parse("").unwrap());
}

#[test]
fn every_mistake_is_named_with_file_line_key_value_and_what_is_allowed() {
    check(
        "idle_seconds = 45",
        "idle_seconds = 4",
        &format!(
            "`kiosk.toml`, line {}: `session.idle_seconds` is `4`, but must be 10 to 600",
            sample_line("idle_seconds")
        ),
    );
    check(
        "warning_seconds = 20",
        "warning_seconds = 50",
        "`session.warning_seconds` is `50`, but must be below session.idle_seconds",
    );
    check("pin_digits = 6", "pin_digits = 4", "`sign_in.pin_digits` is `4`, but must be 6 to 12");
    check("guesses = 10", "guesses = 0", "`budget.guesses` is `0`, but must be 1 to 100");
    check("refill_minutes = 6", "refill_minutes = 16", "`budget.refill_minutes` is `16`, but must be 1 to 15");
    check("max_length = 64", "max_length = 65", "`badge.max_length` is `65`, but must be 1 to 64");
    check("name = \"Lobby\"", "name = \" \"", "`kiosk.name` is ``, but must be 1 to 40 characters");
    check("timeout_seconds = 8", "timeout_seconds = 0", "`kisi.timeout_seconds` is `0`, but must be 2 to 30");
    let codes = Language::ALL.map(|language| format!("\"{}\"", language.code()));
    let (last, rest) = codes.split_last().unwrap();
    let codes = format!("{} and {last}", rest.join(", "));
    check(
        "languages = [\"en\", \"de\", \"fr\", \"es\"]",
        "languages = [\"en\", \"tlh\"]",
        &format!("`kiosk.languages` is `tlh`, but must be one or more of {codes}, each once"),
    );
    check("languages = [\"en\", \"de\", \"fr\", \"es\"]", "languages = []", "`kiosk.languages` is ``");
}

#[test]
fn every_mistake_about_the_display_is_named() {
    check(
        "panel_width_mm = 0",
        "panel_width_mm = 20",
        "`display.panel_width_mm` is `20`, but must be 0, or 50 to 3000",
    );
    check("names = \"first\"", "names = \"nick\"", "`display.names` is `nick`, but must be \"first\", \"initials\"");
    check(
        "reception_idle_seconds = 900",
        "reception_idle_seconds = 9",
        "`display.reception_idle_seconds` is `9`, but must be 60 to 28800",
    );
    check("volume = 50", "volume = 0", "`sound.volume` is `0`, but must be 1 to 100");
    check(
        "theme = \"dark\"",
        "theme = \"pink\"",
        "`display.theme` is `pink`, but must be \"dark\", \"light\" or \"contrast\"",
    );
    check(
        "dim_after_seconds = 120",
        "dim_after_seconds = 4000",
        "`display.dim_after_seconds` is `4000`, but must be 0 to 3600",
    );
    check("accent = \"\"", "accent = \"blue\"", "`display.accent` is `blue`, but must be a color such as \"#6cb6ff\"");
    check(
        "badge = \"alone\"",
        "badge = \"maybe\"",
        "`sign_in.badge` is `maybe`, but must be \"alone\", \"with-pin\" or \"off\"",
    );
    check(
        "idle_seconds",
        "idle_secs",
        &format!(
            "line {}: `session.idle_secs` is not a key; known keys: `after_unlock_seconds`, `idle_seconds`",
            sample_line("idle_seconds")
        ),
    );
    check(
        "[session]",
        "[sessions]",
        &format!("line {}: `sessions` is not a key; known keys: `audit`, `badge`", sample_line("[session]")),
    );
    check(
        "idle_seconds = 45",
        "idle_seconds = \"45\"",
        &format!(
            "line {}: `session.idle_seconds` is of type string, but must be of type integer",
            sample_line("idle_seconds")
        ),
    );
    check("idle_seconds = 45", "idle_seconds = ", &format!("line {}", sample_line("idle_seconds")));
}

#[test]
fn a_kiosk_where_nobody_could_sign_in_is_refused() {
    let error = parse("[sign_in]\npin = false\nbadge = \"off\"").unwrap_err();
    assert!(error.to_string().contains("nobody could sign in"));
}

#[test]
fn a_missing_file_is_named() {
    let error = Config::load(Path::new("no/such/kiosk.toml")).unwrap_err();
    assert_eq!(error.to_string(), "`no/such/kiosk.toml` cannot be read");
}

/// A1: `base_url = "http://127.0.0.1:9"` with a proxy sent logins and the admin key in cleartext to that proxy.
#[test]
fn an_address_of_this_machine_is_never_asked_through_a_proxy() {
    for here in ["http://127.0.0.1:9", "https://127.0.0.1:9", "http://localhost:1", "https://[::1]"] {
        let text =
            format!("[kisi]\nplaces = []\nbase_url = \"{here}\"\nproxy = \"http://kiosk:canary@somewhere:3128\"\n");
        let error = parse(&text).unwrap_err().to_string();
        assert!(error.contains("line 3 and line 4: `kisi.base_url` and `kisi.proxy` exclude each other"), "{error}");
        assert!(!error.contains("canary"), "{error}");
        assert!(parse(&text.replace("http://kiosk:canary@somewhere:3128", "")).is_ok(), "without one it is fine");
    }
    let error =
        parse("[kisi]\nbase_url = \"http://api.kisi.io\"\nproxy = \"http://somewhere:3128\"").unwrap_err().to_string();
    assert!(error.contains("line 2: `kisi.base_url`"), "with any proxy the address must be https: {error}");
    assert!(parse("[kisi]\nproxy = \"http://somewhere:3128\"").is_ok());
    for wrong in [
        "proxy = \"kiosk:canary@somewhere\"",
        "proxy = \"http://kiosk:canary@somewhere",
        "proxy = \"socks5://u:canary@host\"",
        "proxy = http://kiosk:canary@somewhere",
        "proxy = \"http://somewhere:3128/canary\"",
        "\"http://kiosk:canary@somewhere\" = 1",
        "base_url = \"https://kiosk:canary@api.kisi.io\"",
        "base_url = \"http://api.kisi.io?canary\"",
    ] {
        let error = parse(&format!("[kisi]\n{wrong}\n")).unwrap_err().to_string();
        assert!(!error.contains("canary") && error.contains("line "), "{error}");
        assert!(!format!("{:?}", parse(&format!("[kisi]\n{wrong}\n"))).contains("canary"));
    }
}

/// D23: the errors for `volume = 300` and `guesses = -1` named neither line nor range.
#[test]
fn a_number_of_any_width_is_named_with_line_and_range() {
    for (section, key, allowed) in [
        ("sound", "volume", "1 to 100"),
        ("budget", "guesses", "1 to 100"),
        ("audit", "keep_days", "1 to 3650"),
        ("display", "panel_width_mm", "0, or 50 to 3000"),
        ("session", "idle_seconds", "10 to 600"),
        ("badge", "min_length", "1 to 64"),
        ("limits", "per_person_per_day", "0 to 10000"),
    ] {
        for number in [i64::MIN, -1, 70_000, i64::from(u32::MAX) + 1, i64::MAX] {
            let error = parse(&format!("# a comment\n[{section}]\n{key} = {number}\n")).unwrap_err().to_string();
            let expected = format!("`kiosk.toml`, line 3: `{section}.{key}` is `{number}`, but must be {allowed}");
            assert!(error.starts_with(&expected), "{error}");
        }
    }
    for (text, expected) in [
        ("[kisi]\nplaces = [-3]", "line 2: `kisi.places` is `-3`, but must be a list of whole numbers above 0"),
        ("[kisi]\nplaces = [\"3\"]", "line 2: `kisi.places` is `\"3\"`"),
        ("[doors]\nhide = [7]", "line 2: `doors.hide` is `7`, but must be the name of a door"),
        (
            "[doors]\nconfirm = [\"id:x\"]",
            "line 2: `doors.confirm` is `\"id:x\"`, but must be the name of a door, or its id",
        ),
        (
            "[limits]\nper_door = { \"id:x\" = 1 }",
            "line 2: `limits.per_door.id:x` is `1`, but must be the name of a door",
        ),
        ("[limits]\nper_door = { Vault = -1 }", "line 2: `limits.per_door.Vault` is `-1`"),
        ("[limits]\nper_door = { Vault = 1.5 }", "line 2: `limits.per_door.Vault` is `1.5`"),
    ] {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn an_unknown_keyboard_mode_is_refused() {
    assert_eq!(parse("").unwrap().sign_in.keyboard, Keyboard::Readers);
    check("keyboard = \"readers\"", "keyboard = \"all\"", "`sign_in.keyboard` is `all`, but must be \"readers\"");
}

/// D23: an error names the line and key that the file has, and never a line that it has not.
#[test]
fn an_error_names_the_line_that_the_file_has() {
    for (text, expected) in [
        (
            "[badge]\nmax_length = 3\n",
            "`kiosk.toml`: `badge.min_length` is `4` by default, but must be 1 to badge.max_length",
        ),
        (
            "[session]\nidle_seconds = 15\n",
            "`kiosk.toml`: `session.warning_seconds` is `20` by default, but must be below session.idle_seconds",
        ),
        ("# ours\n[\"kiosk.name\"]\n", "`kiosk.toml`, line 2: `kiosk.name` is not a key"),
        (
            "[limits.per_door]\n\"Server 1.2\" = 5\nVault = 0\n",
            "`kiosk.toml`, line 3: `limits.per_door.Vault` is `0`, but must be a whole number from 1 to 10000",
        ),
        ("[limits]\nper_door = { \"Server 1.2\" = 0 }\n", "line 2: `limits.per_door.Server 1.2` is `0`"),
        ("[session]\nidle_seconds = 99999999999999999999\n", "line 2, column 16: this number is out of range"),
        ("[display]\naccent = \"#+12345\"\n", "line 2: `display.accent` is `#+12345`, but must be a color"),
        ("[proximity]\nlatitude = 91\n", "line 2: `proximity.latitude` is `91`, but must be -90.0 to 90.0"),
        ("[proximity]\nlatitude = 9999999999\n", "line 2: `proximity.latitude` is of type integer"),
    ] {
        let error = parse(text).unwrap_err();
        let said = crate::error_chain::Chain(&error).to_string();
        assert!(said.contains(expected), "`{said}` does not say `{expected}`");
    }
    let config = parse("[proximity]\nlatitude = 53\n").unwrap();
    assert!((config.proximity.latitude - 53.0).abs() < f64::EPSILON);
}
