//! What changes the files of runs.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use runlake_types::RunPath;

use super::{Request, Result};
use crate::changes::{conflict, invalid};
use crate::signing::Purpose;
use crate::{Error, ErrorKind, files};

#[derive(Default)]
pub(crate) struct FileMutation;

/// The most files of one request.
const MAX_FILES: usize = 10_000;

#[derive(InputObject)]
struct CreateRunFilesInput {
    entity_name: Option<String>,
    project_name: Option<String>,
    /// The run id.
    run_name: String,
    /// Their names.
    files: Vec<String>,
    client_mutation_id: Option<String>,
}

#[derive(SimpleObject)]
struct CreateRunFilesPayload {
    /// The storage id of the run.
    #[graphql(name = "runID")]
    run_id: ID,
    upload_headers: Vec<String>,
    files: Vec<RunFileUpload>,
}

#[derive(SimpleObject)]
struct RunFileUpload {
    name: String,
    /// Signed and absolute, for one `PUT` of the whole file.
    upload_url: Option<String>,
}

#[derive(InputObject)]
struct MarkRunFilesUploadedInput {
    entity_name: Option<String>,
    project_name: Option<String>,
    run_name: String,
    files: Vec<String>,
    client_mutation_id: Option<String>,
}

#[derive(InputObject)]
struct DeleteFilesInput {
    /// Storage ids of files.
    files: Vec<ID>,
    /// Not looked at: the ids say it all.
    project_id: Option<i32>,
    client_mutation_id: Option<String>,
}

#[derive(SimpleObject)]
struct FileSuccessPayload {
    success: Option<bool>,
}

#[Object]
impl FileMutation {
    /// Gives an address to upload each file to. The files are there when their contents are.
    async fn create_run_files(&self, context: &Context<'_>, input: CreateRunFilesInput) -> Result<Option<CreateRunFilesPayload>> {
        let request = Request::of(context);
        request.backend.check_writable()?;
        let run = run_path(context, input.entity_name, input.project_name, input.run_name).await?;
        let found = request.backend.found_run(&run).await?;
        if input.files.len() > MAX_FILES {
            return Err(invalid(format!("{} files are asked for and one request may ask for {MAX_FILES}", input.files.len())).into());
        }
        let upload = |name: String| {
            files::check_name(&name)?;
            let upload_url = Some(request.signed_url(Purpose::Upload, &files::url_path(&run, &name)));
            Ok(RunFileUpload { name, upload_url })
        };
        let files = input.files.into_iter().map(upload).collect::<std::result::Result<_, Error>>()?;
        let run_id = ID::from(found.record.storage_id.clone());
        Ok(Some(CreateRunFilesPayload { run_id, upload_headers: Vec::new(), files }))
    }

    /// Confirms that contents have arrived, which this backend has noticed by itself.
    async fn mark_run_files_uploaded(&self, context: &Context<'_>, input: MarkRunFilesUploadedInput) -> Result<Option<FileSuccessPayload>> {
        let backend = &Request::of(context).backend;
        backend.check_writable()?;
        let run = run_path(context, input.entity_name, input.project_name, input.run_name).await?;
        backend.found_run(&run).await?;
        let there = backend.files(&run).await?;
        if let Some(missing) = input.files.iter().find(|name| !there.iter().any(|file| file.name == **name)) {
            return Err(conflict(format!("the file `{}` of {run} was not uploaded", missing.escape_debug())).into());
        }
        Ok(Some(FileSuccessPayload { success: Some(true) }))
    }

    /// Deletes files of one or more runs for good. Those that are gone already are passed over.
    async fn delete_files(&self, context: &Context<'_>, input: DeleteFilesInput) -> Result<Option<FileSuccessPayload>> {
        let backend = &Request::of(context).backend;
        let mut by_run: std::collections::BTreeMap<RunPath, Vec<String>> = std::collections::BTreeMap::new();
        for id in &input.files {
            let not_found = || Error::from(ErrorKind::NotFound { what: format!("file with the storage id `{}`", id.as_str()) });
            let (run, name) = files::parse_storage_id(id).ok_or_else(not_found)?;
            by_run.entry(run).or_default().push(name);
        }
        for (run, names) in by_run {
            let in_source = backend.source_files(&run).await?;
            let writer = backend.writer().await?;
            backend.found_run(&run).await?;
            let marked = names.into_iter().map(|name| {
                let is_in_source = in_source.iter().any(|file| file.name == name);
                (name, is_in_source)
            });
            writer.delete_files(&run, marked.collect()).await?;
        }
        Ok(Some(FileSuccessPayload { success: Some(true) }))
    }
}

async fn run_path(context: &Context<'_>, entity: Option<String>, project: Option<String>, run: String) -> Result<RunPath> {
    let entity = match entity.filter(|entity| !entity.is_empty()) {
        Some(entity) => entity,
        None => Request::of(context).snapshot.default_entity().await?,
    };
    let project = project.filter(|project| !project.is_empty()).ok_or_else(|| invalid("a run's project is named by `projectName`"))?;
    Ok(RunPath::new(entity, project, run))
}
