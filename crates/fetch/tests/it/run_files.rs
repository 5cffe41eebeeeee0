//! Files of runs: listed, downloaded to disk, uploaded and deleted, with a server that breaks off, lies and sends elsewhere.

use std::path::Path;

use runlake_fetch::{ErrorKind, Existing, FilesQuery, RunFile};
use runlake_types::RunPath;
use serde_json::json;

use crate::server::{KEY, Reply, Server, chain};

const CONTENTS: &[u8] = b"0123456789abcdefghij";

fn run() -> RunPath {
    RunPath::new("team", "digits", "r1")
}

fn listing(files: &[serde_json::Value]) -> Reply {
    let edges: Vec<_> = files.iter().map(|file| json!({ "node": file, "cursor": "c" })).collect();
    let files = json!({ "edges": edges, "pageInfo": { "endCursor": null, "hasNextPage": false } });
    Reply::json(json!({ "data": { "project": { "internalId": "7", "run": { "files": files } } } }).to_string())
}

fn file(name: &str, url: &str, md5: Option<&str>) -> serde_json::Value {
    json!({ "id": format!("id-{name}"), "name": name, "url": url, "directUrl": url, "sizeBytes": CONTENTS.len().to_string(), "md5": md5 })
}

fn md5() -> String {
    use md5::Digest as _;
    format!("{:x}", md5::Md5::digest(CONTENTS))
}

async fn listed(server: &Server) -> RunFile {
    server.client().files(&run(), FilesQuery::default()).collect().await.unwrap().remove(0)
}

fn left(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn part(from: usize) -> Reply {
    let content_range = format!("bytes {from}-{}/{}", CONTENTS.len() - 1, CONTENTS.len());
    Reply::new(206, &[("Content-Range", &content_range)], &CONTENTS[from..])
}

#[tokio::test]
async fn a_broken_download_goes_on_and_is_checked() {
    let replies = [
        listing(&[file("a/b.bin", "/files/b?sig=1", Some(&md5()))]),
        // Without a tag: the digest tells whether the parts belong together.
        Reply::new(200, &[], CONTENTS).cut(15),
        Reply::status(503),
        part(5).cut(5),
        part(15),
    ];
    let server = Server::start(replies).await;
    let folder = tempfile::tempdir().unwrap();
    let path = listed(&server).await.download(folder.path(), Existing::Refuse).await.unwrap();
    assert_eq!(path, folder.path().join("a/b.bin"));
    assert_eq!(std::fs::read(path).unwrap(), CONTENTS);
    assert_eq!(left(folder.path()), ["a"]);
    let ranges: Vec<_> = server.finish().iter().skip(1).map(|request| request.header("range").map(str::to_owned)).collect();
    assert_eq!(ranges, [None, Some("bytes=5-".into()), Some("bytes=5-".into()), Some("bytes=15-".into())]);
}

#[tokio::test]
async fn another_process_goes_on_where_one_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let partial = folder.path().join(format!(".{}.runlake-partial", md5()));
    let listing = || listing(&[file("b.bin", "/files/b", Some(&md5()))]);
    std::fs::write(&partial, &CONTENTS[..8]).unwrap();
    let server = Server::start([listing(), part(8)]).await;
    listed(&server).await.download(folder.path(), Existing::Refuse).await.unwrap();
    assert_eq!(server.finish()[1].header("range"), Some("bytes=8-"));

    // What it left may be of no use: it is seen by the digest, and all is fetched anew.
    std::fs::write(&partial, "garbage!").unwrap();
    let server = Server::start([listing(), part(8), Reply::new(200, &[], CONTENTS)]).await;
    listed(&server).await.download(folder.path(), Existing::Replace).await.unwrap();
    assert_eq!(server.finish()[2].header("range"), None);
    assert_eq!(std::fs::read(folder.path().join("b.bin")).unwrap(), CONTENTS);

    // All of it was there already.
    std::fs::write(&partial, CONTENTS).unwrap();
    let server = Server::start([listing()]).await;
    listed(&server).await.download(folder.path(), Existing::Replace).await.unwrap();
    server.finish();
    assert_eq!(left(folder.path()), ["b.bin"]);
}

