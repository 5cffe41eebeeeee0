//! `runlake serve` in the background, on a free port of loopback.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::command::Runlake;

/// The key that backends of tests ask for, in the form that the official SDK takes.
pub const KEY: &str = "0123456789abcdef0123456789abcdef01234567";

/// How long a backend may take to answer.
const START_LIMIT: Duration = Duration::from_mins(1);

/// A backend that answers. It ends with the value.
#[derive(Debug)]
pub struct Backend {
    process: Child,
    port: u16,
    log: PathBuf,
    /// The port file, the log and the state lie here.
    _folder: TempDir,
    _home: TempDir,
}

impl Backend {
    /// Serves the lake in `folder`.
    pub fn start(lake: &Path) -> Self {
        Self::start_with(lake, &[])
    }

    /// Serves the lake in `folder` with more options. What is written to it ends with it.
    pub fn start_with(lake: &Path, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("the temporary folder is writable");
        let state = folder.path().join("state");
        Self::start_in(folder, lake, &state, options)
    }

    /// Serves the lake in `folder`, with what was written before to the backend of this `state`.
    pub fn start_on(lake: &Path, state: &Path) -> Self {
        Self::start_in(tempfile::tempdir().expect("the temporary folder is writable"), lake, state, &[])
    }

    fn start_in(folder: TempDir, lake: &Path, state: &Path, options: &[&str]) -> Self {
        let (port_file, log) = (folder.path().join("port"), folder.path().join("log"));
        let call = Runlake::new(["serve", "--port", "0", "--lake"]).arg(lake).arg("--port-file").arg(&port_file).arg("--state").arg(state);
        let call = options.iter().fold(call, super::command::Runlake::arg).env("RUNLAKE_SERVER_KEY", KEY);
        let (mut command, home) = call.into_parts();
        let stderr = File::create(&log).expect("the temporary folder is writable");
        let process = command.stdout(Stdio::null()).stderr(stderr).spawn().expect("the binary starts");
        let mut backend = Self { process, port: 0, log, _folder: folder, _home: home };
        backend.port = backend.wait_for_port(&port_file);
        backend
    }

    fn wait_for_port(&mut self, port_file: &Path) -> u16 {
        let started = Instant::now();
        loop {
            if let Ok(text) = fs_err::read_to_string(port_file) {
                return text.trim().parse().unwrap_or_else(|_| panic!("the port file holds `{text}`"));
            }
            if let Some(status) = self.process.try_wait().expect("a child can be asked for its end") {
                panic!("`runlake serve` ended with {status}:\n{}", self.log());
            }
            assert!(started.elapsed() < START_LIMIT, "`runlake serve` wrote no port file in {START_LIMIT:?}:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The address that clients are given.
    pub fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What the backend wrote to stderr so far.
    pub fn log(&self) -> String {
        fs_err::read_to_string(&self.log).unwrap_or_default()
    }

    /// A call of `runlake` that reaches this backend.
    pub fn call<S: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Runlake {
        Runlake::new(arguments).env("WANDB_BASE_URL", self.base_url()).env("WANDB_API_KEY", KEY)
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        // As `kill -9` does it. A backend that has ended already cannot be killed, which is as well.
        let _ended = self.process.kill();
        let _status = self.process.wait();
    }
}
