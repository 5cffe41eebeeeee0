//! The members, the answers of both clients held against each other, and the table that the documentation keeps.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use runlake_types::Json;

use super::{Context, MACHINE, steps};
use crate::backend::Backend;
use crate::command::Runlake;
use crate::lake::{block_on, sample_lake, sample_log};
use crate::python::printed;
use crate::shared::{shared_folder, workspace_folder};

/// A member, as `tests/members.tsv` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name in the official SDK, which is that of its step.
    pub name: String,
    /// Its name in runlake.
    pub rust: String,
    /// Where runlake differs on purpose, and other words; may be empty.
    pub note: String,
}

/// What came of a member.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The member.
    pub member: Member,
    /// What is wrong with it; `None` when both clients answered alike.
    pub fault: Option<String>,
}

/// The members of the table.
pub fn members() -> Vec<Member> {
    let text = fs_err::read_to_string(workspace_folder().join("tests/members.tsv")).expect("the list lies beside the tests");
    let member = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, rust, note] = fields[..] else { panic!("`{line}` does not have three fields") };
        Member { name: name.to_owned(), rust: rust.to_owned(), note: note.to_owned() }
    };
    text.lines().skip(1).filter(|line| !line.is_empty()).map(member).collect()
}

/// Calls every member through both clients, each against a backend of its own, and compares.
pub fn compare() -> Vec<Outcome> {
    let theirs = answers_of_the_sdk();
    let ours = answers_of_runlake(theirs.iter().map(|(name, _)| name.as_str()));
    let theirs: BTreeMap<&str, &Json> = theirs.iter().map(|(name, line)| (name.as_str(), line)).collect();
    let listed = members();
    let mut outcomes: Vec<Outcome> = listed
        .iter()
        .map(|member| {
            let fault = match (theirs.get(member.name.as_str()), ours.get(&member.name)) {
                (None, _) => Some("there is no step in tests/python".to_owned()),
                (_, None) => Some("there is no step in tests/src/members".to_owned()),
                (Some(theirs), Some(ours)) => difference(theirs, ours),
            };
            Outcome { member: member.clone(), fault }
        })
        .collect();
    let steps = theirs.keys().copied().chain(ours.keys().map(String::as_str));
    let mut unlisted: Vec<&str> = steps.filter(|name| !listed.iter().any(|member| member.name == *name)).collect();
    unlisted.sort_unstable();
    unlisted.dedup();
    outcomes.extend(unlisted.into_iter().map(|name| Outcome {
        member: Member { name: name.to_owned(), rust: String::new(), note: String::new() },
        fault: Some("it is not listed in tests/members.tsv".to_owned()),
    }));
    outcomes
}

/// The table in Markdown, with the faults below it.
pub fn markdown(outcomes: &[Outcome]) -> String {
    let passed = outcomes.iter().filter(|outcome| outcome.fault.is_none()).count();
    let mut text =
        format!("{passed} of {} members answer alike.\n\n| official SDK | runlake | outcome | |\n|---|---|---|---|\n", outcomes.len());
    for Outcome { member, fault } in outcomes {
        let verdict = if fault.is_none() { "pass" } else { "**fail**" };
        writeln!(text, "| `{}` | `{}` | {verdict} | {} |", member.name, member.rust, member.note).expect("writing to a String cannot fail");
    }
    text
}

/// A backend of its own for a client: the sample lake with [`MACHINE`] in it, and [`GIVEN`](super::GIVEN) made through it.
fn backend() -> Backend {
    let backend = Backend::start(&member_lake());
    let context = Context::of(&backend);
    let mutation = "mutation { upsertBucket(input: { entityName: \"runlake\", modelName: \"given\", name: \"given\", state: \"finished\", \
         commit: \"0123abc\", sweep: \"sw1\", host: \"node1\", jobType: \"eval\", groupName: \"g\", tags: [\"t\"], \
         config: \"{\\\"lr\\\": {\\\"value\\\": 1}}\", summaryMetrics: \"{\\\"odd\\\": \\\"NaN\\\"}\" }) { inserted } }";
    let reply = block_on(context.api().client().raw(mutation, serde_json::Value::Null)).expect("the backend answers");
    assert_eq!(reply["data"]["upsertBucket"]["inserted"], true, "{reply}");
    backend
}

