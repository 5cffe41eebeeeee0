//! Which failures are tried again, how often, and what the user reads in the end.

use std::time::{Duration, Instant};

use runlake_fetch::{Client, Error, ErrorKind, RetryPolicy};
use runlake_types::{Filter, ProjectPath};

use crate::server::{Reply, Server, chain, without_variables};

fn count(count: u64) -> Reply {
    Reply::json(format!(r#"{{"data":{{"project":{{"runCount":{count}}}}}}}"#))
}

async fn ask(client: &Client) -> Result<u64, Error> {
    client.run_count(&ProjectPath::new("team", "digits"), &Filter::everything()).await
}

/// The failure, printed without its time.
async fn failure_after(replies: Vec<Reply>) -> (String, usize) {
    let server = Server::start(replies).await;
    let error = ask(&server.client()).await.unwrap_err();
    let text = chain(&error);
    let text = match (text.find(" in "), text.find(" s: ")) {
        (Some(from), Some(to)) if from < to => format!("{}{}", &text[..from], &text[to + 2..]),
        _ => text,
    };
    (text, server.finish().len())
}

/// What is left when the first reply fails and the second is good: `true` when it was tried again.
async fn is_retried(reply: Reply) -> bool {
    let server = Server::start([reply, count(7)]).await;
    ask(&server.client()).await.is_ok_and(|count| count == 7)
}

/// A gzip stream of one stored block, by hand: <https://www.rfc-editor.org/rfc/rfc1952>.
fn gzip(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(text.as_bytes());
    out.extend(crc32fast::hash(text.as_bytes()).to_le_bytes());
    out.extend(u32::from(length).to_le_bytes());
    out
}

#[tokio::test]
async fn passing_failures_are_tried_again() {
    for status in [408, 425, 429, 500, 502, 503, 504, 599] {
        assert!(is_retried(Reply::status(status)).await, "{status}");
    }
    let body = r#"{"data":{"project":{"runCount":1}}}"#;
    for (what, reply) in [
        ("a reset before the answer", Reply::reset()),
        ("a reset in the head", count(1).cut(body.len() + 30)),
        ("a reset in the body", count(1).cut(10)),
        ("a polite end in the body", count(1).short(10)),
        ("a wrong content length", Reply::with_headers(200, &[("Content-Length", "9999")], body)),
        ("a torn chunked body", Reply::with_headers(200, &[("Transfer-Encoding", "chunked")], "8\r\n{\"data\":\r\n")),
        ("malformed JSON", Reply::json(&body[..20])),
        ("an empty body", Reply::json("")),
        ("a page of a proxy", Reply::new(200, &[("Content-Type", "text/html")], "<html>")),
        ("text that is not UTF-8", Reply::json(b"{\"data\":\"\xff\"}")),
        ("an error that says to try again", Reply::json(r#"{"data":null,"errors":[{"message":"Lock timeout; try again"}]}"#)),
    ] {
        assert!(is_retried(reply).await, "{what}");
    }
}

#[tokio::test]
async fn lasting_failures_are_not() {
    for status in [400, 401, 403, 404, 409, 410, 413, 418, 422, 501] {
        assert!(!is_retried(Reply::status(status)).await, "{status}");
    }
    for body in [
        r#"{"data":null}"#,
        r#"{"data":{"project":{"runCount":"many"}}}"#,
        r#"{"data":{"project":{"runCount":1}},"errors":[{"message":"half of it failed"}]}"#,
        r#"{"errors":[{"message":"Cannot query field \"runCount\""}]}"#,
    ] {
        assert!(!is_retried(Reply::json(body)).await, "{body}");
    }
}

#[tokio::test]
async fn gzip_is_read_and_torn_gzip_is_tried_again() {
    let whole = gzip(r#"{"data":{"project":{"runCount":3}}}"#);
    let headers = [("Content-Encoding", "gzip")];
    let server = Server::start([Reply::new(200, &headers, &whole[..whole.len() - 12]), Reply::new(200, &headers, &whole)]).await;
    assert_eq!(ask(&server.client()).await.unwrap(), 3);
    server.finish();
}

#[tokio::test]
async fn failures_for_ever_end_with_their_cause() {
    let mut texts = Vec::new();
    for replies in [
        vec![Reply::new(503, &[], r#"{"errors":[{"message":"down for repairs"}]}"#); 4],
        vec![Reply::status(429); 4],
        vec![Reply::json("{\"data\":"); 4],
        vec![Reply::new(200, &[], "<html>sign in</html>"); 4],
        vec![count(1).short(10); 4],
        vec![Reply::json(r#"{"data":{"project":{"runCount":"many"}}}"#)],
        vec![Reply::new(401, &[], r#"{"errors":[{"message":"user is not logged in"}]}"#)],
        vec![Reply::new(403, &[], r#"{"error":"permission denied"}"#)],
        vec![Reply::new(400, &[], r#"{"data":null,"errors":[{"message":"Cannot query field \"x\""},{"message":"second"}]}"#)],
        vec![Reply::new(404, &[], "<html>")],
        vec![Reply::new(302, &[("Location", "https://example.org/prefix/graphql?token=s3cret")], "")],
    ] {
        let expected = replies.len();
        let (text, requests) = failure_after(replies).await;
        assert_eq!(requests, expected, "{text}");
        texts.push(text);
    }
    insta::assert_snapshot!(texts.join("\n"), @r#"
    count runs failed after 4 attempts: the server answered with HTTP 503: down for repairs
    count runs failed after 4 attempts: the server is limiting requests
    count runs failed after 4 attempts: could not read the answer at `data`: EOF while parsing a value at line 1 column 8
    count runs failed after 4 attempts: could not read the answer at `.`: expected value at line 1 column 1
    count runs failed after 4 attempts: the answer was cut off after 25 bytes of 35: error decoding response body: request or response body error: request or response body error: error reading a body from connection: end of file before message length reached
    count runs failed: could not read the answer at `data.project.runCount`: invalid type: string "many", expected u64 at line 1 column 37
    count runs failed: 127.0.0.1:PORT did not accept the API key: user is not logged in
    count runs failed: the API key at hand may not do this: permission denied
    count runs failed: the server answered: Cannot query field "x"; second
    count runs failed: there is nothing at http://127.0.0.1:PORT/graphql
    count runs failed: the server says that the API is at https://example.org/prefix/graphql?…
    "#);
}

#[tokio::test]
async fn retry_after_is_waited_for_exactly() {
    let server = Server::start([Reply::new(429, &[("Retry-After", "0.3")], ""), count(1)]).await;
    let started = Instant::now();
    ask(&server.client()).await.unwrap();
    let waited = started.elapsed();
    assert!((Duration::from_millis(300)..Duration::from_secs(2)).contains(&waited), "{waited:?}");
    server.finish();
}

#[tokio::test]
async fn a_retry_after_beyond_the_limit_is_reported_at_once() {
    let server = Server::start([Reply::new(429, &[("Retry-After", "3600")], "")]).await;
    let error = ask(&server.client()).await.unwrap_err();
    insta::assert_snapshot!(chain(&error), @"count runs failed: the server is limiting requests, for another 3600 s");
    assert!(error.is_retryable());
    server.finish();
}

#[tokio::test]
async fn a_used_up_rate_limit_pauses_the_next_request() {
    let mut used_up = r#"{"data":{"project":{"runCount":1}}}"#.to_owned();
    used_up.push(' ');
    let first = Reply::new(200, &[("RateLimit-Remaining", "0"), ("RateLimit-Reset", "0.3")], used_up);
    let server = Server::start([first, count(2)]).await;
    let client = server.client();
    let started = Instant::now();
    ask(&client).await.unwrap();
    assert!(started.elapsed() < Duration::from_millis(300));
    ask(&client.clone()).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(300));
    server.finish();
}

#[tokio::test]
async fn silence_is_a_time_out() {
    let server = Server::start([Reply::silence(), count(1).short(10).hanging(), count(5)]).await;
    let client = server.builder().with_timeout(Duration::from_millis(200)).build().unwrap();
    assert_eq!(ask(&client).await.unwrap(), 5);
    server.finish();

    let server = Server::start([Reply::silence()]).await;
    let client = server.builder().with_timeout(Duration::from_millis(200)).with_retry(RetryPolicy::never()).build().unwrap();
    let error = ask(&client).await.unwrap_err();
    insta::assert_snapshot!(chain(&error), @"count runs failed: 127.0.0.1:PORT did not answer within 0.2 s");
}

#[tokio::test]
async fn a_wrong_address_fails_within_seconds() {
    // The default policy is what is tested: ten attempts, but three for a host that has never answered.
    let started = Instant::now();
    for (address, host) in [("http://127.0.0.1:1", "127.0.0.1:1"), ("http://no-such-host.invalid", "no-such-host.invalid")] {
        let client = Client::builder().with_base_url(address).without_api_key().build().unwrap();
        let error = ask(&client).await.unwrap_err();
        assert_eq!(error.attempts(), 3);
        assert!(matches!(error.kind(), ErrorKind::Connect { host: found, .. } if found == host), "{error:?}");
        assert_eq!(error.hint().unwrap(), "check WANDB_BASE_URL, the network and HTTPS_PROXY");
    }
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn the_hint_says_where_keys_come_from() {
    let server = Server::start([Reply::status(401)]).await;
    let hint = ask(&server.client()).await.unwrap_err().hint().unwrap();
    insta::assert_snapshot!(without_variables(&hint), @"keys are looked for in this order: the one given to the client, WANDB_API_KEY, the entry of exactly `127.0.0.1:PORT` in the netrc file; check that the one found first belongs to this server");
}
