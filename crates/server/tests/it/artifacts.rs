//! Artifacts: made step by step as the official client does, found by their aliases, and there after a restart.

use reqwest::StatusCode;
use runlake_fetch::{ArtifactEntry, ArtifactManifest};
use runlake_server::{ServerOptions, StateFolder};
use serde_json::{Value, json};

use crate::{Backend, KEY, options};

const CREATE: &str = "mutation CreateArtifact ($input: CreateArtifactInput!) { createArtifact(input: $input) { ... CreatedArtifact } }
    fragment CreatedArtifact on CreateArtifactPayload { artifact { id state artifactSequence { latestArtifact { id } } } }";
const MANIFEST: &str = "mutation CreateArtifactManifest ($artifactID: ID!, $baseArtifactID: ID, $name: String!, $digest: String!, \
    $entityName: String!, $projectName: String!, $runName: String!, $manifestType: ArtifactManifestType!, $includeUpload: Boolean!) {
    createArtifactManifest(input: {artifactID:$artifactID,baseArtifactID:$baseArtifactID,name:$name,digest:$digest,entityName:$entityName,\
    projectName:$projectName,runName:$runName,type:$manifestType}) { artifactManifest { id file { id uploadUrl @include(if: $includeUpload) \
    uploadHeaders @include(if: $includeUpload) } } } }";
const FILES: &str = "mutation CreateArtifactFiles ($input: CreateArtifactFilesInput!) { createArtifactFiles(input: $input) { files { edges { \
    node { storagePath uploadUrl uploadHeaders uploadMultipartUrls { uploadID uploadUrlParts { partNumber uploadUrl } } artifact { id } } } } } }";
const COMMIT: &str =
    "mutation CommitArtifact ($artifactID: ID!) { commitArtifact(input: {artifactID:$artifactID}) { artifact { id digest } } }";
const USE: &str =
    "mutation UseArtifact($entityName: String!, $projectName: String!, $runName: String!, $artifactID: ID!, $usedAs: String) {
    useArtifact(input: {entityName: $entityName, projectName: $projectName, runName: $runName, artifactID: $artifactID, usedAs: $usedAs}) {
    artifact { id digest description state createdAt metadata } } }";
const FIND: &str = "query ($name: String!) { project(name: \"demo\", entityName: \"acme\") { artifact(name: $name) { id state versionIndex \
    digest size fileCount description metadata tags { name } aliases { alias } artifactType { name } \
    createdBy { __typename ... on Run { name } } usedBy { edges { node { name } } } currentManifest { file { directUrl } } \
    files { edges { node { name directUrl sizeBytes md5 } } } } } }";

const HELLO: &str = "XUFAKrxLKna5cZ2REBfFkg==";

fn manifest(files: &[(&str, &str)]) -> ArtifactManifest {
    let entry = |md5: &str| serde_json::from_value::<ArtifactEntry>(json!({"digest": md5, "size": 5})).unwrap();
    ArtifactManifest { entries: files.iter().map(|(path, md5)| ((*path).to_owned(), entry(md5))).collect() }
}

fn input(name: &str, digest: &str, aliases: &[&str]) -> Value {
    let aliases: Vec<Value> = aliases.iter().map(|alias| json!({"artifactCollectionName": name, "alias": alias})).collect();
    json!({
        "entityName": "acme", "projectName": "demo", "runName": "full", "artifactTypeName": "dataset", "artifactCollectionName": name,
        "digest": digest, "digestAlgorithm": "MANIFEST_MD5", "aliases": aliases, "tags": [{"tagName": "small"}], "metadata": "{\"rows\":1}",
        "enableDigestDeduplication": true, "clientID": format!("client-{digest}"), "sequenceClientID": "s"
    })
}

async fn create(backend: &Backend, input: Value) -> Value {
    backend.data(CREATE, json!({"input": input})).await["createArtifact"]["artifact"].take()
}

async fn announce(backend: &Backend, id: &Value, files: &[(&str, &str)]) -> Vec<Value> {
    let specs: Vec<Value> = files.iter().map(|(path, md5)| json!({"artifactID": id, "name": path, "md5": md5})).collect();
    let input = json!({"input": {"artifactFiles": specs, "storageLayout": "V2"}});
    let edges = backend.data(FILES, input).await["createArtifactFiles"]["files"]["edges"].take();
    edges.as_array().unwrap().iter().map(|edge| edge["node"].clone()).collect()
}

