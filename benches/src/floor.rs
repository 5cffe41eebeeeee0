//! How fast the machine could be: the same bytes over loopback to a client that only reads them, and the fastest reader at hand on them.
//!
//! The sum of both is the time that no client of this protocol can beat by much; what a job reaches of it is its share of the limit.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, bail};
use arrow::array::RecordBatchReader;
use arrow::datatypes::{DataType, Field, Schema};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

use crate::generate::{ENTITY, Workload};

/// Rows of one page, as the SDK's best setting and runlake ask for.
const PAGE_ROWS: u32 = 10_000;

/// Rows that the JSON reader turns into arrays at once, where it is fastest.
const JSON_BATCH_ROWS: usize = 1024;

/// `api:KEY` of [`KEY`](crate::server::KEY) in base64.
const CREDENTIALS: &str = "YXBpOjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc=";

/// One kept-alive HTTP connection to a backend on loopback; as little code between the socket and the bytes as there can be.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn open(port: u16) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::with_capacity(1 << 16, stream) })
    }

    /// The body behind a path.
    ///
    /// # Errors
    /// When the answer is not 200 or is cut.
    pub fn get(&mut self, path: &str) -> anyhow::Result<Vec<u8>> {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"))
    }

    /// The body of the answer to a GraphQL document.
    ///
    /// # Errors
    /// As [`Connection::get`].
    pub fn graphql(&mut self, query: &str, variables: &Value) -> anyhow::Result<Vec<u8>> {
        let body = json!({"query": query, "variables": variables}).to_string();
        let length = body.len();
        let host = format!("127.0.0.1:{}", self.stream.get_ref().peer_addr()?.port());
        self.ask(&format!(
            "POST /graphql HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic {CREDENTIALS}\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }

    fn ask(&mut self, request: &str) -> anyhow::Result<Vec<u8>> {
        self.stream.get_mut().write_all(request.as_bytes())?;
        let (mut line, mut length) = (String::new(), None);
        self.stream.read_line(&mut line)?;
        let is_ok = line.starts_with("HTTP/1.1 200");
        let status = line.trim().to_owned();
        while line != "\r\n" {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                bail!("the answer is cut");
            }
            let (name, value) = line.split_once(':').unwrap_or_default();
            if name.eq_ignore_ascii_case("content-length") {
                length = Some(value.trim().parse::<usize>()?);
            }
        }
        let mut body = vec![0; length.context("the answer does not say how long it is")?];
        self.stream.read_exact(&mut body)?;
        if !is_ok {
            bail!("{status}: {}", String::from_utf8_lossy(&body));
        }
        Ok(body)
    }
}

/// Seconds that the machine needs for some bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Floor {
    /// To move them over loopback.
    pub transport: f64,
    /// To turn them into arrays, on every core.
    pub decode: f64,
}

impl Floor {
    /// Both, one after the other.
    pub fn seconds(self) -> f64 {
        self.transport + self.decode
    }
}

/// The floor of reading every run of `workload` in live pages.
///
/// # Errors
/// When the backend does not answer, or with other rows.
pub fn of_pages(port: u16, workload: &Workload) -> anyhow::Result<Floor> {
    let query = "query($entity: String, $project: String!, $run: String!, $min: Int64, $max: Int64, $samples: Int) {
        project(name: $project, entityName: $entity) { run(name: $run) { history(minStep: $min, maxStep: $max, samples: $samples) } } }";
    let mut connection = Connection::open(port)?;
    let started = Instant::now();
    let mut bodies = Vec::new();
    for number in 0..workload.runs {
        let run = workload.run(number).run_id;
        for first in (0..workload.rows).step_by(PAGE_ROWS as usize) {
            let variables = json!({"entity": ENTITY, "project": workload.project, "run": run, "min": first, "max": first + PAGE_ROWS, "samples": PAGE_ROWS});
            bodies.push(connection.graphql(query, &variables)?);
        }
    }
    let transport = started.elapsed().as_secs_f64();
    let mut fields = vec![Field::new("_step", DataType::Int64, true)];
    let floats = ["_timestamp".to_owned(), "_runtime".to_owned()].into_iter().chain((0..workload.metrics).map(Workload::metric));
    fields.extend(floats.map(|name| Field::new(name, DataType::Float64, true)));
    let schema = Arc::new(Schema::new(fields));
    let read = |body: &Vec<u8>| -> anyhow::Result<usize> {
        let mut decoder = arrow::json::ReaderBuilder::new(Arc::clone(&schema)).with_batch_size(JSON_BATCH_ROWS).build_decoder()?;
        let (mut rows, text) = (0, unescaped(body));
        let mut rest = text.as_slice();
        loop {
            let taken = decoder.decode(rest)?;
            rest = &rest[taken..];
            let Some(batch) = decoder.flush()? else { return Ok(rows) };
            rows += batch.num_rows();
        }
    };
    decoded(transport, &bodies, workload.all_rows(), read)
}