#[tokio::test]
async fn wrong_contents_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("b.bin"), "mine").unwrap();
    let entry = file("b.bin", "/files/b", Some(&md5()));
    let wrong = || Reply::new(200, &[], "0123456789abcdefghiX");
    let server = Server::start([listing(std::slice::from_ref(&entry)), wrong(), listing(&[entry])]).await;
    let error = listed(&server).await.download(folder.path(), Existing::Replace).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::WrongDigest { .. }), "{error:?}");
    server.finish();
    assert_eq!(left(folder.path()), ["b.bin"]);
    assert_eq!(std::fs::read(folder.path().join("b.bin")).unwrap(), b"mine");

    // Without a digest the size is what is checked.
    let entry = file("c.bin", "/files/c", None);
    let server = Server::start([listing(std::slice::from_ref(&entry)), Reply::new(200, &[], "short"), listing(&[entry])]).await;
    let error = listed(&server).await.download(folder.path(), Existing::Replace).await.unwrap_err();
    insta::assert_snapshot!(chain(&error), @"download a file failed: the file `c.bin` of team/digits/r1 is not what it should be: expected 20 bytes, found 5 bytes");
    server.finish();
    assert_eq!(left(folder.path()), ["b.bin"]);
}

#[tokio::test]
async fn an_expired_address_is_asked_for_again() {
    let entry = |url: &str| listing(&[file("b.bin", url, Some(&md5()))]);
    let server = Server::start([entry("/old"), Reply::status(403), entry("/new"), Reply::new(200, &[], CONTENTS)]).await;
    let folder = tempfile::tempdir().unwrap();
    listed(&server).await.download(folder.path(), Existing::Refuse).await.unwrap();
    let requests = server.finish();
    assert_eq!((requests[2].variable("fileNames"), requests[3].target.as_str()), (json!(["b.bin"]), "/new"));
}

#[tokio::test]
async fn names_never_lead_out_of_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    let too_long = "x".repeat(300);
    for name in ["../out", "a/../../out", "/tmp/out", "..\\out", "C:\\out", "", ".", "a/", "nul\0", &too_long] {
        let server = Server::start([listing(&[file(name, "/files/b", None)])]).await;
        let error = listed(&server).await.download(&root, Existing::Replace).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::UnsafeName { .. }), "{name:?}: {error:?}");
        server.finish();
    }
    assert!(!root.exists());
}

#[tokio::test]
async fn what_is_there_is_refused_kept_or_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b.bin");
    std::fs::write(&path, "mine").unwrap();
    let server = Server::start([listing(&[file("b.bin", "/files/b", None)]), Reply::new(200, &[], CONTENTS)]).await;
    let entry = listed(&server).await;
    let error = entry.download(folder.path(), Existing::Refuse).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::AlreadyExists { .. }), "{error:?}");
    assert_eq!(entry.download(folder.path(), Existing::Keep).await.unwrap(), path);
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    entry.download(folder.path(), Existing::Replace).await.unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), CONTENTS);
    server.finish();
}

