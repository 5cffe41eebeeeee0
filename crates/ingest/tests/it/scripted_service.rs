//! A service with one run, whose history is split into exports, live rows and pages as a test says.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use runlake_fetch::{Client, RetryPolicy, RunPlan};
use runlake_types::ProjectPath;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How the service chooses the rows of a page when the window holds more than it gives.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sampling {
    /// The first ones.
    First,
    /// Evenly spaced, the first and the last among them.
    Even,
    /// As [`Even`](Self::Even), and up to so many in a hundred fewer than it could give.
    EvenWithGaps(usize),
}

/// What the service knows of the run, and how it gives it away.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// Steps and texts of all rows, ascending.
    pub(crate) rows: Vec<(i64, String)>,
    /// The files of the exports, in the order in which they are named.
    pub(crate) files: Vec<Bytes>,
    /// The steps that are said to be live, if any.
    pub(crate) live_steps: Vec<i64>,
    /// Pages have no row below this step.
    pub(crate) first_paged_step: i64,
    /// The most rows of a page, which nobody is told.
    pub(crate) page_rows: usize,
    /// Which rows a page has that holds not all.
    pub(crate) sampling: Sampling,
    /// Whether the number of rows is told.
    pub(crate) is_counted: bool,
    /// Whether the last step is told.
    pub(crate) has_last_step: bool,
    /// Whether a part of a file can be asked for.
    pub(crate) knows_ranges: bool,
    /// Answers wait up to so many milliseconds, each another time.
    pub(crate) delay_ms: u64,
}

/// The service. It ends with the runtime.
pub(crate) struct Service {
    client: Client,
}

impl Service {
    pub(crate) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let script = Arc::new((script, url.clone()));
        tokio::spawn(async move {
            for number in 0_u64.. {
                let Ok((stream, _)) = listener.accept().await else { break };
                let script = Arc::clone(&script);
                tokio::spawn(async move {
                    if script.0.delay_ms > 0 {
                        tokio::time::sleep(Duration::from_millis(number * 7919 % 31 % script.0.delay_ms)).await;
                    }
                    // A client that has enough goes away.
                    let _left = serve(stream, &script.0, &script.1).await;
                });
            }
        });
        let builder = Client::builder().with_base_url(url).without_api_key().with_retry(RetryPolicy::never());
        Self { client: builder.build().unwrap() }
    }

    pub(crate) async fn planned(&self) -> (Client, RunPlan) {
        let plans = self.client.plan_runs(&ProjectPath::new("e", "p"), &["r".to_owned()]).await;
        (self.client.clone(), plans.into_iter().next().unwrap().unwrap())
    }
}

async fn serve(mut stream: TcpStream, script: &Script, url: &str) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let head_length = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
    };
    let head = String::from_utf8(bytes[..head_length].to_vec()).unwrap();
    let header = |name: &str| {
        let mut headers = head.lines().filter_map(|line| line.split_once(": "));
        headers.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let length: usize = header("content-length").map_or(0, |length| length.parse().unwrap());
    while bytes.len() < head_length + length {
        stream.read_buf(&mut bytes).await?;
    }
    let target = head.split(' ').nth(1).unwrap();
    let answer = match target.strip_prefix("/export/") {
        Some(number) => script.file(number.parse().unwrap(), header("range").filter(|_| script.knows_ranges)),
        None => answer("200 OK", "", script.reply(&serde_json::from_slice(&bytes[head_length..]).unwrap(), url).to_string().as_bytes()),
    };
    stream.write_all(&answer).await
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

impl Script {
    /// The reply to a GraphQL request.
    fn reply(&self, request: &Value, url: &str) -> Value {
        let variables = &request["variables"];
        if request["query"].as_str().unwrap().contains("history(minStep") {
            let number = |name: &str| variables[name].as_i64().unwrap();
            let page = self.page(number("minStep"), number("maxStep"), usize::try_from(number("samples")).unwrap());
            return json!({"data": {"project": {"run": {"history": page}}}});
        }
        let urls: Vec<String> = (0..self.files.len()).map(|number| format!("{url}/export/{number}")).collect();
        let live: Vec<Value> = self.live_steps.iter().map(|step| json!({"_step": step})).collect();
        let last_step = self.rows.last().map_or(-1, |(step, _)| *step);
        let history_keys = self.has_last_step.then(|| json!({"lastStep": last_step, "sets": [], "keys": {}}));
        let run = json!({
            "id": "id", "name": "r", "state": "finished",
            "historyLineCount": self.is_counted.then_some(self.rows.len()), "historyKeys": history_keys,
            "parquetHistory": {"parquetUrls": urls, "liveData": live},
        });
        json!({"data": {"project": {"r0": run}}})
    }

    fn page(&self, min_step: i64, max_step: i64, samples: usize) -> Vec<&str> {
        let window = self.first_paged_step.max(min_step)..max_step;
        let rows: Vec<&str> = self.rows.iter().filter(|(step, _)| window.contains(step)).map(|(_, text)| text.as_str()).collect();
        let most = samples.min(self.page_rows).max(1);
        if rows.len() <= most {
            return rows;
        }
        let evenly = |count: usize| (0..count).map(|index| rows[index * (rows.len() - 1) / (count - 1).max(1)]).collect();
        match self.sampling {
            Sampling::First => rows[..most].to_vec(),
            Sampling::Even => evenly(most),
            Sampling::EvenWithGaps(missing) => evenly((most - (rows.len() % (missing + 1)) * most / 100).max(1)),
        }
    }

    /// A file, or the part of it that `range` names.
    fn file(&self, number: usize, range: Option<&str>) -> Vec<u8> {
        let file = &self.files[number];
        let Some(range) = range.and_then(|range| range.strip_prefix("bytes=")) else { return answer("200 OK", "", file) };
        let (from, to) = range.split_once('-').unwrap();
        let (from, end) = match (from.parse::<usize>(), to.parse::<usize>()) {
            (Ok(from), Ok(to)) => (from, (to + 1).min(file.len())),
            (Err(_), Ok(last)) => (file.len().saturating_sub(last), file.len()),
            _ => panic!("`{range}` is asked for by nobody"),
        };
        let content_range = format!("Content-Range: bytes {from}-{}/{}\r\n", end - 1, file.len());
        answer("206 Partial Content", &content_range, &file[from..end])
    }
}
