//! Artifacts against a scripted server: what is asked in which order, and what a lying or failing server can do.

use std::path::Path;

use futures::TryStreamExt as _;
use runlake_fetch::{Artifact, ArtifactDraft, ArtifactManifest, ErrorKind};
use runlake_types::{ArtifactPath, RunPath};
use serde_json::{Value, json};

use crate::server::{KEY, Reply, Server, chain};

const CONTENTS: &[u8] = b"hello";
const MD5: &str = "XUFAKrxLKna5cZ2REBfFkg==";

#[expect(clippy::needless_pass_by_value, reason = "it is given what `json!` makes")]
fn data(data: Value) -> Reply {
    Reply::json(json!({ "data": data }).to_string())
}

fn artifact(digest: &str, state: &str) -> Value {
    let collection = json!({ "name": "model", "project": { "name": "digits", "entity": { "name": "team" } } });
    let alias = |alias: &str, collection: &Value| json!({ "alias": alias, "artifactCollection": collection });
    let elsewhere = json!({ "name": "registered", "project": { "name": "registry", "entity": { "name": "org" } } });
    json!({
        "id": "QXI6MQ==", "artifactSequence": collection, "versionIndex": 3, "artifactType": { "name": "model" }, "metadata": "{\"acc\": 0.5}",
        "aliases": [alias("latest", &collection), alias("v3", &collection), alias("prod", &elsewhere)], "tags": [{ "name": "small" }],
        "state": state, "size": 5, "fileCount": "1", "digest": digest, "createdAt": "2026-11-24T09:30:00Z", "fromTheFuture": {}
    })
}

fn manifest_text(path: &str, digest: &str) -> String {
    let contents = json!({ path: { "digest": digest, "size": 5 }, "far": { "digest": "etag", "ref": "s3://bucket/far" } });
    json!({ "version": 1, "storagePolicy": "wandb-storage-policy-v1", "storagePolicyConfig": {}, "contents": contents }).to_string()
}

fn digest_of(text: &str) -> String {
    let contents: Value = serde_json::from_str::<Value>(text).unwrap()["contents"].clone();
    ArtifactManifest { entries: serde_json::from_value(contents).unwrap() }.digest()
}

fn manifest_at(url: &str) -> Reply {
    data(json!({ "artifact": { "currentManifest": { "file": { "directUrl": url } } } }))
}

fn files_at(files: &[(&str, &str)]) -> Reply {
    let edges: Vec<Value> = files.iter().map(|(name, url)| json!({ "node": { "name": name, "directUrl": url } })).collect();
    data(json!({ "artifact": { "files": { "edges": edges, "pageInfo": { "hasNextPage": false } } } }))
}

async fn found(server: &Server) -> Artifact {
    server.client().artifact(&ArtifactPath::parse("team/digits/model:latest").unwrap()).await.unwrap()
}

fn reply_with(digest: &str) -> Reply {
    data(json!({ "project": { "artifact": artifact(digest, "COMMITTED") } }))
}

#[tokio::test]
async fn an_artifact_is_found_by_an_alias() {
    let server = Server::start([reply_with("d"), data(json!({ "project": { "artifact": null } })), data(json!({ "project": null }))]).await;
    let model = found(&server).await;
    assert_eq!((model.path.to_string().as_str(), model.aliases.as_slice()), ("team/digits/model:v3", ["latest".to_owned()].as_slice()));
    assert_eq!((model.size_bytes, model.file_count, model.tags.as_slice()), (5, 1, ["small".to_owned()].as_slice()));
    for _ in 0..2 {
        let error = server.client().artifact(&ArtifactPath::new("team", "digits", "none", "v1")).await.unwrap_err();
        assert_eq!(chain(&error), "find the artifact failed: there is no artifact team/digits/none:v1");
    }
    assert_eq!(server.finish()[0].variable("name"), json!("model:latest"));
}

