//! Files and exports over their signed URLs: ranges, tags, expiry, tampering.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, IF_NONE_MATCH, IF_RANGE, RANGE};
use runlake_server::ServerOptions;
use serde_json::{Value, json};

use crate::{Backend, KEY, options};

const FILES: &str = r#"
    query ($names: [String] = [], $pattern: String, $after: String, $first: Int = 50) {
        project(name: "demo", entityName: "acme") { run(name: "full") {
            fileCount
            files(names: $names, pattern: $pattern, after: $after, first: $first) {
                edges { node { name url directUrl sizeBytes mimetype md5 updatedAt } cursor }
                pageInfo { endCursor hasNextPage }
            }
        } }
    }"#;

async fn files(backend: &Backend, variables: Value) -> Value {
    backend.data(FILES, variables).await["project"]["run"].take()
}

async fn image_url(backend: &Backend) -> String {
    let run = files(backend, json!({"names": ["media/images/a b.png"]})).await;
    run["files"]["edges"][0]["node"]["url"].as_str().unwrap().to_owned()
}

fn header(headers: &HeaderMap, name: impl reqwest::header::AsHeaderName) -> &str {
    headers.get(name).unwrap().to_str().unwrap()
}

#[tokio::test]
async fn listings_of_files() {
    let backend = Backend::start().await;
    let names = |run: &Value| {
        run["files"]["edges"].as_array().unwrap().iter().map(|edge| edge["node"]["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = files(&backend, json!({"first": 3})).await;
    assert_eq!(
        (&all["fileCount"], names(&all)),
        (&json!(4), ["config.yaml", "media/images/a b.png", "output.log"].map(str::to_owned).to_vec())
    );
    let rest = files(&backend, json!({"first": 3, "after": all["files"]["edges"][2]["cursor"]})).await;
    assert_eq!((names(&rest), &rest["files"]["pageInfo"]["hasNextPage"]), (vec!["wandb-metadata.json".to_owned()], &json!(false)));
    let matching = files(&backend, json!({"pattern": "%.json"})).await;
    assert_eq!(
        (&matching["fileCount"], names(&matching)),
        (&json!(4), vec!["wandb-metadata.json".to_owned()]),
        "the count is of all files"
    );
    let node = &matching["files"]["edges"][0]["node"];
    assert_eq!(
        (&node["sizeBytes"], &node["mimetype"], &node["md5"], &node["updatedAt"]),
        (&json!(24), &json!("application/json"), &json!("5j4cuC87vZExmw4Xx1mQMw=="), &json!("2024-01-01T00:00:00Z"))
    );
    assert_eq!(files(&backend, json!({"names": ["nope"]})).await["files"]["edges"], json!([]));
}

#[tokio::test]
async fn ranges_of_a_file() {
    let backend = Backend::start().await;
    let url = image_url(&backend).await;
    let whole = backend.get(&url).await;
    assert_eq!(
        (whole.status(), header(whole.headers(), CONTENT_LENGTH), header(whole.headers(), ACCEPT_RANGES)),
        (StatusCode::OK, "304", "bytes")
    );
    assert_eq!(header(whole.headers(), CONTENT_TYPE), "image/png");
    let tag = header(whole.headers(), ETAG).to_owned();
    let bytes = whole.bytes().await.unwrap();
    assert!(bytes.starts_with(b"\x89PNG"));

    for (range, expected, content_range) in [
        ("bytes=0-0", 0..1, "bytes 0-0/304"),
        ("bytes=296-303", 296..304, "bytes 296-303/304"),
        ("bytes=-4", 300..304, "bytes 300-303/304"),
        ("bytes=300-", 300..304, "bytes 300-303/304"),
    ] {
        let part = backend.client.get(&url).header(RANGE, range).send().await.unwrap();
        assert_eq!((part.status(), header(part.headers(), CONTENT_RANGE)), (StatusCode::PARTIAL_CONTENT, content_range));
        assert_eq!(part.bytes().await.unwrap(), bytes[expected]);
    }
    let beyond = backend.client.get(&url).header(RANGE, "bytes=304-").send().await.unwrap();
    assert_eq!((beyond.status(), header(beyond.headers(), CONTENT_RANGE)), (StatusCode::RANGE_NOT_SATISFIABLE, "bytes */304"));
    let head = backend.client.head(&url).send().await.unwrap();
    assert_eq!((head.status(), header(head.headers(), CONTENT_LENGTH)), (StatusCode::OK, "304"));
    let known = backend.client.get(&url).header(IF_NONE_MATCH, &tag).send().await.unwrap();
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    let changed = backend.client.get(&url).header(RANGE, "bytes=0-0").header(IF_RANGE, "\"other\"").send().await.unwrap();
    assert_eq!(changed.status(), StatusCode::OK, "another version: the whole file");
    backend.stop().await;
}

#[tokio::test]
async fn a_url_is_good_as_it_was_signed_and_while_it_lasts() {
    let backend = Backend::start().await;
    let url = image_url(&backend).await;
    let (path, query) = url.split_once('?').unwrap();
    for (tampered, expected) in [
        (url.replace("a%20b.png", "../config.yaml"), StatusCode::FORBIDDEN),
        (url.replace("/full/", "/live/"), StatusCode::FORBIDDEN),
        (url.replace("expires=1", "expires=2"), StatusCode::FORBIDDEN),
        (format!("{path}?signature=x"), StatusCode::FORBIDDEN),
        (path.to_owned(), StatusCode::UNAUTHORIZED),
        (format!("{}/files/acme/demo/full/config.yaml?{query}", backend.base_url), StatusCode::FORBIDDEN),
    ] {
        assert_eq!(backend.get(&tampered).await.status(), expected, "{tampered}");
    }
    let with_key = |url: String| backend.client.get(url).basic_auth("api", Some(KEY)).send();
    assert_eq!(with_key(path.to_owned()).await.unwrap().status(), StatusCode::OK, "the key is as good as a signature");
    for hostile in ["..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/secret", "nope.txt"] {
        let url = format!("{}/files/acme/demo/full/{hostile}", backend.base_url);
        assert_eq!(with_key(url).await.unwrap().status(), StatusCode::NOT_FOUND, "{hostile}");
    }

    let brief = Backend::start_with(ServerOptions { signed_url_lifetime: Duration::ZERO, ..options() }).await;
    let expired = brief.get(&image_url(&brief).await).await;
    assert_eq!(expired.status(), StatusCode::FORBIDDEN);
    assert!(expired.text().await.unwrap().contains("this URL has expired"));
}

#[tokio::test]
async fn urls_name_the_address_that_clients_use() {
    let options = ServerOptions { public_url: Some("https://lake.example/wandb/".parse().unwrap()), ..options() };
    let backend = Backend::start_with(options).await;
    assert!(image_url(&backend).await.starts_with("https://lake.example/wandb/files/acme/demo/full/media/images/a%20b.png?expires="));
}
