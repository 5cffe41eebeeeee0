//! `runlake run artifacts|log-artifact|use-artifact` and `runlake artifact …`.

use std::path::Path;

use futures::TryStreamExt as _;
use runlake::Api;
use runlake_fetch::{Artifact, ArtifactDownload, ArtifactDraft};
use runlake_types::{Json, Object};

use crate::arguments::Print;
use crate::arguments::artifact::{
    Artifact as Arguments, ArtifactCommand, ArtifactPlace, Artifacts, DeleteArtifact, DownloadArtifact, LogArtifact, OneArtifact,
    UseArtifact,
};
use crate::commands::run::{found, is_confirmed};
use crate::connection::connect;
use crate::exit_code;
use crate::format::{print_object, print_sheet};
use crate::report::{UsageError, say};
use crate::sheet::Sheet;

pub(crate) async fn artifact(options: &Arguments) -> anyhow::Result<u8> {
    match &options.command {
        ArtifactCommand::Show(options) => show(options).await,
        ArtifactCommand::Files(options) => files(options).await,
        ArtifactCommand::Download(options) => download(options).await,
        ArtifactCommand::Versions(options) => versions(options).await,
        ArtifactCommand::Delete(options) => delete(options).await,
    }
}

async fn found_artifact(place: &ArtifactPlace) -> anyhow::Result<(Api, Artifact)> {
    let api = Api::new(connect(&place.connection)?);
    let artifact = api.artifact(&place.artifact).await?;
    Ok((api, artifact))
}

fn count(count: u64) -> Json {
    Json::from(i64::try_from(count).unwrap_or(i64::MAX))
}

fn texts(texts: &[String]) -> Json {
    Json::Array(texts.iter().map(|text| Json::from(text.clone())).collect())
}

fn object(artifact: &Artifact) -> Object {
    let text = |text: Option<String>| text.map_or(Json::Null, Json::from);
    Object::from([
        ("path".to_owned(), Json::from(artifact.path.to_string())),
        ("type".to_owned(), Json::from(artifact.artifact_type.clone())),
        ("version".to_owned(), text(artifact.version_index.map(|index| format!("v{index}")))),
        ("aliases".to_owned(), texts(&artifact.aliases)),
        ("tags".to_owned(), texts(&artifact.tags)),
        ("description".to_owned(), text(artifact.description.clone())),
        ("metadata".to_owned(), Json::Object(artifact.metadata.clone())),
        ("state".to_owned(), Json::from(artifact.state.clone())),
        ("digest".to_owned(), Json::from(artifact.digest.clone())),
        ("size_bytes".to_owned(), count(artifact.size_bytes)),
        ("file_count".to_owned(), count(artifact.file_count)),
        ("created_at".to_owned(), text(artifact.created_at.map(|at| at.to_string()))),
    ])
}

fn print_artifacts(artifacts: &[Artifact], print: &Print) -> anyhow::Result<u8> {
    const COLUMNS: [&str; 8] = ["path", "type", "aliases", "tags", "size_bytes", "file_count", "created_at", "digest"];
    let mut sheet = Sheet::new(&COLUMNS);
    for artifact in artifacts {
        let mut object = object(artifact);
        sheet.rows.push(COLUMNS.iter().map(|column| object.remove(*column).unwrap_or(Json::Null)).collect());
    }
    print_sheet(&sheet, print.format()?, print.output())?;
    Ok(exit_code::OK)
}

fn print_artifact(artifact: &Artifact, print: &Print) -> anyhow::Result<u8> {
    print_object(&object(artifact), print.format()?, print.output())?;
    Ok(exit_code::OK)
}

async fn show(options: &OneArtifact) -> anyhow::Result<u8> {
    let (_api, artifact) = found_artifact(&options.place).await?;
    print_artifact(&artifact, &options.print)
}

async fn files(options: &OneArtifact) -> anyhow::Result<u8> {
    let (_api, artifact) = found_artifact(&options.place).await?;
    let mut sheet = Sheet::new(&["path", "size_bytes", "digest", "reference"]);
    for (path, entry) in artifact.manifest().await?.entries {
        let reference = entry.reference.map_or(Json::Null, Json::from);
        sheet.rows.push(vec![Json::from(path), entry.size.map_or(Json::Null, count), Json::from(entry.digest), reference]);
    }
    print_sheet(&sheet, options.print.format()?, options.print.output())?;
    Ok(exit_code::OK)
}

