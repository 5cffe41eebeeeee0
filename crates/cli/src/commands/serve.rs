//! `runlake serve`: the embedded backend over a lake.

use std::io::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use anyhow::Context as _;
use runlake_lake::{Lake, Location};
use runlake_server::{Access, ColumnOrder, ExportPolicy, ExportedRuns, Server, ServerOptions, StateFolder};
use secrecy::{ExposeSecret as _, SecretString};

use crate::arguments::{Exports, ParquetOrder, Serve, StepType};
use crate::report::{UsageError, say};
use crate::{exit_code, variables};

/// The folder of the state in the folder of a lake.
const STATE_FOLDER: &str = "backend";

pub(crate) async fn serve(options: &Serve) -> anyhow::Result<u8> {
    let location = Location::parse(&options.lake)?;
    let state = state_folder(options, &location);
    let lake = Lake::open(location).await?;
    let (access, made_key) = access(options)?;
    let listener = tokio::net::TcpListener::bind((options.host.as_str(), options.port))
        .await
        .with_context(|| format!("cannot listen on {}:{}", options.host, options.port))?;
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        say("warning: other machines can reach this address; what they read is sent unencrypted");
    }
    let server = Server::new(lake, server_options(options, access, state))?;
    let server = tokio::spawn(server.serve(listener, std::future::pending()));
    // The socket listens already, so whoever reads these lines is answered.
    let host = if address.ip().is_unspecified() { IpAddr::from([127, 0, 0, 1]) } else { address.ip() };
    let host = if host.is_ipv6() { format!("[{host}]") } else { host.to_string() };
    let mut stdout = std::io::stdout();
    writeln!(stdout, "WANDB_BASE_URL=http://{host}:{}", address.port())?;
    if let Some(key) = made_key {
        writeln!(stdout, "WANDB_API_KEY={}", key.expose_secret())?;
    }
    stdout.flush()?;
    if let Some(path) = &options.port_file {
        write_port(path, address.port()).with_context(|| format!("cannot write {}", path.display()))?;
    }
    say("set these variables for the official SDK or runlake; Ctrl-C stops the server");
    server.await.context("the server stopped")??;
    Ok(exit_code::OK)
}

/// Where what is written is kept. Beside a lake that cannot be written to, as in a bucket, it lasts as long as the server.
fn state_folder(options: &Serve, lake: &Location) -> StateFolder {
    if let Some(folder) = &options.state {
        return StateFolder::Kept(folder.clone());
    }
    if options.read_only {
        return StateFolder::Temporary;
    }
    let beside = lake.as_folder().filter(|lake| lake.is_dir()).map(|lake| lake.join(STATE_FOLDER));
    if let Some(folder) = beside.filter(|folder| fs_err::create_dir_all(folder).is_ok()) {
        return StateFolder::Kept(folder);
    }
    say("warning: what is written to this server ends with it, since it cannot be kept beside the lake; name a folder with --state");
    StateFolder::Temporary
}

fn server_options(options: &Serve, access: Access, state: StateFolder) -> ServerOptions {
    let stand_in = &options.stand_in;
    let exports = ExportPolicy {
        runs: match options.exports {
            Exports::Ended => ExportedRuns::Ended,
            Exports::LiveTail => ExportedRuns::AllButLiveTail,
            Exports::Never => ExportedRuns::Never,
            Exports::Always => ExportedRuns::Always,
        },
        rows_per_file: stand_in.rows_per_file,
        step_as_double: stand_in.step_type == StepType::Double,
        column_order: match stand_in.parquet_order {
            ParquetOrder::Alpha => ColumnOrder::Alphabetical,
            ParquetOrder::ScalarsFirst => ColumnOrder::ScalarsFirst,
        },
        ..ExportPolicy::default()
    };
    ServerOptions {
        access,
        state,
        read_only: options.read_only,
        exports,
        latency: Duration::from_millis(stand_in.latency_ms),
        signed_url_lifetime: Duration::from_secs(stand_in.url_lifetime),
        requests_per_second: stand_in.rate_limit,
        max_page_rows: stand_in.page_rows_cap,
        history_includes_exported: !stand_in.no_live_overlap,
        ..ServerOptions::default()
    }
}

/// The key to ask for: that of the environment, or a new one, which the user must be told.
fn access(options: &Serve) -> anyhow::Result<(Access, Option<SecretString>)> {
    if options.no_key {
        return Ok((Access::Open, None));
    }
    let given = std::env::var_os(variables::RUNLAKE_SERVER_KEY).filter(|key| !key.is_empty());
    if let Some(key) = given {
        let key = key.into_string().map_err(|_not_text| UsageError {
            message: format!("{} is not text", variables::RUNLAKE_SERVER_KEY),
            hint: "make one with `openssl rand -hex 20`".to_owned(),
        })?;
        return Ok((Access::Key(SecretString::from(key)), None));
    }
    let key = SecretString::from(Access::random_key());
    Ok((Access::Key(key.clone()), Some(key)))
}

/// Writes the port so that a reader of the file never sees half of it.
fn write_port(path: &std::path::Path, port: u16) -> anyhow::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(std::path::Path::new("."));
    let mut staged = tempfile::NamedTempFile::new_in(folder)?;
    writeln!(staged, "{port}")?;
    staged.persist(path)?;
    Ok(())
}