#[tokio::test]
async fn a_download_is_checked_and_keeps_the_key_at_home() {
    let text = manifest_text("sub/w.bin", MD5);
    let store = Server::start([Reply::new(200, &[], &text), Reply::status(403), Reply::new(200, &[], CONTENTS)]).await;
    let at = |path: &str| format!("{}/{path}?sig=1", store.url());
    let server = Server::start([
        reply_with(&digest_of(&text)),
        manifest_at(&at("manifest")),
        files_at(&[("other", &at("other")), ("sub/w.bin", &at("old"))]),
        files_at(&[("sub/w.bin", &at("new"))]),
        manifest_at("/manifest"),
        Reply::new(200, &[], &text),
    ])
    .await;
    let folder = tempfile::tempdir().unwrap();
    let model = found(&server).await;
    let done = model.download(folder.path()).await.unwrap();
    assert_eq!(done.files, [folder.path().join("sub/w.bin")]);
    assert_eq!((done.unchanged, done.references), (0, vec![("far".to_owned(), "s3://bucket/far".to_owned())]));
    assert_eq!(std::fs::read(folder.path().join("sub/w.bin")).unwrap(), CONTENTS);
    // What is there is not downloaded again, and its address is not even asked for.
    assert_eq!(model.download(folder.path()).await.unwrap().unchanged, 1);

    let requests = server.finish();
    assert_eq!((requests[2].variable("names"), requests[3].variable("names")), (json!(null), json!(["sub/w.bin"])));
    let requests = store.finish();
    assert!(requests.iter().all(|request| request.header("authorization").is_none()) && !format!("{requests:?}").contains(KEY));
}

#[tokio::test]
async fn what_does_not_fit_its_digest_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = manifest_text("w.bin", MD5);
    let server = Server::start([reply_with("0123456789abcdef0123456789abcdef"), manifest_at("/m"), Reply::new(200, &[], &text)]).await;
    let error = found(&server).await.download(folder.path()).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::WrongDigest { .. }), "{error:?}");
    server.finish();

    let files = files_at(&[("w.bin", "/w")]);
    let script = [reply_with(&digest_of(&text)), manifest_at("/m"), Reply::new(200, &[], &text), files, Reply::new(200, &[], "wrong")];
    let server = Server::start(script).await;
    let error = found(&server).await.download(folder.path()).await.unwrap_err();
    insta::assert_snapshot!(chain(&error), @"download a file failed: the file `w.bin` of team/digits/model:v3 is not what it should be: expected XUFAKrxLKna5cZ2REBfFkg==, found K9opmNmw7hl9oUKgRH9nJQ==");
    server.finish();

    // The server knows no address for a file of the manifest.
    let script = [reply_with(&digest_of(&text)), manifest_at("/m"), Reply::new(200, &[], &text), files_at(&[])];
    let server = Server::start(script).await;
    let error = found(&server).await.download(folder.path()).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotFound { .. }), "{error:?}");
    server.finish();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn paths_of_a_manifest_never_lead_out_of_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    for path in ["../out", "/tmp/out", "a/../../out", "C:\\out"] {
        let text = manifest_text(path, MD5);
        let server = Server::start([reply_with(&digest_of(&text)), manifest_at("/m"), Reply::new(200, &[], &text)]).await;
        let error = found(&server).await.download(folder.path().join("root")).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::UnsafeName { .. }), "{path}: {error:?}");
        server.finish();
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn what_is_not_whole_cannot_be_used() {
    let pending = data(json!({ "project": { "artifact": artifact("d", "PENDING") } }));
    let server = Server::start([pending]).await;
    let model = found(&server).await;
    let error = model.manifest().await.unwrap_err();
    insta::assert_snapshot!(chain(&error), @"read the manifest of the artifact failed: the artifact team/digits/model:v3 is pending");
    assert!(server.client().use_artifact(&RunPath::new("team", "digits", "r1"), &model, None).await.is_err());
    server.finish();
}

