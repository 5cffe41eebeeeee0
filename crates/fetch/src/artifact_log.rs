//! Artifacts into the service: contents that it does not have are uploaded, and a run is said to have made or used them.
//!
//! The order of the calls is that of
//! <https://github.com/wandb/wandb/blob/main/core/pkg/artifacts/saver.go>: make the version, which the service knows already when its digest
//! is not new; ask for an address for each file, which is left out for contents that are there; then the manifest, and at last the commit
//! that makes all of it appear at once.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use rand::Rng as _;
use rand::distr::Alphanumeric;
use runlake_types::{RunPath, object_text};
use serde_json::{Value, json};

use crate::Client;
use crate::artifact::Artifact;
use crate::artifact_draft::{ArtifactDraft, check_alias, check_tag};
use crate::artifact_manifest::ArtifactManifest;
use crate::artifact_wire::{
    COMMIT, CREATE, CREATE_FILES, CREATE_MANIFEST, CreateData, CreateFilesData, CreateManifestData, FileSpec, USE, WireCreated,
    WireManifestRecord, WireUploadFile,
};
use crate::digest::{Algorithm, Digest};
use crate::error::{Error, ErrorKind};
use crate::file_wire::Done;
use crate::runs::failed;
use crate::signed_url::SignedUrl;
use crate::upload::Contents;

const OPERATION: &str = "log the artifact";

/// How many files are asked about in one request.
const FILES_PER_REQUEST: usize = 500;
/// How many uploads are prepared at once; the client's limit on requests applies to them too.
const UPLOADS_AT_ONCE: usize = 32;
/// The length of the ids by which the service tells a repeated call from a new one.
const CLIENT_ID_LENGTH: usize = 128;

impl Client {
    /// Logs an artifact as made by a run, and waits until all of it is there. When the newest version, or an older one, has the same
    /// digest, nothing is uploaded and that version is returned with the aliases.
    ///
    /// The service moves the alias `latest` to a new version by itself.
    ///
    /// ```no_run
    /// # async fn example(client: runlake_fetch::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use runlake_fetch::ArtifactDraft;
    /// use runlake_types::RunPath;
    ///
    /// let draft = ArtifactDraft::new("model", "model")?.with_file("weights.bin", "weights.bin")?;
    /// let artifact = client.log_artifact(&RunPath::parse("team/digits/r1")?, &draft, &["best"], &["small"]).await?;
    /// println!("{} {:?}", artifact.path, artifact.aliases);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for an alias or tag that the service does not take, [`ErrorKind::LocalFile`] when a file cannot be
    /// read any more, [`ErrorKind::WrongDigest`] when one has changed since it was added, [`ErrorKind::RunNotFound`], and as every call.
    pub async fn log_artifact(&self, run: &RunPath, draft: &ArtifactDraft, aliases: &[&str], tags: &[&str]) -> Result<Artifact, Error> {
        let mut input = create_input(run, &draft.name, &draft.artifact_type, &draft.digest(), aliases, tags)?;
        input["description"] = json!(draft.description);
        input["metadata"] = if draft.metadata.is_empty() { Value::Null } else { json!(object_text(&draft.metadata)) };
        let created = self.create_artifact(run, input).await?;
        if created.state.as_deref() != Some("COMMITTED") {
            self.upload_artifact(run, draft, &created).await?;
            self.query::<Done>(OPERATION, COMMIT, json!({ "artifactID": created.id })).await?;
        }
        self.artifact_by_id(OPERATION, &created.id).await
    }

    /// Says that a run made a version that exists already, and gives it more aliases and tags.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] when the artifact belongs to another project, and as [`log_artifact`](Self::log_artifact).
    pub async fn log_existing_artifact(
        &self,
        run: &RunPath,
        artifact: &Artifact,
        aliases: &[&str],
        tags: &[&str],
    ) -> Result<Artifact, Error> {
        if artifact.path.project_path() != run.project_path() {
            let reason = format!("a run of {} cannot log an artifact of {}", run.project_path(), artifact.path.project_path());
            return Err(failed(OPERATION, ErrorKind::InvalidArgument { message: reason }));
        }
        let input = create_input(run, &artifact.path.name, &artifact.artifact_type, &artifact.digest, aliases, tags)?;
        let created = self.create_artifact(run, input).await?;
        self.artifact_by_id(OPERATION, &created.id).await
    }

