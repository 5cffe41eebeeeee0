//! Downloads: whole files, sizes, ranges, and what cuts them short.

use runlake_fetch::{ErrorKind, SignedUrl};

use crate::server::{Reply, Server, chain};

const FILE: &[u8] = b"0123456789abcdefghij";

fn url(server: &Server) -> SignedUrl {
    SignedUrl::parse(&format!("{}/exports/0.parquet?sig=s3cret", server.url())).unwrap()
}

fn part(range: std::ops::Range<usize>) -> Reply {
    let content_range = format!("bytes {}-{}/{}", range.start, range.end - 1, FILE.len());
    Reply::new(206, &[("Content-Range", &content_range), ("ETag", "\"1\"")], &FILE[range])
}

#[tokio::test]
async fn a_whole_file() {
    let server = Server::start([Reply::new(200, &[], FILE)]).await;
    assert_eq!(server.client().signed_bytes(&url(&server)).await.unwrap(), FILE);
    let requests = server.finish();
    assert_eq!(requests[0].target, "/exports/0.parquet?sig=s3cret");
    assert_eq!(requests[0].header("range"), None);
}

#[tokio::test]
async fn a_broken_download_goes_on_where_it_stopped() {
    let whole = || Reply::new(200, &[("ETag", "\"1\"")], FILE);
    // Six breaks, with four attempts: each piece that came counts as progress.
    let mut replies = vec![whole().cut(18)];
    replies.extend((1..6).map(|step| part(2 * step..20).cut(18 - 2 * step)));
    replies.push(part(12..20));
    let server = Server::start(replies).await;
    assert_eq!(server.client().signed_bytes(&url(&server)).await.unwrap(), FILE);
    let requests = server.finish();
    assert_eq!((requests[1].header("range"), requests[1].header("if-range")), (Some("bytes=2-"), Some("\"1\"")));
    assert_eq!(requests[6].header("range"), Some("bytes=12-"));
}

#[tokio::test]
async fn a_broken_download_starts_again_when_it_must() {
    for first in [
        // Nothing says whether the rest would be of the same file.
        Reply::new(200, &[], FILE).cut(5),
        Reply::new(200, &[("ETag", "W/\"1\"")], FILE).cut(5),
        // The file has changed since: the server sends it all.
        Reply::new(200, &[("ETag", "\"old\"")], "an older file").cut(5),
    ] {
        let server = Server::start([first, Reply::new(200, &[("ETag", "\"1\"")], FILE)]).await;
        assert_eq!(server.client().signed_bytes(&url(&server)).await.unwrap(), FILE);
        server.finish();
    }
    let server = Server::start([Reply::new(200, &[("ETag", "\"1\"")], FILE).cut(5), Reply::status(416), Reply::new(200, &[], FILE)]).await;
    assert_eq!(server.client().signed_bytes(&url(&server)).await.unwrap(), FILE);
    assert_eq!(server.finish()[2].header("range"), None);
}

#[tokio::test]
async fn a_file_that_is_always_cut_is_an_error() {
    let server = Server::start(vec![Reply::new(200, &[], FILE).short(5); 4]).await;
    let error = server.client().signed_bytes(&url(&server)).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::CutBody { expected: Some(20), received: 15, .. }), "{error:?}");
    assert_eq!(error.attempts(), 4);
    server.finish();
}

#[tokio::test]
async fn an_expired_address_is_told_apart_and_not_tried_again() {
    for reply in [
        Reply::new(403, &[], "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"),
        Reply::new(400, &[], "<Error><Code>ExpiredToken</Code></Error>"),
    ] {
        let server = Server::start(vec![reply; 3]).await;
        let (client, url) = (server.client(), url(&server));
        let errors = [
            client.signed_bytes(&url).await.unwrap_err(),
            client.signed_range(&url, 0..5).await.unwrap_err(),
            client.signed_end(&url, 5).await.unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(error.kind(), ErrorKind::UrlExpired { .. }), "{error:?}");
            assert!(!format!("{error:?} {}", chain(&error)).contains("s3cret"));
            assert!(!error.is_retryable());
        }
        server.finish();
    }
    let server = Server::start([Reply::status(404)]).await;
    let error = server.client().signed_bytes(&url(&server)).await.unwrap_err();
    insta::assert_snapshot!(chain(&error), @"download a file failed: there is nothing at http://127.0.0.1:PORT/exports/0.parquet?…");
}

#[tokio::test]
async fn ranges_from_servers_that_know_them_and_from_others() {
    let replies = [
        part(5..9),
        Reply::new(200, &[], FILE),
        Reply::status(503),
        part(5..9).cut(2),
        Reply::new(206, &[("Content-Range", "bytes 5-8/20")], &FILE[5..7]),
        part(5..9),
        Reply::new(206, &[("Content-Range", "bytes 0-3/20")], &FILE[..4]),
        part(18..20),
        Reply::new(200, &[], FILE),
    ];
    let server = Server::start(replies).await;
    let (client, url) = (server.client(), url(&server));
    for _ in 0..3 {
        assert_eq!(client.signed_range(&url, 5..9).await.unwrap(), &FILE[5..9]);
    }
    let error = client.signed_range(&url, 5..9).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::UnexpectedStatus { status: 206, .. }), "{error:?}");
    for _ in 0..2 {
        let error = client.signed_range(&url, 18..25).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::CutBody { expected: Some(7), received: 2, .. }), "{error:?}");
    }
    assert_eq!(client.signed_range(&url, 5..5).await.unwrap(), &b""[..]);
    let requests = server.finish();
    assert_eq!(requests[0].header("range"), Some("bytes=5-8"));
    assert_eq!(requests[0].header("accept-encoding"), Some("identity"));
}

#[tokio::test]
async fn ends() {
    let without_total =
        Reply::with_headers(206, &[("Content-Range", "bytes 15-19/*"), ("Transfer-Encoding", "chunked")], "1\r\n0\r\n0\r\n\r\n");
    let replies = [
        part(15..20),
        // A server that does not know ranges, and an empty file.
        Reply::new(200, &[], FILE),
        Reply::new(416, &[("Content-Range", "bytes */0")], ""),
        Reply::new(200, &[], ""),
        without_total,
        Reply::new(200, &[], FILE),
        // Cut, though its length is as announced.
        Reply::new(206, &[("Content-Range", "bytes 15-19/20")], &FILE[15..18]),
        part(15..20),
    ];
    let server = Server::start(replies).await;
    let (client, url) = (server.client(), url(&server));
    for expected in [(&FILE[15..], 20_u64), (FILE, 20), (b"", 0), (FILE, 20), (&FILE[15..], 20)] {
        let end = client.signed_end(&url, 5).await.unwrap();
        assert_eq!((end.bytes.as_ref(), end.size), expected);
    }
    let requests = server.finish();
    let ranges: Vec<Option<&str>> = requests.iter().map(|request| request.header("range")).collect();
    let end = Some("bytes=-5");
    assert_eq!(ranges, [end, end, end, None, end, None, end, end]);
}
