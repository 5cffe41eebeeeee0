//! Real logs of wandb 0.31.0 against what was really logged; data/README.md says how both were made.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use runlake_types::{Json, Kind, KindCounts, Number, Object, RunState, flatten};

use super::row_builder::STAMPS;
use super::{DamageKind, Row, Survey, decode_log_bytes, find_logs, rows, survey};

struct Sample {
    truth: Object,
    survey: Survey,
    history: Vec<Object>,
    system: Vec<Object>,
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data")
}

fn truths() -> Vec<(PathBuf, Object)> {
    let mut truths = Vec::new();
    for part in ["digits", "no-entity"] {
        let text = fs_err::read_to_string(data().join(part).join("truth.jsonl")).unwrap();
        for truth in text.lines().map(|line| Json::parse_object(line).unwrap()) {
            let run = data().join(part).join("wandb").join(truth["folder"].as_str().unwrap());
            truths.push((find_logs(&run).unwrap().remove(0), truth));
        }
    }
    truths
}

fn read(log: &Path, truth: Object) -> Sample {
    let mut sample = Sample { truth, survey: survey(log).unwrap(), history: vec![], system: vec![] };
    for row in rows(log).unwrap() {
        match row.unwrap() {
            Row::History(row) => sample.history.push(row),
            Row::System(row) => sample.system.push(row),
        }
    }
    sample
}

fn sample(run_id: &str) -> Sample {
    let (log, truth) = truths().into_iter().find(|(_, truth)| truth["run_id"].as_str() == Some(run_id)).unwrap();
    read(&log, truth)
}

fn log_bytes(run_id: &str) -> Vec<u8> {
    let (log, _) = truths().into_iter().find(|(_, truth)| truth["run_id"].as_str() == Some(run_id)).unwrap();
    fs_err::read(log).unwrap()
}

/// A value of the truth without its tags, and without the empty dicts that the SDK drops from rows.
fn expected(value: &Json) -> Json {
    let Json::Object(members) = value else {
        return match value {
            Json::Array(items) => Json::Array(items.iter().map(expected).collect()),
            plain => plain.clone(),
        };
    };
    if let Some(Json::String(float)) = members.get("$float") {
        return Json::from(Json::special_float(float).unwrap());
    }
    let is_empty = |value: &Json| value.as_object().is_some_and(Object::is_empty);
    Json::Object(members.iter().map(|(key, value)| (key.clone(), expected(value))).filter(|(_, value)| !is_empty(value)).collect())
}

/// Equal values, the sign of zero included; `{"$media": T}` stands for any typed object of that type.
fn is_same(found: &Json, wanted: &Json) -> bool {
    match (found, wanted) {
        (Json::Object(found), Json::Object(wanted)) if wanted.contains_key("$media") => found.get("_type") == wanted.get("$media"),
        (Json::Object(found), Json::Object(wanted)) => {
            found.len() == wanted.len() && wanted.iter().all(|(key, wanted)| found.get(key).is_some_and(|found| is_same(found, wanted)))
        }
        _ => found == wanted && found.to_canonical_text() == wanted.to_canonical_text(),
    }
}

