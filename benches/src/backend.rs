//! The backend in a process of its own, so that its share of the work can be told from the clients'.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tempfile::TempDir;

use crate::floor::Connection;
use crate::server::SENT_PATH;

/// Ticks a second in `/proc/PID/stat`, the same on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// A backend that answers. It ends with the value.
#[derive(Debug)]
pub struct Backend {
    process: Child,
    port: u16,
    _folder: TempDir,
}

/// How much a backend has done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Effort {
    /// Seconds of all its threads on a core.
    pub cpu_seconds: f64,
    /// Bytes of bodies sent.
    pub sent_bytes: u64,
}

impl Backend {
    /// Serves the lake in `folder`, with exports of every run or with none, each answer delayed by so much.
    ///
    /// # Errors
    /// When the process does not start or does not answer within a minute.
    pub fn start(lake: &Path, exports: bool, latency_ms: u64) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let port_file = folder.path().join("port");
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("serve").arg("--lake").arg(lake).arg("--port-file").arg(&port_file);
        command.args(["--latency-ms", &latency_ms.to_string()]).args(exports.then_some("--exports"));
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().context("start the backend")?;
        let mut backend = Self { process, port: 0, _folder: folder };
        let started = Instant::now();
        loop {
            if let Ok(text) = fs_err::read_to_string(&port_file) {
                backend.port = text.trim().parse()?;
                return Ok(backend);
            }
            if let Some(status) = backend.process.try_wait()? {
                bail!("the backend ended with {status}");
            }
            if started.elapsed() > Duration::from_mins(1) {
                bail!("the backend does not answer");
            }
            std::thread::sleep(Duration::from_millis(10));
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

    /// What the backend has done so far.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn effort(&self) -> anyhow::Result<Effort> {
        let stat = fs_err::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        // The name of the program may hold spaces; what follows its bracket does not.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |field: usize| fields.get(field).context("`stat` is cut")?.parse::<f64>().context("`stat` holds numbers");
        let sent = Connection::open(self.port)?.get(SENT_PATH)?;
        let sent_bytes = std::str::from_utf8(&sent)?.parse()?;
        Ok(Effort { cpu_seconds: (ticks(11)? + ticks(12)?) / TICKS_PER_SECOND, sent_bytes })
    }
}

impl Effort {
    /// What was done since `earlier`.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self { cpu_seconds: self.cpu_seconds - earlier.cpu_seconds, sent_bytes: self.sent_bytes - earlier.sent_bytes }
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        // A backend that has ended already cannot be killed, which is as well.
        let _ended = self.process.kill();
        let _status = self.process.wait();
    }
}
