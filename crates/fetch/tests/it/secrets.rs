//! Where the key goes, and where neither it nor a signature may ever appear.

use std::io;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use runlake_fetch::{Client, RunsQuery, SignedUrl};
use runlake_types::ProjectPath;
use tracing_subscriber::fmt::MakeWriter;

use crate::server::{KEY, Reply, Server, chain};

fn header() -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("api:{KEY}")))
}

fn redirect(to: &str) -> Reply {
    Reply::new(302, &[("Location", to)], "")
}

#[tokio::test]
async fn the_key_goes_to_the_server_and_to_files_below_it() {
    let server = Server::start([Reply::json(r#"{"data":{"viewer":{}}}"#), Reply::new(200, &[], "x"), Reply::new(200, &[], "x")]).await;
    let prefixed = server.builder().with_base_url(format!("{}/prefix/", server.url())).build().unwrap();
    prefixed.viewer().await.unwrap();
    for path in ["/prefix/files/x", "/other/files/x"] {
        prefixed.signed_bytes(&SignedUrl::parse(&format!("{}{path}", server.url())).unwrap()).await.unwrap();
    }
    let requests = server.finish();
    assert_eq!(requests[0].target, "/prefix/graphql");
    let keys: Vec<Option<&str>> = requests.iter().map(|request| request.header("authorization")).collect();
    assert_eq!(keys, [Some(header().as_str()), Some(header().as_str()), None]);
}

#[tokio::test]
async fn the_key_goes_to_no_other_host() {
    let store = Server::start(vec![Reply::new(200, &[], "x"); 4]).await;
    let elsewhere = format!("{}/x?sig=1", store.url());
    let server = Server::start([redirect(&elsewhere), redirect(&elsewhere), redirect(&elsewhere)]).await;
    let client = server.client();

    // A signed address on another port is another server.
    client.signed_bytes(&SignedUrl::parse(&elsewhere).unwrap()).await.unwrap();
    // Nor does a redirect take the key along.
    let below = SignedUrl::parse(&format!("{}/files/x", server.url())).unwrap();
    client.signed_bytes(&below).await.unwrap();
    client.signed_range(&below, 0..1).await.unwrap();
    // The API itself is never looked for elsewhere.
    let error = client.viewer().await.unwrap_err();
    insta::assert_snapshot!(chain(&error), @"ask who the key belongs to failed: the server says that the API is at http://127.0.0.1:PORT/x?…");

    let requests = store.requests();
    assert_eq!(requests.len(), 3);
    for request in requests {
        assert_eq!((request.header("authorization"), request.header("cookie"), request.header("referer")), (None, None, None));
    }
    assert!(server.finish().iter().all(|request| request.header("authorization") == Some(&header())));
}

#[tokio::test]
async fn a_redirect_home_gets_the_key_again_and_a_circle_ends() {
    let server = Server::start([redirect("/files/y"), Reply::new(200, &[], "y")]).await;
    let below = SignedUrl::parse(&format!("{}/files/x", server.url())).unwrap();
    assert_eq!(server.client().signed_bytes(&below).await.unwrap(), "y");
    assert_eq!(server.finish()[1].header("authorization"), Some(header().as_str()));

    let server = Server::start(vec![redirect("/files/x"); 10]).await;
    let below = SignedUrl::parse(&format!("{}/files/x", server.url())).unwrap();
    let error = server.client().signed_bytes(&below).await.unwrap_err();
    insta::assert_snapshot!(chain(&error), @"download a file failed: the server says that the API is at http://127.0.0.1:PORT/files/x");
    server.finish();
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn logs_and_errors_hold_no_secrets() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);

    let replies = [
        Reply::status(503),
        Reply::new(401, &[], r#"{"errors":[{"message":"user is not logged in"}]}"#),
        Reply::status(500),
        Reply::reset(),
        Reply::new(200, &[], "0123456789").cut(5),
        Reply::status(403),
    ];
    let server = Server::start(replies).await;
    let client = server.client();
    let url = SignedUrl::parse(&format!("{}/x?sig=s1gnature", server.url())).unwrap();
    let unreachable = SignedUrl::parse("http://127.0.0.1:1/x?sig=s1gnature").unwrap();
    let errors = [
        client.list_runs(&ProjectPath::new("team", "digits"), RunsQuery::default()).await.unwrap_err(),
        client.signed_bytes(&url).await.unwrap_err(),
        client.signed_bytes(&unreachable).await.unwrap_err(),
    ];
    let wrong_key = Client::builder().with_api_key("a key with s1gnature".into()).build().unwrap_err();
    drop(guard);
    server.finish();

    let mut shown = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(shown.contains("WARN"), "{shown}");
    for error in errors.iter().chain([&wrong_key]) {
        shown.push_str(&format!("{error} {error:?} {} {:?}\n", chain(error), error.hint()));
    }
    shown.push_str(&format!("{client:?} {url:?} {url}"));
    for secret in [KEY, "s1gnature", &BASE64_STANDARD.encode(format!("api:{KEY}"))] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
