//! An S3-compatible server on loopback: `moto`, which keeps its objects in memory and knows conditional writes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use tempfile::TempDir;

use crate::command::{Runlake, clean_command};
use crate::python::{python, scripts};

/// The key and the secret that the server takes, as it takes any.
const KEY: &str = "test";

/// The server with one empty bucket. It ends with the value.
#[derive(Debug)]
pub struct ObjectStore {
    process: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    port: u16,
    _home: TempDir,
}

impl ObjectStore {
    /// The name of the bucket.
    pub const BUCKET: &'static str = "lakes";

    /// Starts the server.
    pub fn start() -> Self {
        let home = tempfile::tempdir().expect("the temporary folder is writable");
        let mut command = clean_command(&python(), home.path());
        command.arg(scripts().join("object_store.py")).arg(Self::BUCKET).env("PYTHONDONTWRITEBYTECODE", "1");
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python starts");
        let stdin = process.stdin.take();
        let stdout = BufReader::new(process.stdout.take().expect("stdout is a pipe"));
        let mut store = Self { process, stdin, stdout, port: 0, _home: home };
        store.port = store.answer().parse().expect("the first line is the port");
        store
    }

    /// The address of `lake` in the bucket.
    pub fn address(&self, lake: &str) -> String {
        format!("s3://{}/{lake}", Self::BUCKET)
    }

    /// `call` with the variables by which programs find an S3 server and its key.
    pub fn reachable_from(&self, call: Runlake) -> Runlake {
        call.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port))
            .env("AWS_ALLOW_HTTP", "true")
            .env("AWS_ACCESS_KEY_ID", KEY)
            .env("AWS_SECRET_ACCESS_KEY", KEY)
            .env("AWS_REGION", "us-east-1")
    }

    /// Copies `lake` into a local folder; gives the number of objects.
    pub fn download(&mut self, lake: &str, folder: &Path) -> u64 {
        let folder = folder.to_str().expect("temporary folders have names in UTF-8");
        self.ask(&format!("download\t{folder}\t{lake}/"))
    }

    /// The number of rows of a table of `lake`, as the `deltalake` package for Python reads it from the store.
    pub fn rows(&mut self, lake: &str, table: &str) -> u64 {
        self.ask(&format!("rows\t{lake}/{table}"))
    }

    fn ask(&mut self, line: &str) -> u64 {
        let stdin = self.stdin.as_mut().expect("stdin is a pipe until the end");
        writeln!(stdin, "{line}").expect("the server reads its commands");
        self.answer().parse().unwrap_or_else(|_| panic!("the server answered `{line}` with something else than a number"))
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("the server writes lines");
        assert!(!line.is_empty(), "the S3 server ended: {:?}", self.process.wait());
        line.trim().to_owned()
    }
}

impl Drop for ObjectStore {
    fn drop(&mut self) {
        // A server that has ended already cannot be killed, which is as well.
        let _ended = self.process.kill();
        let _status = self.process.wait();
    }
}
