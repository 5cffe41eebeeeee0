//! Artifacts as far as runs use them: `tests/python/member_artifacts.py`, where a process of the SDK makes what is logged here at once.

use futures::{FutureExt as _, TryStreamExt as _};
use runlake::Error;
use runlake_fetch::{Artifact, ArtifactDraft};
use runlake_types::{Json, Object};

use super::answer::{ToAnswer as _, list, outcome};
use super::{Answer, Context, Step, WRITTEN};

pub(super) const STEPS: &[(&str, Step)] = &[
    ("Run.log_artifact (new)", |context| log_new(context).boxed_local()),
    ("Run.log_artifact (the same again)", |context| log_again(context).boxed_local()),
    ("Run.log_artifact (changed)", |context| log_changed(context).boxed_local()),
    ("Api.artifact", |context| find(context).boxed_local()),
    ("Api.artifact_exists", |context| exists(context).boxed_local()),
    ("Api.artifacts", |context| versions(context).boxed_local()),
    ("Api.artifact_types", |context| types(context).boxed_local()),
    ("Api.artifact_collections", |context| collections(context).boxed_local()),
    ("Artifact.manifest", |context| manifest(context).boxed_local()),
    ("Artifact.download", |context| download(context).boxed_local()),
    ("Artifact.aliases (set)", |context| set_aliases(context).boxed_local()),
    ("Run.log_artifact (of another run)", |context| log_existing(context).boxed_local()),
    ("Run.use_artifact", |context| use_it(context).boxed_local()),
    ("Run.logged_artifacts", |context| logged(context).boxed_local()),
    ("Run.used_artifacts", |context| used(context).boxed_local()),
    ("Artifact.logged_by", |context| logged_by(context).boxed_local()),
    ("Artifact.used_by", |context| used_by(context).boxed_local()),
    ("Artifact.delete", |context| delete(context).boxed_local()),
];

async fn found(context: &Context, alias: &str) -> Result<Artifact, Error> {
    context.api().artifact(&format!("{WRITTEN}/weights:{alias}")).await
}

fn version(artifact: &Artifact) -> Option<String> {
    artifact.version_index.map(|index| format!("v{index}"))
}

async fn version_of(context: &Context, alias: &str) -> Json {
    outcome(found(context, alias).await.map(|artifact| version(&artifact)))
}

fn sorted(texts: &[String]) -> Vec<String> {
    let mut texts = texts.to_vec();
    texts.sort();
    texts
}

fn facts(artifact: &Artifact) -> Json {
    list![
        version(artifact),
        artifact.artifact_type,
        artifact.state,
        artifact.digest,
        artifact.size_bytes,
        artifact.file_count,
        sorted(&artifact.aliases),
        sorted(&artifact.tags),
        artifact.description,
        artifact.metadata,
    ]
}

/// Logs these files with `b.bin` in a folder, as the run `maker`.
async fn log(context: &Context, contents_of_b: &[u8], aliases: &[&str]) -> Result<Artifact, Error> {
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    fs_err::create_dir(folder.path().join("sub")).expect("the temporary folder is writable");
    fs_err::write(folder.path().join("a.txt"), "hello").expect("the temporary folder is writable");
    fs_err::write(folder.path().join("sub/b.bin"), contents_of_b).expect("the temporary folder is writable");
    let metadata = Object::from([("depth".to_owned(), Json::from(3_i64)), ("lr".to_owned(), Json::from(0.1))]);
    let draft = ArtifactDraft::new("weights", "model")?.with_folder(folder.path(), "")?;
    let draft = draft.with_description("two layers").with_metadata(metadata);
    context.written("maker").await?.log_artifact(&draft, aliases, &["small"]).await
}

fn bytes() -> Vec<u8> {
    (0..=u8::MAX).collect()
}

async fn log_new(context: Context) -> Answer {
    context.create("maker").await?;
    log(&context, &bytes(), &["best"]).await?;
    Ok(facts(&found(&context, "v0").await?))
}

async fn log_again(context: Context) -> Answer {
    Ok(facts(&log(&context, &bytes(), &["again"]).await?))
}

async fn log_changed(context: Context) -> Answer {
    let changed = log(&context, b"other", &[]).await?;
    Ok(list![facts(&changed), sorted(&found(&context, "v0").await?.aliases)])
}

