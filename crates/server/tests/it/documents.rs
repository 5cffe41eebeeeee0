//! The documents that the official SDK sends while reading, as recorded off the wire: each must be valid and answered.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::Backend;

/// What wandb 0.31.0 (<https://github.com/wandb/wandb>, MIT licence) sent, apart from white space and documents that differ in no
/// field, type or directive. A line `###` goes before each.
const DOCUMENTS: &str = include_str!("documents.graphql");

#[tokio::test]
async fn every_document_of_the_sdk_is_answered() {
    let backend = Backend::start().await;
    let spec = r#"{"keys":["_step","loss","_step"],"minStep":0,"samples":60,"maxStep":59}"#;
    // Undeclared variables and explicit nulls are sent as well, and ignored.
    let variables = json!({
        "entity": "acme", "entityName": "acme", "project": "demo", "name": "full", "run": "full", "runName": "full", "cursor": null, "perPage": 2,
        "order": "-created_at", "filters": "{}", "fileNames": [], "fileCursor": null, "fileLimit": 50, "upload": false, "pattern": null,
        "samples": 500, "specs": [spec], "spec": spec, "liveKeys": ["_step"], "minStep": 0, "maxStep": 60, "pageSize": 60, "first": 2, "after": null,
        "last": 2, "sweep": "sw1", "withRuns": false,
    });
    let documents: Vec<&str> = DOCUMENTS.split("###\n").skip(1).collect();
    assert!(documents.len() > 20);
    for document in documents {
        let (status, reply) = backend.reply(document, variables.clone()).await;
        assert_eq!((status, reply.get("errors")), (StatusCode::OK, None), "{document}");
        assert!(reply["data"].is_object());
    }
}

#[tokio::test]
async fn a_field_that_is_not_there_is_a_bad_request() {
    let backend = Backend::start().await;
    let (status, messages) = backend.errors(r#"{ project(name: "demo") { run(name: "full") { colour } } }"#, Value::Null).await;
    assert_eq!((status, messages), (StatusCode::BAD_REQUEST, vec![r#"Cannot query field "colour" on type "Run"."#.to_owned()]));
    let (status, _) = backend.errors("query ($x: Nope) { viewer { id } }", Value::Null).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, _) = backend.errors("{ viewer { id }", Value::Null).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}