async fn download(options: &DownloadArtifact) -> anyhow::Result<u8> {
    let (_api, artifact) = found_artifact(&options.place).await?;
    let done = download_into(&artifact, &options.root).await?;
    let mut sheet = Sheet::new(&["path"]);
    sheet.rows = done.files.iter().map(|path| vec![Json::from(path.display().to_string())]).collect();
    print_sheet(&sheet, options.print.format()?, options.print.output())?;
    Ok(exit_code::OK)
}

async fn download_into(artifact: &Artifact, root: &Path) -> anyhow::Result<ArtifactDownload> {
    let done = artifact.download(root).await?;
    let (all, there) = (done.files.len(), done.unchanged);
    say(&format!("{}: {all} files in {}, {there} of them were there", artifact.path, root.display()));
    for (path, address) in &done.references {
        say(&format!("{path} refers to {address}, which is not downloaded"));
    }
    Ok(done)
}

async fn versions(options: &OneArtifact) -> anyhow::Result<u8> {
    let (api, artifact) = found_artifact(&options.place).await?;
    let path = format!("{}/{}", artifact.path.project_path(), artifact.path.name);
    let versions: Vec<Artifact> = api.artifact_versions(&artifact.artifact_type, &path)?.try_collect().await?;
    print_artifacts(&versions, &options.print)
}

async fn delete(options: &DeleteArtifact) -> anyhow::Result<u8> {
    let (_api, artifact) = found_artifact(&options.place).await?;
    let aliases = if artifact.aliases.is_empty() { String::new() } else { format!(" ({})", artifact.aliases.join(", ")) };
    if !options.yes && !is_confirmed(&format!("delete {}{aliases} for good?", artifact.path))? {
        say("nothing was deleted");
        return Ok(exit_code::FAILURE);
    }
    artifact.delete(options.with_aliases).await?;
    say(&format!("{} is deleted", artifact.path));
    Ok(exit_code::OK)
}

pub(crate) async fn of_run(options: &Artifacts) -> anyhow::Result<u8> {
    let run = found(&options.place).await?;
    let listed = if options.used { run.used_artifacts() } else { run.logged_artifacts() };
    let artifacts: Vec<Artifact> = listed.try_collect().await?;
    print_artifacts(&artifacts, &options.print)
}

pub(crate) async fn log(options: &LogArtifact) -> anyhow::Result<u8> {
    let aliases: Vec<&str> = options.aliases.iter().map(String::as_str).collect();
    let tags: Vec<&str> = options.tags.iter().map(String::as_str).collect();
    let artifact = if let Some(existing) = &options.existing {
        let run = found(&options.place).await?;
        let artifact = Api::new(connect(&options.place.connection)?).artifact(existing).await?;
        run.log_existing_artifact(&artifact, &aliases, &tags).await?
    } else {
        let draft = draft(options)?;
        let run = found(&options.place).await?;
        run.log_artifact(&draft, &aliases, &tags).await?
    };
    print_artifact(&artifact, &options.print)
}

fn draft(options: &LogArtifact) -> anyhow::Result<ArtifactDraft> {
    let given = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut draft = ArtifactDraft::new(given(&options.name), given(&options.artifact_type))?;
    if let Some(description) = &options.description {
        draft = draft.with_description(description);
    }
    if let Some(metadata) = &options.metadata {
        let metadata = Json::parse_object(metadata).map_err(|error| UsageError {
            message: format!("the metadata is not a JSON object: {error}"),
            hint: "write an object such as '{\"rows\": 60000}'".to_owned(),
        })?;
        draft = draft.with_metadata(metadata);
    }
    for path in &options.paths {
        draft = if path.is_dir() {
            draft.with_folder(path, "")?
        } else {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            draft.with_file(path, &name)?
        };
    }
    for reference in &options.references {
        let (path, address) = reference.split_once('=').ok_or_else(|| UsageError {
            message: format!("`{reference}` is not PATH=ADDRESS"),
            hint: "write a reference such as images=s3://bucket/images".to_owned(),
        })?;
        draft = draft.with_reference(address, path)?;
    }
    Ok(draft)
}

pub(crate) async fn use_it(options: &UseArtifact) -> anyhow::Result<u8> {
    let run = found(&options.place).await?;
    let artifact = Api::new(connect(&options.place.connection)?).artifact(&options.artifact).await?;
    run.use_artifact(&artifact, options.use_as.as_deref()).await?;
    if let Some(folder) = &options.download {
        download_into(&artifact, folder).await?;
    }
    print_artifact(&artifact, &options.print)
}
