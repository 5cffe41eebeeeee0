//! What can be changed: runs made, updated, deleted, requeued and stopped, and projects made.
//!
//! The documents and what their arguments mean are read from the official client
//! (<https://github.com/wandb/wandb/blob/main/wandb/apis/public/runs.py>, `api.py` beside it). A write that says what a thing is to be may
//! reach the server twice without harm and is retried as reads are. A change of state may not: it is sent again only when the first request
//! surely did nothing, and otherwise looked after.

use rand::Rng as _;
use runlake_types::{Json, Object, ProjectPath, RunPath, RunState, object_text};
use serde_json::{Map, Value, json};

use crate::error::{Error, ErrorKind};
use crate::projects::Project;
use crate::retry::Repeatable;
use crate::run_record::{ServiceRun, service_run};
use crate::runs::failed;
use crate::wire::{Done, StateOfRun, UpsertedProject, UpsertedRun, WireMadeRun, WireRun};
use crate::{Client, documents};

/// A run to be made. What is not given is chosen by the client or the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewRun {
    /// The entity; the server's default for the key when there is none.
    pub entity: Option<String>,
    /// The project, made if need be. Default: `uncategorized`, as in the official client.
    pub project: Option<String>,
    /// The run's id; eight random letters and digits when there is none.
    pub run_id: Option<String>,
    /// [`RunState::Running`] by default, or [`RunState::Pending`] for a run whose process is to come.
    pub state: Option<RunState>,
}

/// A run that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeRun {
    /// Where it is.
    pub path: RunPath,
    /// The service's opaque id.
    pub storage_id: String,
    /// The state that it was made with.
    pub state: RunState,
    /// Whether it was made; `false` when a run of this id was there. `None` when the service does not say.
    pub inserted: Option<bool>,
}

/// What is to be changed of a run. What is `None` stays as it is; an empty text or list clears.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunUpdate {
    /// The name for people.
    pub display_name: Option<String>,
    /// Notes for people.
    pub notes: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// All tags.
    pub tags: Option<Vec<String>>,
    /// The group.
    pub group: Option<String>,
    /// The job type.
    pub job_type: Option<String>,
    /// The whole config: the user's values, and what the client keeps in it under `_wandb`.
    pub config: Option<(Object, Option<Json>)>,
    /// The whole summary: the user's values, and what the client keeps in it under `_wandb`.
    pub summary: Option<(Object, Option<Json>)>,
}

/// The characters of random run ids, as in the official client.
const ID_CHARACTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

impl RunUpdate {
    /// Whether nothing is to be changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn variables(&self, storage_id: &str) -> Value {
        let mut variables = Map::from_iter([("id".to_owned(), json!(storage_id))]);
        let texts = [
            ("displayName", &self.display_name),
            ("notes", &self.notes),
            ("description", &self.description),
            ("groupName", &self.group),
            ("jobType", &self.job_type),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                variables.insert(name.to_owned(), json!(text));
            }
        }
        if let Some(tags) = &self.tags {
            variables.insert("tags".to_owned(), json!(tags));
        }
        if let Some((config, internal)) = &self.config {
            variables.insert("config".to_owned(), json!(wire_config(config, internal.as_ref())));
        }
        if let Some((summary, internal)) = &self.summary {
            let mut summary = summary.clone();
            if let Some(internal) = internal {
                summary.insert("_wandb".to_owned(), internal.clone());
            }
            variables.insert("summaryMetrics".to_owned(), json!(object_text(&summary)));
        }
        Value::Object(variables)
    }
}

/// The config as the wire has it: each value in a wrapper, `_wandb` among them. This is what the official client calls `json_config`.
pub fn wire_config(config: &Object, internal: Option<&Json>) -> String {
    let wrapped = |value: &Json| Json::Object(Object::from([("desc".to_owned(), Json::Null), ("value".to_owned(), value.clone())]));
    let mut wire: Object = config.iter().map(|(key, value)| (key.clone(), wrapped(value))).collect();
    if let Some(internal) = internal {
        wire.insert("_wandb".to_owned(), wrapped(internal));
    }
    object_text(&wire)
}

