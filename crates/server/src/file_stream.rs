//! The stream of what a run's process logs, which this backend does not take: histories are brought into a lake by import or export.
//!
//! A process of the official SDK works with artifacts and files of its run all the same. It is told at once and for good, with a status that
//! it does not try again (<https://github.com/wandb/wandb/blob/main/core/internal/api/api.go>), and keeps what it logs in its offline log.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use runlake_types::RunPath;

use crate::auth::unauthorized;
use crate::routes::{Served, broken, failure};

/// The last part of the stream's path, below that of the run.
const NAME: &str = "file_stream";

/// `POST` below the path of a run.
pub(crate) async fn post(
    State(served): State<Served>,
    Path((entity, project, run, name)): Path<(String, String, String, String)>,
    headers: HeaderMap,
) -> Response {
    if !served.backend.gate.admits(&headers) {
        return unauthorized();
    }
    if name != NAME {
        return failure(StatusCode::NOT_FOUND, "there is nothing at this address");
    }
    let run = RunPath::new(entity, project, run);
    match served.backend.found_run(&run).await {
        Ok(_run) => {
            let message = "this server takes no histories: import the offline log of the run with `runlake import`";
            failure(StatusCode::NOT_IMPLEMENTED, message)
        }
        Err(error) if error.is_of_request() => failure(StatusCode::NOT_FOUND, &error.chain()),
        Err(error) => broken(&error),
    }
}
