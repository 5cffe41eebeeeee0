//! An HTTP/1.1 server between a client and a real backend that spoils answers by the rules of [`fault`](crate::fault).
//!
//! Requests are passed on with the `Host` that the client named, from which the backend makes its signed addresses, so that files come
//! through here too. Every answer ends its connection.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::backend::{Backend, KEY};
use crate::command::Runlake;
use crate::fault::{Asked, Fault, Requests, Rule, Script};

/// How long a client is given to take what was sent, which a reset would otherwise overtake.
const BEFORE_RESET: Duration = Duration::from_millis(20);

/// The proxy. It ends with the value; the backend behind it goes on.
#[derive(Debug)]
pub struct FaultProxy {
    port: u16,
    state: Arc<State>,
    runtime: Option<Runtime>,
}

/// How a backend is made to give less than it is asked for, as services with lower limits do, without a word.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// The most runs of a page of the listing.
    pub runs: Option<u64>,
    /// The most rows of a page of history; the backend samples when there are more.
    pub sampled_rows: Option<u64>,
    /// The most rows of a page of history; those after are left out.
    pub first_rows: Option<usize>,
    /// Whether files come whole, whatever range of them is asked for.
    pub no_ranges: bool,
}

#[derive(Debug)]
struct State {
    backend_port: u16,
    limits: Limits,
    script: Mutex<Script>,
    injected: Mutex<Vec<String>>,
    /// The last right answer by run and kind of request.
    previous: Mutex<HashMap<String, Answer>>,
    last_cursor: Mutex<Option<String>>,
}

/// An answer of the backend, its body without transfer coding.
#[derive(Clone, Debug)]
struct Answer {
    status: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// A request: its head as it came, and what it asks for.
struct Request {
    head: Vec<String>,
    asked: Asked,
}

/// Bytes to send, and how the connection ends after them.
struct Reply {
    bytes: Vec<u8>,
    reset: bool,
}

impl FaultProxy {
    /// A proxy in front of `backend`.
    pub fn start(backend: &Backend, rules: Vec<Rule>) -> Self {
        Self::start_with(backend, rules, Limits::default())
    }

