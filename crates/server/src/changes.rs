//! What mutations do: checks against what is there, then one write to the state.
//!
//! The lake's own runs are changed as those made through the API are: by fields that lie over theirs. The rules are those of the service
//! as far as they are documented; which state may follow which is in the documentation of the official SDK
//! (<https://github.com/wandb/wandb/blob/main/wandb/apis/public/runs.py>, `Run.update_state`).

use std::sync::Arc;

use runlake_types::{Json, Object, ProjectPath, RunPath, RunState, Timestamp};

use crate::backend::Backend;
use crate::catalog::{CatalogRun, Snapshot};
use crate::state::{RunChange, Writer};
use crate::{Error, ErrorKind};

/// The project of runs that are made without naming one, as in the service.
const DEFAULT_PROJECT: &str = "uncategorized";

/// The most characters of a project's name or a run's id, as in the service.
const MAX_NAME_CHARACTERS: usize = 128;

/// Characters that no project's name and no run's id may have, since they mean something in addresses.
const FORBIDDEN: &[char] = &['/', '\\', '#', '?', '%', ':'];

/// Which run a mutation is about, and what is to be written to it. What is `None` stays as it is; an empty text or list clears.
#[derive(Debug, Default)]
pub(crate) struct RunUpsert {
    /// The storage id of a run that exists.
    pub(crate) storage_id: Option<String>,
    /// Without a storage id: the run's entity; the first one by default.
    pub(crate) entity: Option<String>,
    /// Its project, made if need be.
    pub(crate) project: Option<String>,
    /// Its id; the run is made if need be.
    pub(crate) run_id: Option<String>,
    /// The state's wire name.
    pub(crate) state: Option<String>,
    /// JSON text, each value in its wrapper.
    pub(crate) config: Option<String>,
    /// JSON text.
    pub(crate) summary: Option<String>,
    /// The fields that are taken as they are.
    pub(crate) fields: RunChange,
}

impl Backend {
    /// Makes or changes a run. Answers with its path and whether it was made.
    pub(crate) async fn upsert_run(&self, upsert: RunUpsert) -> Result<(RunPath, bool), Error> {
        let (config, summary) = (json_object("config", upsert.config.as_deref())?, json_object("summary", upsert.summary.as_deref())?);
        let state = upsert.state.as_deref().map(known_state).transpose()?;
        let writer = self.writer().await?;
        let snapshot = self.catalog.snapshot().await?;
        let (path, known) = match (&upsert.storage_id, &upsert.run_id) {
            (Some(storage_id), _) => {
                let run = found_run(&snapshot, storage_id).await?;
                (run.record.path.clone(), Some(run))
            }
            (None, Some(run_id)) => {
                let entity = named_or_first_entity(&snapshot, upsert.entity).await?;
                let path = RunPath::new(entity, upsert.project.as_deref().unwrap_or(DEFAULT_PROJECT), run_id);
                let known = snapshot.project(&path.project_path()).await?.and_then(|project| project.run(run_id).cloned());
                (path, known)
            }
            (None, None) => return Err(invalid("a run is named by `id` or by `name`")),
        };
        let before = writer.run(&path);
        let now = Timestamp::now();
        let mut change = before.map(|before| (*before).clone()).unwrap_or_default();
        if known.is_none() {
            if change.deleted_at.is_some() {
                // As the service has it: an id whose run is gone may still be in files and logs of others.
                return Err(conflict(format!("run {path} was previously created and deleted; try a new run name")));
            }
            check_name("entity", &path.entity)?;
            check_name("project", &path.project)?;
            check_name("run id", &path.run_id)?;
            self.make_project(&writer, &snapshot, &path.project_path(), None).await?;
            change.created_at = Some(now);
            change.state = Some(RunState::Running);
            change.username = Some(crate::schema::VIEWER_NAME.to_owned());
            // The service makes up a name; the id is the one that can be said without asking.
            change.display_name = Some(path.run_id.clone());
        }
        if upsert.storage_id.is_none() {
            // By name come the processes of runs: this is a sign of life, and the start of another life if it was asked to stop.
            change.heartbeat_at = Some(now);
            change.stop_requested_at = None;
        }
        lay_over(&mut change, upsert.fields);
        change.state = state.or(change.state);
        change.config = config.or(change.config);
        change.summary = summary.or(change.summary);
        writer.put_run(&path, change).await?;
        tracing::debug!(run = %path, made = known.is_none(), "run written");
        Ok((path, known.is_none()))
    }