fn draft(folder: &Path) -> ArtifactDraft {
    std::fs::write(folder.join("new.bin"), CONTENTS).unwrap();
    std::fs::write(folder.join("old.bin"), "").unwrap();
    ArtifactDraft::new("model", "model").unwrap().with_folder(folder, "").unwrap()
}

fn created(state: &str) -> Reply {
    data(
        json!({ "createArtifact": { "artifact": { "id": "A", "state": state, "artifactSequence": { "latestArtifact": { "id": "B" } } } } }),
    )
}

fn uploads() -> Reply {
    let edges = json!([
        { "node": { "uploadUrl": "/put/new", "uploadHeaders": ["X-A:1"], "artifact": { "id": "A" } } },
        { "node": { "uploadUrl": null, "uploadHeaders": null, "artifact": { "id": "B" } } }
    ]);
    data(json!({ "createArtifactFiles": { "files": { "edges": edges } } }))
}

#[tokio::test]
async fn only_new_contents_are_uploaded() {
    let folder = tempfile::tempdir().unwrap();
    let draft = draft(folder.path());
    let manifest = |upload: bool| {
        let file = if upload { json!({ "uploadUrl": "/put/manifest", "uploadHeaders": [] }) } else { json!({ "id": "F" }) };
        data(json!({ "createArtifactManifest": { "artifactManifest": { "id": "M", "file": file } } }))
    };
    let server = Server::start([
        created("PENDING"),
        manifest(false),
        uploads(),
        // The address has expired by the time of the upload.
        Reply::status(403),
        uploads(),
        Reply::status(200),
        manifest(true),
        Reply::status(200),
        data(json!({ "commitArtifact": { "artifact": { "id": "A" } } })),
        data(json!({ "artifact": artifact(&draft.digest(), "COMMITTED") })),
    ])
    .await;
    let run = RunPath::new("team", "digits", "r1");
    let logged = server.client().log_artifact(&run, &draft, &["best"], &["small"]).await.unwrap();
    assert_eq!(logged.digest, draft.digest());
    let requests = server.finish();
    let input = requests[0].variable("input");
    assert_eq!(
        (&input["aliases"], &input["tags"]),
        (&json!([{ "artifactCollectionName": "model", "alias": "best" }]), &json!([{ "tagName": "small" }]))
    );
    assert_eq!(requests[2].variable("input")["artifactFiles"][0]["md5"], MD5);
    assert_eq!(
        (requests[5].body.as_bytes(), requests[5].header("content-md5"), requests[5].header("x-a")),
        (CONTENTS, Some(MD5), Some("1"))
    );
    let sent: Value = serde_json::from_str(&requests[7].body).unwrap();
    assert_eq!(
        (&sent["contents"]["new.bin"]["birthArtifactID"], &sent["contents"]["old.bin"]["birthArtifactID"]),
        (&json!("A"), &json!("B"))
    );
    assert_eq!((requests[1].variable("digest"), requests[1].variable("baseArtifactID")), (json!(""), json!("B")));
    assert_ne!(requests[6].variable("digest"), json!(""));
}

#[tokio::test]
async fn known_contents_are_not_uploaded_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let draft = draft(folder.path());
    let found = || data(json!({ "artifact": artifact(&draft.digest(), "COMMITTED") }));
    let server = Server::start([created("COMMITTED"), found(), created("COMMITTED"), found(), data(json!({ "useArtifact": {} }))]).await;
    let (client, run) = (server.client(), RunPath::new("team", "digits", "r1"));
    let logged = client.log_artifact(&run, &draft, &[], &[]).await.unwrap();
    client.log_existing_artifact(&run, &logged, &["again"], &[]).await.unwrap();
    let error = client.log_existing_artifact(&RunPath::new("team", "other", "r1"), &logged, &[], &[]).await.unwrap_err();
    insta::assert_snapshot!(chain(&error), @"log the artifact failed: a run of team/other cannot log an artifact of team/digits");
    client.use_artifact(&run, &logged, None).await.unwrap();
    assert!(
        client.log_artifact(&run, &draft, &["v7"], &[]).await.is_err() && client.log_artifact(&run, &draft, &[], &["a/b"]).await.is_err()
    );
    assert_eq!(server.finish()[4].variable("usedAs"), json!("model:v3"));
}