    /// A proxy that makes the backend give less than it is asked for.
    pub fn start_with(backend: &Backend, rules: Vec<Rule>, limits: Limits) -> Self {
        let state = Arc::new(State {
            backend_port: backend.port(),
            limits,
            script: Mutex::new(Script::new(rules)),
            injected: Mutex::default(),
            previous: Mutex::default(),
            last_cursor: Mutex::default(),
        });
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime can be made");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("loopback has free ports");
        let port = listener.local_addr().expect("a listener has an address").port();
        let shared = Arc::clone(&state);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                tokio::spawn(async move {
                    // A client that went away is nobody's problem; a backend that did not answer shows as a reset.
                    let _client_left = state.serve(stream).await;
                });
            }
        });
        Self { port, state, runtime: Some(runtime) }
    }

    /// A call of `runlake` that reaches the backend through this proxy.
    pub fn call<S: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Runlake {
        Runlake::new(arguments).env("WANDB_BASE_URL", format!("http://127.0.0.1:{}", self.port)).env("WANDB_API_KEY", KEY)
    }

    /// What was injected so far, and into what: `Reset POST /graphql`.
    pub fn injected(&self) -> Vec<String> {
        self.state.injected.lock().expect("no holder of the lock panics").clone()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl State {
    async fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        let Some(mut request) = read_request(&mut client).await? else { return Ok(()) };
        let fault = self.script.lock().expect("no holder of the lock panics").strike(&request.asked);
        if let Some(fault) = &fault {
            let line = format!("{fault:?} {}", request.asked.path);
            self.injected.lock().expect("no holder of the lock panics").push(line);
        }
        self.shrink(&mut request.asked);
        let reply = self.reply(&request, fault).await?;
        client.write_all(&reply.bytes).await?;
        client.flush().await?;
        if reply.reset {
            tokio::time::sleep(BEFORE_RESET).await;
            client.set_zero_linger()?;
        }
        Ok(())
    }

    /// Lowers the page sizes that the request names.
    fn shrink(&self, asked: &mut Asked) {
        if !asked.is(Requests::Graphql) {
            return;
        }
        let Ok(mut body) = serde_json::from_str::<Value>(&asked.body) else { return };
        let mut lower = |name: &str, most: Option<u64>| {
            if let (Some(most), Some(value)) = (most, body["variables"].get_mut(name)) {
                *value = value.as_u64().map_or(most, |size| size.min(most)).into();
            }
        };
        if asked.is(Requests::Listings) {
            lower("perPage", self.limits.runs);
        }
        if asked.is(Requests::HistoryPages) {
            lower("samples", self.limits.sampled_rows);
        }
        asked.body = body.to_string();
    }

    async fn reply(&self, request: &Request, fault: Option<Fault>) -> io::Result<Reply> {
        let page = b"<html><body>there is a fault</body></html>";
        match &fault {
            Some(Fault::RateLimited(wait)) => {
                let headers = wait.map(|wait| ("Retry-After".to_owned(), wait.to_owned()));
                return Ok(
                    Answer { status: "429 Too Many Requests".to_owned(), headers: headers.into_iter().collect(), body: Vec::new() }.whole()
                );
            }
            Some(Fault::Status(status)) => {
                return Ok(Answer { status: format!("{status} Fault"), headers: Vec::new(), body: page.to_vec() }.whole());
            }
            Some(Fault::Expired) => {
                let body = br#"{"error":"this URL has expired"}"#.to_vec();
                return Ok(Answer { status: "403 Forbidden".to_owned(), headers: Vec::new(), body }.whole());
            }
            Some(Fault::Reset) => return Ok(Reply { bytes: Vec::new(), reset: true }),
            Some(Fault::SlowFirstByte(wait)) => tokio::time::sleep(*wait).await,
            Some(Fault::Happening(happen)) => {
                let happen = Arc::clone(happen);
                tokio::task::spawn_blocking(move || happen()).await.map_err(io::Error::other)?;
            }
            _ => {}
        }
        let mut answer = self.forward(request).await?;
        if let Some(rows) = self.limits.first_rows.filter(|_| request.asked.is(Requests::HistoryPages)) {
            answer.cut_history(rows);
        }
        let kind = kind_and_run(&request.asked);
        let previous = self.previous.lock().expect("no holder of the lock panics").insert(kind, answer.clone());
        Ok(match fault {
            Some(Fault::PreviousAnswer) => previous.unwrap_or(answer).whole(),
            Some(Fault::SameCursor) => self.with_the_last_cursor(answer).whole(),
            fault => {
                self.note_cursor(&answer);
                fault.map_or_else(|| answer.whole(), |fault| answer.clone().spoilt(&fault))
            }
        })
    }

    /// The backend's answer.
    async fn forward(&self, request: &Request) -> io::Result<Answer> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.backend_port)).await?;
        let mut bytes = Vec::new();
        for line in &request.head {
            let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
            let is_dropped = name == "range" && self.limits.no_ranges;
            if !is_dropped && !matches!(name.as_str(), "connection" | "content-length" | "accept-encoding") {
                bytes.extend_from_slice(format!("{line}\r\n").as_bytes());
            }
        }
        let length = request.asked.body.len();
        bytes.extend_from_slice(format!("Content-Length: {length}\r\nConnection: close\r\n\r\n{}", request.asked.body).as_bytes());
        stream.write_all(&bytes).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Answer::parse(&answer).ok_or_else(|| io::Error::other("the backend's answer is no HTTP"))
    }

    fn note_cursor(&self, answer: &Answer) {
        if let Some(cursor) = serde_json::from_slice::<Value>(&answer.body).ok().as_mut().and_then(end_cursor) {
            *self.last_cursor.lock().expect("no holder of the lock panics") = cursor.as_str().map(str::to_owned);
        }
    }

    /// The first page has none before it, and passes as it is.
    fn with_the_last_cursor(&self, mut answer: Answer) -> Answer {
        let Some(last) = self.last_cursor.lock().expect("no holder of the lock panics").clone() else {
            self.note_cursor(&answer);
            return answer;
        };
        if let Ok(mut body) = serde_json::from_slice::<Value>(&answer.body) {
            if let Some(cursor) = end_cursor(&mut body) {
                *cursor = last.into();
            }
            answer.body = body.to_string().into_bytes();
        }
        answer
    }
}

/// `endCursor` of the listing of runs in an answer.
fn end_cursor(body: &mut Value) -> Option<&mut Value> {
    body.pointer_mut("/data/project/runs/pageInfo/endCursor")
}

/// The document and the strings among its variables: what stays the same from page to page of one run, or of one listing.
fn kind_and_run(asked: &Asked) -> String {
    let Ok(body) = serde_json::from_str::<Value>(&asked.body) else { return asked.path.clone() };
    let variables = body["variables"].as_object().into_iter().flatten().filter(|(name, _)| *name != "cursor");
    let strings = variables.filter_map(|(_, value)| value.as_str());
    format!("{} {}", body["query"], strings.collect::<Vec<_>>().join(" "))
}

