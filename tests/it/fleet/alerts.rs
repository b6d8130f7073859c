//! The rules and the dashboard for Prometheus, with the series that a kiosk of a fleet really exports.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path, process::Command};

use serde_json::Value;

use super::status::{metrics_with, watched};
use crate::support::{fleet::Fleet, headless::Site, postgres::Postgres};

const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/prometheus-rules.yml");

/// The series of a connected kiosk: name with labels, and value.
fn exported() -> Vec<(String, String)> {
    let (db, kisi) = (Postgres::start(), Site::new());
    let fleet = Fleet::new(&db, &kisi);
    let lobby = fleet.kiosk("Lobby", "");
    let pin = fleet.enrol("ada@example.com", None);
    let (mut kiosk, at) = watched(&lobby);
    let _ = metrics_with(&at, "vestibule_fleet_standing{standing=\"connected\"} 1");
    kiosk.type_pin(&pin);
    let _ = metrics_with(&at, "vestibule_sign_ins_total{method=\"pin\",result=\"in\"} 1");
    let text = metrics_with(&at, "vestibule_fleet_records_unshipped 0");
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples.filter_map(|line| line.rsplit_once(' ')).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// With the labels that Prometheus adds.
fn as_scraped(series: &str) -> String {
    let target = "instance=\"lobby:9464\",job=\"vestibule\"";
    match series.strip_suffix('}') {
        Some(labeled) => format!("{labeled},{target}}}"),
        None => format!("{series}{{{target}}}"),
    }
}

/// Series that change, in promtool's notation, one value each minute.
struct Story {
    name: &'static str,
    changes: &'static [(&'static str, &'static str)],
    /// Whether everything else ends after ten minutes, as when the endpoint is gone.
    ends: bool,
    /// The alerts that fire at a minute.
    fires: &'static [(u32, &'static [&'static str])],
}

const CONNECTED: &str = "vestibule_fleet_standing{standing=\"connected\"}";
const AWAY: &str = "vestibule_fleet_standing{standing=\"away\"}";
const ROLLED_BACK: &str = "vestibule_fleet_standing{standing=\"rolled_back\"}";
const CONTACT: &str = "vestibule_fleet_last_contact_timestamp_seconds";
const UNSHIPPED: &str = "vestibule_fleet_records_unshipped";
const COPIES: &str = "vestibule_fleet_copies";

const STORIES: [Story; 11] = [
    Story { name: "all is well", changes: &[], ends: false, fires: &[(5, &[]), (170, &[])] },
    Story {
        name: "the endpoint is gone",
        changes: &[("up", "1x10 0x60")],
        ends: true,
        fires: &[(15, &[]), (17, &["VestibuleKioskSilent"])],
    },
    Story {
        name: "the target is gone",
        changes: &[("up", "1x10 _x100")],
        ends: true,
        fires: &[(14, &[]), (25, &["VestibuleKioskSilent"])],
    },
    Story {
        name: "out of order",
        changes: &[("vestibule_working", "1x10 0x60")],
        ends: false,
        fires: &[(12, &[]), (14, &["VestibuleOutOfOrder"])],
    },
    Story {
        name: "the database is away",
        changes: &[(CONNECTED, "1x10 0x60"), (AWAY, "0x10 1x60"), (CONTACT, "1+60x10 601x60")],
        ends: false,
        fires: &[(15, &[]), (17, &["VestibuleFleetAway"]), (40, &["VestibuleFleetAway", "VestibuleFleetNoContact"])],
    },
    Story {
        name: "the database is away for a moment",
        changes: &[(CONNECTED, "1x10 0x3 1x60"), (AWAY, "0x10 1x3 0x60")],
        ends: false,
        fires: &[(14, &[]), (20, &[])],
    },
    Story {
        name: "rolled back",
        changes: &[(CONNECTED, "1x10 0x60"), (ROLLED_BACK, "0x10 1x60")],
        ends: false,
        fires: &[(10, &[]), (11, &["VestibuleFleetRolledBack"])],
    },
    Story {
        name: "records are not shipped",
        changes: &[(UNSHIPPED, "0x10 3x120")],
        ends: false,
        fires: &[(69, &[]), (73, &["VestibuleFleetNotShipped"])],
    },
    Story {
        name: "records are written all the time",
        changes: &[(UNSHIPPED, "0 5x7 0 5x7 0 5x7 0 5x7 0 5x7 0 5x7 0 5x7 0 5x7 0 5x7 0 5x7 0 5x7 0 5x7 0")],
        ends: false,
        fires: &[(100, &[])],
    },
    Story {
        name: "copies disappear",
        changes: &[(COPIES, "40x60 12x60")],
        ends: false,
        fires: &[(65, &[]), (67, &["VestibuleFleetCopiesGone"])],
    },
    Story { name: "some people leave", changes: &[(COPIES, "40x60 36x60")], ends: false, fires: &[(70, &[])] },
];

impl Story {
    /// As a test of promtool's.
    fn write(&self, exported: &[(String, String)], out: &mut String) {
        writeln!(out, "- name: {}\n  interval: 1m\n  input_series:", self.name).unwrap();
        let mut changes: Vec<_> = self.changes.to_vec();
        let mut put = |series: &str, values: &str| {
            writeln!(out, "  - series: '{}'\n    values: '{values}'", as_scraped(series)).unwrap();
        };
        for (series, value) in exported {
            let change = changes.iter().position(|(changed, _)| changed == series).map(|at| changes.remove(at).1);
            let steady = if self.ends { format!("{value}x10 _x100") } else { format!("{value}x180") };
            let moves = if self.ends { "1+60x10 _x100" } else { "1+60x180" };
            put(series, change.unwrap_or(if series == CONTACT { moves } else { &steady }));
        }
        let up = changes.iter().position(|(changed, _)| *changed == "up").map(|at| changes.remove(at).1);
        put("up", up.unwrap_or("1x180"));
        assert_eq!(changes, [], "{}: a kiosk does not export this", self.name);
        writeln!(out, "  promql_expr_test:").unwrap();
        for (minute, alerts) in self.fires {
            let asked = "count by (alertname) (ALERTS{alertstate=\"firing\"})";
            writeln!(out, "  - eval_time: {minute}m\n    expr: {asked}\n    exp_samples:").unwrap();
            for alert in *alerts {
                writeln!(out, "    - labels: '{{alertname=\"{alert}\"}}'\n      value: 1").unwrap();
            }
        }
    }
}

fn promtool(arguments: &[&str], file: &Path) {
    let done =
        Command::new("promtool").args(arguments).arg(file).output().expect("promtool must be installed: see README");
    let said = [done.stdout, done.stderr].concat();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&said));
}

