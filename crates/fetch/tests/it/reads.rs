//! What single calls send, and what they make of the answers.

use runlake_fetch::{ErrorKind, Sample, SampledSpec, StepWindow};
use runlake_types::{ProjectPath, RunPath};
use serde_json::json;

use crate::server::{Reply, Server, chain};

fn run() -> RunPath {
    RunPath::new("team", "digits", "r1")
}

fn of_run(fields: &str) -> Reply {
    Reply::json(format!(r#"{{"data":{{"project":{{"run":{{{fields}}}}}}}}}"#))
}

#[tokio::test]
async fn the_viewer_is_known_as_far_as_the_server_says() {
    let server = Server::start([
        Reply::json(r#"{"data":{"viewer":{"entity":"team","username":"ada","email":null,"flags":7,"teams":{"edges":[{"node":{"name":"team"}},{"node":null}]}}}}"#),
        Reply::json(r#"{"data":{"viewer":{"entity":"","username":"ada","teams":null}},"errors":[{"message":"teams are down"}]}"#),
        Reply::json(r#"{"data":{"viewer":null}}"#),
    ])
    .await;
    let client = server.client();
    let viewer = client.viewer().await.unwrap();
    assert_eq!((viewer.entity.as_deref(), viewer.username.as_deref(), viewer.email), (Some("team"), Some("ada"), None));
    assert_eq!(viewer.teams, ["team"]);
    assert_eq!(client.viewer().await.unwrap().entity, None);
    assert!(matches!(client.viewer().await.unwrap_err().kind(), ErrorKind::Unauthenticated { .. }));
    server.finish();
}

#[tokio::test]
async fn projects_come_from_all_pages() {
    let server = Server::start([
        Reply::json(r#"{"data":{"models":{"edges":[{"node":{"id":"1","name":"a","entityName":"team","createdAt":"2026-11-24T09:30:00Z"}}],"pageInfo":{"endCursor":"1","hasNextPage":true}}}}"#),
        Reply::json(r#"{"data":{"models":{"edges":[{"node":{"id":"2","name":"b"}}],"pageInfo":{"endCursor":"2","hasNextPage":false}}}}"#),
        Reply::json(r#"{"data":{"models":null}}"#),
        Reply::json(r#"{"data":{"project":{"id":"1","name":"a","entityName":"team","createdAt":"2026-11-24T09:30:00Z"}}}"#),
    ])
    .await;
    let client = server.client();
    let projects = client.projects("team").await.unwrap();
    assert_eq!(projects.iter().map(|project| project.path.to_string()).collect::<Vec<_>>(), ["team/a", "team/b"]);
    assert!(client.projects("nobody").await.unwrap().is_empty());
    assert_eq!(client.project(&ProjectPath::new("team", "a")).await.unwrap(), projects[0]);
    server.finish();
}

#[tokio::test]
async fn a_run_has_all_of_its_fields() {
    let server = Server::start([of_run(
        r#""id":"UnVuOjE=","name":"r1","displayName":"fair-sun-1","state":"running","tags":["best"],"group":"g","jobType":"train","sweepName":"s1","commit":"abc","readOnly":true,"createdAt":"2026-11-24T09:30:00","heartbeatAt":"2026-11-24T09:31:00Z","description":null,"notes":"n","historyLineCount":42,"user":{"name":"Ada","username":"ada"},"config":"{\"lr\":{\"value\":0.1,\"desc\":null},\"_wandb\":{\"value\":{}}}","summaryMetrics":"{\"loss\":NaN}","systemMetrics":"{\"system.cpu\":3.5}","historyKeys":{"lastStep":41,"keys":{"loss":{"typeCounts":[{"type":"number","count":42}],"previousValue":NaN}}}"#,
    )])
    .await;
    let run = server.client().run(&run()).await.unwrap();
    insta::assert_debug_snapshot!((run.path.to_string(), &run.state, &run.tags, &run.sweep_id, &run.username, run.read_only, run.history_line_count, run.last_step(), run.duration_seconds()), @r#"
    (
        "team/digits/r1",
        Running,
        [
            "best",
        ],
        Some(
            "s1",
        ),
        Some(
            "ada",
        ),
        Some(
            true,
        ),
        Some(
            42,
        ),
        Some(
            41,
        ),
        Some(
            60.0,
        ),
    )
    "#);
    assert_eq!(runlake_types::object_text(&run.config), r#"{"lr":0.1}"#);
    assert_eq!(runlake_types::object_text(&run.summary), r#"{"loss":"NaN"}"#);
    assert_eq!(run.history_keys.unwrap().keys().next().unwrap().1.number, 42);
    assert_eq!(server.finish()[0].variable("run"), json!("r1"));
}

#[tokio::test]
async fn a_raw_page_is_the_text_in_the_reply() {
    let page = r#"[ "{\"_step\":0,\"loss\":NaN}", "\u007b}"]"#;
    let server = Server::start([
        of_run(&format!(r#""history": {page} "#)),
        of_run(r#""history":null"#),
        // A server so lenient as to write bare floats into the envelope.
        of_run(r#""other":NaN,"history":["{}"]"#),
    ])
    .await;
    let client = server.client();
    let window = StepWindow { min_step: 0, max_step: 10, samples: 10 };
    assert_eq!(client.history_page_raw(&run(), window).await.unwrap(), page);
    assert_eq!(client.history_page_raw(&run(), window).await.unwrap(), "null");
    assert_eq!(client.history_page_raw(&run(), window).await.unwrap(), r#"["{}"]"#);
    let empty = StepWindow { min_step: 5, max_step: 5, samples: 1 };
    assert_eq!(client.history_page_raw(&run(), empty).await.unwrap(), "[]");
    assert_eq!(server.finish().len(), 3);
}

#[tokio::test]
async fn rows_are_passed_on_as_they_came() {
    let server = Server::start([
        of_run(r#""history":["{\"_step\":0,\"loss\":NaN}","{\"_step\":1,\"big\":9007199254740993}"]"#),
        of_run(r#""history":null"#),
        of_run(r#""history":["{\"_step\":0}"]"#),
        of_run(r#""events":["{\"_runtime\":1.5,\"system.cpu\":3}"]"#),
    ])
    .await;
    let client = server.client();
    let window = StepWindow { min_step: 0, max_step: 10_000_000_000, samples: u64::MAX };
    let rows = client.history_page(&run(), window).await.unwrap();
    assert_eq!(rows, [r#"{"_step":0,"loss":NaN}"#, r#"{"_step":1,"big":9007199254740993}"#]);
    assert!(client.history_page(&run(), window).await.unwrap().is_empty());
    assert!(client.history_page(&run(), StepWindow { min_step: 5, max_step: 5, samples: 1 }).await.unwrap().is_empty());
    assert_eq!(client.history_sampled(&run(), 500).await.unwrap().len(), 1);
    assert_eq!(client.events(&run(), 500).await.unwrap(), [r#"{"_runtime":1.5,"system.cpu":3}"#]);
    let requests = server.finish();
    assert_eq!((requests[0].variable("maxStep"), requests[0].variable("samples")), (json!(10_000_000_000_i64), json!(i32::MAX)));
    assert_eq!(requests[2].variable("samples"), json!(500));
}

#[tokio::test]
async fn sampled_rows_keep_their_digits() {
    let of_one = |fields: &str| Reply::json(format!(r#"{{"data":{{"project":{{"r0":{{{fields}}}}}}}}}"#));
    let server = Server::start([
        of_one(r#""sampledHistory":[[{"_step":1,"big":9007199254740993,"x":NaN},{"_step":2,"big":18446744073709551617,"x":"Infinity"}]]"#),
        of_one(r#""sampledHistory":[null]"#),
        of_one(r#""sampledHistory":[[{"_step":1},2]]"#),
    ])
    .await;
    let client = server.client();
    let spec = SampledSpec { keys: vec!["_step".to_owned(), "big".to_owned()], min_step: Some(1), max_step: Some(3), samples: 500 };
    let sampled = async || client.sample_histories(&run().project_path(), &["r1".to_owned()], &Sample::Keys(spec.clone())).await.remove(0);
    let rows = sampled().await.unwrap().to_objects().unwrap();
    let rows: Vec<String> = rows.iter().map(runlake_types::object_text).collect();
    assert_eq!(rows, [r#"{"_step":1,"big":9007199254740993,"x":"NaN"}"#, r#"{"_step":2,"big":18446744073709551617,"x":"Infinity"}"#]);
    assert!(sampled().await.unwrap().to_objects().unwrap().is_empty());
    let error = sampled().await.unwrap().to_objects().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidValue { .. }), "{error:?}");
    let sent = server.finish()[0].variable("specs");
    let sent: serde_json::Value = serde_json::from_str(sent[0].as_str().unwrap()).unwrap();
    assert_eq!(sent, json!({"keys": ["_step", "big"], "maxStep": 2, "minStep": 1, "samples": 500}));
}

#[tokio::test]
async fn exports_and_the_border_of_the_live_part() {
    let server = Server::start([
        of_run(r#""parquetHistory":{"parquetUrls":["https://store/0?sig=1","/files/1?sig=2"],"liveData":[{"_step":31.0},{"_step":30}]}"#),
        of_run(r#""parquetHistory":{"parquetUrls":[],"liveData":null}"#),
        of_run(r#""parquetHistory":null"#),
        of_run(r#""parquetHistory":{"parquetUrls":[],"liveData":[{"loss":1}]}"#),
    ])
    .await;
    let client = server.client();
    let history = client.parquet_history(&run()).await.unwrap();
    assert_eq!(history.live_from, Some(30));
    assert_eq!(history.urls[0].expose().as_str(), "https://store/0?sig=1");
    assert_eq!(history.urls[1].expose().as_str(), format!("{}/files/1?sig=2", server.url()));
    for _ in 0..2 {
        let history = client.parquet_history(&run()).await.unwrap();
        assert_eq!((history.urls.len(), history.live_from), (0, None));
    }
    let error = client.parquet_history(&run()).await.unwrap_err();
    insta::assert_snapshot!(chain(&error), @"ask for the exports failed: could not read a row of the live data of team/digits/r1: expected an object with an integral `_step` at byte 0");
    server.finish();
}

#[tokio::test]
async fn raw_gives_the_whole_reply() {
    let server = Server::start([Reply::json(r#"{"data":{"a":1,"b":NaN},"errors":[{"message":"half"}]}"#)]).await;
    let reply = server.client().raw("query ($x: Int) { a(x: $x) }", json!({ "x": 3 })).await.unwrap();
    assert_eq!(reply, json!({ "data": { "a": 1, "b": "NaN" }, "errors": [{ "message": "half" }] }));
    assert_eq!(server.finish()[0].variable("x"), json!(3));
}
