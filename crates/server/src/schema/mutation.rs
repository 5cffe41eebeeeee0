//! What changes runs and projects: arguments taken apart, and the changed thing as the answer. What may be
//! changed, and how, is in `changes`.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use runlake_types::{ProjectPath, RunPath};

use super::project::Project;
use super::run::Run;
use super::scalars::JsonString;
use super::{Request, Result};
use crate::changes::RunUpsert;
use crate::state::RunChange;
use crate::{Error, ErrorKind};

#[derive(Default)]
pub(crate) struct RunMutation;

/// What is null stays as it is.
#[derive(InputObject)]
struct UpsertBucketInput {
    /// The storage id of a run that exists; otherwise `name` says which run it is.
    id: Option<String>,
    /// The run id.
    name: Option<String>,
    entity_name: Option<String>,
    /// The project.
    model_name: Option<String>,
    state: Option<String>,
    display_name: Option<String>,
    description: Option<String>,
    notes: Option<String>,
    tags: Option<Vec<String>>,
    group_name: Option<String>,
    job_type: Option<String>,
    sweep: Option<String>,
    commit: Option<String>,
    host: Option<String>,
    config: Option<JsonString>,
    summary_metrics: Option<JsonString>,
    /// Taken and not kept, as the two below.
    debug: Option<bool>,
    job_program: Option<String>,
    job_repo: Option<String>,
}

#[derive(SimpleObject)]
struct UpsertBucketPayload {
    /// The run.
    bucket: Option<Run>,
    /// Whether it was made.
    inserted: Option<bool>,
}

#[derive(InputObject)]
struct DeleteRunInput {
    id: ID,
    /// Whether the run's artifacts go with it.
    delete_artifacts: Option<bool>,
    client_mutation_id: Option<String>,
}

#[derive(SimpleObject)]
struct DeleteRunPayload {
    client_mutation_id: Option<String>,
    success: Option<bool>,
}

/// The name is one that the SDK's document names.
#[derive(InputObject)]
struct UpdateRunStateInput {
    id: ID,
    state: String,
}

#[derive(InputObject)]
struct StopRunInput {
    id: ID,
}

#[derive(SimpleObject)]
struct SuccessPayload {
    success: Option<bool>,
}

/// The name is one that the SDK's document names. What is null stays as it is.
#[derive(InputObject)]
struct UpsertModelInput {
    name: Option<String>,
    entity_name: Option<String>,
    description: Option<String>,
    /// Taken and not kept, as all below: who may see a project is up to the key.
    access: Option<String>,
    client_mutation_id: Option<String>,
    docker_image: Option<String>,
    framework: Option<String>,
    id: Option<String>,
    is_benchmark: Option<bool>,
    is_published: Option<bool>,
    owner: Option<ID>,
    repo: Option<String>,
    views: Option<String>,
}

#[derive(SimpleObject)]
struct UpsertModelPayload {
    project: Option<Project>,
    /// The older name of `project`.
    model: Option<Project>,
    inserted: Option<bool>,
}

#[Object]
impl RunMutation {
    /// Makes a run, or changes one.
    async fn upsert_bucket(&self, context: &Context<'_>, input: UpsertBucketInput) -> Result<Option<UpsertBucketPayload>> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let upsert = RunUpsert {
            storage_id: given(input.id),
            entity: given(input.entity_name),
            project: given(input.model_name),
            run_id: input.name,
            state: given(input.state),
            config: input.config.map(|config| config.0),
            summary: input.summary_metrics.map(|summary| summary.0),
            fields: RunChange {
                display_name: input.display_name,
                tags: input.tags,
                group: input.group_name,
                job_type: input.job_type,
                sweep_id: input.sweep,
                commit: input.commit,
                notes: input.notes,
                description: input.description,
                host: input.host,
                ..RunChange::default()
            },
        };
        let (path, inserted) = Request::of(context).backend.upsert_run(upsert).await?;
        Ok(Some(UpsertBucketPayload { bucket: Some(written_run(context, &path).await?), inserted: Some(inserted) }))
    }

    async fn delete_run(&self, context: &Context<'_>, input: DeleteRunInput) -> Result<Option<DeleteRunPayload>> {
        let backend = &Request::of(context).backend;
        let path = backend.delete_run(&input.id).await?;
        backend.forget_run(&path, input.delete_artifacts.unwrap_or(false)).await?;
        Ok(Some(DeleteRunPayload { client_mutation_id: input.client_mutation_id, success: Some(true) }))
    }

    /// Requeues a run or gives it up.
    async fn update_run_state(&self, context: &Context<'_>, input: UpdateRunStateInput) -> Result<Option<SuccessPayload>> {
        Request::of(context).backend.update_run_state(&input.id, &input.state).await?;
        Ok(Some(SuccessPayload { success: Some(true) }))
    }

    /// Asks a run's process to stop.
    async fn stop_run(&self, context: &Context<'_>, input: StopRunInput) -> Result<Option<SuccessPayload>> {
        Request::of(context).backend.stop_run(&input.id).await?;
        Ok(Some(SuccessPayload { success: Some(true) }))
    }

    /// Makes a project, or changes its description.
    async fn upsert_model(&self, context: &Context<'_>, input: UpsertModelInput) -> Result<Option<UpsertModelPayload>> {
        let (path, inserted) = Request::of(context).backend.upsert_project(input.entity_name, input.name, input.description).await?;
        let (project, model) = (written_project(context, &path).await?, written_project(context, &path).await?);
        Ok(Some(UpsertModelPayload { project: Some(project), model: Some(model), inserted: Some(inserted) }))
    }
}

/// The project as it is after a write, which the request's own snapshot is from before.
async fn written_project(context: &Context<'_>, path: &ProjectPath) -> Result<Project> {
    let snapshot = Request::of(context).backend.catalog.snapshot().await?;
    Ok(Project::find(&snapshot, path).await?.ok_or_else(|| gone(format!("project {path}")))?)
}

/// The run as it is after a write.
async fn written_run(context: &Context<'_>, path: &RunPath) -> Result<Run> {
    let snapshot = Request::of(context).backend.catalog.snapshot().await?;
    let project = snapshot.project(&path.project_path()).await?.ok_or_else(|| gone(format!("project {}", path.project_path())))?;
    let run = project.run(&path.run_id).cloned().ok_or_else(|| gone(format!("run {path}")))?;
    Ok(Run::new(Arc::clone(&project), run))
}

/// Somebody else deleted it at once.
fn gone(what: String) -> Error {
    ErrorKind::NotFound { what }.into()
}
