//! The backend of the comparison: the embedded one, with its own count of the bytes that it sends.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use axum::extract::Request;
use axum::http::{Method, header};
use axum::middleware::{Next, from_fn};
use axum::routing::get;
use axum::serve::ListenerExt as _;
use runlake_lake::{Lake, Location};
use runlake_server::{Access, ExportPolicy, ExportedRuns, ServerOptions, router};
use tokio::net::TcpListener;

/// The key that the backend asks for: the official SDK takes 40 characters.
pub const KEY: &str = "0123456789abcdef0123456789abcdef01234567";

/// Where the backend says how many bytes of bodies it has sent.
pub const SENT_PATH: &str = "/sent";

/// Disk for decoded runs: the largest project fits, so that no run is decoded twice.
const SCRATCH_BYTES: u64 = 24 << 30;

/// What to serve, and how.
#[derive(Clone, Debug, clap::Args)]
pub struct Serve {
    /// The lake.
    #[arg(long)]
    pub lake: PathBuf,
    /// Serve every run as a Parquet export; otherwise every row is live.
    #[arg(long)]
    pub exports: bool,
    /// Added to each answer.
    #[arg(long, default_value_t = 0)]
    pub latency_ms: u64,
    /// Where the port is written.
    #[arg(long)]
    pub port_file: PathBuf,
}

/// Serves until the process is killed.
///
/// # Errors
/// When the lake cannot be read or no port is free.
pub async fn serve(arguments: &Serve) -> anyhow::Result<()> {
    let lake = Lake::open(Location::folder(&arguments.lake)?).await?;
    let runs = if arguments.exports { ExportedRuns::Always } else { ExportedRuns::Never };
    let options = ServerOptions {
        access: Access::Key(KEY.into()),
        exports: ExportPolicy { runs, ..ExportPolicy::default() },
        latency: Duration::from_millis(arguments.latency_ms),
        scratch_bytes: SCRATCH_BYTES,
        ..ServerOptions::default()
    };
    let sent = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&sent);
    let count = move |request: Request, next: Next| {
        let counter = Arc::clone(&counter);
        async move {
            let has_body = request.method() != Method::HEAD;
            let response = next.run(request).await;
            let length = response.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
            counter.fetch_add(length.filter(|_| has_body).unwrap_or(0), Ordering::Relaxed);
            response
        }
    };
    let told = get(async move || sent.load(Ordering::Relaxed).to_string());
    let routes = router(lake, options)?.layer(from_fn(count)).route(SENT_PATH, told);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    write_port(&arguments.port_file, listener.local_addr()?.port())?;
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap_or_default());
    axum::serve(listener, routes).await.context("serve")
}

/// Writes the port so that a reader of the file never sees half of it.
fn write_port(path: &Path, port: u16) -> anyhow::Result<()> {
    let folder = path.parent().context("the port file lies in a folder")?;
    let mut staged = tempfile::NamedTempFile::new_in(folder)?;
    write!(staged, "{port}")?;
    staged.persist(path)?;
    Ok(())
}
