//! The backend over real HTTP, with a source in memory. Driving it with the official SDK is left to the workspace's conformance suite.
#![expect(clippy::unwrap_used, reason = "what fails in a helper fails the test")]
#![expect(clippy::cast_precision_loss, reason = "steps of the fixture are small")]

mod access;
mod artifacts;
mod documents;
mod exports;
mod fixture;
mod history;
mod lake;
mod listing;
mod transfer;
mod uploads;
mod writes;

use std::time::Duration;

use fixture::Fixture;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use runlake_server::{Access, ServerOptions, serve};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const KEY: &str = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";

/// A backend that is running.
struct Backend {
    fixture: Fixture,
    base_url: String,
    client: Client,
    shutdown: Option<oneshot::Sender<()>>,
    served: JoinHandle<Result<(), runlake_server::Error>>,
}

fn options() -> ServerOptions {
    ServerOptions { access: Access::Key(KEY.into()), refresh_after: Duration::ZERO, ..ServerOptions::default() }
}

impl Backend {
    async fn start() -> Self {
        Self::start_with(options()).await
    }

    async fn start_with(options: ServerOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let (shutdown, stopped) = oneshot::channel::<()>();
        let fixture = Fixture::demo();
        let stop = async {
            let _closed = stopped.await;
        };
        let served = tokio::spawn(serve(fixture.clone(), options, listener, stop));
        let client = Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
        Self { fixture, base_url, client, shutdown: Some(shutdown), served }
    }

    async fn stop(mut self) {
        self.shutdown.take().unwrap().send(()).unwrap();
        drop(self.client);
        tokio::time::timeout(Duration::from_secs(20), self.served).await.unwrap().unwrap().unwrap();
    }

    fn post(&self, query: &str, variables: &Value) -> RequestBuilder {
        let body = json!({"query": query, "variables": variables, "operationName": ""});
        self.client.post(format!("{}/graphql", self.base_url)).json(&body)
    }

    async fn reply(&self, query: &str, variables: Value) -> (StatusCode, Value) {
        let response = self.post(query, &variables).basic_auth("api", Some(KEY)).send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    /// The `data` of a reply that must have no errors.
    async fn data(&self, query: &str, variables: Value) -> Value {
        let (status, mut reply) = self.reply(query, variables).await;
        assert_eq!((status, reply.get("errors")), (StatusCode::OK, None), "{query}");
        reply["data"].take()
    }

    /// A field of a run, such as `state` or `history(samples: 3)`.
    async fn run_field(&self, run: &str, field: &str) -> Value {
        let query =
            format!(r#"query ($run: String!) {{ project(name: "demo", entityName: "acme") {{ run(name: $run) {{ it: {field} }} }} }}"#);
        self.data(&query, json!({"run": run})).await["project"]["run"]["it"].take()
    }

    /// The messages of a reply that must have errors.
    async fn errors(&self, query: &str, variables: Value) -> (StatusCode, Vec<String>) {
        let (status, reply) = self.reply(query, variables).await;
        let messages = reply["errors"].as_array().unwrap().iter().map(|error| error["message"].as_str().unwrap().to_owned());
        (status, messages.collect())
    }

    async fn get(&self, url: &str) -> Response {
        self.client.get(url).send().await.unwrap()
    }
}
