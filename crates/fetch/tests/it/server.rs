//! A server that answers each request with the next reply of a list, down to resets and torn bodies, and keeps what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use runlake_fetch::{Client, ClientBuilder, RetryPolicy};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef01234567";

/// The bytes of one answer, and how the connection ends after them.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    bytes: Vec<u8>,
    ending: Ending,
}

#[derive(Clone, Copy, Debug)]
enum Ending {
    Close,
    Reset,
    Hang,
}

impl Reply {
    pub(crate) fn new(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let length = body.as_ref().len().to_string();
        let mut all = vec![("Content-Length", length.as_str())];
        all.extend(headers);
        Self::with_headers(status, &all, body)
    }

    /// As [`new`](Self::new), with no header but those given.
    pub(crate) fn with_headers(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let mut bytes = format!("HTTP/1.1 {status} Scripted\r\nConnection: close\r\n").into_bytes();
        for (name, value) in headers {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(body.as_ref());
        Self { bytes, ending: Ending::Close }
    }

    pub(crate) fn json(body: impl AsRef<[u8]>) -> Self {
        Self::new(200, &[("Content-Type", "application/json")], body)
    }

    pub(crate) fn status(status: u16) -> Self {
        Self::new(status, &[], "")
    }

    /// A connection that ends with a TCP reset before a byte was sent.
    pub(crate) fn reset() -> Self {
        Self { bytes: Vec::new(), ending: Ending::Reset }
    }

    /// A connection on which nothing ever comes.
    pub(crate) fn silence() -> Self {
        Self { bytes: Vec::new(), ending: Ending::Hang }
    }

    /// Loses the last `count` bytes of the answer, and resets the connection in their place.
    pub(crate) fn cut(mut self, count: usize) -> Self {
        self.bytes.truncate(self.bytes.len() - count);
        self.ending = Ending::Reset;
        self
    }

    /// Loses the last `count` bytes and closes the connection politely.
    pub(crate) fn short(mut self, count: usize) -> Self {
        self.bytes.truncate(self.bytes.len() - count);
        self
    }

    /// Stops sending where the answer ends, without closing.
    pub(crate) fn hanging(mut self) -> Self {
        self.ending = Ending::Hang;
        self
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// A variable of a GraphQL request.
    pub(crate) fn variable(&self, name: &str) -> Value {
        let body: Value = serde_json::from_str(&self.body).unwrap();
        body["variables"][name].clone()
    }
}

#[derive(Debug)]
pub(crate) struct Server {
    port: u16,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self { port, replies: Arc::new(Mutex::new(replies.into_iter().collect())), requests: Arc::default() };
        let (replies, requests) = (Arc::clone(&server.replies), Arc::clone(&server.requests));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, Arc::clone(&replies), Arc::clone(&requests)));
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A builder of clients of this server that waits milliseconds between attempts, of which there are four.
    pub(crate) fn builder(&self) -> ClientBuilder {
        let retry = RetryPolicy { attempts: 4, first_wait: Duration::from_millis(1), ..RetryPolicy::default() };
        Client::builder().with_base_url(self.url()).with_api_key(KEY.into()).with_retry(retry)
    }

    pub(crate) fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// All requests, after the last reply was sent.
    pub(crate) fn finish(self) -> Vec<Request> {
        let left = self.replies.lock().unwrap().len();
        assert_eq!(left, 0, "replies that nobody asked for");
        self.requests()
    }
}

async fn serve(mut stream: TcpStream, replies: Arc<Mutex<VecDeque<Reply>>>, requests: Arc<Mutex<Vec<Request>>>) {
    let Some(request) = read_request(&mut stream).await else { return };
    requests.lock().unwrap().push(request);
    let reply = replies.lock().unwrap().pop_front().unwrap_or_else(|| Reply::new(501, &[], "the script is over"));
    stream.write_all(&reply.bytes).await.unwrap();
    stream.flush().await.unwrap();
    match reply.ending {
        Ending::Close => {}
        Ending::Hang => tokio::time::sleep(Duration::from_mins(1)).await,
        Ending::Reset => {
            // Let the client take what was sent, which a reset would otherwise overtake.
            tokio::time::sleep(Duration::from_millis(20)).await;
            stream.set_zero_linger().unwrap();
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let head_length = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_length].to_vec()).unwrap();
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let length =
        headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length")).map_or(0, |(_, value)| value.parse().unwrap());
    while bytes.len() < head_length + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(Request { method, target, headers, body: String::from_utf8(bytes[head_length..].to_vec()).unwrap() })
}

/// The whole chain of an error in one line, as the command line prints it, ports left out.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    without_variables(&text)
}

/// Replaces ports and times, which differ from run to run.
pub(crate) fn without_variables(text: &str) -> String {
    let mut out = String::new();
    for (index, part) in text.split("127.0.0.1:").enumerate() {
        if index > 0 {
            out.push_str("127.0.0.1:PORT");
        }
        out.push_str(if index > 0 { part.trim_start_matches(|digit: char| digit.is_ascii_digit()) } else { part });
    }
    out
}

/// A run of a listing, as JSON.
pub(crate) fn run(name: &str) -> String {
    format!(
        r#"{{"id":"id-{name}","name":"{name}","state":"finished","tags":[],"user":null,"config":"{{}}","summaryMetrics":"{{}}","createdAt":"2026-11-24T09:30:00"}}"#
    )
}

/// A page of a listing.
pub(crate) fn page(count: u64, names: &[&str], next: Option<&str>) -> Reply {
    let edges: Vec<String> = names.iter().map(|name| format!(r#"{{"node":{},"cursor":"edge-{name}"}}"#, run(name))).collect();
    let page_info = match next {
        Some(cursor) => format!(r#"{{"endCursor":"{cursor}","hasNextPage":true}}"#),
        None => r#"{"endCursor":null,"hasNextPage":false}"#.to_owned(),
    };
    let edges = edges.join(",");
    Reply::json(format!(r#"{{"data":{{"project":{{"runCount":{count},"runs":{{"edges":[{edges}],"pageInfo":{page_info}}}}}}}}}"#))
}
