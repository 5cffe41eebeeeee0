//! Conformance, member by member: what the official SDK answers and what runlake answers are the same, and the documentation says so.
//!
//! `cargo xtask members` runs this, prints the table and writes it to `docs/members.md`.

use runlake_tests::members::table::{compare, markdown};
use runlake_tests::shared::workspace_folder;

/// Set by `cargo xtask members`: the documentation is written rather than checked.
const WRITE: &str = "RUNLAKE_WRITE_MEMBERS";

/// Between these lines of the document stands the table.
const MARKS: [&str; 2] = ["<!-- members: begin -->\n", "<!-- members: end -->\n"];

#[test]
fn every_member_answers_as_the_official_sdk_does() {
    let outcomes = compare();
    let table = markdown(&outcomes);
    let faults: Vec<String> =
        outcomes.iter().filter_map(|outcome| Some(format!("{}: {}", outcome.member.name, outcome.fault.as_ref()?))).collect();
    let path = workspace_folder().join("docs/members.md");
    let document = fs_err::read_to_string(&path).unwrap();
    let (before, rest) = document.split_once(MARKS[0]).expect("the document has a place for the table");
    let (kept, after) = rest.split_once(MARKS[1]).expect("the document has a place for the table");
    if std::env::var_os(WRITE).is_some() {
        fs_err::write(&path, format!("{before}{}{table}{}{after}", MARKS[0], MARKS[1])).unwrap();
        println!("{table}\n{}", faults.join("\n"));
    }
    assert!(faults.is_empty(), "these members differ:\n{}", faults.join("\n"));
    assert!(std::env::var_os(WRITE).is_some() || kept == table, "docs/members.md is out of date: run `cargo xtask members`");
}