    /// Deletes a run for good. Its id is not given out again.
    pub(crate) async fn delete_run(&self, storage_id: &str) -> Result<RunPath, Error> {
        let change = |change: &mut RunChange, _: &CatalogRun| {
            change.deleted_at = Some(Timestamp::now());
            Ok(())
        };
        self.change_run(storage_id, change).await
    }

    /// Requeues a run (`pending`) or gives it up (`failed`).
    pub(crate) async fn update_run_state(&self, storage_id: &str, state: &str) -> Result<RunPath, Error> {
        let wanted = known_state(state)?;
        let change = move |change: &mut RunChange, run: &CatalogRun| {
            let (path, present) = (&run.record.path, &run.record.state);
            if let Some(sweep) = &run.record.sweep_id {
                return Err(conflict(format!("run {path} belongs to sweep {sweep}: the state of a sweep's run cannot be changed")));
            }
            let is_allowed = match wanted {
                RunState::Pending => matches!(present, RunState::Running | RunState::Failed | RunState::Crashed | RunState::Preempted),
                RunState::Failed => matches!(present, RunState::Pending | RunState::Running),
                _ => false,
            };
            if !is_allowed {
                return Err(conflict(format!(
                    "the state of run {path} cannot go from `{present}` to `{wanted}`: to `pending` go running, failed, crashed and \
                     preempted runs, and to `failed` pending and running ones"
                )));
            }
            if wanted == RunState::Pending {
                change.stop_requested_at = None;
            }
            change.state = Some(wanted);
            Ok(())
        };
        self.change_run(storage_id, change).await
    }

    /// Asks the process of a run to stop. A run that has ended is left as it is.
    pub(crate) async fn stop_run(&self, storage_id: &str) -> Result<RunPath, Error> {
        let change = |change: &mut RunChange, run: &CatalogRun| {
            if run.record.state.is_live() && change.stop_requested_at.is_none() {
                change.stop_requested_at = Some(Timestamp::now());
            }
            Ok(())
        };
        self.change_run(storage_id, change).await
    }

    /// Makes a project, or changes its description. Answers with its path and whether it was made.
    pub(crate) async fn upsert_project(
        &self,
        entity: Option<String>,
        name: Option<String>,
        description: Option<String>,
    ) -> Result<(ProjectPath, bool), Error> {
        let name = name.ok_or_else(|| invalid("a project has a `name`"))?;
        let writer = self.writer().await?;
        let snapshot = self.catalog.snapshot().await?;
        let path = ProjectPath::new(named_or_first_entity(&snapshot, entity).await?, name);
        check_name("entity", &path.entity)?;
        check_name("project", &path.project)?;
        let made = self.make_project(&writer, &snapshot, &path, description.clone()).await?;
        if !made && description.is_some() {
            let created_at = self.state.project(&path).and_then(|project| project.created_at);
            writer.put_project(&path, created_at, description).await?;
        }
        Ok((path, made))
    }

    /// Makes a project unless it is there.
    async fn make_project(
        &self,
        writer: &Writer<'_>,
        snapshot: &Snapshot,
        path: &ProjectPath,
        description: Option<String>,
    ) -> Result<bool, Error> {
        if snapshot.project(path).await?.is_some() {
            return Ok(false);
        }
        writer.put_project(path, Some(Timestamp::now()), description).await?;
        Ok(true)
    }

    async fn change_run(
        &self,
        storage_id: &str,
        make: impl FnOnce(&mut RunChange, &CatalogRun) -> Result<(), Error>,
    ) -> Result<RunPath, Error> {
        let writer = self.writer().await?;
        let run = found_run(&*self.catalog.snapshot().await?, storage_id).await?;
        let path = run.record.path.clone();
        let before = writer.run(&path);
        let mut change = before.as_deref().cloned().unwrap_or_default();
        make(&mut change, &run)?;
        if before.as_deref() != Some(&change) {
            writer.put_run(&path, change).await?;
        }
        Ok(path)
    }

