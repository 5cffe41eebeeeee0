//! One run's latest state, as the `runs` table keeps it.

use std::fmt;

use crate::field::look_up;
use crate::{HistoryKeys, Json, Object, RunPath, Timestamp};

/// Where a run stands. Names that newer servers may add are kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RunState {
    /// Waiting for a machine.
    Pending,
    /// Sending data.
    Running,
    /// Told to pause by its user.
    Paused,
    /// Ended with exit code 0.
    Finished,
    /// Ended with another exit code.
    Failed,
    /// Stopped sending without saying so.
    Crashed,
    /// Stopped by its user.
    Killed,
    /// About to be preempted.
    Preempting,
    /// Taken off its machine, to be resumed.
    Preempted,
    /// A state that this version does not know, by its wire name.
    Other(String),
}

impl RunState {
    const KNOWN: [(Self, &'static str); 9] = [
        (Self::Pending, "pending"),
        (Self::Running, "running"),
        (Self::Paused, "paused"),
        (Self::Finished, "finished"),
        (Self::Failed, "failed"),
        (Self::Crashed, "crashed"),
        (Self::Killed, "killed"),
        (Self::Preempting, "preempting"),
        (Self::Preempted, "preempted"),
    ];

    /// The state of this wire name.
    pub fn from_name(name: &str) -> Self {
        Self::KNOWN.into_iter().find(|(_, known)| *known == name).map_or_else(|| Self::Other(name.to_owned()), |(state, _)| state)
    }

    /// The wire name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(name) => name,
            known => Self::KNOWN.iter().find(|(state, _)| state == known).map_or("", |(_, name)| name),
        }
    }

    /// Whether more rows may come without anybody touching the run.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Running | Self::Pending | Self::Paused | Self::Preempting | Self::Preempted)
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// One run's latest state.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRecord {
    /// Entity, project and run id.
    pub path: RunPath,
    /// The service's opaque id, which writes need.
    pub storage_id: String,
    /// The name for people.
    pub display_name: Option<String>,
    /// Where the run stands.
    pub state: RunState,
    /// Tags, in the service's order.
    pub tags: Vec<String>,
    /// The group that the run belongs to.
    pub group: Option<String>,
    /// What the run does, such as `train` or `eval`.
    pub job_type: Option<String>,
    /// The sweep that made the run.
    pub sweep_id: Option<String>,
    /// Who made the run.
    pub username: Option<String>,
    /// The git commit.
    pub commit: Option<String>,
    /// Notes for people.
    pub notes: Option<String>,
    /// The description, which older clients use for notes.
    pub description: Option<String>,
    /// Whether the key at hand may not change the run; `None` when the service does not say.
    pub read_only: Option<bool>,
    /// When the run was made.
    pub created_at: Option<Timestamp>,
    /// When the run last sent anything.
    pub heartbeat_at: Option<Timestamp>,
    /// How many history rows the service has; `None` when it does not say.
    pub history_line_count: Option<u64>,
    /// The config as the user set it, without the wire's `value` wrappers and `_wandb`.
    pub config: Object,
    /// What the client keeps in the config under `_wandb`: versions, telemetry, metric definitions.
    pub config_internal: Option<Json>,
    /// The summary, `_wandb` left out.
    pub summary: Object,
    /// The latest value of each system metric.
    pub system_metrics: Object,
    /// The keys of the history; `None` for a run without one.
    pub history_keys: Option<HistoryKeys>,
}

impl RunRecord {
    /// A run of which nothing but its place is known.
    pub fn new(path: RunPath, storage_id: String) -> Self {
        Self {
            path,
            storage_id,
            display_name: None,
            state: RunState::Other("unknown".to_owned()),
            tags: Vec::new(),
            group: None,
            job_type: None,
            sweep_id: None,
            username: None,
            commit: None,
            notes: None,
            description: None,
            read_only: None,
            created_at: None,
            heartbeat_at: None,
            history_line_count: None,
            config: Object::new(),
            config_internal: None,
            summary: Object::new(),
            system_metrics: Object::new(),
            history_keys: None,
        }
    }

    /// The last step that was logged; `None` without a history.
    pub fn last_step(&self) -> Option<i64> {
        self.history_keys.as_ref().and_then(HistoryKeys::last_step)
    }

    /// The config value at a path with dots, where any dot may be part of a key.
    pub fn config_value(&self, path: &str) -> Option<&Json> {
        look_up(&self.config, path)
    }

    /// The summary value at a path with dots, where any dot may be part of a key.
    pub fn summary_value(&self, path: &str) -> Option<&Json> {
        look_up(&self.summary, path)
    }

    /// Seconds from the first to the last sign of life.
    pub fn duration_seconds(&self) -> Option<f64> {
        // The difference of two times of today as float64 would be off by a tenth of a microsecond.
        Some(Timestamp::from_micros(self.heartbeat_at?.micros().saturating_sub(self.created_at?.micros())).seconds())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_keep_their_names() {
        for name in ["pending", "running", "finished", "failed", "crashed", "killed", "preempted", "levitating"] {
            assert_eq!(RunState::from_name(name).as_str(), name);
        }
    }
}