#[test]
fn every_row_is_what_was_logged() {
    for (log, truth) in truths() {
        let name = log.display().to_string();
        let sample = read(&log, truth);
        let Json::Array(entries) = &sample.truth["rows"] else { panic!("no rows") };
        let wanted: BTreeMap<i64, Json> = entries
            .iter()
            .map(|entry| entry.as_object().unwrap())
            .map(|entry| (entry["step"].as_number().unwrap().as_i64().unwrap(), expected(&entry["row"])))
            .collect();
        for mut row in sample.history.clone() {
            let stamps = STAMPS.map(|stamp| row.remove(stamp).expect("every row is stamped"));
            let step = stamps[0].as_number().unwrap().as_i64().unwrap();
            assert!(is_same(&Json::Object(row.clone()), &wanted[&step]), "{name} step {step}: {}", Json::Object(row));
        }
        assert_eq!(sample.history.len() as u64, sample.survey.rows, "{name}");
        assert_eq!(sample.system.len() as u64, sample.survey.stats_rows, "{name}");
        assert!(sample.survey.is_sorted, "{name}");
        if sample.truth["complete"] == Json::Bool(true) {
            assert_eq!(sample.history.len(), wanted.len(), "{name}");
            assert_eq!(sample.survey.first_step, wanted.keys().next().copied(), "{name}");
            assert_eq!(sample.survey.last_step, wanted.keys().next_back().copied(), "{name}");
            assert!(sample.survey.damage.is_clean(), "{name}: {:?}", sample.survey.damage);
        } else {
            assert!(sample.history.len() <= wanted.len(), "{name}");
        }
    }
}

#[test]
fn every_run_is_described_as_it_was() {
    for (log, truth) in truths() {
        let name = log.display().to_string();
        let Survey { record, exit_code, is_finished, .. } = survey(&log).unwrap();
        if truth["run_id"].as_str() == Some("corrupt") {
            continue; // its first block is damaged, so what it says of the run may be lost
        }
        let given = |key: &str| truth[key].as_str().map(str::to_owned);
        assert_eq!(Some(record.path.run_id), given("run_id"), "{name}");
        assert_eq!(record.path.entity, given("entity").unwrap_or_default(), "{name}");
        assert_eq!(Some(record.path.project), given("project"), "{name}");
        assert_eq!(record.display_name, given("display_name"), "{name}");
        assert_eq!(record.group, given("group"), "{name}");
        assert_eq!(record.job_type, given("job_type"), "{name}");
        assert_eq!(record.notes, given("notes"), "{name}");
        let mut tags = record.tags;
        tags.sort();
        let Json::Array(wanted) = &truth["tags"] else { panic!("no tags") };
        let mut wanted: Vec<&str> = wanted.iter().filter_map(Json::as_str).collect();
        wanted.sort_unstable();
        assert_eq!(tags, wanted, "{name}");
        assert_eq!(Json::Object(record.config), truth["config"], "{name}");
        for (key, value) in truth["summary"].as_object().unwrap() {
            assert!(is_same(&record.summary[key], value), "{name}: summary {key}");
        }
        assert!(!record.summary.contains_key("_wandb"), "{name}");
        let wanted_code = truth["exit_code"].as_number().and_then(Number::as_i64);
        assert_eq!(exit_code.map(i64::from), wanted_code, "{name}");
        assert_eq!(is_finished, wanted_code.is_some(), "{name}");
        let state = truth["state"].as_str().unwrap().replace("unfinished", "running");
        assert_eq!(record.state, RunState::from_name(&state), "{name}");
        assert!(record.heartbeat_at >= record.created_at && record.created_at.is_some(), "{name}");
    }
}

#[test]
fn the_survey_counts_what_the_rows_hold() {
    for (log, truth) in truths() {
        let sample = read(&log, truth);
        let mut counts = BTreeMap::new();
        for (path, leaf) in sample.history.iter().cloned().flat_map(flatten) {
            if !(path.parts().len() == 1 && STAMPS.contains(&path.parts()[0].as_str())) {
                let counts: &mut KindCounts = counts.entry(path).or_default();
                if let Some(kind) = Kind::of(&leaf) {
                    counts.add(kind, 1);
                }
            }
        }
        assert_eq!(sample.survey.kinds, counts);
        let system_keys = sample.system.iter().flat_map(Object::keys).filter(|key| !key.starts_with('_')).cloned().collect();
        assert_eq!(sample.survey.system_keys, system_keys);
        for row in &sample.system {
            assert!(row["_timestamp"].as_number().unwrap().as_f64() > 1.7e9);
            assert!((-1.0..600.0).contains(&row["_runtime"].as_number().unwrap().as_f64()));
        }
    }
}