impl Client {
    /// Makes a run. One that is there already is given back, in the state that was asked for.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for an id or project that addresses cannot hold or another state, [`ErrorKind::Conflict`] for the id of
    /// a run that was deleted, [`ErrorKind::PermissionDenied`], and as every call.
    pub async fn create_run(&self, new: NewRun) -> Result<MadeRun, Error> {
        let operation = "make a run";
        let state = new.state.unwrap_or(RunState::Running);
        if !matches!(state, RunState::Running | RunState::Pending) {
            let message = format!("a run is made `running` or `pending`, not `{state}`");
            return Err(failed_before(operation, ErrorKind::InvalidArgument { message }));
        }
        let random_id = || (0..8).map(|_| char::from(ID_CHARACTERS[rand::rng().random_range(0..ID_CHARACTERS.len())])).collect();
        let run_id = new.run_id.unwrap_or_else(random_id);
        let project = new.project.unwrap_or_else(|| "uncategorized".to_owned());
        check_name(operation, "run id", &run_id)?;
        check_name(operation, "project", &project)?;
        let variables = json!({ "entity": new.entity, "project": project, "name": run_id, "state": state.as_str() });
        // By its id, a run is made once however often it is asked for.
        let data: UpsertedRun<WireMadeRun> = self.mutate(Repeatable::Always, operation, documents::CREATE_RUN, variables).await?;
        let made = data.upsert_bucket.ok_or_else(|| failed(operation, ErrorKind::NoData))?;
        let run = made.bucket.ok_or_else(|| failed(operation, ErrorKind::NoData))?;
        let (found_project, found_entity) =
            run.project.map_or((None, None), |found| (Some(found.name), found.entity.map(|entity| entity.name)));
        let path = RunPath::new(found_entity.or(new.entity).unwrap_or_default(), found_project.unwrap_or(project), run.name);
        Ok(MadeRun { path, storage_id: run.id, state, inserted: made.inserted })
    }

    /// Changes a run; gives it back as it is then.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when the run was deleted, [`ErrorKind::PermissionDenied`], and as every call.
    pub async fn update_run(&self, project: &ProjectPath, storage_id: &str, update: &RunUpdate) -> Result<ServiceRun, Error> {
        let operation = "update the run";
        let data: UpsertedRun<WireRun> =
            self.mutate(Repeatable::Always, operation, documents::UPDATE_RUN, update.variables(storage_id)).await?;
        let run = data.upsert_bucket.and_then(|upserted| upserted.bucket).ok_or_else(|| failed(operation, ErrorKind::NoData))?;
        service_run(project, run).map_err(|kind| failed(operation, kind))
    }

    /// Deletes a run, with the artifacts that it logged if so wished. There is no way back.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is no such run, unless it went while this call was repeated; [`ErrorKind::PermissionDenied`], and
    /// as every call.
    pub async fn delete_run(&self, storage_id: &str, delete_artifacts: bool) -> Result<(), Error> {
        let (document, variables) = if delete_artifacts {
            (documents::DELETE_RUN_AND_ARTIFACTS, json!({ "id": storage_id, "deleteArtifacts": true }))
        } else {
            (documents::DELETE_RUN, json!({ "id": storage_id }))
        };
        match self.mutate::<Done>(Repeatable::Always, "delete the run", document, variables).await {
            // The answer to an earlier attempt was lost, and the run with it.
            Err(error) if error.attempts() > 1 && matches!(error.kind(), ErrorKind::NotFound { .. }) => Ok(()),
            outcome => outcome.map(drop),
        }
    }

