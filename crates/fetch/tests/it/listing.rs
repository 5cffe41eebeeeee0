//! Lists of runs: paging, and projects that change meanwhile.

use futures::{StreamExt as _, TryStreamExt as _};
use runlake_fetch::{ErrorKind, RunsQuery};
use runlake_types::{Filter, Order, ProjectPath, RunPath, RunRecord};
use serde_json::json;

use crate::server::{Reply, Server, chain, page};

fn project() -> ProjectPath {
    ProjectPath::new("team", "digits")
}

fn ids(runs: &[RunRecord]) -> Vec<&str> {
    runs.iter().map(|run| run.path.run_id.as_str()).collect()
}

#[tokio::test]
async fn all_pages_come_with_empty_ones_and_duplicates() {
    let replies = [page(4, &["a", "b"], Some("1")), page(4, &[], Some("2")), page(4, &["b", "c"], Some("3")), page(4, &["d"], None)];
    let server = Server::start(replies).await;
    let query = RunsQuery {
        filter: Filter::parse(r#"{"state": "finished"}"#).unwrap(),
        order: Order::parse("-created_at").unwrap(),
        per_page: 2,
        ..RunsQuery::default()
    };
    let runs: Vec<RunRecord> = server.client().runs(&project(), query).try_collect().await.unwrap();
    assert_eq!(ids(&runs), ["a", "b", "c", "d"]);
    assert_eq!(runs[0].path, RunPath::new("team", "digits", "a"));

    let requests = server.finish();
    let cursors: Vec<_> = requests.iter().map(|request| request.variable("cursor")).collect();
    assert_eq!(cursors, [json!(null), json!("1"), json!("2"), json!("3")]);
    for request in requests {
        assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/graphql"));
        assert_eq!(request.header("user-agent"), Some(concat!("runlake/", env!("CARGO_PKG_VERSION"))));
        assert_eq!(request.header("accept-encoding"), Some("gzip"));
        assert_eq!(request.variable("filters"), json!(r#"{"state":"finished"}"#));
        assert_eq!(request.variable("order"), json!("-created_at"));
        assert_eq!((request.variable("perPage"), request.variable("entity")), (json!(2), json!("team")));
    }
}

#[tokio::test]
async fn the_last_edges_cursor_stands_in_for_the_pages() {
    let first =
        r#"{"data":{"project":{"runs":{"edges":[{"node":{"id":"1","name":"a"},"cursor":"from-edge"}],"pageInfo":{"hasNextPage":true}}}}}"#;
    let server = Server::start([Reply::json(first), page(2, &["b"], None)]).await;
    let runs = server.client().list_runs(&project(), RunsQuery::default()).await.unwrap();
    assert_eq!(ids(&runs), ["a", "b"]);
    assert_eq!(server.finish()[1].variable("cursor"), json!("from-edge"));
}

#[tokio::test]
async fn a_circle_is_an_error_and_ends_the_stream() {
    let server = Server::start([page(9, &["a"], Some("1")), page(9, &["b"], Some("2")), page(9, &["c"], Some("1"))]).await;
    let runs: Vec<_> = server.client().runs(&project(), RunsQuery::default()).collect().await;
    assert_eq!(runs.len(), 3);
    insta::assert_snapshot!(chain(runs[2].as_ref().unwrap_err()), @"list runs failed: the server's paging runs in a circle at cursor `1`");
    server.finish();
}

#[tokio::test]
async fn a_circle_that_passes_costs_another_listing() {
    let replies = [page(3, &["a"], Some("1")), page(3, &["b"], Some("1")), page(3, &["a", "b"], Some("2")), page(3, &["c"], None)];
    let server = Server::start(replies).await;
    let runs = server.client().list_runs(&project(), RunsQuery::default()).await.unwrap();
    assert_eq!(ids(&runs), ["a", "b", "c"]);
    server.finish();
}

#[tokio::test]
async fn another_page_without_a_cursor_is_an_error() {
    let reply = Reply::json(r#"{"data":{"project":{"runs":{"edges":[],"pageInfo":{"endCursor":"","hasNextPage":true}}}}}"#);
    let server = Server::start([reply]).await;
    let error = server.client().list_runs(&project(), RunsQuery::default()).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::MissingCursor));
}

#[tokio::test]
async fn a_project_that_changed_is_listed_again() {
    let replies = [page(2, &["a"], Some("1")), page(3, &["c"], None), page(3, &["a", "b", "c"], None)];
    let server = Server::start(replies).await;
    let runs = server.client().list_runs(&project(), RunsQuery::default()).await.unwrap();
    assert_eq!(ids(&runs), ["a", "b", "c"]);
    server.finish();
}

#[tokio::test]
async fn a_project_that_never_rests_is_listed_four_times() {
    let server = Server::start(vec![page(7, &["a", "b"], None); 4]).await;
    let runs = server.client().list_runs(&project(), RunsQuery::default()).await.unwrap();
    assert_eq!(ids(&runs), ["a", "b"]);
    server.finish();
}

#[tokio::test]
async fn pages_shrink_when_the_server_fails_on_them() {
    let replies = [Reply::status(504), Reply::status(504), page(2, &["a"], Some("1")), page(2, &["b"], None)];
    let server = Server::start(replies).await;
    server.client().list_runs(&project(), RunsQuery::default()).await.unwrap();
    let sizes: Vec<_> = server.finish().iter().map(|request| request.variable("perPage")).collect();
    assert_eq!(sizes, [json!(100), json!(100), json!(50), json!(50)]);
}

#[tokio::test]
async fn a_page_with_errors_is_not_taken_for_a_whole_one() {
    let reply = r#"{"data":{"project":{"runCount":2,"runs":{"edges":[{"node":null,"cursor":"x"}],"pageInfo":{"hasNextPage":false}}}},"errors":[{"message":"could not load run b","path":["project","runs","edges",0]}]}"#;
    let server = Server::start([Reply::json(reply)]).await;
    let error = server.client().list_runs(&project(), RunsQuery::default()).await.unwrap_err();
    insta::assert_snapshot!(chain(&error), @"list runs failed: the server answered: could not load run b");
}

#[tokio::test]
async fn unknown_projects_are_named() {
    let server = Server::start(vec![Reply::json(r#"{"data":{"project":null}}"#); 4]).await;
    let client = server.client();
    let errors = [
        client.list_runs(&project(), RunsQuery::default()).await.unwrap_err(),
        client.run_count(&project(), &Filter::everything()).await.unwrap_err(),
        client.project(&project()).await.unwrap_err(),
    ];
    insta::assert_snapshot!(errors.iter().map(|error| chain(error)).collect::<Vec<_>>().join("\n"), @r"
    list runs failed: there is no project team/digits
    count runs failed: there is no project team/digits
    read the project failed: there is no project team/digits
    ");
    insta::assert_snapshot!(errors[0].hint().unwrap(), @"check the spelling and the server; a private project that the key may not read looks the same as a missing one");
    let error = client.run(&project().run("r1")).await.unwrap_err();
    insta::assert_snapshot!(chain(&error), @"read the run failed: there is no run team/digits/r1");
    server.finish();
}

#[tokio::test]
async fn one_damaged_run_is_named() {
    let reply = r#"{"data":{"project":{"runs":{"edges":[{"node":{"id":"1","name":"r1","config":"{\"lr\":"}}]}}}}"#;
    let server = Server::start([Reply::json(reply)]).await;
    let error = server.client().list_runs(&project(), RunsQuery::default()).await.unwrap_err();
    insta::assert_snapshot!(chain(&error), @"list runs failed: could not read the config of team/digits/r1: expected a value at byte 6");
}