    /// Says that a run uses a version; `use_as` is the part that it plays, by default its name.
    ///
    /// # Errors
    /// [`ErrorKind::ArtifactState`] when it is not whole, [`ErrorKind::RunNotFound`], and as every call.
    pub async fn use_artifact(&self, run: &RunPath, artifact: &Artifact, use_as: Option<&str>) -> Result<(), Error> {
        let operation = "use the artifact";
        artifact.check_committed().map_err(|kind| failed(operation, kind))?;
        let use_as = use_as.map_or_else(|| artifact.path.name_and_alias(), str::to_owned);
        let variables = json!({
            "entityName": run.entity, "projectName": run.project, "runName": run.run_id, "artifactID": artifact.storage_id, "usedAs": use_as,
        });
        self.query::<Done>(operation, USE, variables).await.map(|_done| ())
    }

    async fn create_artifact(&self, run: &RunPath, input: Value) -> Result<WireCreated, Error> {
        let data: CreateData = self.query(OPERATION, CREATE, json!({ "input": input })).await?;
        let created = data.create_artifact.and_then(|payload| payload.artifact);
        created.ok_or_else(|| failed(OPERATION, ErrorKind::RunNotFound { path: run.clone() }))
    }

    async fn upload_artifact(&self, run: &RunPath, draft: &ArtifactDraft, created: &WireCreated) -> Result<(), Error> {
        let base =
            created.artifact_sequence.as_ref().and_then(|sequence| sequence.latest_artifact.as_ref()).map(|latest| latest.id.as_str());
        let record = self.create_manifest(run, &created.id, base, "", false).await?;
        let mut manifest = draft.manifest.clone();
        let paths: Vec<&String> = draft.sources.keys().collect();
        for batch in paths.chunks(FILES_PER_REQUEST) {
            self.upload_files(draft, &created.id, &record.id, batch, &mut manifest).await?;
        }
        let contents = Contents::Bytes(manifest.to_json().into());
        let md5 = contents.md5().await.map_err(|kind| failed(OPERATION, kind))?;
        let file = self.create_manifest(run, &created.id, base, &md5.to_base64(), true).await?.file;
        let file = file.filter(|file| file.upload_url.is_some()).ok_or_else(|| failed(OPERATION, ErrorKind::NoData))?;
        self.upload_one(&file, &contents, md5).await
    }

    async fn create_manifest(
        &self,
        run: &RunPath,
        artifact_id: &str,
        base: Option<&str>,
        digest: &str,
        include_upload: bool,
    ) -> Result<WireManifestRecord, Error> {
        let variables = json!({
            "artifactID": artifact_id, "baseArtifactID": base, "name": "wandb_manifest.json", "digest": digest, "entityName": run.entity,
            "projectName": run.project, "runName": run.run_id, "manifestType": "FULL", "includeUpload": include_upload,
        });
        let data: CreateManifestData = self.query(OPERATION, CREATE_MANIFEST, variables).await?;
        let payload = data.create_artifact_manifest.ok_or_else(|| failed(OPERATION, ErrorKind::NoData))?;
        Ok(payload.artifact_manifest)
    }

    /// Uploads what the service lacks of a batch of files, and notes in the manifest which artifact brought each first. When an address
    /// expires before its turn comes, the files that are still missing are asked about once more.
    async fn upload_files(
        &self,
        draft: &ArtifactDraft,
        artifact_id: &str,
        manifest_id: &str,
        paths: &[&String],
        manifest: &mut ArtifactManifest,
    ) -> Result<(), Error> {
        let mut is_first = true;
        loop {
            let files = self.upload_addresses(draft, artifact_id, manifest_id, paths).await?;
            for (path, file) in paths.iter().zip(&files) {
                if let Some(entry) = manifest.entries.get_mut(*path) {
                    entry.birth_artifact_id = file.artifact.as_ref().map(|artifact| artifact.id.clone());
                }
            }
            let uploads = paths.iter().zip(files).filter(|(_, file)| file.upload_url.is_some());
            let outcome: Result<(), Error> = stream::iter(uploads.map(|(path, file)| self.upload_entry(draft, path, file)))
                .buffer_unordered(UPLOADS_AT_ONCE)
                .try_collect()
                .await;
            match outcome {
                Err(error) if is_first && matches!(error.kind(), ErrorKind::UrlExpired { .. }) => is_first = false,
                outcome => return outcome,
            }
        }
    }