    /// Whether anything may be written at all.
    pub(crate) fn check_writable(&self) -> Result<(), Error> {
        if self.options.read_only { Err(ErrorKind::ReadOnly.into()) } else { Ok(()) }
    }

    /// The right to write, unless this backend only reads.
    pub(crate) async fn writer(&self) -> Result<Writer<'_>, Error> {
        self.check_writable()?;
        Ok(self.state.writer().await)
    }
}

async fn found_run(snapshot: &Snapshot, storage_id: &str) -> Result<Arc<CatalogRun>, Error> {
    let run = snapshot.run_by_storage_id(storage_id).await?;
    run.ok_or_else(|| ErrorKind::NotFound { what: format!("run with the storage id `{storage_id}`") }.into())
}

async fn named_or_first_entity(snapshot: &Snapshot, entity: Option<String>) -> Result<String, Error> {
    match entity.filter(|entity| !entity.is_empty()) {
        Some(entity) => Ok(entity),
        None => snapshot.default_entity().await,
    }
}

/// Lays the fields that are given over those that were.
fn lay_over(change: &mut RunChange, given: RunChange) {
    let RunChange { display_name, tags, group, job_type, sweep_id, commit, notes, description, host, .. } = given;
    change.display_name = display_name.or(change.display_name.take());
    change.tags = tags.or(change.tags.take());
    change.group = group.or(change.group.take());
    change.job_type = job_type.or(change.job_type.take());
    change.sweep_id = sweep_id.or(change.sweep_id.take());
    change.commit = commit.or(change.commit.take());
    change.notes = notes.or(change.notes.take());
    change.description = description.or(change.description.take());
    change.host = host.or(change.host.take());
}

fn known_state(name: &str) -> Result<RunState, Error> {
    match RunState::from_name(name) {
        RunState::Other(unknown) => Err(invalid(format!("`{unknown}` is not a state of a run"))),
        known => Ok(known),
    }
}

fn json_object(what: &str, text: Option<&str>) -> Result<Option<Object>, Error> {
    let parse = |text| Json::parse_object(text).map_err(|error| invalid(format!("the {what} is not a JSON object: {error}")));
    text.map(parse).transpose()
}

/// Refuses names that could not be told from parts of an address, or that no listing could show.
fn check_name(what: &str, name: &str) -> Result<(), Error> {
    let fault = if name.is_empty() {
        "is empty".to_owned()
    } else if name.trim() != name {
        "begins or ends with white space".to_owned()
    } else if name.chars().count() > MAX_NAME_CHARACTERS {
        format!("has more than {MAX_NAME_CHARACTERS} characters")
    } else if let Some(character) = name.chars().find(|character| FORBIDDEN.contains(character) || character.is_control()) {
        format!("has the character {character:?}; {} and control characters are not allowed", FORBIDDEN.iter().collect::<String>())
    } else if name.chars().all(|character| character == '.') {
        "is made of dots".to_owned()
    } else {
        return Ok(());
    };
    Err(invalid(format!("the {what} `{}` {fault}", name.chars().take(MAX_NAME_CHARACTERS).collect::<String>().escape_debug())))
}

pub(crate) fn invalid(message: impl Into<String>) -> Error {
    ErrorKind::Invalid { message: message.into() }.into()
}

pub(crate) fn conflict(message: String) -> Error {
    ErrorKind::Conflict { message }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_addresses_cannot_hold_are_refused() {
        for name in ["r1", "größe 1", "a.b", "x+y@z", &"n".repeat(128)] {
            assert!(check_name("run id", name).is_ok(), "{name}");
        }
        for (name, message) in [
            ("", "the run id `` is empty"),
            (" r1", "the run id ` r1` begins or ends with white space"),
            ("a/b", "the run id `a/b` has the character '/'; /\\#?%: and control characters are not allowed"),
            ("a\0b", "the run id `a\\0b` has the character '\\0'; /\\#?%: and control characters are not allowed"),
            ("..", "the run id `..` is made of dots"),
        ] {
            assert_eq!(check_name("run id", name).unwrap_err().to_string(), message);
        }
        assert!(check_name("run id", &"n".repeat(129)).is_err());
    }
}
