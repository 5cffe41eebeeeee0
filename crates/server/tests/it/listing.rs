//! Projects and runs: filters, order, cursors, and what a run says of itself.

use reqwest::StatusCode;
use runlake_types::{Json, RunState};
use serde_json::{Value, json};

use crate::Backend;
use crate::fixture::FixtureRun;

const RUNS: &str = r#"
    query Runs($cursor: String, $perPage: Int = 50, $order: String, $filters: JSONString) {
        project(name: "demo", entityName: "acme") {
            runCount(filters: $filters)
            runs(filters: $filters, after: $cursor, first: $perPage, order: $order) {
                edges { node { ...RunName } cursor }
                pageInfo { endCursor hasNextPage }
            }
        }
    }
    fragment RunName on Run { name }"#;

fn names(project: &Value) -> Vec<&str> {
    project["runs"]["edges"].as_array().unwrap().iter().map(|edge| edge["node"]["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn runs_are_filtered_and_ordered() {
    let backend = Backend::start().await;
    for (filters, order, expected) in [
        (Value::Null, Value::Null, vec!["full", "live", "bare", "empty"]),
        (json!("{}"), json!("-created_at"), vec!["empty", "bare", "live", "full"]),
        (json!(r#"{"state": {"$in": ["finished", "running"]}}"#), json!("-created_at"), vec!["live", "full"]),
        (json!(r#"{"config.lr": {"$gte": 0.05}, "tags": "a"}"#), json!("+name"), vec!["empty", "full", "live"]),
        (json!(r#"{"$and": [{"sweep": "sw1"}]}"#), json!("+summary_metrics.loss"), vec!["full"]),
        (json!(r#"{"username": "nobody"}"#), Value::Null, vec![]),
    ] {
        let project = backend.data(RUNS, json!({"filters": filters, "order": order})).await["project"].take();
        assert_eq!(names(&project), expected, "{filters} {order}");
        assert_eq!(project["runCount"], json!(expected.len()));
    }
    let (status, messages) = backend.errors(RUNS, json!({"filters": r#"{"stat": 1}"#})).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(messages[0], "the request is not valid: the filter is not valid at `stat`: runs have no field `stat`; is it one of state?");
    assert!(backend.errors(RUNS, json!({"order": "-colour"})).await.1[0].contains("`-colour` is not an order"));
}

#[tokio::test]
async fn pages_follow_their_cursors_while_runs_come_and_go() {
    let backend = Backend::start().await;
    let page = async |cursor: &Value| {
        let project = backend.data(RUNS, json!({"perPage": 2, "order": "+created_at", "cursor": cursor})).await["project"].take();
        (
            names(&project).join(" "),
            project["runs"]["edges"][1]["cursor"].clone(),
            project["runs"]["pageInfo"]["hasNextPage"] == json!(true),
        )
    };
    let (first, cursor, more) = page(&Value::Null).await;
    assert_eq!((first.as_str(), more), ("full live", true));
    backend.fixture.put(FixtureRun::new("early", RunState::Finished, 0, 0));
    let (second, _, more) = page(&cursor).await;
    assert_eq!((second.as_str(), more), ("bare empty", false));
    assert_eq!(page(&Value::Null).await.0, "early full", "a new run is seen at once");

    let (status, messages) = backend.errors(RUNS, json!({"cursor": "50"})).await;
    assert_eq!((status, messages[0].as_str()), (StatusCode::OK, "the cursor `50` is not one of this listing"));
    assert!(backend.errors(RUNS, json!({"cursor": cursor, "order": "-created_at"})).await.1[0].starts_with("the cursor"));
}

#[tokio::test]
async fn a_run_says_what_the_lake_knows() {
    let backend = Backend::start().await;
    let text = async |run: &str, field: &str| backend.run_field(run, field).await;
    assert_eq!(
        text("full", "config").await,
        json!(
            r#"{"_wandb":{"desc":null,"value":{"cli_version":"0.31.0","t":{}}},"lr":{"desc":null,"value":0.1},"opt":{"desc":null,"value":{"betas":[0.9,0.999],"name":"adam"}}}"#
        )
    );
    assert_eq!(text("full", "summaryMetrics").await, json!(r#"{"_step":39,"loss":0.024691358024691357,"odd":"NaN"}"#));
    assert_eq!(text("full", "systemMetrics").await, json!(r#"{"system.cpu":10.5}"#));
    assert_eq!(text("full", "createdAt").await, json!("2024-01-02T00:00:00Z"));
    assert_eq!(text("full", "user { name username }").await, json!({"name": "ann", "username": "ann"}));
    assert_eq!(text("bare", "user { name username }").await, json!({"name": null, "username": null}), "never null: the SDK fails on it");
    assert_eq!(text("full", "id").await, json!("storage-full"));
    assert_eq!(text("bare", "id").await, json!("UnVuOnYxOmJhcmU6ZGVtbzphY21l"));
    assert!(text("full", "projectId").await.as_str().unwrap().parse::<i32>().is_ok());
    assert_eq!(text("empty", "historyKeys").await, Value::Null);
    assert_eq!(text("full", "historyKeys").await["lastStep"], json!(39));
    let found = text("bare", "historyKeys").await;
    assert_eq!(
        (&found["lastStep"], &found["keys"]["nest.b"]),
        (&json!(2), &json!({"typeCounts": [{"type": "number", "count": 1}]})),
        "counted from the rows"
    );
}

#[tokio::test]
async fn numbers_of_any_size_stay_exact() {
    let backend = Backend::start().await;
    let mut run = FixtureRun::new("digits", RunState::Finished, 1, 6);
    run.record.summary.insert("big".to_owned(), Json::parse("36893488147419103233").unwrap());
    run.rows = vec![r#"{"_step":0,"big":36893488147419103233,"tiny":5e-324}"#.to_owned()];
    backend.fixture.put(run);
    let query = r#"{ project(name: "demo", entityName: "acme") { run(name: "digits") { summaryMetrics history(samples: 1) sampledHistory(specs: ["{\"keys\":[\"big\"]}"]) } } }"#;
    let text = backend.post(query, &Value::Null).basic_auth("api", Some(crate::KEY)).send().await.unwrap().text().await.unwrap();
    assert_eq!(text.matches("36893488147419103233").count(), 3, "{text}");
    assert!(text.contains("5e-324"));
}

#[tokio::test]
async fn what_is_missing_is_null_without_an_error() {
    let backend = Backend::start().await;
    let query = r#"query {
        here: project(name: "demo", entityName: "acme") { a: run(name: "full") { state } b: run(name: "live") { state } none: run(name: "none") { state } sweep(sweepName: "sw2") { id } }
        gone: project(name: "none", entityName: "acme") { id }
        other: models(entityName: "acme", first: 1) { edges { node { name } } pageInfo { hasNextPage endCursor } }
        nobody: models(entityName: "nobody") { edges { node { name } } }
    }"#;
    let data = backend.data(query, Value::Null).await;
    assert_eq!(data["here"], json!({"a": {"state": "finished"}, "b": {"state": "running"}, "none": null, "sweep": null}));
    assert_eq!((&data["gone"], &data["nobody"]["edges"]), (&Value::Null, &json!([])));
    assert_eq!((&data["other"]["edges"][0]["node"]["name"], &data["other"]["pageInfo"]["hasNextPage"]), (&json!("demo"), &json!(true)));
    let next =
        r#"query ($after: String) { models(entityName: "acme", after: $after) { edges { node { name } } pageInfo { hasNextPage } } }"#;
    let next = backend.data(next, json!({"after": data["other"]["pageInfo"]["endCursor"]})).await;
    assert_eq!(next["models"], json!({"edges": [{"node": {"name": "other"}}], "pageInfo": {"hasNextPage": false}}));
}

#[tokio::test]
async fn sweeps_are_what_their_runs_tell() {
    let backend = Backend::start().await;
    let sweep = "id name method state config runCount createdAt runs(first: 5) { edges { node { name } } totalCount } agents { edges { node { id } } }";
    let query = format!(
        r#"{{ project(name: "demo", entityName: "acme") {{ totalSweeps sweep(sweepName: "sw1") {{ {sweep} }} sweeps {{ edges {{ node {{ name }} }} pageInfo {{ hasNextPage }} }} }} }}"#
    );
    let project = backend.data(&query, Value::Null).await["project"].take();
    assert_eq!((&project["totalSweeps"], &project["sweeps"]["edges"]), (&json!(1), &json!([{"node": {"name": "sw1"}}])));
    let sweep = &project["sweep"];
    assert_eq!((&sweep["state"], &sweep["runCount"], &sweep["agents"]["edges"]), (&json!("FINISHED"), &json!(1), &json!([])));
    assert_eq!(sweep["runs"], json!({"edges": [{"node": {"name": "full"}}], "totalCount": 1}));
}
