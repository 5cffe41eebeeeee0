//! A run as the service describes it, turned into a [`RunRecord`].

use runlake_types::{HistoryKeys, Json, JsonError, Object, ProjectPath, RunRecord, RunState, Timestamp};
use serde_json::value::RawValue;

use crate::error::ErrorKind;
use crate::wire::WireRun;

/// Where the client keeps its own notes, in the config and in the summary.
const INTERNAL: &str = "_wandb";

/// A run as the service describes it: what every source of runs knows, and what only the service does.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ServiceRun {
    /// What a lake keeps too.
    pub record: RunRecord,
    /// The service's number for the run's project, as text; `None` when it does not say.
    pub project_internal_id: Option<String>,
    /// What the client keeps in the summary under `_wandb`, such as the run's time. A summary that is written without it loses it.
    pub summary_internal: Option<Json>,
}

/// The part of a run that every source knows.
pub(crate) fn run_record(project: &ProjectPath, wire: WireRun) -> Result<RunRecord, ErrorKind> {
    service_run(project, wire).map(|run| run.record)
}

/// Turns a run around. Times that are not ISO 8601 become `None`: no run is worth losing for one.
pub(crate) fn service_run(project: &ProjectPath, wire: WireRun) -> Result<ServiceRun, ErrorKind> {
    let path = project.run(&wire.name);
    let object = |what: &str, raw: Option<&RawValue>| {
        embedded_object(raw).map_err(|source| ErrorKind::InvalidValue { path: format!("the {what} of {path}"), source })
    };
    let (config, config_internal) = unwrap_config(object("config", wire.config.as_deref())?);
    let mut summary = object("summary", wire.summary_metrics.as_deref())?;
    let summary_internal = summary.remove(INTERNAL);
    let system_metrics = object("system metrics", wire.system_metrics.as_deref())?;
    let history_keys = object("history keys", wire.history_keys.as_deref())?;
    let numeric = |id: serde_json::Value| id.as_str().map(str::to_owned).or_else(|| id.as_i64().map(|id| id.to_string()));
    let project_internal_id = wire.project_id.and_then(numeric);
    let record = RunRecord {
        storage_id: wire.id,
        display_name: wire.display_name,
        state: wire.state.as_deref().map_or_else(|| RunState::Other("unknown".to_owned()), RunState::from_name),
        tags: wire.tags.unwrap_or_default(),
        group: wire.group,
        job_type: wire.job_type,
        sweep_id: wire.sweep_name,
        username: wire.user.and_then(|user| user.username.or(user.name)),
        commit: wire.commit,
        notes: wire.notes,
        description: wire.description,
        read_only: wire.read_only,
        created_at: timestamp(wire.created_at.as_deref()),
        heartbeat_at: timestamp(wire.heartbeat_at.as_deref()),
        history_line_count: wire.history_line_count.and_then(|count| u64::try_from(count).ok()),
        config,
        config_internal,
        summary,
        system_metrics,
        history_keys: (!history_keys.is_empty()).then(|| HistoryKeys::from_object(&history_keys)),
        path,
    };
    Ok(ServiceRun { record, project_internal_id, summary_internal })
}

/// The time, unless it is missing or in no known form.
pub(crate) fn timestamp(text: Option<&str>) -> Option<Timestamp> {
    let parsed = text.map(Timestamp::parse)?;
    parsed.inspect_err(|error| tracing::debug!(%error, "a time is left out")).ok()
}

/// An object that comes as itself or as JSON text in a string. Null, an empty text and values of other types count as `{}`, as in the
/// official client.
pub(crate) fn embedded_object(raw: Option<&RawValue>) -> Result<Object, JsonError> {
    let value = match raw.map(|raw| Json::parse(raw.get())).transpose()? {
        Some(Json::String(text)) if text.trim().is_empty() => return Ok(Object::new()),
        Some(Json::String(text)) => Json::parse(&text)?,
        Some(value) => value,
        None => return Ok(Object::new()),
    };
    match value {
        Json::Object(object) => Ok(object),
        _ => Ok(Object::new()),
    }
}