/// The floor of reading every run of `workload` from its exports.
///
/// # Errors
/// As [`of_pages`].
pub fn of_exports(port: u16, workload: &Workload) -> anyhow::Result<Floor> {
    let query = "query($entity: String, $project: String!, $run: String!) {
        project(name: $project, entityName: $entity) { run(name: $run) { parquetHistory(liveKeys: [\"_step\"]) { parquetUrls } } } }";
    let mut connection = Connection::open(port)?;
    let started = Instant::now();
    let mut bodies = Vec::new();
    for number in 0..workload.runs {
        let variables = json!({"entity": ENTITY, "project": workload.project, "run": workload.run(number).run_id});
        let reply: Value = serde_json::from_slice(&connection.graphql(query, &variables)?)?;
        let urls = reply["data"]["project"]["run"]["parquetHistory"]["parquetUrls"].as_array().context("a list of URLs")?;
        for url in urls {
            let url = url.as_str().context("a URL is a string")?;
            let path = url.split_once("//").and_then(|(_, rest)| rest.find('/').map(|slash| &rest[slash..])).context("a URL has a path")?;
            bodies.push(Bytes::from(connection.get(path)?));
        }
    }
    let transport = started.elapsed().as_secs_f64();
    // A task is a row group, so that one file takes all cores too.
    let mut groups = Vec::new();
    for body in bodies {
        let count = ParquetRecordBatchReaderBuilder::try_new(body.clone())?.metadata().num_row_groups();
        groups.extend((0..count).map(|group| (body.clone(), group)));
    }
    let read = |(body, group): &(Bytes, usize)| -> anyhow::Result<usize> {
        let reader = ParquetRecordBatchReaderBuilder::try_new(body.clone())?.with_row_groups(vec![*group]).build()?;
        debug_assert!(!reader.schema().fields().is_empty());
        reader.map(|batch| Ok(batch?.num_rows())).sum()
    };
    decoded(transport, &groups, workload.all_rows(), read)
}

/// Reads all of `parts`, a thread a core, and checks that there are `rows` in them.
fn decoded<T: Sync>(transport: f64, parts: &[T], rows: u64, read: impl Fn(&T) -> anyhow::Result<usize> + Sync) -> anyhow::Result<Floor> {
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let started = Instant::now();
    let found: usize = std::thread::scope(|scope| {
        let read = &read;
        let workers: Vec<_> = (0..threads)
            .map(|first| {
                scope.spawn(move || parts.iter().skip(first).step_by(threads).map(read).try_fold(0, |sum, rows| anyhow::Ok(sum + rows?)))
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().map_err(|_panic| anyhow::anyhow!("a reader panicked"))?)
            .sum::<anyhow::Result<usize>>()
    })?;
    let decode = started.elapsed().as_secs_f64();
    if found as u64 != rows {
        bail!("{found} rows were read and {rows} were written");
    }
    Ok(Floor { transport, decode })
}

/// The rows of a page, a line each: the envelope cut off and one level of escapes taken away.
fn unescaped(body: &[u8]) -> Vec<u8> {
    let start = body.iter().position(|byte| *byte == b'[').map_or(0, |at| at + 1);
    let end = body.iter().rposition(|byte| *byte == b']').unwrap_or(body.len());
    let mut text = Vec::with_capacity(body.len());
    let mut bytes = body[start..end].iter();
    let mut in_row = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => text.extend(bytes.next()),
            b'"' => {
                in_row = !in_row;
                text.push(b'\n');
            }
            byte if in_row => text.push(*byte),
            _ => {}
        }
    }
    text
}
