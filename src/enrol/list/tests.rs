//! Tests of lists of staff: row numbers and mistakes. Whole files are in `tests/it/staff/lists`.

use super::*;
use crate::{error_chain::Chain, staff::BadgeFormat};

fn profile() -> BadgeProfile {
    BadgeProfile { max_length: 10, format: BadgeFormat::Decimal, ..BadgeProfile::plain() }
}

#[track_caller]
fn check(list: &str, expected: &str) {
    let error = read(list.as_bytes(), Encoding::Unicode, &profile()).unwrap_err();
    assert!(Chain(&error).to_string().contains(expected), "`{}` does not say `{expected}`", Chain(&error));
}

#[test]
fn rows_are_numbered_as_in_a_spreadsheet() {
    let list = "\u{feff}Email, Name ,badge\nada@example.com,\"Lind, Ada\",0012\n,,\n grace@example.com , Grace,\n";
    let candidates = read(list.as_bytes(), Encoding::Unicode, &profile()).unwrap().candidates;
    let rows: Vec<_> = candidates.iter().map(|c| (c.row, c.email.as_str(), c.name.as_str())).collect();
    assert_eq!(rows, [(2, "ada@example.com", "Lind, Ada"), (4, "grace@example.com", "Grace")]);
    assert_eq!(candidates[0].badge.as_ref().unwrap().expose(), "0012", "leading zeros count");
    assert_eq!(candidates[1].badge, None);
}

#[test]
fn every_mistake_names_its_row() {
    check("person,badge\n", "the first line is `person,badge`");
    check("", "the list is empty");
    check("\n \n", "the list is empty");
    // A quotation mark that is not closed would swallow the rows after it.
    check("email,name\na@b.de,\"A\nb@b.de,B\n", "row 2: a quotation mark is not closed");
    check("email,name,x\na@b.de,A,\"new\nb@b.de,\"B\",y\n", "row 2: a quotation mark is not closed");
    check("email,name,badge\nada,Ada,\n", "row 2: `ada` is not an e-mail address");
    check("email,name,badge\na@b.de,A,\nA@B.de,A,\n", "row 3: A@B.de is already in row 2");
    check("email,name,badge\na@b.de,A,12345\nc@b.de,C,12345\n", "row 3: the badge of c@b.de is already in row 2");
    // D25: escape sequences from a list reached the terminal.
    check("email,name,badge\na@b.de,A\u{1b}[2J,\n", "row 2: the name holds the control character U+001B");
    check("email,name,badge\na@b.de,A\u{202e}b,\n", "row 2: the name holds the control character U+202E");
    check("email,name,badge\na@b.de,\"A\nB\",\n", "row 2: the name holds the control character U+000A");
    check("email,name,badge\na\u{9b}@b.de,A,\n", "row 2: the address holds the control character U+009B");
    check("email,name,badge\na@b.de,A,12x45\n", "row 2: the badge `12x45` of a@b.de does not fit [badge]");
    check(
        "email,name,badge
a@b.de,A,,x
",
        "row 2: has 4 columns, but the header has 3",
    );
    check(
        "email,name,badge
a@b.de,A,123
",
        "row 2: the badge `123` of a@b.de has 3 digits, but badge.min_length is 4",
    );
    check("email,name,badge\na@b.de,A,12345678901\nx,,\n", "; row 3: `x` is not an e-mail address");
}
