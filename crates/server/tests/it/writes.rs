//! Mutations: what they change, what they refuse, and that it is there after a restart.

use std::path::Path;

use reqwest::StatusCode;
use runlake_server::{ServerOptions, StateFolder};
use serde_json::{Value, json};

use crate::{Backend, options};

const CREATE: &str = "mutation UpsertBucket($project: String, $entity: String, $name: String!, $state: String) {
    upsertBucket(input: {modelName: $project, entityName: $entity, name: $name, state: $state}) {
        bucket { project { name entity { name } } id name } inserted } }";

const UPDATE: &str = "mutation UpsertBucket($id: String!, $description: String, $display_name: String, $notes: String, $tags: [String!], \
    $config: JSONString!, $groupName: String, $jobType: String) {
    upsertBucket(input: {id: $id, description: $description, displayName: $display_name, notes: $notes, tags: $tags, config: $config, \
    groupName: $groupName, jobType: $jobType}) { bucket { id displayName notes tags config group jobType summaryMetrics } } }";

const SUMMARY: &str = "mutation UpsertBucket($id: String, $summaryMetrics: JSONString) {
    upsertBucket(input: {id: $id, summaryMetrics: $summaryMetrics}) { bucket { id } } }";

const DELETE: &str = "mutation DeleteRun($id: ID!,) { deleteRun(input: {id: $id,}) { clientMutationId } }";

const STATE: &str = "mutation UpdateRunState($input: UpdateRunStateInput!) { updateRunState(input: $input) { success } }";

const STOP: &str = "mutation StopRun ($id: ID!) { stopRun(input: {id:$id}) { success } }";

const PROJECT: &str = "mutation CreateProject($input: UpsertModelInput!) { result: upsertModel(input: $input) {
    project { id name entityName description access views } model { id } inserted } }";

async fn create(backend: &Backend, name: &str) -> Value {
    let variables = json!({"entity": "acme", "project": "demo", "name": name, "state": "running"});
    backend.data(CREATE, variables).await["upsertBucket"].take()
}

fn kept(folder: &Path) -> ServerOptions {
    ServerOptions { state: StateFolder::Kept(folder.to_owned()), ..options() }
}

