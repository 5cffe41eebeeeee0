//! The examples in the documentation of the official SDK for files and artifacts of runs, in Rust.
//!
//! `cargo run -p runlake --example files_and_artifacts -- ENTITY/PROJECT/RUN_ID` goes through those that only read, on a run of the server
//! that the usual variables name. The workspace's tests run all of them against the embedded backend.
#![expect(clippy::print_stdout, reason = "examples show what they find")]

use std::path::{Path, PathBuf};

use futures::TryStreamExt as _;
use runlake::fetch::{Artifact, ArtifactDraft, Existing, FilesQuery};
use runlake::{Api, Error};

/// "Get the files for the run": names, addresses and sizes, and each of them downloaded.
///
/// # Errors
/// As every call, and when a file cannot be written.
pub async fn files_of(api: &Api, run: &str, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let run = api.run(run).await?;
    let mut paths = Vec::new();
    for file in run.files(FilesQuery::default()).collect().await? {
        println!("File: {}", file.name);
        println!("Size: {} bytes", file.size_bytes);
        println!("Type: {:?}", file.mimetype);
        println!("Place: {:?}", file.path_uri());
        paths.push(file.download(folder, Existing::Replace).await?);
    }
    Ok(paths)
}

/// "Upload a local file to W&B, associating it with this run".
///
/// # Errors
/// As every call, and when the file cannot be read.
pub async fn uploaded_file(api: &Api, run: &str, path: &Path, root: &Path) -> Result<String, Error> {
    let file = api.run(run).await?.upload_file(path, root).await?;
    Ok(file.name)
}

/// "Fetches all artifacts logged by this run": one is logged with a file, and found among the logged ones.
///
/// # Errors
/// As every call, and when the file cannot be read.
pub async fn logged_artifact(api: &Api, run: &str, path: &Path) -> Result<Vec<String>, Error> {
    let run = api.run(run).await?;
    let artifact = ArtifactDraft::new("test_artifact", "dataset")?.with_file(path, "test.txt")?;
    run.log_artifact(&artifact, &[], &[]).await?;
    let logged: Vec<Artifact> = run.logged_artifacts().try_collect().await?;
    Ok(logged.iter().map(|artifact| artifact.path.name.clone()).collect())
}

/// "Fetches artifacts explicitly used by this run": the one that was logged last is used, and found among the used ones.
///
/// # Errors
/// As every call.
pub async fn used_artifact(api: &Api, run: &str, artifact: &str) -> Result<Vec<String>, Error> {
    let run = api.run(run).await?;
    run.use_artifact(&api.artifact(artifact).await?, None).await?;
    let used: Vec<Artifact> = run.used_artifacts().try_collect().await?;
    Ok(used.iter().map(|artifact| artifact.path.name.clone()).collect())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let run = std::env::args().nth(1).ok_or("say which run: ENTITY/PROJECT/RUN_ID")?;
    let api = Api::from_environment()?;
    println!("{} files are in downloads", files_of(&api, &run, Path::new("downloads")).await?.len());
    let logged: Vec<Artifact> = api.run(&run).await?.logged_artifacts().try_collect().await?;
    println!("{} artifacts were logged", logged.len());
    Ok(())
}
