//! Every mistake is named.

use super::*;

fn parse(text: &str) -> Result<Config, Error> {
    Config::parse(text, Path::new("kiosk.toml"))
}

#[track_caller]
fn check(right: &str, wrong: &str, expected: &str) {
    assert!(SAMPLE.contains(right), "the sample has no `{right}`");
    let error = parse(&SAMPLE.replacen(right, wrong, 1)).unwrap_err();
    assert!(
        crate::chain::Chain(&error).to_string().contains(expected),
        "`{}` does not say `{expected}`",
        crate::chain::Chain(&error)
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
        "`kiosk.toml`, line 64: `session.idle_seconds` is `4`, but must be 10 to 600",
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
    check(
        "languages = [\"en\", \"de\", \"fr\", \"es\"]",
        "languages = [\"en\", \"tlh\"]",
        "`kiosk.languages` is `tlh`, but must be one or more of \"en\", \"de\", \"fr\" and \"es\", each once",
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
    check("accent = \"\"", "accent = \"blue\"", "`display.accent` is `blue`, but must be a colour such as \"#6cb6ff\"");
    check(
        "badge = \"alone\"",
        "badge = \"maybe\"",
        "`sign_in.badge` is `maybe`, but must be \"alone\", \"with-pin\" or \"off\"",
    );
    check(
        "idle_seconds",
        "idle_secs",
        "line 64: `session.idle_secs` is not a key, known are `after_unlock_seconds`, `idle_seconds`",
    );
    check("[session]", "[sessions]", "line 62: `sessions` is not a key, known are `audit`, `badge`");
    check(
        "idle_seconds = 45",
        "idle_seconds = \"45\"",
        "line 64: `session.idle_seconds` is of type string, but must be of type integer",
    );
    check("idle_seconds = 45", "idle_seconds = ", "line 64");
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
