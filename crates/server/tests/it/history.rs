//! Rows: pages, samples, the live tail, console lines.

use runlake_server::{ExportPolicy, ExportedRuns, ServerOptions};
use serde_json::{Value, json};

use crate::fixture::line;
use crate::{Backend, options};

fn steps(lines: &Value) -> Vec<i64> {
    let step = |line: &Value| serde_json::from_str::<Value>(line.as_str().unwrap()).unwrap()["_step"].as_i64().unwrap();
    lines.as_array().unwrap().iter().map(step).collect()
}

#[tokio::test]
async fn pages_hold_the_rows_as_they_were_logged() {
    let backend = Backend::start().await;
    let lines = |range: std::ops::Range<i64>| json!(range.map(line).collect::<Vec<_>>());
    assert_eq!(backend.run_field("live", "history(minStep: 10, maxStep: 20, samples: 10)").await, lines(10..20));
    assert_eq!(backend.run_field("live", "history(minStep: 55, maxStep: 1000, samples: 945)").await, lines(55..60));
    assert_eq!(backend.run_field("live", "history(minStep: 60, maxStep: 70, samples: 10)").await, json!([]));
    assert_eq!(backend.run_field("empty", "history(samples: 500)").await, json!([]));
    assert_eq!(steps(&backend.run_field("full", "history(samples: 4)").await), [0, 13, 26, 39]);
    assert_eq!(
        steps(&backend.run_field("full", "history(minStep: 10, maxStep: 30, samples: 3)").await),
        [10, 20, 29],
        "sampled in silence"
    );
    assert_eq!(backend.run_field("full", "events(samples: 2)").await.as_array().unwrap().len(), 2);
    assert_eq!(backend.run_field("full", "eventsLineCount").await, json!(3));
}

#[tokio::test]
async fn samples_hold_all_their_keys() {
    let backend = Backend::start().await;
    let sampled = async |spec: &str| backend.run_field("full", &format!("sampledHistory(specs: [{}])", json!(spec))).await;
    let rows = sampled(r#"{"keys":["_step","note","_step"],"minStep":7,"maxStep":14,"samples":8}"#).await;
    assert_eq!(rows, json!([[{"_step": 7, "note": "n7"}, {"_step": 14, "note": "n14"}]]), "the last step belongs to it");
    assert_eq!(sampled(r#"{"keys":["nest.b"],"samples":2}"#).await, json!([[{"nest.b": 0}, {"nest.b": 35}]]));
    assert_eq!(sampled(r#"{"keys":["nest"],"samples":1}"#).await, json!([[{"nest": {"b": 35}}]]));
    assert_eq!(sampled(r#"{"keys":["big","acc"]}"#).await, json!([[]]));
    assert_eq!(sampled(r#"{"keys":["nope"]}"#).await, json!([[]]));
    assert_eq!(sampled(r#"{"keys":["odd"],"samples":1}"#).await, json!([[{"odd": "NaN"}]]));
    let both = backend
        .run_field("full", r#"sampledHistory(specs: ["{\"keys\":[\"loss\"],\"samples\":1}", "{\"keys\":[\"_step\"],\"samples\":3}"])"#)
        .await;
    assert_eq!((both[0].as_array().unwrap().len(), both[1].as_array().unwrap().len()), (1, 3));
    let query = r#"{ project(name: "demo", entityName: "acme") { run(name: "full") { sampledHistory(specs: ["[]"]) } } }"#;
    assert!(backend.errors(query, Value::Null).await.1[0].starts_with("the history spec is not valid: "));
}

#[tokio::test]
async fn a_live_tail_is_live_and_the_rest_exported() {
    let exports = ExportPolicy { runs: ExportedRuns::AllButLiveTail, rows_per_file: 40, ..ExportPolicy::default() };
    for includes in [true, false] {
        let options = ServerOptions { exports: exports.clone(), history_includes_exported: includes, ..options() };
        let backend = Backend::start_with(options).await;
        let plan = backend.run_field("live", r#"parquetHistory(liveKeys: ["_step"]) { parquetUrls liveData }"#).await;
        assert_eq!(plan["parquetUrls"].as_array().unwrap().len(), 2);
        assert_eq!(plan["liveData"], json!((54..60).map(|step| json!({"_step": step})).collect::<Vec<_>>()));
        let straddling = steps(&backend.run_field("live", "history(minStep: 50, maxStep: 60, samples: 10)").await);
        assert_eq!(straddling, if includes { (50..60).collect::<Vec<_>>() } else { (54..60).collect() });
        assert_eq!(steps(&backend.run_field("live", "history(samples: 500)").await).len(), 60);
        let keyed = r#"sampledHistory(specs: ["{\"keys\":[\"loss\"],\"minStep\":50,\"maxStep\":59,\"samples\":10}"])"#;
        assert_eq!(backend.run_field("live", keyed).await[0].as_array().unwrap().len(), straddling.len());
    }
}

#[tokio::test]
async fn live_runs_are_live_whole_unless_told_otherwise() {
    let backend = Backend::start().await;
    let plan = async |run: &str| {
        let plan = backend.run_field(run, r#"parquetHistory(liveKeys: ["_step", "note"]) { parquetUrls liveData }"#).await;
        (plan["parquetUrls"].as_array().unwrap().len(), plan["liveData"].as_array().unwrap().clone())
    };
    let (urls, live) = plan("live").await;
    assert_eq!((urls, live.len(), &live[7]), (0, 60, &json!({"_step": 7, "note": "n7"})));
    assert_eq!(plan("full").await, (1, vec![]));
    assert_eq!(plan("empty").await, (0, vec![]));
}

#[tokio::test]
async fn console_lines_come_from_the_log_file() {
    let backend = Backend::start().await;
    let page = backend
        .run_field("full", "logLines(first: 2) { edges { node { number line timestamp } } pageInfo { endCursor hasNextPage } }")
        .await;
    assert_eq!(page["edges"][1]["node"], json!({"number": 1, "line": "two", "timestamp": null}));
    let after = page["pageInfo"]["endCursor"].as_str().unwrap();
    let rest = backend
        .run_field("full", &format!("logLines(first: 2, after: {after:?}) {{ edges {{ node {{ line }} }} pageInfo {{ hasNextPage }} }}"))
        .await;
    assert_eq!(rest, json!({"edges": [{"node": {"line": "three"}}], "pageInfo": {"hasNextPage": false}}));
    let last = backend.run_field("full", "logLines(last: 1) { edges { node { number } } }").await;
    assert_eq!(last["edges"], json!([{"node": {"number": 2}}]));
    assert_eq!(backend.run_field("full", "logLineCount").await, json!(3));
    assert_eq!(backend.run_field("live", "logLines(first: 2) { edges { node { line } } }").await["edges"], json!([]));
}