#[test]
fn the_summary_is_the_last_of_everything() {
    let Sample { survey, history, .. } = sample("lr010-seed1");
    let last = history.last().unwrap();
    for key in ["_step", "train/loss", "lr.current", "_timestamp"] {
        assert_eq!(survey.record.summary[key], last[key], "{key}");
    }
    let with_val = history.iter().rev().find(|row| row.contains_key("val")).unwrap();
    assert_eq!(survey.record.summary["val"], with_val["val"], "a nested dict comes together again");
    let epochs = sample("epochs").survey.record.summary;
    assert_eq!(epochs["val/acc"].as_object().unwrap().keys().collect::<Vec<_>>(), ["max"], "define_metric asked for the maximum");
    assert!(!epochs.contains_key("grad norm"), "define_metric asked for no summary");
}

#[test]
fn all_kinds_of_records_are_counted() {
    let Survey { record_counts, record, .. } = sample("records").survey;
    for kind in [
        "header",
        "run",
        "history",
        "summary",
        "config",
        "stats",
        "output_raw",
        "alert",
        "preempting",
        "files",
        "telemetry",
        "environment",
        "exit",
    ] {
        assert!(record_counts.contains_key(kind), "{kind} in {record_counts:?}");
    }
    assert_eq!(record_counts["run"], 2);
    assert!(!record_counts.contains_key("other"));
    assert!(record.config_internal.unwrap().as_object().unwrap().contains_key("cli_version"));
}

#[test]
fn a_killed_run_ends_in_a_torn_record_or_none() {
    let crashed = sample("crashed").survey;
    assert!(crashed.damage.is_clean());
    assert!(!crashed.is_finished);
    for run_id in ["running", "torn"] {
        let damage = sample(run_id).survey.damage;
        assert!(damage.is_torn_end_only(), "{run_id}: {damage:?}");
    }
}

#[test]
fn a_flipped_byte_costs_one_record() {
    let Sample { survey, history, .. } = sample("corrupt");
    assert_eq!((survey.damage.region_count, survey.damage.regions[0].what), (1, DamageKind::BadChecksum));
    assert!(survey.damage.byte_count < 2000, "{:?}", survey.damage);
    assert!(history.len() >= 79, "{} rows", history.len());
    assert_eq!(survey.record.path.run_id, "corrupt");
}

#[test]
fn a_real_log_cut_anywhere_is_read_up_to_the_cut() {
    let bytes = log_bytes("sparse");
    let (whole, all) = decode_log_bytes(&bytes).unwrap();
    let mut rows_before = 0;
    for cut in 0..bytes.len() {
        let (survey, rows) = decode_log_bytes(&bytes[..cut]).unwrap();
        assert_eq!(rows, all[..rows.len()], "cut at {cut}");
        assert!(rows.len() >= rows_before, "cut at {cut}");
        assert!(survey.damage.is_clean() || survey.damage.is_torn_end_only(), "cut at {cut}: {:?}", survey.damage);
        assert!(survey.has_run() || survey.rows == 0);
        rows_before = rows.len();
    }
    assert_eq!(rows_before as u64, whole.rows + whole.stats_rows);
}

#[test]
fn a_real_log_with_any_byte_flipped_gives_rows_as_logged_and_in_order() {
    let bytes = log_bytes("sparse");
    let (_, all) = decode_log_bytes(&bytes).unwrap();
    for at in (7..bytes.len()).step_by(5) {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x10;
        let (survey, rows) = decode_log_bytes(&bytes).unwrap();
        assert!(!survey.damage.is_clean(), "byte {at}");
        let mut rest = all.iter();
        // System rows after a lost run record have no `_runtime`; only history rows are compared.
        let history: Vec<&Row> = rows.iter().filter(|row| matches!(row, Row::History(_))).collect();
        assert!(history.iter().all(|row| rest.any(|original| original == *row)), "byte {at}");
    }
}