/// Every word that is the name of a metric of the kiosk's.
fn names(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':');
    words.filter(|word| word.starts_with("vestibule_") || word.starts_with("process_")).collect()
}

/// Each rule fires when it should and only then, with the series of a real kiosk. The dashboard asks for nothing that a kiosk
/// does not export.
#[test]
fn rules_and_dashboard_work_with_what_a_kiosk_exports() {
    let exported = exported();
    promtool(&["check", "rules"], Path::new(RULES));
    let mut tests = format!("rule_files: ['{RULES}']\nevaluation_interval: 1m\ntests:\n");
    for story in &STORIES {
        story.write(&exported, &mut tests);
    }
    let folder = vestibule::private_files::temporary_folder("vestibule-").unwrap();
    let file = folder.path().join("stories.yml");
    fs::write(&file, &tests).unwrap();
    promtool(&["test", "rules"], &file);
    let rules = fs::read_to_string(RULES).unwrap();
    let alerts: BTreeSet<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    let fired: BTreeSet<&str> =
        STORIES.iter().flat_map(|story| story.fires).flat_map(|(_, alerts)| *alerts).copied().collect();
    assert_eq!(alerts, fired, "each alert fires in a story");

    let known: BTreeSet<&str> = exported.iter().flat_map(|(series, _)| names(series)).collect();
    let dashboard = include_str!("../../../assets/grafana.json");
    let dashboard: Value = serde_json::from_str(dashboard).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let asked: Vec<&str> = targets.map(|target| target["expr"].as_str().unwrap()).collect();
    let mut as_rules = "groups:\n- name: dashboard\n  rules:\n".to_owned();
    for (number, expression) in asked.iter().enumerate() {
        let expression = expression.replace("$kiosk", "lobby").replace("$__rate_interval", "5m");
        writeln!(as_rules, "  - record: panel:{number}\n    expr: '{expression}'").unwrap();
    }
    let file = folder.path().join("dashboard.yml");
    fs::write(&file, as_rules).unwrap();
    promtool(&["check", "rules"], &file);
    let unknown: Vec<&str> = asked.iter().flat_map(|text| names(text)).filter(|name| !known.contains(name)).collect();
    assert_eq!(unknown, Vec::<&str>::new(), "not exported");
    let shown: BTreeSet<&str> = asked.iter().flat_map(|text| names(text)).collect();
    let fleet: Vec<&&str> = known.iter().filter(|name| name.starts_with("vestibule_fleet_")).collect();
    let is_shown = |name: &str| shown.contains(name) || name.ends_with("_sum") || name.ends_with("_count");
    let missing: Vec<_> = fleet.into_iter().filter(|name| !is_shown(name)).collect();
    assert_eq!(missing, Vec::<&&str>::new(), "not on the dashboard");
}