impl Answer {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let head_length = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let head = std::str::from_utf8(&bytes[..head_length]).ok()?;
        let mut lines = head.lines();
        let status = lines.next()?.split_once(' ')?.1.to_owned();
        let mut headers: Vec<(String, String)> =
            lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        let is_chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
        let body = if is_chunked { without_chunks(&bytes[head_length..])? } else { bytes[head_length..].to_vec() };
        headers.retain(|(name, _)| !matches!(name.as_str(), "transfer-encoding" | "content-length" | "connection"));
        Some(Self { status, headers, body })
    }

    /// Leaves out all but the first rows of a page of history.
    fn cut_history(&mut self, rows: usize) {
        let Ok(mut body) = serde_json::from_slice::<Value>(&self.body) else { return };
        if let Some(history) = body.pointer_mut("/data/project/run/history").and_then(Value::as_array_mut) {
            history.truncate(rows);
            self.body = body.to_string().into_bytes();
        }
    }

    /// The head, which announces `length` bytes.
    fn head(&self, length: usize) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {}\r\n", self.status);
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n").expect("writing to a String cannot fail");
        }
        write!(head, "Content-Length: {length}\r\nConnection: close\r\n\r\n").expect("writing to a String cannot fail");
        head.into_bytes()
    }

    fn whole(&self) -> Reply {
        Reply { bytes: [self.head(self.body.len()), self.body.clone()].concat(), reset: false }
    }

    /// The answer with this fault in it; the whole answer for faults that lie elsewhere.
    fn spoilt(mut self, fault: &Fault) -> Reply {
        let half = self.body.len() / 2;
        match fault {
            Fault::LimitUsedUp(seconds) => {
                self.headers.push(("RateLimit-Remaining".to_owned(), "0".to_owned()));
                self.headers.push(("RateLimit-Reset".to_owned(), (*seconds).to_owned()));
                self.whole()
            }
            Fault::ResetInBody => Reply { bytes: [self.head(self.body.len()), self.body[..half].to_vec()].concat(), reset: true },
            Fault::TooLong => Reply { bytes: [self.head(self.body.len() + 10), self.body.clone()].concat(), reset: false },
            Fault::TooShort => Reply { bytes: [self.head(half), self.body[..half].to_vec()].concat(), reset: false },
            Fault::MalformedJson => {
                self.body.truncate(half);
                self.whole()
            }
            Fault::TruncatedGzip => {
                self.headers.push(("Content-Encoding".to_owned(), "gzip".to_owned()));
                self.body = gzip_beginning(&self.body[..half]);
                self.whole()
            }
            Fault::PartialData(message) => {
                if let Ok(mut body) = serde_json::from_slice::<Value>(&self.body) {
                    for value in body["data"].as_object_mut().into_iter().flat_map(|data| data.values_mut()) {
                        *value = Value::Null;
                    }
                    body["errors"] = serde_json::json!([{ "message": message, "path": ["project"] }]);
                    self.body = body.to_string().into_bytes();
                }
                self.whole()
            }
            _ => self.whole(),
        }
    }
}

/// The beginning of a gzip stream of `bytes`, without its end: a header, and one stored block that announces more than it holds.
fn gzip_beginning(bytes: &[u8]) -> Vec<u8> {
    const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    const FINAL_STORED_BLOCK: [u8; 5] = [1, 0xff, 0xff, 0, 0];
    let held = &bytes[..bytes.len().min(1000)];
    [HEADER.as_slice(), &FINAL_STORED_BLOCK, held].concat()
}

fn without_chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|window| window == b"\r\n")?;
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..line]).ok()?.trim(), 16).ok()?;
        if length == 0 {
            return Some(body);
        }
        rest = &rest[line + 2..];
        body.extend_from_slice(rest.get(..length)?);
        rest = rest.get(length + 2..)?;
    }
}

/// Reads a request; `None` when the client closes the connection without one.
async fn read_request(stream: &mut TcpStream) -> io::Result<Option<Request>> {
    let mut bytes = Vec::new();
    let head_length = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(io::Error::other);
    let head: Vec<String> = text(&bytes[..head_length - 4])?.lines().map(str::to_owned).collect();
    let header = |line: &String| line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    let length = head.iter().filter_map(header).find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let end = head_length + length.unwrap_or(0);
    while bytes.len() < end {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
    let target = head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default().to_owned();
    Ok(Some(Request { asked: Asked { path, body: text(&bytes[head_length..end])? }, head }))
}