async fn manifest_url(backend: &Backend, id: &Value) -> String {
    let variables = json!({
        "artifactID": id, "name": "wandb_manifest.json", "digest": "", "entityName": "acme", "projectName": "demo", "runName": "full",
        "manifestType": "FULL", "includeUpload": true
    });
    let made = backend.data(MANIFEST, variables).await["createArtifactManifest"]["artifactManifest"]["file"]["uploadUrl"].take();
    made.as_str().unwrap().to_owned()
}

/// Makes a version of the files, all of which hold `hello`.
async fn log(backend: &Backend, name: &str, paths: &[&str], aliases: &[&str]) -> Value {
    let files: Vec<(&str, &str)> = paths.iter().map(|path| (*path, HELLO)).collect();
    let manifest = manifest(&files);
    let made = create(backend, input(name, &manifest.digest(), aliases)).await;
    let id = made["id"].clone();
    if made["state"] == "COMMITTED" {
        return id;
    }
    for node in announce(backend, &id, &files).await {
        if let Some(url) = node["uploadUrl"].as_str() {
            assert_eq!(backend.put(url, "hello", &[("content-md5", HELLO)]).await, StatusCode::OK);
        }
    }
    let url = manifest_url(backend, &id).await;
    let response = backend.client.put(&url).body(manifest.to_json()).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(backend.data(COMMIT, json!({"artifactID": id})).await["commitArtifact"]["artifact"]["id"], id);
    id
}

async fn find(backend: &Backend, name: &str) -> Value {
    backend.data(FIND, json!({"name": name})).await["project"]["artifact"].take()
}