    /// Requeues a run ([`RunState::Pending`]) or gives it up ([`RunState::Failed`]). Answers whether the server did so.
    ///
    /// When the answer is lost, the run is looked at instead of being changed again.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for other states, [`ErrorKind::Conflict`] when the state does not follow on the present one, and as
    /// every call.
    pub async fn update_run_state(&self, path: &RunPath, storage_id: &str, state: &RunState) -> Result<bool, Error> {
        let operation = "change the state of the run";
        if !matches!(state, RunState::Pending | RunState::Failed) {
            let message = format!("the state of a run can be set to `pending` or `failed`, not `{state}`");
            return Err(failed_before(operation, ErrorKind::InvalidArgument { message }));
        }
        let variables = json!({ "input": { "id": storage_id, "state": state.as_str() } });
        match self.mutate::<Done>(Repeatable::WithoutEffect, operation, documents::UPDATE_RUN_STATE, variables).await {
            Ok(done) => Ok(done.done.and_then(|done| done.success).unwrap_or(false)),
            Err(error) if error.is_retryable() && !error.kind().is_without_effect() => {
                if self.run_state(path).await? == *state {
                    Ok(true)
                } else {
                    Err(error)
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Asks the run's process to stop, which it does when it next looks. Asking again, or asking a run that has ended, does nothing.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is no such run, and as every call.
    pub async fn stop_run(&self, storage_id: &str) -> Result<(), Error> {
        let data: Done = self.mutate(Repeatable::Always, "stop the run", documents::STOP_RUN, json!({ "id": storage_id })).await?;
        let refused = data.done.is_none_or(|done| done.success == Some(false));
        if refused { Err(failed("stop the run", ErrorKind::Conflict { message: None })) } else { Ok(()) }
    }

    /// Where a run stands, and nothing else of it.
    ///
    /// # Errors
    /// [`ErrorKind::RunNotFound`], and as every call.
    pub async fn run_state(&self, path: &RunPath) -> Result<RunState, Error> {
        let data: StateOfRun = self.query_run("read the state of the run", documents::RUN_STATE, path, json!({})).await?;
        Ok(data.state.as_deref().map_or_else(|| RunState::Other("unknown".to_owned()), RunState::from_name))
    }

    /// Makes a project; one that is there already is given back.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for a name that addresses cannot hold, [`ErrorKind::PermissionDenied`], and as every call.
    pub async fn create_project(&self, path: &ProjectPath) -> Result<Project, Error> {
        let operation = "make a project";
        check_name(operation, "project", &path.project)?;
        let variables = json!({ "input": { "name": path.project, "entityName": path.entity } });
        let data: UpsertedProject = self.mutate(Repeatable::Always, operation, documents::CREATE_PROJECT, variables).await?;
        let made = data.upsert_model.ok_or_else(|| failed(operation, ErrorKind::NoData))?;
        tracing::debug!(project = %path, inserted = made.inserted, "project made");
        let project = made.project.ok_or_else(|| failed(operation, ErrorKind::NoData))?;
        Ok(Project::from_wire(&path.entity, project))
    }
}

/// Refuses what could not be told from parts of an address, before anything is sent.
fn check_name(operation: &'static str, what: &str, name: &str) -> Result<(), Error> {
    let forbidden = |character: char| character.is_control() || "/\\#?%:".contains(character);
    let fault = if name.trim().is_empty() {
        "is empty".to_owned()
    } else if let Some(character) = name.chars().find(|character| forbidden(*character)) {
        format!("has the character {character:?}")
    } else {
        return Ok(());
    };
    let message = format!("the {what} `{}` {fault}", name.escape_debug());
    Err(failed_before(operation, ErrorKind::InvalidArgument { message }))
}

/// A failure before anything was sent.
pub(crate) fn failed_before(operation: &'static str, kind: ErrorKind) -> Error {
    Error::new(operation, 0, std::time::Duration::ZERO, kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_to_change_is_sent() {
        let config = Json::parse_object(r#"{"lr":0.1,"mine":{"value":7}}"#).unwrap();
        let update = RunUpdate {
            notes: Some(String::new()),
            config: Some((config, Some(Json::parse(r#"{"t":1}"#).unwrap()))),
            summary: Some((Json::parse_object(r#"{"big":9007199254740993}"#).unwrap(), None)),
            ..RunUpdate::default()
        };
        assert_eq!(
            update.variables("id1"),
            json!({
                "id": "id1", "notes": "", "summaryMetrics": r#"{"big":9007199254740993}"#,
                "config": r#"{"_wandb":{"desc":null,"value":{"t":1}},"lr":{"desc":null,"value":0.1},"mine":{"desc":null,"value":{"value":7}}}"#,
            })
        );
        assert!(RunUpdate::default().is_empty() && !update.is_empty());
    }

    #[test]
    fn names_are_checked_before_anything_is_sent() {
        assert!(check_name("x", "run id", "a b").is_ok());
        let message = |name: &str| std::error::Error::source(&check_name("x", "run id", name).unwrap_err()).unwrap().to_string();
        assert_eq!(message("a/b"), "the run id `a/b` has the character '/'");
        assert_eq!(message(" "), "the run id ` ` is empty");
        assert_eq!(message("a\0"), "the run id `a\\0` has the character '\\0'");
    }
}
