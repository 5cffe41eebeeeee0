//! Who is answered, and what the others are told.

use reqwest::StatusCode;
use runlake_server::{Access, ServerOptions};
use serde_json::{Value, json};

use crate::{Backend, KEY, options};

const VIEWER: &str = "query Viewer { viewer { id entity username teams { edges { node { name } } } } }";

#[tokio::test]
async fn the_key_opens_and_nothing_else_does() {
    let backend = Backend::start().await;
    let ask = |request: reqwest::RequestBuilder| async {
        let response = request.send().await.unwrap();
        (response.status(), response.json::<Value>().await.unwrap())
    };
    let (status, reply) = ask(backend.post(VIEWER, &Value::Null).basic_auth("api", Some(KEY))).await;
    assert_eq!((status, &reply["data"]["viewer"]["entity"]), (StatusCode::OK, &json!("acme")));
    assert_eq!(ask(backend.post(VIEWER, &Value::Null).bearer_auth(KEY)).await.0, StatusCode::OK);
    for refused in [backend.post(VIEWER, &Value::Null), backend.post(VIEWER, &Value::Null).basic_auth("api", Some("wrong"))] {
        let (status, reply) = ask(refused).await;
        assert_eq!((status, &reply["error"]), (StatusCode::UNAUTHORIZED, &json!("user is not logged in")));
        assert!(reply["errors"][0]["message"].as_str().unwrap().starts_with("user is not logged in: "));
    }
    backend.stop().await;
}

#[tokio::test]
async fn open_means_open() {
    let backend = Backend::start_with(ServerOptions { access: Access::Open, ..options() }).await;
    assert_eq!(backend.post(VIEWER, &Value::Null).send().await.unwrap().status(), StatusCode::OK);
    let file = format!("{}/files/acme/demo/full/config.yaml", backend.base_url);
    assert_eq!(backend.get(&file).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn what_is_not_there_says_so() {
    let backend = Backend::start().await;
    assert_eq!(backend.get(&format!("{}/healthz", backend.base_url)).await.text().await.unwrap(), "ok\n");
    assert_eq!(backend.get(&format!("{}/acme/demo", backend.base_url)).await.status(), StatusCode::NOT_FOUND);
    let nonsense =
        backend.client.post(format!("{}/graphql", backend.base_url)).basic_auth("api", Some(KEY)).body("{").send().await.unwrap();
    assert_eq!(nonsense.status(), StatusCode::BAD_REQUEST);
}
