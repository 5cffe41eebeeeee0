//! The routes that contents come in by, and those that the contents of artifacts go out by.

use axum::body::Body;
use axum::extract::{OriginalUri, Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures::TryStreamExt as _;
use runlake_types::{ProjectPath, RunPath};

use crate::backend::Backend;
use crate::files;
use crate::routes::{Served, broken, failure, refused};
use crate::send_file::send;
use crate::signing::{Purpose, encode_segment};
use crate::state::{Arrived, Blob};
use crate::{Error, ErrorKind};

/// The path to a file of an artifact, percent-encoded.
pub(crate) fn artifact_file_path(artifact: i64, path: &str) -> String {
    let segments: Vec<String> = path.split('/').map(encode_segment).collect();
    format!("/artifact-files/{artifact}/{}", segments.join("/"))
}

/// The path to the manifest of an artifact.
pub(crate) fn manifest_path(artifact: i64) -> String {
    format!("/artifact-manifests/{artifact}")
}

/// `PUT` of a file of a run.
pub(crate) async fn put_run_file(
    State(served): State<Served>,
    OriginalUri(uri): OriginalUri,
    Path((entity, project, run, name)): Path<(String, String, String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let backend = &served.backend;
    let done = async {
        let run = RunPath::new(entity, project, run);
        backend.check_writable()?;
        backend.found_run(&run).await?;
        files::check_name(&name)?;
        let arrived = receive(backend, &headers, body).await?;
        backend.writer().await?.put_file(&run, &name, arrived).await
    };
    answer(refused(backend, Purpose::Upload, &uri, &headers), done).await
}

/// `PUT` of a file of an artifact.
pub(crate) async fn put_artifact_file(
    State(served): State<Served>,
    OriginalUri(uri): OriginalUri,
    Path((artifact, path)): Path<(i64, String)>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let backend = &served.backend;
    let done = async {
        backend.check_writable()?;
        let arrived = receive(backend, &headers, body).await?;
        backend.keep_artifact_file(artifact, &path, arrived).await
    };
    answer(refused(backend, Purpose::Upload, &uri, &headers), done).await
}

/// `PUT` of the manifest of an artifact.
pub(crate) async fn put_manifest(
    State(served): State<Served>,
    OriginalUri(uri): OriginalUri,
    Path(artifact): Path<i64>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let backend = &served.backend;
    let done = async {
        backend.check_writable()?;
        let arrived = receive(backend, &headers, body).await?;
        backend.keep_manifest(artifact, arrived).await
    };
    answer(refused(backend, Purpose::Upload, &uri, &headers), done).await
}

/// `GET` of a file of an artifact.
pub(crate) async fn artifact_file(
    State(served): State<Served>,
    OriginalUri(uri): OriginalUri,
    Path((artifact, path)): Path<(i64, String)>,
    headers: HeaderMap,
) -> Response {
    let backend = &served.backend;
    let blob = async {
        let files = backend.state.artifact_files(artifact).await?;
        Ok(files.into_iter().find(|(name, _)| *name == path).map(|(_, blob)| blob))
    };
    send_blob(backend, &uri, &headers, &path, blob).await
}

/// `GET` of the manifest of an artifact.
pub(crate) async fn manifest(
    State(served): State<Served>,
    OriginalUri(uri): OriginalUri,
    Path(artifact): Path<i64>,
    headers: HeaderMap,
) -> Response {
    let backend = &served.backend;
    let blob = async {
        let sha256 = backend.state.artifact(artifact).await?.and_then(|artifact| artifact.manifest);
        Ok(sha256.map(|sha256| Blob { sha256, md5: String::new(), size_bytes: 0 }))
    };
    send_blob(backend, &uri, &headers, "wandb_manifest.json", blob).await
}

/// `GET` of contents of an artifact by their digest, at the address that the official SDK makes up by itself when it fetches one file
/// (<https://github.com/wandb/wandb/blob/main/wandb/sdk/artifacts/storage_policies/wandb_storage_policy.py>): the last two parts are the MD5
/// digest in hexadecimal digits and the file's name.
pub(crate) async fn contents(
    State(served): State<Served>,
    OriginalUri(uri): OriginalUri,
    Path((_region, entity, project, collection, rest)): Path<(String, String, String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let backend = &served.backend;
    let mut parts = rest.rsplit('/');
    let (name, digest) = (parts.next().unwrap_or_default().to_owned(), parts.next().unwrap_or_default().to_owned());
    let blob = async {
        let Some(collection) = backend.state.collection(&ProjectPath::new(entity, project), &collection).await? else { return Ok(None) };
        let Some(md5) = base64_of_hex(&digest) else { return Ok(None) };
        backend.state.collection_contents(collection.id, &md5).await
    };
    send_blob(backend, &uri, &headers, &name, blob).await
}

fn base64_of_hex(digits: &str) -> Option<String> {
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(byte).collect();
    Some(BASE64_STANDARD.encode(bytes?))
}

async fn send_blob(
    backend: &Backend,
    uri: &Uri,
    headers: &HeaderMap,
    name: &str,
    blob: impl Future<Output = Result<Option<Blob>, Error>> + Send,
) -> Response {
    if let Some(refusal) = refused(backend, Purpose::Read, uri, headers) {
        return refusal;
    }
    let blob = match blob.await {
        Ok(Some(blob)) => blob,
        Ok(None) => return failure(StatusCode::NOT_FOUND, "the artifact has no such file"),
        Err(error) => return broken(&error),
    };
    match send(&backend.state.blob_path(&blob.sha256), &blob.sha256, files::media_type(name), headers).await {
        Ok(response) => response,
        Err(error) => broken(&Error::io("read a file of an artifact")(error)),
    }
}

/// Takes a body in, and holds it against the digest that came with it.
async fn receive(backend: &Backend, headers: &HeaderMap, body: Body) -> Result<Arrived, Error> {
    let announced = headers.get("content-md5").and_then(|value| value.to_str().ok()).map(str::trim).filter(|md5| !md5.is_empty());
    let arrived = backend.state.receive(body.into_data_stream().map_err(std::io::Error::other)).await?;
    match announced {
        Some(announced) if announced != arrived.blob.md5 => {
            let message = format!("the body has the MD5 digest {} and not {announced}, as its header says", arrived.blob.md5);
            Err(ErrorKind::Invalid { message }.into())
        }
        _ => Ok(arrived),
    }
}

/// The answer to an upload, which is looked at only when its address lets it through.
async fn answer(refusal: Option<Response>, done: impl Future<Output = Result<(), Error>> + Send) -> Response {
    if let Some(refusal) = refusal {
        return refusal;
    }
    match done.await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => match error.kind() {
            ErrorKind::NotFound { .. } => failure(StatusCode::NOT_FOUND, &error.chain()),
            ErrorKind::Conflict { .. } => failure(StatusCode::CONFLICT, &error.chain()),
            ErrorKind::ReadOnly => failure(StatusCode::FORBIDDEN, &error.chain()),
            // The client went away in the middle: nobody reads the answer, and nothing is wrong here.
            ErrorKind::Io { operation: "receive an upload", .. } => failure(StatusCode::BAD_REQUEST, &error.chain()),
            ErrorKind::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                tracing::error!(error = error.chain(), "an upload does not fit on the disk");
                failure(StatusCode::INSUFFICIENT_STORAGE, "there is no room for this upload")
            }
            _ if error.is_of_request() => failure(StatusCode::BAD_REQUEST, &error.chain()),
            _ => broken(&error),
        },
    }
}
