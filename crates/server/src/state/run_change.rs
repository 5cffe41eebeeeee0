//! What was written to one run: the fields that differ from the source's, or all there is of a run that was made through the API.

use runlake_types::{Json, Object, RunRecord, RunState, Timestamp, object_text};
use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind};

/// The written fields. `None` lets the source's value show through.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RunChange {
    /// When the run was made through the API; `None` for a run of the source.
    pub(crate) created_at: Option<Timestamp>,
    /// When the run was deleted. Its id is not given out again.
    pub(crate) deleted_at: Option<Timestamp>,
    /// When the run's process, or its user, last wrote.
    pub(crate) heartbeat_at: Option<Timestamp>,
    /// When the run was asked to stop.
    pub(crate) stop_requested_at: Option<Timestamp>,
    pub(crate) state: Option<RunState>,
    pub(crate) display_name: Option<String>,
    pub(crate) tags: Option<Vec<String>>,
    pub(crate) group: Option<String>,
    pub(crate) job_type: Option<String>,
    pub(crate) sweep_id: Option<String>,
    pub(crate) commit: Option<String>,
    pub(crate) notes: Option<String>,
    pub(crate) description: Option<String>,
    /// The machine that the run is on.
    pub(crate) host: Option<String>,
    /// Who made the run.
    pub(crate) username: Option<String>,
    /// The config as the wire has it, each value in its wrapper and `_wandb` among them.
    pub(crate) config: Option<Object>,
    /// The summary.
    pub(crate) summary: Option<Object>,
}

/// The form in which the fields are kept. JSON of users is kept as text, so that every digit stays.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Fields {
    #[serde(skip_serializing_if = "Option::is_none")]
    heartbeat_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_requested_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sweep_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
}

impl RunChange {
    /// The fields as text, times of making and deleting aside, which have columns of their own.
    pub(super) fn fields_text(&self) -> String {
        let fields = Fields {
            heartbeat_at: self.heartbeat_at.map(Timestamp::micros),
            stop_requested_at: self.stop_requested_at.map(Timestamp::micros),
            state: self.state.as_ref().map(ToString::to_string),
            display_name: self.display_name.clone(),
            tags: self.tags.clone(),
            group: self.group.clone(),
            job_type: self.job_type.clone(),
            sweep_id: self.sweep_id.clone(),
            commit: self.commit.clone(),
            notes: self.notes.clone(),
            description: self.description.clone(),
            host: self.host.clone(),
            username: self.username.clone(),
            config: self.config.as_ref().map(object_text),
            summary: self.summary.as_ref().map(object_text),
        };
        serde_json::to_string(&fields).expect("strings and numbers are JSON")
    }

    /// Reads what [`fields_text`](Self::fields_text) wrote.
    pub(super) fn from_fields(text: &str, created_at: Option<i64>, deleted_at: Option<i64>) -> Result<Self, Error> {
        let damaged = |reason: String| Error::from(ErrorKind::StateDamaged { what: "a run", reason });
        let fields: Fields = serde_json::from_str(text).map_err(|error| damaged(error.to_string()))?;
        let object =
            |text: Option<String>| text.map(|text| Json::parse_object(&text)).transpose().map_err(|error| damaged(error.to_string()));
        Ok(Self {
            created_at: created_at.map(Timestamp::from_micros),
            deleted_at: deleted_at.map(Timestamp::from_micros),
            heartbeat_at: fields.heartbeat_at.map(Timestamp::from_micros),
            stop_requested_at: fields.stop_requested_at.map(Timestamp::from_micros),
            state: fields.state.as_deref().map(RunState::from_name),
            display_name: fields.display_name,
            tags: fields.tags,
            group: fields.group,
            job_type: fields.job_type,
            sweep_id: fields.sweep_id,
            commit: fields.commit,
            notes: fields.notes,
            description: fields.description,
            host: fields.host,
            username: fields.username,
            config: object(fields.config)?,
            summary: object(fields.summary)?,
        })
    }

    /// Lays the written fields over `record`. An empty text that was written means that there is none.
    pub(crate) fn apply(&self, record: &mut RunRecord) {
        let lay = |written: &Option<String>, field: &mut Option<String>| {
            if let Some(text) = written {
                *field = (!text.is_empty()).then(|| text.clone());
            }
        };
        lay(&self.display_name, &mut record.display_name);
        lay(&self.group, &mut record.group);
        lay(&self.job_type, &mut record.job_type);
        lay(&self.sweep_id, &mut record.sweep_id);
        lay(&self.commit, &mut record.commit);
        lay(&self.notes, &mut record.notes);
        lay(&self.description, &mut record.description);
        lay(&self.username, &mut record.username);
        if let Some(state) = &self.state {
            record.state = state.clone();
        }
        if let Some(tags) = &self.tags {
            record.tags.clone_from(tags);
        }
        if let Some(config) = &self.config {
            (record.config, record.config_internal) = unwrapped(config);
        }
        if let Some(summary) = &self.summary {
            record.summary.clone_from(summary);
        }
        record.created_at = record.created_at.or(self.created_at);
        record.heartbeat_at = record.heartbeat_at.max(self.heartbeat_at);
    }
}

/// Takes each value of a config out of its wrapper, and `_wandb` out of the config. As the official client wraps all values, a value that
/// is not wrapped is taken as it is.
fn unwrapped(config: &Object) -> (Object, Option<Json>) {
    let value = |value: &Json| match value {
        Json::Object(wrapper) if wrapper.contains_key("value") && wrapper.keys().all(|key| key == "value" || key == "desc") => {
            wrapper["value"].clone()
        }
        bare => bare.clone(),
    };
    let mut values: Object = config.iter().map(|(key, wrapper)| (key.clone(), value(wrapper))).collect();
    let internal = values.remove("_wandb");
    values.remove("wandb_version");
    (values, internal)
}

#[cfg(test)]
mod tests {
    use runlake_types::RunPath;

    use super::*;

    #[test]
    fn what_is_kept_is_read_back() {
        let change = RunChange {
            created_at: Some(Timestamp::from_micros(5)),
            heartbeat_at: Some(Timestamp::from_micros(7)),
            state: Some(RunState::Other("levitating".to_owned())),
            tags: Some(vec!["a".to_owned()]),
            notes: Some(String::new()),
            summary: Some(Json::parse_object(r#"{"big":9007199254740993,"odd":"NaN"}"#).unwrap()),
            ..RunChange::default()
        };
        assert_eq!(RunChange::from_fields(&change.fields_text(), Some(5), None).unwrap(), change);
        assert!(RunChange::from_fields(r#"{"summary":"[1]"}"#, None, None).is_err());
    }

    #[test]
    fn written_fields_lie_over_those_of_the_source() {
        let mut record = RunRecord::new(RunPath::new("e", "p", "r"), "id".to_owned());
        record.notes = Some("old".to_owned());
        record.group = Some("g".to_owned());
        let config = r#"{"lr":{"value":0.1,"desc":null},"mine":{"value":{"value":7}},"_wandb":{"value":{"t":1}}}"#;
        let change = RunChange { notes: Some(String::new()), config: Some(Json::parse_object(config).unwrap()), ..RunChange::default() };
        change.apply(&mut record);
        assert_eq!((record.notes, record.group.as_deref()), (None, Some("g")));
        assert_eq!(object_text(&record.config), r#"{"lr":0.1,"mine":{"value":7}}"#);
        assert_eq!(record.config_internal.unwrap().to_string(), r#"{"t":1}"#);
    }
}