/// The sample lake, and one run more.
fn member_lake() -> PathBuf {
    let sample = sample_lake();
    let marker = fs_err::metadata(&sample).and_then(|metadata| metadata.modified()).expect("the sample lake is there");
    shared_folder("member-lake", &format!("{marker:?}"), |folder| {
        copy_folder(&sample, folder);
        let logs = tempfile::tempdir().expect("the temporary folder is writable");
        let log = logs.path().join("offline-run-20261124_042550-sparse");
        copy_folder(&sample_log("sparse"), &log);
        let metadata =
            r#"{"os": "Linux-6.1", "python": "3.11.7", "cpu_count": 2, "gpu": null, "memory": {"total": 23.5}, "args": ["--lr", "0.1"]}"#;
        fs_err::write(log.join("files/wandb-metadata.json"), metadata).expect("the temporary folder is writable");
        fs_err::write(log.join("files/output.log"), "one\ntwo\nthree\nfour\nfünf\n").expect("the temporary folder is writable");
        let (entity, rest) = MACHINE.split_once('/').expect("a path has parts");
        let project = rest.split('/').next().expect("a path has parts");
        let call = Runlake::new(["import"]).arg(&log).arg("--lake").arg(folder).arg("--files");
        call.arg("--entity").arg(entity).arg("--project").arg(project).succeed();
    })
}

fn copy_folder(from: &Path, to: &Path) {
    fs_err::create_dir_all(to).expect("the target folder is writable");
    for entry in fs_err::read_dir(from).expect("the folder can be listed") {
        let entry = entry.expect("the folder can be listed");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs_err::copy(entry.path(), target).expect("the target folder is writable");
        }
    }
}

/// What the SDK answers, step by step, in the order of the steps.
fn answers_of_the_sdk() -> Vec<(String, Json)> {
    let backend = backend();
    let lines = printed("members.py", &[], &backend);
    let step = |line: &str| {
        let line = Json::parse_object(line).unwrap_or_else(|error| panic!("`{line}` is no step: {error}"));
        let name = line["member"].as_str().expect("a step has a name").to_owned();
        (name, Json::Object(line))
    };
    lines.lines().map(step).collect()
}

/// What runlake answers, in the order of the SDK's steps, since later ones see what earlier ones wrote.
fn answers_of_runlake<'a>(order: impl Iterator<Item = &'a str>) -> BTreeMap<String, Result<Json, String>> {
    let backend = backend();
    let mut left: BTreeMap<&str, super::Step> = steps().into_iter().collect();
    let mut answers = BTreeMap::new();
    let in_order: Vec<&str> = order.filter(|name| left.contains_key(name)).collect();
    for name in in_order {
        let Some(step) = left.remove(name) else { continue };
        let answer = block_on(step(Context::of(&backend)));
        answers.insert(name.to_owned(), answer.map_err(|error| format!("{error:?}")));
    }
    // Steps that the SDK's side lacks are reported as such, without being run.
    answers.extend(left.into_keys().map(|name| (name.to_owned(), Err("not called".to_owned()))));
    answers
}

/// What differs between the SDK's line and runlake's answer.
fn difference(theirs: &Json, ours: &Result<Json, String>) -> Option<String> {
    let line = theirs.as_object().expect("a step is an object");
    match (line.get("answer"), ours) {
        (None, _) => Some(format!("the SDK failed: {}", Json::Object(line.clone()))),
        (_, Err(error)) => Some(format!("runlake failed: {error}")),
        (Some(theirs), Ok(ours)) => first_difference(theirs, ours, "answer"),
    }
}

/// Where two values first differ, and how.
fn first_difference(theirs: &Json, ours: &Json, at: &str) -> Option<String> {
    match (theirs, ours) {
        (Json::Array(a), Json::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(index, (a, b))| first_difference(a, b, &format!("{at}[{index}]")))
        }
        (Json::Object(a), Json::Object(b)) if a.len() == b.len() && a.keys().eq(b.keys()) => {
            a.iter().zip(b.values()).find_map(|((key, a), b)| first_difference(a, b, &format!("{at}.{key}")))
        }
        _ if theirs == ours => None,
        _ => Some(format!("{at}: the SDK has {}, runlake has {}", cut(theirs), cut(ours))),
    }
}

fn cut(value: &Json) -> String {
    let text = value.to_string();
    if text.chars().count() <= 400 { text } else { text.chars().take(400).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_found_where_they_are() {
        let json = |text: &str| Json::parse(text).unwrap();
        let found = |a: &str, b: &str| first_difference(&json(a), &json(b), "answer");
        assert_eq!(found(r#"{"a":[1,{"b":2.0}]}"#, r#"{"a":[1.0,{"b":2}]}"#), None);
        assert_eq!(found(r#"{"a":[1,{"b":2}]}"#, r#"{"a":[1,{"b":3}]}"#).unwrap(), "answer.a[1].b: the SDK has 2, runlake has 3");
        assert_eq!(found("[1]", "[1,2]").unwrap(), "answer: the SDK has [1], runlake has [1,2]");
    }
}
