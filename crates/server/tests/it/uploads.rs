//! Files of runs, written: uploaded to signed addresses, laid over the source's, deleted, and there after a restart.

use reqwest::{Method, StatusCode};
use runlake_server::{ServerOptions, StateFolder};
use serde_json::{Value, json};

use crate::{Backend, KEY, options};

const CREATE: &str = "mutation CreateRunFiles($entity: String!, $project: String!, $run: String!, $files: [String!]!) {
    createRunFiles(input: {entityName: $entity, projectName: $project, runName: $run, files: $files}) {
        runID uploadHeaders files { name uploadUrl } } }";
const MARK: &str = "mutation MarkRunFilesUploaded ($entity: String!, $project: String!, $run: String!, $files: [String!]!) {
    markRunFilesUploaded(input: {entityName:$entity,projectName:$project,runName:$run,files:$files}) { success } }";
const DELETE: &str = "mutation deleteFiles($files: [ID!]!, $projectId: Int) {
    deleteFiles(input: { files: $files projectId: $projectId }) { success } }";
const FILES: &str = "query ($run: String!) { project(name: \"demo\", entityName: \"acme\") { run(name: $run) { fileCount
    files { edges { node { id name url directUrl sizeBytes md5 mimetype } } } } } }";

pub(crate) fn of_run(run: &str, files: &[&str]) -> Value {
    json!({"entity": "acme", "project": "demo", "run": run, "files": files})
}

async fn upload_url(backend: &Backend, run: &str, name: &str) -> String {
    backend.data(CREATE, of_run(run, &[name])).await["createRunFiles"]["files"][0]["uploadUrl"].as_str().unwrap().to_owned()
}

impl Backend {
    pub(crate) async fn put(&self, url: &str, body: &'static str, headers: &[(&str, &str)]) -> StatusCode {
        let request =
            headers.iter().fold(self.client.request(Method::PUT, url).body(body), |request, (name, value)| request.header(*name, *value));
        request.send().await.unwrap().status()
    }
}

async fn upload(backend: &Backend, run: &str, name: &str, body: &'static str) {
    let url = upload_url(backend, run, name).await;
    assert_eq!(backend.put(&url, body, &[]).await, StatusCode::OK);
}

/// The files of a run by name.
async fn listed(backend: &Backend, run: &str) -> Vec<Value> {
    let found = backend.data(FILES, json!({"run": run})).await["project"]["run"].take();
    let files: Vec<Value> = found["files"]["edges"].as_array().unwrap().iter().map(|edge| edge["node"].clone()).collect();
    assert_eq!(found["fileCount"], json!(files.len()));
    files
}

fn names(files: &[Value]) -> Vec<&str> {
    files.iter().map(|file| file["name"].as_str().unwrap()).collect()
}

async fn text(backend: &Backend, url: &Value) -> String {
    backend.get(url.as_str().unwrap()).await.text().await.unwrap()
}

/// How many files lie in a folder and below.
fn files_below(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).map(|entries| entries.map(|entry| entry.unwrap().path()).collect()).unwrap_or(vec![]);
    entries.into_iter().map(|path| if path.is_dir() { files_below(&path) } else { 1 }).sum()
}

#[tokio::test]
async fn an_upload_is_a_file_of_its_run_now_and_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let kept = || ServerOptions { state: StateFolder::Kept(folder.path().to_owned()), ..options() };
    let backend = Backend::start_with(kept()).await;
    let before = names(&listed(&backend, "full").await).len();
    upload(&backend, "full", "media/ä b.txt", "hello").await;
    let url = upload_url(&backend, "full", "later.txt").await;
    assert_eq!(backend.data(MARK, of_run("full", &["media/ä b.txt"])).await["markRunFilesUploaded"]["success"], json!(true));
    let read = listed(&backend, "full").await.into_iter().find(|file| file["name"] == "media/ä b.txt").unwrap();
    backend.stop().await;

    let backend = Backend::start_with(kept()).await;
    let files = listed(&backend, "full").await;
    assert_eq!(files.len(), before + 1);
    let file = files.iter().find(|file| file["name"] == "media/ä b.txt").unwrap();
    assert_eq!(
        (&file["sizeBytes"], &file["md5"], &file["mimetype"]),
        (&json!(5), &json!("XUFAKrxLKna5cZ2REBfFkg=="), &json!("text/plain; charset=utf-8"))
    );
    assert_eq!(text(&backend, &file["url"]).await, "hello");
    // Addresses from before the restart are good for what they were signed for: at another port, which no signature speaks of.
    let moved = |url: &str| url.replacen(url.split('/').nth(2).unwrap(), backend.base_url.trim_start_matches("http://"), 1);
    assert_eq!(text(&backend, &json!(moved(read["url"].as_str().unwrap()))).await, "hello");
    assert_eq!(backend.put(&moved(&url), "late", &[]).await, StatusCode::OK);
    assert_eq!(listed(&backend, "full").await.len(), before + 2);
    backend.stop().await;
}