/// What a mutation that is refused is answered with: the message, and the word for programs.
async fn refusal(backend: &Backend, document: &str, variables: Value) -> (String, String) {
    let (status, reply) = backend.reply(document, variables).await;
    let error = &reply["errors"][0];
    assert_eq!(status, StatusCode::OK, "{reply}");
    (error["message"].as_str().unwrap().to_owned(), error["extensions"]["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_run_that_was_made_is_there_at_once_and_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let backend = Backend::start_with(kept(folder.path())).await;
    let made = create(&backend, "new").await;
    assert_eq!(made["inserted"], json!(true));
    assert_eq!(made["bucket"]["project"], json!({"name": "demo", "entity": {"name": "acme"}}));
    assert_eq!(create(&backend, "new").await["inserted"], json!(false));
    let id = &made["bucket"]["id"];
    let config = json!({"lr": {"value": 0.25, "desc": null}}).to_string();
    let written = backend
        .data(UPDATE, json!({"id": id, "display_name": "New one", "notes": "n", "tags": ["x", "y"], "config": config, "groupName": "g"}))
        .await["upsertBucket"]["bucket"]
        .take();
    assert_eq!((&written["displayName"], &written["tags"], &written["group"]), (&json!("New one"), &json!(["x", "y"]), &json!("g")));
    backend.data(SUMMARY, json!({"id": id, "summaryMetrics": r#"{"acc":0.5,"big":9007199254740993,"odd":"NaN"}"#})).await;
    backend.stop().await;
    let backend = Backend::start_with(kept(folder.path())).await;
    assert_eq!(backend.run_field("new", "summaryMetrics").await, json!(r#"{"acc":0.5,"big":9007199254740993,"odd":"NaN"}"#));
    assert_eq!(backend.run_field("new", "displayName").await, json!("New one"));
    assert_eq!(backend.run_field("new", "config").await, json!(r#"{"lr":{"desc":null,"value":0.25}}"#));
    assert_eq!(backend.run_field("new", "historyKeys").await, Value::Null);
    assert_eq!(backend.run_field("new", "history").await, json!([]));
    assert_eq!(backend.run_field("new", "events").await, json!([]));
    assert_eq!(backend.run_field("new", "fileCount").await, json!(0));
    let filters = json!({"filters": r#"{"config.lr": 0.25, "tags": "x"}"#});
    let count = "query ($filters: JSONString) { project(name: \"demo\", entityName: \"acme\") { runCount(filters: $filters) } }";
    assert_eq!(backend.data(count, filters).await["project"]["runCount"], json!(1));
    backend.stop().await;
}

#[tokio::test]
async fn runs_of_the_source_are_changed_and_their_rows_stay() {
    let backend = Backend::start().await;
    let config = backend.run_field("full", "config").await;
    let null = Value::Null;
    let variables = json!({"id": "storage-full", "display_name": null, "notes": "seen", "tags": [], "config": config, "jobType": ""});
    let written = backend.data(UPDATE, variables).await["upsertBucket"]["bucket"].take();
    assert_eq!((&written["displayName"], &written["notes"], &written["tags"]), (&json!("Run full"), &json!("seen"), &json!([])));
    assert_eq!((&written["config"], &written["jobType"]), (&config, &null));
    assert_eq!(backend.run_field("full", "history(samples: 1000)").await.as_array().unwrap().len(), 40);
    // The lake goes on: what was not written shows its news.
    let mut run = backend.fixture.run("full");
    run.record.display_name = Some("Renamed".to_owned());
    backend.fixture.put(run);
    assert_eq!(backend.run_field("full", "displayName").await, json!("Renamed"));
    assert_eq!(backend.run_field("full", "notes").await, json!("seen"));
}

#[tokio::test]
async fn a_deleted_run_is_gone_for_good() {
    let backend = Backend::start().await;
    let id = create(&backend, "brief").await["bucket"]["id"].take();
    for (name, id) in [("brief", id), ("live", json!("storage-live"))] {
        assert_eq!(backend.data(DELETE, json!({"id": id, "deleteArtifacts": false})).await["deleteRun"]["clientMutationId"], Value::Null);
        let found = backend.data(
            "query ($run: String!) { project(name: \"demo\", entityName: \"acme\") { run(name: $run) { id } } }",
            json!({"run": name}),
        );
        assert_eq!(found.await["project"]["run"], Value::Null);
        let again = refusal(&backend, CREATE, json!({"entity": "acme", "project": "demo", "name": name})).await;
        assert_eq!(again.1, "CONFLICT");
        assert!(again.0.ends_with("was previously created and deleted; try a new run name"), "{}", again.0);
        assert_eq!(refusal(&backend, DELETE, json!({"id": id})).await.1, "NOT_FOUND");
    }
}

#[tokio::test]
async fn states_follow_the_rules() {
    let backend = Backend::start().await;
    let set = |id: &str, state: &str| json!({"input": {"id": id, "state": state}});
    for (run, state) in [("bare", "pending"), ("bare", "failed"), ("bare", "pending"), ("live", "failed"), ("live", "pending")] {
        let id = backend.run_field(run, "id").await;
        assert_eq!(backend.data(STATE, set(id.as_str().unwrap(), state)).await["updateRunState"]["success"], json!(true), "{run} {state}");
        assert_eq!(backend.run_field(run, "state").await, json!(state));
    }
    let (message, code) = refusal(&backend, STATE, set("storage-full", "failed")).await;
    assert_eq!(
        (message.as_str(), code.as_str()),
        ("run acme/demo/full belongs to sweep sw1: the state of a sweep's run cannot be changed", "CONFLICT")
    );
    let (message, code) = refusal(&backend, STATE, set("storage-live", "finished")).await;
    assert!(message.starts_with("the state of run acme/demo/live cannot go from `pending` to `finished`: "), "{message}");
    assert_eq!(code, "CONFLICT");
    assert_eq!(refusal(&backend, STATE, set("storage-live", "levitating")).await.1, "INVALID_ARGUMENT");
    assert_eq!(refusal(&backend, STATE, set("nobody", "failed")).await.1, "NOT_FOUND");
}

#[tokio::test]
async fn a_request_to_stop_is_seen_by_the_run_that_lives() {
    let backend = Backend::start().await;
    for (run, stopped) in [("live", true), ("full", false)] {
        assert_eq!(backend.run_field(run, "stopped").await, json!(false));
        assert_eq!(backend.data(STOP, json!({"id": format!("storage-{run}")})).await["stopRun"]["success"], json!(true));
        assert_eq!(backend.run_field(run, "stopped").await, json!(stopped), "{run}");
    }
    create(&backend, "live").await;
    assert_eq!(backend.run_field("live", "stopped").await, json!(false), "a new process is not stopped by an old request");
}

#[tokio::test]
async fn projects_are_made_once() {
    let backend = Backend::start().await;
    let input = json!({"input": {"name": "fresh", "entityName": "new team", "description": "d", "framework": null, "isBenchmark": null}});
    let made = backend.data(PROJECT, input.clone()).await["result"].take();
    assert_eq!((&made["inserted"], &made["project"]["description"]), (&json!(true), &json!("d")));
    assert_eq!(backend.data(PROJECT, input).await["result"]["inserted"], json!(false));
    let listed = backend.data("{ models(entityName: \"new team\") { edges { node { name createdAt readOnly } } } }", Value::Null).await;
    assert_eq!(listed["models"]["edges"][0]["node"]["name"], json!("fresh"));
    assert_eq!(listed["models"]["edges"][0]["node"]["readOnly"], json!(false));
}

#[tokio::test]
async fn what_cannot_be_written_is_refused_and_leaves_nothing() {
    let backend = Backend::start().await;
    let create = |project: &str, name: &str, state: &str| json!({"entity": "acme", "project": project, "name": name, "state": state});
    for (variables, message) in [
        (create("demo", "a/b", "running"), "the run id `a/b` has the character '/'"),
        (create("demo", "", "running"), "the run id `` is empty"),
        (create("a:b", "r", "running"), "the project `a:b` has the character ':'"),
        (create("demo", "r", "levitating"), "`levitating` is not a state of a run"),
    ] {
        let (found, code) = refusal(&backend, CREATE, variables).await;
        assert!(found.starts_with(message), "{found}");
        assert_eq!(code, "INVALID_ARGUMENT");
    }
    let (message, _) = refusal(&backend, UPDATE, json!({"id": "storage-full", "config": "[1]", "notes": "lost"})).await;
    assert!(message.starts_with("the config is not a JSON object: "), "{message}");
    assert_eq!(backend.run_field("full", "notes").await, Value::Null);
    let (message, _) = refusal(&backend, "mutation { upsertBucket(input: {}) { inserted } }", Value::Null).await;
    assert_eq!(message, "a run is named by `id` or by `name`");
}

#[tokio::test]
async fn a_read_only_backend_says_so() {
    let backend = Backend::start_with(ServerOptions { read_only: true, ..options() }).await;
    let variables = json!({"entity": "acme", "project": "demo", "name": "new"});
    let (message, code) = refusal(&backend, CREATE, variables).await;
    assert_eq!(code, "PERMISSION_DENIED");
    assert!(message.starts_with("permission denied: this server was started read-only"), "{message}");
    assert_eq!(backend.run_field("full", "readOnly").await, json!(true));
}

#[tokio::test]
async fn writers_at_the_same_time_lose_nothing() {
    let backend = Backend::start().await;
    let names: Vec<String> = (0..20).map(|number| format!("r{number}")).collect();
    futures::future::join_all(names.iter().map(|name| create(&backend, name))).await;
    let listed = backend.data("{ project(name: \"demo\", entityName: \"acme\") { runCount } }", Value::Null).await;
    assert_eq!(listed["project"]["runCount"], json!(24));
}