    async fn upload_addresses(
        &self,
        draft: &ArtifactDraft,
        artifact_id: &str,
        manifest_id: &str,
        paths: &[&String],
    ) -> Result<Vec<WireUploadFile>, Error> {
        let spec = |path: &&String| FileSpec {
            artifact_id: artifact_id.to_owned(),
            manifest_id: manifest_id.to_owned(),
            name: (*path).clone(),
            md5: draft.manifest.entries[*path].digest.clone(),
        };
        let specs: Vec<FileSpec> = paths.iter().map(spec).collect();
        let variables = json!({ "input": { "artifactFiles": specs, "storageLayout": "V2" } });
        let data: CreateFilesData = self.query(OPERATION, CREATE_FILES, variables).await?;
        let edges = data.create_artifact_files.and_then(|payload| payload.files.edges).unwrap_or_default();
        // The answers stand in the order of the questions, and have no names of their own.
        let files: Vec<WireUploadFile> = edges.into_iter().filter_map(|edge| edge.node).collect();
        if files.len() == paths.len() { Ok(files) } else { Err(failed(OPERATION, ErrorKind::NoData)) }
    }

    async fn upload_entry(&self, draft: &ArtifactDraft, path: &str, file: WireUploadFile) -> Result<(), Error> {
        let fail = |kind| failed(OPERATION, kind);
        let contents = Contents::of_file(&draft.sources[path]).await.map_err(fail)?;
        let expected = &draft.manifest.entries[path].digest;
        let found = contents.md5().await.map_err(fail)?;
        if Digest::parse(Algorithm::Md5, expected) != Some(found) {
            let what = format!("`{}`, which was added as `{path}`,", draft.sources[path].display());
            return Err(fail(ErrorKind::WrongDigest { what, expected: expected.clone(), found: found.to_string() }));
        }
        self.upload_one(&file, &contents, found).await
    }

    async fn upload_one(&self, file: &WireUploadFile, contents: &Contents, md5: Digest) -> Result<(), Error> {
        let url = SignedUrl::read(file.upload_url.as_deref().unwrap_or_default(), Some(self.base_url()))
            .map_err(|kind| failed(OPERATION, kind))?;
        self.upload(OPERATION, &url, file.upload_headers.as_deref().unwrap_or_default(), contents, Some(md5)).await
    }
}

/// The input of `createArtifact`. Its ids are new for each call of ours and the same for each attempt, so that an attempt whose answer was
/// lost makes nothing twice.
fn create_input(run: &RunPath, name: &str, artifact_type: &str, digest: &str, aliases: &[&str], tags: &[&str]) -> Result<Value, Error> {
    let checked = aliases.iter().try_for_each(|alias| check_alias(alias)).and_then(|()| tags.iter().try_for_each(|tag| check_tag(tag)));
    checked.map_err(|kind| failed(OPERATION, kind))?;
    let client_id = || rand::rng().sample_iter(Alphanumeric).take(CLIENT_ID_LENGTH).map(char::from).collect::<String>().to_lowercase();
    let aliases: Vec<Value> = aliases.iter().map(|alias| json!({ "artifactCollectionName": name, "alias": alias })).collect();
    let tags: Vec<Value> = tags.iter().map(|tag| json!({ "tagName": tag })).collect();
    Ok(json!({
        "entityName": run.entity, "projectName": run.project, "runName": run.run_id, "artifactTypeName": artifact_type,
        "artifactCollectionName": name, "digest": digest, "digestAlgorithm": "MANIFEST_MD5", "aliases": aliases, "tags": tags,
        "enableDigestDeduplication": true, "clientID": client_id(), "sequenceClientID": client_id(),
    }))
}
