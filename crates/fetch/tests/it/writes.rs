//! Writes: what they send, when they are sent again, and what a refusal is taken for. Servers that are older than this client.

use futures::TryStreamExt as _;
use runlake_fetch::{Detail, Error, ErrorKind, NewRun, RunUpdate, Sample, SampledRows, SampledSpec};
use runlake_types::{ProjectPath, RunPath, RunState};
use serde_json::json;

use crate::server::{Reply, Server, chain, run};

fn project() -> ProjectPath {
    ProjectPath::new("team", "digits")
}

fn data(fields: &str) -> Reply {
    Reply::json(format!(r#"{{"data":{{{fields}}}}}"#))
}

fn refused(message: &str, code: &str) -> Reply {
    Reply::json(format!(r#"{{"data":null,"errors":[{{"message":"{message}","extensions":{{"code":"{code}"}}}}]}}"#))
}

fn made(name: &str, inserted: bool) -> Reply {
    data(&format!(
        r#""upsertBucket":{{"bucket":{{"id":"id1","name":"{name}","project":{{"name":"digits","entity":{{"name":"team"}}}}}},"inserted":{inserted}}}"#
    ))
}

#[tokio::test]
async fn a_run_is_made_once_however_often_it_is_sent() {
    let server = Server::start([Reply::reset(), made("r1", false)]).await;
    let new = NewRun { entity: Some("team".to_owned()), project: Some("digits".to_owned()), ..NewRun::default() };
    let run = server.client().create_run(new).await.unwrap();
    assert_eq!((run.path, run.storage_id.as_str(), run.state), (RunPath::new("team", "digits", "r1"), "id1", RunState::Running));
    let requests = server.finish();
    assert_eq!(requests[0].variable("name"), requests[1].variable("name"), "the id is chosen once");
    let id = requests[0].variable("name").as_str().unwrap().to_owned();
    assert!(id.len() == 8 && id.chars().all(|character| character.is_ascii_lowercase() || character.is_ascii_digit()), "{id}");
}

#[tokio::test]
async fn an_update_sends_what_changed_and_gives_the_run_back() {
    let server = Server::start([data(&format!(r#""upsertBucket":{{"bucket":{}}}"#, run("r1")))]).await;
    let update = RunUpdate { tags: Some(vec!["a".to_owned()]), notes: Some("n".to_owned()), ..RunUpdate::default() };
    let record = server.client().update_run(&project(), "id-r1", &update).await.unwrap().record;
    assert_eq!((record.path.run_id.as_str(), record.state), ("r1", RunState::Finished));
    let request = &server.finish()[0];
    let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(body["variables"], json!({"id": "id-r1", "tags": ["a"], "notes": "n"}));
}

#[tokio::test]
async fn a_change_of_state_is_never_applied_twice() {
    let path = project().run("r1");
    let state = |state: &str| data(&format!(r#""project":{{"run":{{"state":"{state}"}}}}"#));
    let set = async |replies: Vec<Reply>| {
        let server = Server::start(replies).await;
        let outcome = server.client().update_run_state(&path, "id1", &RunState::Failed).await;
        (outcome, server.finish().len())
    };
    let done = || data(r#""updateRunState":{"success":true}"#);
    assert!(matches!(set(vec![done()]).await, (Ok(true), 1)));
    assert!(matches!(set(vec![Reply::status(429), done()]).await, (Ok(true), 2)), "turned away at the door");
    // The answer was lost: the run itself says whether the change was made.
    assert!(matches!(set(vec![Reply::reset(), state("failed")]).await, (Ok(true), 2)));
    let (outcome, requests) = set(vec![Reply::status(502), state("running")]).await;
    assert!(matches!((outcome.unwrap_err().kind(), requests), (ErrorKind::Server { status: 502, .. }, 2)));
    let (outcome, _) = set(vec![refused("it cannot go there", "CONFLICT")]).await;
    assert_eq!(chain(&outcome.unwrap_err()), "change the state of the run failed: the server refused the change: it cannot go there");
}

#[tokio::test]
async fn a_run_that_went_while_the_call_was_repeated_was_deleted() {
    let gone = || refused("there is no run with the storage id `id1`", "NOT_FOUND");
    let server = Server::start([Reply::reset(), gone(), gone(), data(r#""deleteRun":{"clientMutationId":null}"#)]).await;
    let client = server.client();
    client.delete_run("id1", false).await.unwrap();
    let error = client.delete_run("id1", false).await.unwrap_err();
    assert_eq!(chain(&error), "delete the run failed: there is nothing at run with the storage id `id1`");
    client.delete_run("id1", true).await.unwrap();
    assert_eq!(server.finish()[3].variable("deleteArtifacts"), json!(true));
}

#[tokio::test]
async fn refusals_have_their_kinds() {
    let kind = async |reply: Reply| {
        let server = Server::start([reply]).await;
        let error: Error = server.client().stop_run("id1").await.unwrap_err();
        format!("{:?}", error.kind()).split([' ', '{']).next().unwrap().to_owned()
    };
    assert_eq!(kind(refused("x", "PERMISSION_DENIED")).await, "PermissionDenied");
    assert_eq!(kind(refused("x", "INVALID_ARGUMENT")).await, "InvalidArgument");
    assert_eq!(kind(Reply::json(r#"{"data":null,"errors":[{"message":"permission denied"}]}"#)).await, "PermissionDenied");
    assert_eq!(
        kind(Reply::json(r#"{"data":null,"errors":[{"message":"run x was previously created and deleted; try a new run name"}]}"#)).await,
        "Conflict"
    );
    assert_eq!(kind(Reply::new(409, &[], r#"{"error":"no"}"#)).await, "Conflict");
    assert_eq!(kind(data(r#""stopRun":{"success":false}"#)).await, "Conflict");
}

#[tokio::test]
async fn wrong_arguments_send_nothing() {
    let server = Server::start([]).await;
    let client = server.client();
    let run = |id: &str, state| NewRun { run_id: Some(id.to_owned()), state, ..NewRun::default() };
    for error in [
        client.create_run(run("a/b", None)).await.unwrap_err(),
        client.create_run(run("", None)).await.unwrap_err(),
        client.create_run(run("r", Some(RunState::Finished))).await.unwrap_err(),
        client.update_run_state(&project().run("r"), "id", &RunState::Finished).await.unwrap_err(),
        client.create_project(&ProjectPath::new("team", "a:b")).await.unwrap_err(),
    ] {
        assert!(matches!((error.kind(), error.attempts()), (ErrorKind::InvalidArgument { .. }, 0)), "{error:?}");
    }
    assert!(server.finish().is_empty());
}

#[tokio::test]
async fn fields_that_a_server_does_not_know_are_left_out_from_then_on() {
    let unknown = r#"{"errors":[{"message":"Cannot query field \"readOnly\" on type \"Run\"."},{"message":"Cannot query field \"historyKeys\" on type \"Run\"."}]}"#;
    let one = || data(&format!(r#""project":{{"run":{}}}"#, run("r1")));
    let server = Server::start([Reply::new(400, &[], unknown), one(), one(), Reply::new(400, &[], unknown)]).await;
    let client = server.client();
    let record = client.run(&project().run("r1")).await.unwrap();
    assert_eq!((record.read_only, record.history_keys), (None, None));
    client.run_with(&project().run("r1"), Detail::Light).await.unwrap();
    // What stays unknown after that is an error, not a loop.
    let error = client.run(&project().run("r1")).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::GraphQl { .. }), "{error:?}");
    let asked: Vec<bool> = server.finish().iter().map(|request| request.body.contains("readOnly")).collect();
    assert_eq!(asked, [true, false, false, false]);
}

#[tokio::test]
async fn many_runs_come_in_one_request_and_a_bad_one_does_not_take_others_along() {
    let ids = ["a", "b", "c"].map(str::to_owned);
    let all = data(&format!(r#""project":{{"r0":{},"r1":null,"r2":{}}}"#, run("a"), run("c")));
    let samples = data(r#""project":{"r0":{"sampledHistory":[[{"_step":0,"loss":"NaN"}]]},"r1":{"sampledHistory":[[]]},"r2":null}"#);
    let rows = data(r#""project":{"r0":{"history":["{\"_step\":0}"]},"r1":{"history":null},"r2":{"history":["{"]}}"#);
    let server = Server::start([all, samples, rows]).await;
    let client = server.client();
    let loaded = client.load_runs(&project(), &ids).await;
    assert_eq!(loaded[2].as_ref().unwrap().record.path.run_id, "c");
    assert!(matches!(loaded[1].as_ref().unwrap_err().kind(), ErrorKind::RunNotFound { path } if path.run_id == "b"));
    let spec = SampledSpec { keys: vec!["_step".to_owned(), "loss".to_owned()], samples: 500, ..SampledSpec::default() };
    let sampled = client.sample_histories(&project(), &ids, &Sample::Keys(spec)).await;
    let rows = |sampled: &Result<SampledRows, Error>| Some(sampled.as_ref().ok()?.to_objects().unwrap().len());
    assert_eq!(sampled.iter().map(rows).collect::<Vec<_>>(), [Some(1), Some(0), None]);
    let sampled = client.sample_histories(&project(), &ids, &Sample::Rows(500)).await;
    assert_eq!(sampled[..2].iter().map(rows).collect::<Vec<_>>(), [Some(1), Some(0)]);
    let error = sampled[2].as_ref().unwrap().to_objects().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidValue { .. }), "{error:?}");
    assert_eq!(server.finish().len(), 3);
}

#[tokio::test]
async fn console_lines_come_page_after_page() {
    let page = |lines: &str, more: bool| {
        data(&format!(
            r#""project":{{"run":{{"logLineCount":3,"logLines":{{"edges":[{lines}],"pageInfo":{{"endCursor":"c","hasNextPage":{more}}}}}}}}}"#
        ))
    };
    let line = |text: &str| {
        format!(r#"{{"node":{{"number":null,"timestamp":"2026-11-24T09:30:00","level":"error","label":null,"line":"{text}"}}}}"#)
    };
    let server =
        Server::start([page(&format!("{},{}", line("a"), line("b")), true), page(&line("c"), false), page(&line("c"), false)]).await;
    let client = server.client();
    let lines: Vec<_> = client.console_lines(&project().run("r1"), 2).try_collect().await.unwrap();
    assert_eq!(lines.iter().map(|line| (line.number, line.content.as_str())).collect::<Vec<_>>(), [(0, "a"), (1, "b"), (2, "c")]);
    assert_eq!((lines[0].level.as_str(), lines[0].timestamp.unwrap().to_string().as_str()), ("error", "2026-11-24T09:30:00Z"));
    let tail = client.console_tail(&project().run("r1"), 1).await.unwrap();
    assert_eq!((tail[0].number, tail.len()), (2, 1));
    server.finish();
}