async fn find(context: Context) -> Answer {
    let mut answers = Vec::new();
    for alias in ["latest", "best", "v0", "v1", "v9"] {
        answers.push(version_of(&context, alias).await);
    }
    Ok(answers.to_answer())
}

async fn exists(context: Context) -> Answer {
    let mut answers = Vec::new();
    for alias in ["v0", "best", "v9"] {
        answers.push(context.api().artifact_exists(&format!("{WRITTEN}/weights:{alias}")).await?);
    }
    Ok(answers.to_answer())
}

async fn all_versions(context: &Context) -> Answer {
    let versions: Vec<Artifact> = context.api().artifact_versions("model", &format!("{WRITTEN}/weights"))?.try_collect().await?;
    Ok(versions.iter().map(version).collect::<Vec<_>>().to_answer())
}

async fn versions(context: Context) -> Answer {
    all_versions(&context).await
}

async fn types(context: Context) -> Answer {
    Ok(context.api().artifact_types(WRITTEN).await?.to_answer())
}

async fn collections(context: Context) -> Answer {
    Ok(context.api().artifact_collections("model", WRITTEN).await?.to_answer())
}

async fn manifest(context: Context) -> Answer {
    let entries = found(&context, "v0").await?.manifest().await?.entries;
    Ok(entries.iter().map(|(path, entry)| list![path, entry.digest, entry.size]).collect::<Vec<_>>().to_answer())
}

async fn download(context: Context) -> Answer {
    let root = tempfile::tempdir().expect("the temporary folder is writable");
    let done = found(&context, "v0").await?.download(root.path()).await?;
    let file = |path: &std::path::PathBuf| {
        let name = path.strip_prefix(root.path()).ok().and_then(std::path::Path::to_str).map(str::to_owned);
        list![name, fs_err::metadata(path).expect("it was downloaded").len()]
    };
    Ok(done.files.iter().map(file).collect::<Vec<_>>().to_answer())
}

async fn set_aliases(context: Context) -> Answer {
    let mut artifact = found(&context, "v0").await?;
    artifact.remove_aliases(&["again"]).await?;
    artifact.add_aliases(&["chosen"]).await?;
    Ok(list![sorted(&found(&context, "chosen").await?.aliases), version_of(&context, "again").await])
}

async fn log_existing(context: Context) -> Answer {
    let artifact = found(&context, "v0").await?;
    let logged = context.create("second").await?.log_existing_artifact(&artifact, &["twice"], &["more"]).await?;
    Ok(list![facts(&logged), of_run(&context, "second", true).await?])
}

/// The versions that a run logged or uses.
async fn of_run(context: &Context, run_id: &str, is_logged: bool) -> Answer {
    let run = context.written(run_id).await?;
    let listed = if is_logged { run.logged_artifacts() } else { run.used_artifacts() };
    Ok(listed.try_collect::<Vec<_>>().await?.iter().map(version).collect::<Vec<_>>().to_answer())
}

async fn use_it(context: Context) -> Answer {
    context.create("user").await?.use_artifact(&found(&context, "v0").await?, None).await?;
    of_run(&context, "user", false).await
}

async fn logged(context: Context) -> Answer {
    of_run(&context, "maker", true).await
}

async fn used(context: Context) -> Answer {
    Ok(list![of_run(&context, "user", false).await?, of_run(&context, "maker", false).await?])
}

async fn logged_by(context: Context) -> Answer {
    Ok(found(&context, "v0").await?.logged_by().await?.map(|run| run.run_id).to_answer())
}

async fn used_by(context: Context) -> Answer {
    let mut answers = Vec::new();
    for alias in ["v0", "v1"] {
        let runs = found(&context, alias).await?.used_by().await?;
        answers.push(runs.into_iter().map(|run| run.run_id).collect::<Vec<_>>());
    }
    Ok(answers.to_answer())
}

async fn delete(context: Context) -> Answer {
    let artifact = found(&context, "v0").await?;
    let refused = outcome(artifact.delete(false).await.map_err(Error::from));
    artifact.delete(true).await?;
    Ok(list![refused, version_of(&context, "v0").await, all_versions(&context).await?])
}
