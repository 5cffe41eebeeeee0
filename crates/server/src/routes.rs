//! The HTTP routes: `POST /graphql`, signed files and exports, and a sign of life.

use std::sync::Arc;

use async_graphql::Variables;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, OriginalUri, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use runlake_types::RunPath;
use serde::Deserialize;
use serde_json::json;

use crate::auth::unauthorized;
use crate::backend::Backend;
use crate::exports::ExportKey;
use crate::schema::{Request, Schema, Shown, schema};
use crate::send_file::send;
use crate::signing::{Purpose, Refusal};
use crate::splice::Splices;
use crate::throttle::Throttle;
use crate::{Error, file_stream, files, uploads};

/// The most bytes of a GraphQL request: a document with an alias for each of thousands of runs fits.
const MAX_REQUEST_BYTES: usize = 16 << 20;

/// What every route shares.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) backend: Arc<Backend>,
    schema: Schema,
}

/// The routes of a backend.
pub(crate) fn routes(backend: Arc<Backend>) -> Router {
    let throttle = Throttle::new(backend.options.latency, backend.options.requests_per_second).map(Arc::new);
    let served = Served { backend, schema: schema() };
    let routes = Router::new()
        .route("/graphql", post(graphql).layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES)))
        .route("/files/{entity}/{project}/{run}/{*name}", get(run_file).put(uploads::put_run_file).post(file_stream::post))
        .route("/artifact-files/{artifact}/{*path}", get(uploads::artifact_file).put(uploads::put_artifact_file))
        .route("/artifact-manifests/{artifact}", get(uploads::manifest).put(uploads::put_manifest))
        .route("/artifactsV2/{region}/{entity}/{project}/{collection}/{*rest}", get(uploads::contents))
        .route("/exports/{entity}/{project}/{run}/{file}", get(export))
        .fallback(async || failure(StatusCode::NOT_FOUND, "there is nothing at this address"))
        .with_state(served);
    let routes = match throttle {
        Some(throttle) => routes.layer(middleware::from_fn(move |request, next: Next| {
            let throttle = Arc::clone(&throttle);
            async move { throttle.pass(next.run(request)).await }
        })),
        None => routes,
    };
    routes.route("/healthz", get(async || "ok\n"))
}

/// An answer in the form in which the SDK finds a message.
pub(crate) fn failure(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({"error": message, "errors": [{"message": message}]}))).into_response()
}

pub(crate) fn broken(error: &Error) -> Response {
    tracing::error!(error = error.chain(), "a request could not be answered");
    failure(StatusCode::INTERNAL_SERVER_ERROR, &error.chain())
}

/// The body of a GraphQL request. `operationName` is `""` in what the SDK's Python sends, and `variables` may be absent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GraphqlBody {
    query: String,
    operation_name: Option<String>,
    variables: Option<serde_json::Value>,
}

