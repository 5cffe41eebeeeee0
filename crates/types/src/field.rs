//! A field of a run that filters and orders name, and how its value is found.
//!
//! The names are those of the service (<https://docs.wandb.ai/ref/python/public-api/api#runs>), in camel and in snake case.

use std::borrow::Cow;
use std::fmt;

use crate::{Json, Object, RunRecord, near_names};

/// A field of a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// The run's id.
    Name,
    /// The name for people.
    DisplayName,
    /// The state's wire name.
    State,
    /// The list of tags.
    Tags,
    /// The group.
    Group,
    /// The job type.
    JobType,
    /// The sweep's id.
    Sweep,
    /// Who made the run.
    Username,
    /// The notes.
    Notes,
    /// The description.
    Description,
    /// The git commit.
    Commit,
    /// The machine, which neither the API nor the lake keeps: always missing.
    Host,
    /// When the run was made.
    CreatedAt,
    /// When the run last sent anything.
    HeartbeatAt,
    /// Seconds from the first to the last sign of life.
    Duration,
    /// How many history rows there are.
    HistoryLineCount,
    /// `config.` and a path.
    Config(String),
    /// `summary_metrics.` and a path.
    Summary(String),
    /// `keys_info.keys.` and a key of the history.
    HistoryKey(String),
}

const PLAIN: [(&str, Field); 24] = [
    ("name", Field::Name),
    ("displayName", Field::DisplayName),
    ("display_name", Field::DisplayName),
    ("state", Field::State),
    ("tags", Field::Tags),
    ("group", Field::Group),
    ("jobType", Field::JobType),
    ("job_type", Field::JobType),
    ("sweep", Field::Sweep),
    ("sweepName", Field::Sweep),
    ("username", Field::Username),
    ("user.username", Field::Username),
    ("notes", Field::Notes),
    ("description", Field::Description),
    ("commit", Field::Commit),
    ("host", Field::Host),
    ("createdAt", Field::CreatedAt),
    ("created_at", Field::CreatedAt),
    ("heartbeatAt", Field::HeartbeatAt),
    ("heartbeat_at", Field::HeartbeatAt),
    ("duration", Field::Duration),
    ("historyLineCount", Field::HistoryLineCount),
    ("history_line_count", Field::HistoryLineCount),
    ("id", Field::Name),
];

/// How each prefixed field begins, and what is made of the rest.
type FromRest = fn(String) -> Field;

const PREFIXED: [(&str, FromRest); 5] = [
    ("config.", Field::Config),
    ("summary_metrics.", Field::Summary),
    ("summaryMetrics.", Field::Summary),
    ("summary.", Field::Summary),
    ("keys_info.keys.", Field::HistoryKey),
];

impl Field {
    /// Reads a field's name.
    ///
    /// # Errors
    /// What is wrong with it, and which names are like it.
    pub fn parse(name: &str) -> Result<Self, String> {
        for (prefix, make) in PREFIXED {
            if let Some(rest) = name.strip_prefix(prefix).filter(|rest| !rest.is_empty()) {
                return Ok(make(rest.to_owned()));
            }
        }
        if let Some((_, field)) = PLAIN.iter().find(|(known, _)| *known == name) {
            return Ok(field.clone());
        }
        let near = near_names(name, PLAIN.iter().map(|(known, _)| *known).chain(PREFIXED.iter().map(|(prefix, _)| *prefix)));
        let advice = if near.is_empty() { String::new() } else { format!("; is it one of {}?", near.join(", ")) };
        Err(format!("runs have no field `{name}`{advice}"))
    }