#[tokio::test]
async fn a_file_that_changed_since_is_not_uploaded() {
    let folder = tempfile::tempdir().unwrap();
    let draft = draft(folder.path());
    std::fs::write(folder.path().join("new.bin"), "other").unwrap();
    let manifest = data(json!({ "createArtifactManifest": { "artifactManifest": { "id": "M", "file": { "id": "F" } } } }));
    let server = Server::start([created("PENDING"), manifest, uploads()]).await;
    let error = server.client().log_artifact(&RunPath::new("team", "digits", "r1"), &draft, &[], &[]).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::WrongDigest { .. }), "{error:?}");
    server.finish();
}

#[tokio::test]
async fn lists_aliases_and_deletion() {
    let page = |next: bool| {
        let edges = json!([{ "cursor": "c1", "node": artifact("d", "COMMITTED") }]);
        json!({ "edges": edges, "pageInfo": { "endCursor": "c1", "hasNextPage": next } })
    };
    let names = json!({ "edges": [{ "node": { "name": "model" } }], "pageInfo": { "hasNextPage": false } });
    let server = Server::start([
        data(json!({ "project": { "run": { "artifacts": page(true) } } })),
        data(json!({ "project": { "run": { "artifacts": page(false) } } })),
        data(json!({ "project": { "artifactType": { "artifactCollection": { "artifacts": page(false) } } } })),
        data(json!({ "project": { "artifactType": null } })),
        data(json!({ "project": { "artifactTypes": names } })),
        data(json!({ "project": { "artifactType": { "artifactCollections": names } } })),
        data(json!({ "addAliases": { "success": true } })),
        data(json!({ "deleteAliases": { "success": true } })),
        data(json!({ "artifact": { "createdBy": { "__typename": "User" }, "usedBy": { "edges": [{ "node": { "name": "r2", "project": { "name": "digits", "entity": { "name": "team" } } } }] } } })),
        data(json!({ "deleteArtifact": { "artifact": { "id": "A" } } })),
        data(json!({ "project": { "run": null } })),
    ])
    .await;
    let (client, run) = (server.client(), RunPath::new("team", "digits", "r1"));
    let mut logged: Vec<Artifact> = client.logged_artifacts(&run).try_collect().await.unwrap();
    assert_eq!(logged.len(), 2);
    let project = run.project_path();
    assert_eq!(client.artifact_versions(&project, "model", "model").try_collect::<Vec<_>>().await.unwrap().len(), 1);
    assert_eq!(client.artifact_versions(&project, "none", "model").try_collect::<Vec<_>>().await.unwrap().len(), 0);
    assert_eq!(client.artifact_types(&project).await.unwrap(), ["model"]);
    assert_eq!(client.artifact_collections(&project, "model").await.unwrap(), ["model"]);
    let model = &mut logged[0];
    model.add_aliases(&["best"]).await.unwrap();
    model.remove_aliases(&["latest"]).await.unwrap();
    assert_eq!(model.aliases, ["best"]);
    assert_eq!(model.used_by().await.unwrap(), [RunPath::new("team", "digits", "r2")]);
    model.delete(true).await.unwrap();
    let error = client.used_artifacts(&run).try_collect::<Vec<_>>().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::RunNotFound { .. }), "{error:?}");
    assert_eq!(server.finish()[9].variable("input"), json!({ "artifactID": "QXI6MQ==", "deleteAliases": true }));
}
