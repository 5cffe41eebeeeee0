//! What differs between runs: in what they are, in their config, and in how they came out.

use polars::prelude::{Column, DataFrame};
use runlake_lake::{Lake, StoredRun};
use runlake_types::Json;

use crate::aligned_curves::{KEY, text_column};
use crate::config::{Values, differs, values_of};
use crate::json_column::text_of;
use crate::paired::unlike_names;
use crate::{Error, ErrorKind, Selection};

/// A row for each thing in which the runs differ, or with `all` for each that any of them has: `section` (`run`, `config` or `summary`), `key`,
/// and a utf8 column for each run, named by its id, with strings as they are and anything else as JSON text; null where the run does not
/// have it. By section and key.
///
/// # Errors
/// Those of [`Selection::runs`]; [`ErrorKind::NoValues`] when the runs differ in nothing.
pub async fn compare(lake: &Lake, selection: &Selection, all: bool) -> Result<DataFrame, Error> {
    let runs = selection.runs(lake).await?;
    let sections = [
        ("run", fields_of(&runs)),
        ("config", values_of(runs.iter().map(|run| &run.record.config))),
        ("summary", values_of(runs.iter().map(|run| &run.record.summary))),
    ];
    let rows: Vec<(&str, &String, &Vec<Option<Json>>)> = sections
        .iter()
        .flat_map(|(section, values)| values.iter().map(move |(key, values)| (*section, key, values)))
        .filter(|(_, _, values)| all || differs(values))
        .collect();
    if rows.is_empty() {
        let reason = if runs.len() == 1 { "there is only one run".to_owned() } else { format!("the {} runs are alike", runs.len()) };
        return Err(ErrorKind::NoValues { question: "what differs".to_owned(), reason }.into());
    }
    let mut columns: Vec<Column> = vec![
        text_column("section", rows.iter().map(|(section, ..)| Some(*section))),
        text_column(KEY, rows.iter().map(|(_, key, _)| Some(key.as_str()))),
    ];
    let several = selection.projects().len() > 1;
    for (at, run) in runs.iter().enumerate() {
        let texts: Vec<Option<String>> = rows.iter().map(|(_, _, values)| values[at].as_ref().and_then(text_of)).collect();
        let name = if several { run.record.path.to_string() } else { run.record.path.run_id.clone() };
        columns.push(text_column(&name, texts.iter().map(Option::as_deref)));
    }
    // A run may be called `key`.
    Ok(DataFrame::new(rows.len(), unlike_names(columns))?)
}

/// What runs are besides config and summary.
fn fields_of(runs: &[StoredRun]) -> Values {
    let mut values = Values::new();
    let mut add = |name: &str, value: &dyn Fn(&StoredRun) -> Option<Json>| {
        let of_runs: Vec<Option<Json>> = runs.iter().map(value).collect();
        if of_runs.iter().any(Option::is_some) {
            values.insert(name.to_owned(), of_runs);
        }
    };
    let text = |value: &Option<String>| value.as_deref().map(Json::from);
    add("display_name", &|run| text(&run.record.display_name));
    add("state", &|run| Some(Json::from(run.record.state.as_str())));
    add("group", &|run| text(&run.record.group));
    add("job_type", &|run| text(&run.record.job_type));
    add("sweep_id", &|run| text(&run.record.sweep_id));
    add("username", &|run| text(&run.record.username));
    add("commit", &|run| text(&run.record.commit));
    add("notes", &|run| text(&run.record.notes));
    add("tags", &|run| {
        let tags = &run.record.tags;
        (!tags.is_empty()).then(|| Json::Array(tags.iter().map(|tag| Json::from(tag.as_str())).collect()))
    });
    add("created_at", &|run| run.record.created_at.map(|time| Json::from(time.to_string())));
    add("duration_seconds", &|run| run.record.duration_seconds().map(Json::from));
    add("rows", &|run| run.synced_rows.and_then(|rows| i64::try_from(rows).ok()).map(Json::from));
    values
}