#[tokio::test]
async fn the_key_goes_to_no_foreign_store() {
    let store = Server::start([Reply::new(200, &[], CONTENTS), Reply::status(200)]).await;
    let elsewhere = format!("{}/bucket/b?sig=1", store.url());
    let uploads = json!({ "runID": "r1", "uploadHeaders": ["X-Store:yes", "Authorization:ours"], "files": [{ "name": "b.bin", "uploadUrl": elsewhere }] });
    let server = Server::start([
        listing(&[file("b.bin", &elsewhere, Some(&md5()))]),
        Reply::json(json!({ "data": { "createRunFiles": uploads } }).to_string()),
        Reply::new(400, &[], r#"{"errors":[{"message":"Cannot query field \"markRunFilesUploaded\" on type \"Mutation\"."}]}"#),
        listing(&[file("b.bin", &elsewhere, Some(&md5()))]),
    ])
    .await;
    let folder = tempfile::tempdir().unwrap();
    let path = listed(&server).await.download(folder.path(), Existing::Refuse).await.unwrap();
    let uploaded = server.client().upload_file(&run(), &path, folder.path()).await.unwrap();
    assert_eq!(uploaded.name, "b.bin");

    let requests = store.finish();
    assert_eq!(requests[1].method, "PUT");
    assert_eq!(
        (requests[1].body.as_bytes(), requests[1].header("content-length"), requests[1].header("x-store")),
        (CONTENTS, Some("20"), Some("yes"))
    );
    for request in requests {
        assert_eq!((request.header("authorization"), request.header("cookie"), request.header("referer")), (None, None, None));
    }
    assert_eq!(server.finish()[1].variable("files"), json!(["b.bin"]));
}

#[tokio::test]
async fn an_upload_is_sent_again_until_it_arrives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b.bin");
    std::fs::write(&path, CONTENTS).unwrap();
    let url = |path: &str| {
        let uploads = json!({ "runID": "r1", "uploadHeaders": [], "files": [{ "uploadUrl": path }] });
        Reply::json(json!({ "data": { "createRunFiles": uploads } }).to_string())
    };
    let server = Server::start([
        url("/put/1"),
        Reply::status(503),
        Reply::reset(),
        Reply::status(403),
        url("/put/2"),
        Reply::status(200),
        Reply::json(r#"{"data":{"markRunFilesUploaded":{"success":true}}}"#),
        listing(&[file("b.bin", "/files/b", None)]),
    ])
    .await;
    server.client().upload_file(&run(), &path, folder.path()).await.unwrap();
    let requests = server.finish();
    let targets: Vec<&str> = requests.iter().filter(|request| request.method == "PUT").map(|request| request.target.as_str()).collect();
    assert_eq!(targets, ["/put/1", "/put/1", "/put/1", "/put/2"]);
    assert!(requests[5].header("authorization").is_some() && requests[5].header("content-md5").is_some());
    assert!(!format!("{requests:?}").contains(KEY));
}

#[tokio::test]
async fn files_are_counted_found_and_deleted() {
    let server = Server::start([
        Reply::json(r#"{"data":{"project":{"run":{"fileCount":12}}}}"#),
        listing(&[file("a.json", "/a", None), file("b.json", "/b", None)]),
        listing(&[]),
        listing(&[file("b.bin", "/files/b", None)]),
        Reply::json(r#"{"data":{"deleteFiles":{"success":true}}}"#),
        Reply::json(r#"{"data":{"project":{"internalId":7,"run":null}}}"#),
    ])
    .await;
    let client = server.client();
    assert_eq!(client.files(&run(), FilesQuery::default()).len().await.unwrap(), 12);
    assert_eq!(client.files(&run(), FilesQuery::like("%.json")).len().await.unwrap(), 2);
    let error = client.file(&run(), "b.bin").await.unwrap_err();
    insta::assert_snapshot!(chain(&error), @"find the file failed: the run team/digits/r1 has no file `b.bin`");
    client.file(&run(), "b.bin").await.unwrap().delete().await.unwrap();
    let error = client.file(&run(), "b.bin").await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::RunNotFound { .. }), "{error:?}");
    let both = FilesQuery { names: vec!["a".to_owned()], ..FilesQuery::like("%") };
    let error = client.files(&run(), both).collect().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidArgument { .. }), "{error:?}");
    let requests = server.finish();
    assert_eq!(requests[1].variable("pattern"), json!("%.json"));
    assert_eq!((requests[4].variable("files"), requests[4].variable("projectId")), (json!(["id-b.bin"]), json!(7)));
}

#[tokio::test]
async fn local_files_that_cannot_be_uploaded() {
    let server = Server::start([]).await;
    let folder = tempfile::tempdir().unwrap();
    let upload = async |path: &Path, root: &Path| chain(&server.client().upload_file(&run(), path, root).await.unwrap_err());
    let text = upload(&folder.path().join("missing"), folder.path()).await;
    assert!(text.starts_with("upload a file failed: could not read a file to upload"), "{text}");
    let sub = folder.path().join("sub");
    std::fs::create_dir(&sub).unwrap();
    let text = upload(&sub, folder.path()).await;
    assert!(text.ends_with("is not a file"), "{text}");
    let text = upload(Path::new("/etc/hosts"), folder.path()).await;
    assert!(text.contains("does not lie below"), "{text}");
    server.finish();
}
