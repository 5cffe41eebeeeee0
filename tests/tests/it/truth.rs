//! What an import stored is what was logged: every run, every row, every value.

use runlake_lake::{Lake, StoredRun};
use runlake_tests::lake::{PROJECT, block_on, canonical, history, open, sample_lake};
use runlake_tests::truth::{Truth, comparable, load, logged};
use runlake_types::{Json, ProjectPath};

/// The rows of `run` that differ from what was logged, a line each.
async fn differences(lake: &Lake, run: &Truth) -> Vec<String> {
    let stored = history(lake, &run.path()).await;
    let mut wrong = Vec::new();
    for (step, row) in &stored {
        let found = canonical(comparable(row.clone()));
        match run.rows.get(step).cloned().map(canonical) {
            Some(wanted) if wanted == found => {}
            wanted => wrong.push(format!("{}, step {step}:\n  found  {found}\n  wanted {}", run.run_id, wanted.unwrap_or_default())),
        }
        for stamp in ["_runtime", "_timestamp"] {
            if row.get(stamp).and_then(Json::as_number).is_none() {
                wrong.push(format!("{}, step {step}: it has no {stamp}", run.run_id));
            }
        }
    }
    if run.is_complete && stored.len() != run.rows.len() {
        wrong.push(format!("{}: {} rows of {}", run.run_id, stored.len(), run.rows.len()));
    }
    wrong
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} differences; the first are\n{}", wrong.len(), wrong[..wrong.len().min(5)].join("\n"));
}

#[test]
fn whole_logs_give_exactly_the_rows_that_were_logged() {
    block_on(async {
        let lake = open(&sample_lake()).await;
        let mut wrong = Vec::new();
        for run in load("digits").values().filter(|run| run.is_complete) {
            wrong.extend(differences(&lake, run).await);
        }
        assert_none(&wrong);
    });
}

#[test]
fn damaged_logs_give_rows_that_were_logged_and_most_of_them() {
    block_on(async {
        let lake = open(&sample_lake()).await;
        for run in load("digits").values().filter(|run| !run.is_complete) {
            assert_none(&differences(&lake, run).await);
            let stored = history(&lake, &run.path()).await;
            assert!(!stored.is_empty(), "{} has no rows", run.run_id);
            match run.run_id.as_str() {
                // One block is lost, and what stands after it is not.
                "corrupt" => assert!(stored.contains_key(&79) && stored.len() < 80, "corrupt: {:?}", stored.keys()),
                // A log that ends early has every row up to its end.
                id => assert!(stored.keys().copied().eq(0..i64::try_from(stored.len()).unwrap()), "{id}: {:?}", stored.keys()),
            }
        }
    });
}

async fn stored_runs(lake: &Lake) -> Vec<StoredRun> {
    lake.runs(&ProjectPath::parse(PROJECT).unwrap()).await.unwrap()
}

#[test]
fn records_have_what_the_run_was_given() {
    let truth = load("digits");
    let runs = block_on(async { stored_runs(&open(&sample_lake()).await).await });
    assert_eq!(runs.iter().map(|run| &run.record.path.run_id).collect::<Vec<_>>(), truth.keys().collect::<Vec<_>>());
    let mut wrong = Vec::new();
    for StoredRun { record, .. } in &runs {
        let run = &truth[&record.path.run_id];
        let mut tags = record.tags.clone();
        tags.sort();
        for (what, found, wanted) in [
            ("display name", record.display_name.as_deref(), run.text("display_name")),
            ("group", record.group.as_deref(), run.text("group")),
            ("job type", record.job_type.as_deref(), run.text("job_type")),
            ("notes", record.notes.as_deref(), run.text("notes")),
            ("state", Some(record.state.as_str()), Some(run.state())),
            ("tags", Some(tags.join("|").as_str()), Some(run.sorted_tags().join("|").as_str())),
            ("config", Some(canonical(record.config.clone()).as_str()), Some(run.facts["config"].to_canonical_text().as_str())),
        ] {
            if found != wanted {
                wrong.push(format!("{what} of {}: found {found:?}, wanted {wanted:?}", run.run_id));
            }
        }
        assert!(record.created_at.is_some() && record.heartbeat_at >= record.created_at, "{}: {:?}", run.run_id, record.created_at);
    }
    assert_none(&wrong);
}

#[test]
fn summaries_have_what_was_set_by_hand_and_the_last_values() {
    let truth = load("digits");
    let runs = block_on(async { stored_runs(&open(&sample_lake()).await).await });
    let mut wrong = Vec::new();
    for StoredRun { record, .. } in &runs {
        let run = &truth[&record.path.run_id];
        let by_hand = logged(run.facts["summary"].as_object().unwrap().clone());
        for (key, wanted) in &by_hand {
            if record.summary.get(key).map(Json::to_canonical_text) != Some(wanted.to_canonical_text()) {
                wrong.push(format!("{}: `{key}` is {:?}, not {wanted}", run.run_id, record.summary.get(key)));
            }
        }
        // Where the script defined metrics, the summary is what it asked for.
        let has_definitions = run.facts["metrics"] != Json::Array(Vec::new());
        let last = run.rows.values().rev().find_map(|row| row.get("train/loss"));
        if let Some(last) = last.filter(|_| run.is_complete && !has_definitions)
            && record.summary.get("train/loss").map(Json::to_canonical_text) != Some(last.to_canonical_text())
        {
            wrong.push(format!("{}: the last loss is {last}, and the summary has {:?}", run.run_id, record.summary.get("train/loss")));
        }
    }
    assert_none(&wrong);
}

#[test]
fn the_counts_of_a_record_are_those_of_its_rows() {
    block_on(async {
        let lake = open(&sample_lake()).await;
        for StoredRun { record, synced_through_step, .. } in stored_runs(&lake).await {
            let rows = history(&lake, &record.path).await;
            assert_eq!(record.history_line_count, Some(rows.len() as u64), "{}", record.path);
            assert_eq!(record.last_step(), rows.last_key_value().map(|(step, _)| *step), "{}", record.path);
            assert_eq!(synced_through_step, record.last_step(), "{}", record.path);
        }
    });
}

#[test]
fn a_run_without_an_entity_is_local() {
    block_on(async {
        let lake = open(&sample_lake()).await;
        let truth = load("no-entity");
        let run = truth.values().next().unwrap();
        assert_eq!(run.path().entity, "local");
        assert_none(&differences(&lake, run).await);
        assert_eq!(lake.run(&run.path()).await.unwrap().record.path, run.path());
    });
}

#[test]
fn the_state_of_logs_without_an_end_can_be_said() {
    block_on(async {
        let lake = open(&sample_lake()).await;
        let live = lake.runs(&ProjectPath::new("runlake", "live")).await.unwrap();
        let states: Vec<&str> = live.iter().map(|run| run.record.state.as_str()).collect();
        assert_eq!((states, live[0].completeness.as_str()), (vec!["running"], "live"));
    });
}