async fn graphql(State(served): State<Served>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let Served { backend, schema } = served;
    if !backend.gate.admits(&headers) {
        return unauthorized();
    }
    let body: GraphqlBody = match serde_json::from_slice(&body) {
        Ok(body) => body,
        Err(error) => return failure(StatusCode::BAD_REQUEST, &format!("the body is not a GraphQL request: {error}")),
    };
    let snapshot = match backend.catalog.snapshot().await {
        Ok(snapshot) => snapshot,
        Err(error) => return broken(&error),
    };
    let base_url = base_url(&backend, &uri, &headers);
    let splices = Arc::new(Splices::new());
    let shared = Request { backend, snapshot, splices: Arc::clone(&splices), base_url };
    let mut request = async_graphql::Request::new(body.query).data(shared);
    if let Some(variables) = body.variables {
        request = request.variables(Variables::from_json(variables));
    }
    if let Some(name) = body.operation_name.filter(|name| !name.is_empty()) {
        request = request.operation_name(name);
    }
    let mut response = schema.execute(request).await;
    // Only resolvers have paths: without one, the document did not pass validation.
    let is_invalid = !response.errors.is_empty() && response.errors.iter().all(|error| error.path.is_empty());
    for error in &mut response.errors {
        if let Some(code) = error.source::<Shown>().and_then(Shown::code) {
            error.extensions.get_or_insert_default().set("code", code);
        }
        if let Some(rest) = error.message.strip_prefix("Unknown field ") {
            // The wording of other servers, which clients look for when they fall back to older documents.
            error.message = format!("Cannot query field {rest}");
        }
    }
    let status = if is_invalid { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    match serde_json::to_vec(&response) {
        Ok(reply) => {
            let (body, length) = splices.body(reply);
            let headers = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json")), (header::CONTENT_LENGTH, length.into())];
            (status, headers, body).into_response()
        }
        Err(error) => broken(&Error::io("write a reply")(error.into())),
    }
}

/// The address under which this client reaches us.
fn base_url(backend: &Backend, uri: &Uri, headers: &HeaderMap) -> String {
    if let Some(public) = &backend.options.public_url {
        return public.as_str().trim_end_matches('/').to_owned();
    }
    let named = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = named.or_else(|| uri.authority().map(axum::http::uri::Authority::as_str)).unwrap_or("localhost");
    format!("http://{host}")
}

/// Whether a file may be sent or taken: its URL is signed for that, or the request has the key.
pub(crate) fn refused(backend: &Backend, purpose: Purpose, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
    match backend.signer.verify(purpose, uri.path(), uri.query()) {
        Ok(()) => None,
        Err(Refusal::Unsigned) => (!backend.gate.admits(headers)).then(unauthorized),
        Err(Refusal::Expired) => Some(failure(StatusCode::FORBIDDEN, "this URL has expired; ask for a new one")),
        Err(Refusal::Tampered) => Some(failure(StatusCode::FORBIDDEN, "the signature does not fit this URL")),
    }
}

async fn run_file(
    State(served): State<Served>,
    OriginalUri(uri): OriginalUri,
    Path((entity, project, run, name)): Path<(String, String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let backend = &served.backend;
    if let Some(refusal) = refused(backend, Purpose::Read, &uri, &headers) {
        return refusal;
    }
    // The lake's own list of names decides which file it is, so no path of a request can lead out of it.
    let listed = match backend.files(&RunPath::new(entity, project, run)).await {
        Ok(listed) => listed,
        Err(error) => return broken(&error),
    };
    let Some(file) = listed.into_iter().find(|file| file.name == name) else {
        return failure(StatusCode::NOT_FOUND, "the run has no such file");
    };
    let tag = format!("{:x}-{:x}", file.size_bytes, file.modified_at.micros());
    match send(&file.path, &tag, files::media_type(&file.name), &headers).await {
        Ok(response) => response,
        Err(error) => broken(&Error::io("read a file of a run")(error)),
    }
}

async fn export(
    State(served): State<Served>,
    OriginalUri(uri): OriginalUri,
    Path((entity, project, run, file)): Path<(String, String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let backend = &served.backend;
    if let Some(refusal) = refused(backend, Purpose::Read, &uri, &headers) {
        return refusal;
    }
    let path = RunPath::new(entity, project, run);
    let Some(key) = ExportKey::parse(path, &file) else { return failure(StatusCode::NOT_FOUND, "there is no such export") };
    let export = match find_export(backend, &key).await {
        Ok(Some(export)) => export,
        Ok(None) => return failure(StatusCode::FORBIDDEN, "the run has changed since this URL was made; ask for a new one"),
        Err(error) => return broken(&error),
    };
    match send(export.path(), &key.to_string(), files::media_type(&file), &headers).await {
        Ok(response) => response,
        Err(error) => broken(&Error::io("read an export")(error)),
    }
}

/// The export of `key`; `None` when the run has other rows by now and the export was not kept.
async fn find_export(backend: &Backend, key: &ExportKey) -> Result<Option<Arc<crate::exports::Export>>, Error> {
    if let Some(export) = backend.known_export(key) {
        return Ok(Some(export));
    }
    let Some(project) = backend.catalog.snapshot().await?.project(&key.run.project_path()).await? else { return Ok(None) };
    match project.run(&key.run.run_id).filter(|run| run.revision == key.revision) {
        Some(run) => backend.export(run, key).await.map(Some),
        None => Ok(None),
    }
}