/// Takes the client's own members out of a config, and each user's value out of its `{"value": …, "desc": …}`, once: a user's own
/// `{"value": 7}` stays what it is.
fn unwrap_config(config: Object) -> (Object, Option<Json>) {
    let mut internal = None;
    let mut values = Object::new();
    for (key, value) in config {
        let value = unwrap_value(value);
        match key.as_str() {
            INTERNAL => internal = Some(value),
            "wandb_version" => {}
            _ => drop(values.insert(key, value)),
        }
    }
    (values, internal)
}

fn unwrap_value(value: Json) -> Json {
    match value {
        Json::Object(mut members) if members.contains_key("value") && members.keys().all(|key| key == "value" || key == "desc") => {
            members.remove("value").unwrap_or(Json::Null)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(fields: &str) -> RunRecord {
        try_record(fields).unwrap()
    }

    fn try_record(fields: &str) -> Result<RunRecord, ErrorKind> {
        let wire = crate::graphql::decode(format!(r#"{{"id":"UnVuOjE=","name":"r1"{fields}}}"#).as_bytes()).unwrap();
        run_record(&ProjectPath::new("team", "digits"), wire)
    }

    fn text(object: &Object) -> String {
        runlake_types::object_text(object)
    }

    #[test]
    fn the_config_is_unwrapped_once() {
        let config = r#"{"wandb_version":1,"_wandb":{"value":{"cli_version":"0.31.0"}},"lr":{"value":0.1,"desc":null},"mine":{"value":{"value":7}},"bare":3,"odd":{"desc":1},"more":{"value":1,"unit":"s"},"big":{"value":9007199254740993}}"#;
        let run = record(&format!(r#","config":{}"#, serde_json::to_string(config).unwrap()));
        assert_eq!(
            text(&run.config),
            r#"{"bare":3,"big":9007199254740993,"lr":0.1,"mine":{"value":7},"more":{"unit":"s","value":1},"odd":{"desc":1}}"#
        );
        assert_eq!(run.config_internal.unwrap().to_string(), r#"{"cli_version":"0.31.0"}"#);
    }

    #[test]
    fn the_summary_loses_what_is_not_the_users() {
        let run = record(r#","summaryMetrics":"{\"loss\":NaN,\"acc\":\"Infinity\",\"_wandb\":{\"runtime\":3},\"_step\":41}""#);
        assert_eq!(text(&run.summary), r#"{"_step":41,"acc":"Infinity","loss":"NaN"}"#);
        assert!(matches!(&run.summary["loss"], Json::Number(number) if number.as_f64().is_nan()));
    }

    #[test]
    fn objects_come_in_many_forms() {
        for empty in ["null", r#""""#, r#""null""#, r#""{}""#, "{}", r#""[1]""#, "[]"] {
            let run = record(&format!(r#","config":{empty},"summaryMetrics":{empty},"systemMetrics":{empty},"historyKeys":{empty}"#));
            assert!(run.config.is_empty() && run.summary.is_empty() && run.history_keys.is_none(), "{empty}");
        }
        assert_eq!(text(&record(r#","config":{"lr":{"value":1}}"#).config), r#"{"lr":1}"#);
        for keys in [r#"{"lastStep":41,"keys":{}}"#, r#""{\"lastStep\":41.0}""#] {
            assert_eq!(record(&format!(r#","historyKeys":{keys}"#)).last_step(), Some(41));
        }
        let error = try_record(r#","systemMetrics":"{\"a\":""#).unwrap_err();
        assert_eq!(error.to_string(), "could not read the system metrics of team/digits/r1");
    }

    #[test]
    fn missing_null_and_unknown_members_are_fine() {
        let run = record("");
        assert_eq!(run.state, RunState::Other("unknown".to_owned()));
        assert_eq!((run.username, run.tags.len(), run.history_line_count), (None, 0, None));
        let run = record(
            r#","tags":null,"user":{"name":"Ada","username":null},"state":"levitating","createdAt":"2026-11-24T09:30:00","heartbeatAt":"soon","sweepName":"s1","historyLineCount":12,"isFromTheFuture":{"a":[1]}"#,
        );
        assert_eq!(run.username.as_deref(), Some("Ada"));
        assert_eq!(run.state.as_str(), "levitating");
        assert_eq!(run.created_at.unwrap().to_string(), "2026-11-24T09:30:00Z");
        assert_eq!((run.heartbeat_at, run.sweep_id.as_deref(), run.history_line_count), (None, Some("s1"), Some(12)));
    }
}