fn aliases(artifact: &Value) -> Vec<&str> {
    artifact["aliases"].as_array().unwrap().iter().map(|alias| alias["alias"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_version_appears_with_its_commit_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let kept = || ServerOptions { state: StateFolder::Kept(folder.path().to_owned()), ..options() };
    let backend = Backend::start_with(kept()).await;
    let files = [("a.txt", HELLO), ("sub/b c.txt", HELLO)];
    let manifest = manifest(&files);
    let made = create(&backend, input("data", &manifest.digest(), &["best"])).await;
    assert_eq!((&made["state"], &made["artifactSequence"]["latestArtifact"]), (&json!("PENDING"), &Value::Null));
    // The same call again, as after an answer that was lost.
    assert_eq!(create(&backend, input("data", &manifest.digest(), &["best"])).await["id"], made["id"]);
    let nodes = announce(&backend, &made["id"], &files).await;
    let url = nodes[0]["uploadUrl"].as_str().unwrap();
    assert_eq!(backend.put(url, "jello", &[]).await, StatusCode::BAD_REQUEST, "not what was announced");
    assert_eq!(backend.put(url, "hello", &[]).await, StatusCode::OK);
    // The contents are there now, under whatever path.
    assert!(
        announce(&backend, &made["id"], &files)
            .await
            .iter()
            .all(|node| node["uploadUrl"] == Value::Null && node["artifact"]["id"] == made["id"])
    );
    for alias in ["data:latest", "data:best", "data:v0"] {
        assert_eq!(find(&backend, alias).await, Value::Null, "{alias} before the commit");
    }
    let (_, messages) = backend.errors(COMMIT, json!({"artifactID": made["id"]})).await;
    assert_eq!(messages, ["the artifact has no manifest yet"]);
    let url = manifest_url(&backend, &made["id"]).await;
    backend.stop().await;

    // Killed or not: what was sent is there, and the rest can follow.
    let backend = Backend::start_with(kept()).await;
    let url = url.replacen(url.split('/').nth(2).unwrap(), backend.base_url.trim_start_matches("http://"), 1);
    assert_eq!(backend.client.put(&url).body(manifest.to_json()).send().await.unwrap().status(), StatusCode::OK);
    for _ in 0..2 {
        assert_eq!(
            backend.data(COMMIT, json!({"artifactID": made["id"]})).await["commitArtifact"]["artifact"]["digest"],
            json!(manifest.digest())
        );
    }
    backend.stop().await;

    let backend = Backend::start_with(kept()).await;
    for alias in ["data", "data:latest", "data:best", "data:v0"] {
        let found = find(&backend, alias).await;
        assert_eq!((&found["id"], aliases(&found)), (&made["id"], vec!["v0", "best", "latest"]), "{alias}");
    }
    let found = find(&backend, "data:v0").await;
    assert_eq!((&found["size"], &found["fileCount"], &found["metadata"]), (&json!(10), &json!(2), &json!("{\"rows\":1}")));
    assert_eq!(
        (&found["tags"][0]["name"], &found["createdBy"]["name"], &found["artifactType"]["name"]),
        (&json!("small"), &json!("full"), &json!("dataset"))
    );
    let node = &found["files"]["edges"][1]["node"];
    assert_eq!((&node["name"], &node["md5"], &node["sizeBytes"]), (&json!("sub/b c.txt"), &json!(HELLO), &json!(5)));
    assert_eq!(backend.get(node["directUrl"].as_str().unwrap()).await.text().await.unwrap(), "hello");
    let text = backend.get(found["currentManifest"]["file"]["directUrl"].as_str().unwrap()).await.bytes().await.unwrap();
    assert_eq!(ArtifactManifest::from_json(&text).unwrap(), manifest);
    // Where the official client looks for one file by itself.
    let own = format!("{}/artifactsV2/default/acme/demo/data/QXI6MQ==/5d41402abc4b2a76b9719d911017c592/b%20c.txt", backend.base_url);
    assert_eq!(backend.get(&own).await.status(), StatusCode::UNAUTHORIZED);
    let response = backend.client.get(&own).basic_auth("api", Some(KEY)).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "hello");
    assert_eq!(
        backend.client.get(own.replace("5d41", "5d42")).basic_auth("api", Some(KEY)).send().await.unwrap().status(),
        StatusCode::NOT_FOUND
    );
    backend.stop().await;
}

#[tokio::test]
async fn versions_are_numbered_and_the_same_contents_make_none() {
    let backend = Backend::start().await;
    let first = log(&backend, "data", &["a"], &[]).await;
    let second = log(&backend, "data", &["a", "b"], &["best"]).await;
    assert_ne!(first, second);
    assert_eq!(log(&backend, "data", &["a"], &["old"]).await, first);
    assert_eq!(
        (aliases(&find(&backend, "data:v0").await), aliases(&find(&backend, "data").await)),
        (vec!["v0", "old"], vec!["v1", "best", "latest"])
    );
    let change = "mutation ($input: AddAliasesInput!) { result: addAliases(input: $input) { success } }";
    let alias = |alias: &str| json!([{"entityName": "acme", "projectName": "demo", "artifactCollectionName": "data", "alias": alias}]);
    backend.data(change, json!({"input": {"artifactID": first, "aliases": alias("best")}})).await;
    let change = "mutation ($input: DeleteAliasesInput!) { result: deleteAliases(input: $input) { success } }";
    backend.data(change, json!({"input": {"artifactID": first, "aliases": alias("old")}})).await;
    assert_eq!(aliases(&find(&backend, "data:best").await), ["v0", "best"]);

    let versions = "query ($after: String, $filters: JSONString) { project(name: \"demo\", entityName: \"acme\") { artifactType(name: \"dataset\") { \
        artifactCollection(name: \"data\") { __typename artifacts(first: 1, after: $after, filters: $filters) { totalCount pageInfo { endCursor hasNextPage } \
        edges { version node { id } } } } } } }";
    let filters = json!({"state": "COMMITTED"}).to_string();
    let page =
        backend.data(versions, json!({"filters": filters})).await["project"]["artifactType"]["artifactCollection"]["artifacts"].take();
    assert_eq!(
        (&page["totalCount"], &page["edges"][0]["version"], &page["pageInfo"]["hasNextPage"]),
        (&json!(2), &json!("v1"), &json!(true))
    );
    let after = page["pageInfo"]["endCursor"].clone();
    let page = backend.data(versions, json!({"after": after, "filters": filters})).await["project"]["artifactType"]["artifactCollection"]["artifacts"].take();
    assert_eq!((&page["edges"][0]["version"], &page["pageInfo"]["hasNextPage"]), (&json!("v0"), &json!(false)));

    let delete = "mutation ($input: DeleteArtifactInput!) { result: deleteArtifact(input: $input) { artifact { id } } }";
    let (_, messages) = backend.errors(delete, json!({"input": {"artifactID": second, "deleteAliases": false}})).await;
    assert_eq!(messages, ["the artifact has aliases (latest); it is deleted only together with them"]);
    backend.data(delete, json!({"input": {"artifactID": second, "deleteAliases": true}})).await;
    assert_eq!((find(&backend, "data:v1").await, find(&backend, "data:latest").await), (Value::Null, Value::Null));
    // The contents that the other version has too are there still.
    let url = find(&backend, "data:v0").await["files"]["edges"][0]["node"]["directUrl"].clone();
    assert_eq!(backend.get(url.as_str().unwrap()).await.text().await.unwrap(), "hello");
    log(&backend, "data", &["c"], &[]).await;
    assert_eq!(aliases(&find(&backend, "data").await), ["v2", "latest"], "a number is not given out twice");
}

#[tokio::test]
async fn runs_know_what_they_made_and_use() {
    let backend = Backend::start().await;
    let id = log(&backend, "data", &["a"], &[]).await;
    let variables = json!({"entityName": "acme", "projectName": "demo", "runName": "live", "artifactID": id, "usedAs": "input"});
    assert_eq!(backend.data(USE, variables.clone()).await["useArtifact"]["artifact"]["state"], json!("COMMITTED"));
    backend.data(USE, variables).await;
    assert_eq!(
        backend.run_field("full", "outputArtifacts { totalCount edges { node { id } } }").await,
        json!({"totalCount": 1, "edges": [{"node": {"id": id}}]})
    );
    assert_eq!(
        backend.run_field("live", "inputArtifacts { totalCount edges { node { id } } }").await,
        json!({"totalCount": 1, "edges": [{"node": {"id": id}}]})
    );
    assert_eq!(backend.run_field("live", "outputArtifacts { totalCount }").await, json!({"totalCount": 0}));
    assert_eq!(find(&backend, "data").await["usedBy"], json!({"edges": [{"node": {"name": "live"}}]}));
    let delete = "mutation ($id: ID!, $all: Boolean) { deleteRun(input: {id: $id, deleteArtifacts: $all}) { success } }";
    backend.data(delete, json!({"id": "storage-live", "all": true})).await;
    let found = find(&backend, "data").await;
    assert_eq!((&found["state"], &found["usedBy"]), (&json!("COMMITTED"), &json!({"edges": []})), "a run's inputs are not its own");
    backend.data(delete, json!({"id": "storage-full", "all": true})).await;
    assert_eq!(find(&backend, "data").await, Value::Null);
}

#[tokio::test]
async fn what_is_not_whole_or_not_allowed_is_refused() {
    let backend = Backend::start().await;
    let message = async |document: &str, variables: Value| backend.errors(document, variables).await.1.remove(0);
    let with = |name: &str, change: Value| {
        let mut input = input(name, "d", &[]);
        input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        json!({"input": input})
    };
    for (change, words) in [
        (json!({"artifactCollectionName": "a/b"}), "the name `a/b` of an artifact"),
        (json!({"artifactTypeName": ""}), "the type `` of an artifact"),
        (json!({"artifactCollectionName": null}), "an artifact has one name"),
        (json!({"aliases": [{"artifactCollectionName": "x", "alias": "v3"}]}), "`v3` cannot be an alias"),
        (json!({"metadata": "[]"}), "the metadata is not a JSON object"),
        (json!({"digestAlgorithm": "MANIFEST_XXH128"}), "artifacts are digested by MD5 here"),
        (json!({"runName": "nobody"}), "there is no run acme/demo/nobody"),
        (json!({"runName": null, "projectName": "nothing"}), "there is no project acme/nothing"),
    ] {
        let said = message(CREATE, with("x", change)).await;
        assert!(said.starts_with(words), "{said}");
    }
    log(&backend, "data", &["a"], &[]).await;
    let said = message(CREATE, with("data", json!({"artifactTypeName": "model"}))).await;
    assert_eq!(said, "the artifact `data` of acme/demo is of the type `dataset`, and cannot be of `model` too");

    let manifest = manifest(&[("a", HELLO), ("b", "1B2M2Y8AsgTpgAmY7PhCfg==")]);
    let made = create(&backend, input("data", &manifest.digest(), &[])).await;
    let url = manifest_url(&backend, &made["id"]).await;
    let put = async |text: String| backend.client.put(&url).body(text).send().await.unwrap().status();
    for (text, words) in [
        ("{".to_owned(), "the manifest of the artifact cannot be read"),
        (ArtifactManifest::default().to_json(), "the digest of the artifact's manifest is"),
        (manifest.to_json(), "`b` of the artifact was not uploaded"),
    ] {
        assert_eq!(put(text).await, StatusCode::OK);
        let said = message(COMMIT, json!({"artifactID": made["id"]})).await;
        assert!(said.starts_with(words), "{said}");
    }
    let use_it = json!({"entityName": "acme", "projectName": "demo", "runName": "live", "artifactID": made["id"]});
    assert_eq!(message(USE, use_it).await, "the artifact `data` is not committed yet");
    assert_eq!(
        message(COMMIT, json!({"artifactID": "QXJ0aWZhY3Q6OTk="})).await,
        "there is no artifact with the storage id `QXJ0aWZhY3Q6OTk=`"
    );
    let specs = json!([{"artifactID": made["id"], "name": "../a", "md5": HELLO}]);
    assert!(message(FILES, json!({"input": {"artifactFiles": specs}})).await.starts_with("the name of the file `../a`"));
}