#[tokio::test]
async fn uploads_replace_and_deletions_hide_what_the_source_has() {
    let folder = tempfile::tempdir().unwrap();
    let backend = Backend::start_with(ServerOptions { state: StateFolder::Kept(folder.path().to_owned()), ..options() }).await;
    let original = listed(&backend, "full").await;
    let name = original[0]["name"].as_str().unwrap().to_owned();
    let blobs = folder.path().join("blobs");
    for body in ["one", "two", "two"] {
        let url = upload_url(&backend, "full", &name).await;
        assert_eq!(backend.put(&url, body, &[]).await, StatusCode::OK);
        let files = listed(&backend, "full").await;
        assert_eq!((files.len(), text(&backend, &files[0]["directUrl"]).await.as_str()), (original.len(), body));
        // What was replaced is gone.
        assert_eq!(files_below(&blobs), 1);
    }
    upload(&backend, "full", "same.txt", "two").await;
    assert_eq!(files_below(&blobs), 1, "the same contents are kept once");
    let ids: Vec<Value> = listed(&backend, "full").await.iter().map(|file| file["id"].clone()).collect();
    for _ in 0..2 {
        assert_eq!(backend.data(DELETE, json!({"files": ids, "projectId": 1})).await["deleteFiles"]["success"], json!(true));
        assert_eq!(listed(&backend, "full").await.len(), 0);
    }
    assert_eq!(files_below(&blobs), 0);
    assert_eq!(backend.get(original[0]["url"].as_str().unwrap()).await.status(), StatusCode::NOT_FOUND);
    upload(&backend, "full", &name, "back").await;
    assert_eq!(names(&listed(&backend, "full").await), [name.as_str()]);

    let delete_run = "mutation ($id: ID!) { deleteRun(input: {id: $id}) { success } }";
    backend.data(delete_run, json!({"id": "storage-full"})).await;
    assert_eq!(files_below(&blobs), 0, "a deleted run's files go with it");
}

#[tokio::test]
async fn an_address_is_good_for_what_it_was_signed_for() {
    let backend = Backend::start().await;
    let url = upload_url(&backend, "full", "a.txt").await;
    assert_eq!(backend.put(&url.replace("a.txt", "b.txt"), "x", &[]).await, StatusCode::FORBIDDEN);
    assert_eq!(backend.put(url.split('?').next().unwrap(), "x", &[]).await, StatusCode::UNAUTHORIZED);
    assert_eq!(backend.put(&url, "x", &[("content-md5", "XUFAKrxLKna5cZ2REBfFkg==")]).await, StatusCode::BAD_REQUEST);
    assert_eq!(listed(&backend, "full").await.iter().filter(|file| file["name"] == "a.txt").count(), 0);
    assert_eq!(backend.put(&url, "hello", &[("content-md5", "XUFAKrxLKna5cZ2REBfFkg==")]).await, StatusCode::OK);
    let read = listed(&backend, "full").await.into_iter().find(|file| file["name"] == "a.txt").unwrap()["url"].clone();
    assert_eq!(backend.put(read.as_str().unwrap(), "x", &[]).await, StatusCode::FORBIDDEN, "an address to read from");
    assert_eq!(backend.get(&url).await.status(), StatusCode::FORBIDDEN, "an address to upload to");
    // The official client sends the key along below the base address, where it is as good as a signature.
    let bare = url.split('?').next().unwrap();
    let response = backend.client.put(bare).basic_auth("api", Some(KEY)).body("x").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_expired_address_takes_and_gives_nothing() {
    let backend = Backend::start_with(ServerOptions { signed_url_lifetime: std::time::Duration::ZERO, ..options() }).await;
    let url = upload_url(&backend, "full", "a.txt").await;
    assert_eq!(backend.put(&url, "x", &[]).await, StatusCode::FORBIDDEN);
    let files = listed(&backend, "full").await;
    assert_eq!(backend.get(files[0]["url"].as_str().unwrap()).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_cannot_be_written_is_refused() {
    let backend = Backend::start().await;
    for name in ["../a", "/a", "a/../b", "a//b", "", "a\0", "a\\..\\b", &"n".repeat(5000)] {
        let (status, messages) = backend.errors(CREATE, of_run("full", &[name])).await;
        assert_eq!(status, StatusCode::OK);
        assert!(messages[0].starts_with("the name of the file"), "{messages:?}");
    }
    let (_, messages) = backend.errors(CREATE, of_run("nobody", &["a"])).await;
    assert_eq!(messages, ["there is no run acme/demo/nobody"]);
    let (_, messages) = backend.errors(MARK, of_run("full", &["never.txt"])).await;
    assert_eq!(messages, ["the file `never.txt` of acme/demo/full was not uploaded"]);
    let (_, messages) = backend.errors(DELETE, json!({"files": ["nonsense"]})).await;
    assert_eq!(messages, ["there is no file with the storage id `nonsense`"]);
    let backend = Backend::start_with(ServerOptions { read_only: true, ..options() }).await;
    for (document, variables) in [(CREATE, of_run("full", &["a"])), (MARK, of_run("full", &["a"]))] {
        let (_, messages) = backend.errors(document, variables).await;
        assert!(messages[0].starts_with("permission denied"), "{messages:?}");
    }
    let files = listed(&backend, "full").await;
    let (_, messages) = backend.errors(DELETE, json!({"files": [files[0]["id"]]})).await;
    assert!(messages[0].starts_with("permission denied"), "{messages:?}");
}

#[tokio::test]
async fn a_stream_of_history_is_refused_for_good() {
    let backend = Backend::start().await;
    let post = |path: &str| backend.client.post(format!("{}/files/acme/demo/{path}", backend.base_url)).body("{}");
    let status = async |path: &str| post(path).basic_auth("api", Some(KEY)).send().await.unwrap().status();
    assert_eq!(post("full/file_stream").send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert_eq!(status("full/file_stream").await, StatusCode::NOT_IMPLEMENTED);
    assert_eq!((status("nobody/file_stream").await, status("full/other").await), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
}