    /// The value in `run`; `None` when it is missing. Times are strings of ISO 8601.
    pub fn value<'a>(&self, run: &'a RunRecord) -> Option<Cow<'a, Json>> {
        let text = |value: &Option<String>| value.as_deref().map(|value| Cow::Owned(Json::from(value)));
        match self {
            Self::Name => Some(Cow::Owned(Json::from(run.path.run_id.as_str()))),
            Self::DisplayName => text(&run.display_name),
            Self::State => Some(Cow::Owned(Json::from(run.state.as_str()))),
            Self::Tags => Some(Cow::Owned(Json::Array(run.tags.iter().map(|tag| Json::from(tag.as_str())).collect()))),
            Self::Group => text(&run.group),
            Self::JobType => text(&run.job_type),
            Self::Sweep => text(&run.sweep_id),
            Self::Username => text(&run.username),
            Self::Notes => text(&run.notes),
            Self::Description => text(&run.description),
            Self::Commit => text(&run.commit),
            Self::Host => None,
            Self::CreatedAt => run.created_at.map(|at| Cow::Owned(Json::from(at.to_string()))),
            Self::HeartbeatAt => run.heartbeat_at.map(|at| Cow::Owned(Json::from(at.to_string()))),
            Self::Duration => run.duration_seconds().map(|seconds| Cow::Owned(Json::from(seconds))),
            Self::HistoryLineCount => {
                run.history_line_count.and_then(|count| i64::try_from(count).ok()).map(|count| Cow::Owned(Json::from(count)))
            }
            Self::Config(path) => look_up(&run.config, path).or_else(|| look_up_without_wrapper(&run.config, path)).map(Cow::Borrowed),
            Self::Summary(path) => look_up(&run.summary, path).map(Cow::Borrowed),
            Self::HistoryKey(key) => {
                let keys = run.history_keys.as_ref()?.to_object();
                let keys = keys.get("keys")?.as_object()?;
                keys.get(key).or_else(|| look_up(keys, key)).cloned().map(Cow::Owned)
            }
        }
    }

    /// Whether values of this field are instants, to be compared as such.
    pub(crate) fn is_time(&self) -> bool {
        matches!(self, Self::CreatedAt | Self::HeartbeatAt)
    }
}

/// Finds `path` in `object`, where any dot may be part of a key: the longest key wins at each level, so a flat `a.b`
/// is found before a nested one. A number names a list's item.
pub(crate) fn look_up<'a>(object: &'a Object, path: &str) -> Option<&'a Json> {
    if let Some(value) = object.get(path) {
        return Some(value);
    }
    let dots = path.match_indices('.').map(|(at, _)| at).collect::<Vec<_>>();
    dots.into_iter().rev().find_map(|at| descend(object.get(&path[..at])?, &path[at + 1..]))
}

fn descend<'a>(value: &'a Json, path: &str) -> Option<&'a Json> {
    match value {
        Json::Object(members) => look_up(members, path),
        Json::Array(items) => {
            let (index, rest) = path.split_once('.').map_or((path, None), |(index, rest)| (index, Some(rest)));
            let item = items.get(index.parse::<usize>().ok()?)?;
            rest.map_or(Some(item), |rest| descend(item, rest))
        }
        _ => None,
    }
}

/// The wire form of a config wraps each top-level value: `config.lr.value` means `config.lr`.
fn look_up_without_wrapper<'a>(config: &'a Object, path: &str) -> Option<&'a Json> {
    let segments: Vec<&str> = path.split('.').collect();
    (1..segments.len()).filter(|at| segments[*at] == "value").find_map(|at| {
        let unwrapped: Vec<&str> = segments[..at].iter().chain(&segments[at + 1..]).copied().collect();
        look_up(config, &unwrapped.join("."))
    })
}

impl fmt::Display for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(path) => write!(formatter, "config.{path}"),
            Self::Summary(path) => write!(formatter, "summary_metrics.{path}"),
            Self::HistoryKey(key) => write!(formatter, "keys_info.keys.{key}"),
            plain => formatter.write_str(PLAIN.iter().find(|(_, field)| field == plain).map_or("", |(name, _)| name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_keys_are_found_wherever_the_dots_are() {
        let config =
            Json::parse_object(r#"{"a.b": 1, "a": {"c": 2, "d.e": {"f": 3}}, "list": [{"x": 4}], "value": {"value": 5}}"#).unwrap();
        let found = |path: &str| look_up(&config, path).or_else(|| look_up_without_wrapper(&config, path)).map(ToString::to_string);
        assert_eq!(found("a.b").as_deref(), Some("1"));
        assert_eq!(found("a.b.value").as_deref(), Some("1"));
        assert_eq!(found("a.c").as_deref(), Some("2"));
        assert_eq!(found("a.value.c").as_deref(), Some("2"));
        assert_eq!(found("a.d.e.f").as_deref(), Some("3"));
        assert_eq!(found("list.0.x").as_deref(), Some("4"));
        assert_eq!(found("value.value").as_deref(), Some("5"));
        assert_eq!(found("a.z"), None);
    }

    #[test]
    fn an_unknown_field_names_its_like() {
        assert_eq!(Field::parse("stat").unwrap_err(), "runs have no field `stat`; is it one of state?");
        assert_eq!(Field::parse("config.a.b").unwrap().to_string(), "config.a.b");
    }
}
