//! The backend over a real lake, filled from the sample logs.

use std::path::Path;

use futures::FutureExt;
use reqwest::{Client, StatusCode};
use runlake_lake::import::{ImportOptions, import};
use runlake_lake::{Lake, Location};
use runlake_server::serve;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{KEY, options};

#[tokio::test(flavor = "multi_thread")]
async fn a_lake_answers_with_the_rows_that_were_logged() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/digits");
    let truth = std::fs::read(samples.join("truth.jsonl")).unwrap();
    let truth = truth.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let truth = truth.map(|line| serde_json::from_slice::<Value>(line).unwrap()).find(|run| run["run_id"] == "lr010-seed2").unwrap();
    let logs = samples.join("wandb").join(truth["folder"].as_str().unwrap());

    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open_or_create(Location::folder(&folder.path().join("lake")).unwrap()).await.unwrap();
    import(&lake, &[logs], &ImportOptions { with_files: true, ..ImportOptions::default() }, &mut |_| {}).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let served = tokio::spawn(serve(lake, options(), listener, std::future::pending().boxed()));

    let query = r#"query ($run: String!) { project(name: "digits", entityName: "runlake") { run(name: $run) {
        displayName state historyKeys fileCount history(samples: 1000) parquetHistory(liveKeys: ["_step"]) { parquetUrls liveData }
    } } }"#;
    let body = json!({"query": query, "variables": {"run": "lr010-seed2"}});
    let client = Client::new();
    let reply = client.post(format!("{base_url}/graphql")).basic_auth("api", Some(KEY)).json(&body).send().await.unwrap();
    let mut reply: Value = reply.json().await.unwrap();
    assert_eq!(reply.get("errors"), None);
    let run = reply["data"]["project"]["run"].take();
    assert_eq!((&run["displayName"], &run["state"]), (&truth["display_name"], &json!("finished")));

    let wanted = truth["rows"].as_array().unwrap();
    assert_eq!(run["historyKeys"]["lastStep"], wanted.last().unwrap()["step"]);
    let rows: Vec<Value> =
        run["history"].as_array().unwrap().iter().map(|line| serde_json::from_str(line.as_str().unwrap()).unwrap()).collect();
    assert_eq!(rows.len(), wanted.len());
    for (mut row, wanted) in rows.into_iter().zip(wanted) {
        let members = row.as_object_mut().unwrap();
        assert_eq!(members.remove("_step").as_ref(), wanted.get("step"));
        members.retain(|key, _| !["_runtime", "_timestamp"].contains(&key.as_str()));
        // Integral floats are logged without a fraction, so numbers are compared as such.
        for (key, value) in wanted["row"].as_object().unwrap() {
            let found = members.remove(key).unwrap();
            assert!(found == *value || found.as_f64().is_some_and(|found| Some(found) == value.as_f64()), "{key}: {found} for {value}");
        }
        assert!(members.is_empty(), "{members:?}");
    }
    assert_eq!(run["parquetHistory"]["liveData"], json!([]));
    let export = run["parquetHistory"]["parquetUrls"][0].as_str().unwrap();
    assert_eq!(client.get(export).send().await.unwrap().status(), StatusCode::OK);
    served.abort();
}
