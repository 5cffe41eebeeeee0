//! How the backend behaves: who may ask, what is served as an export, and the limits.
//!
//! What the service itself does in some of these points is not known, so they are settings with defaults that serve the
//! official SDK well.

use std::path::PathBuf;
use std::time::Duration;

use rand::Rng;
use rand::distr::Alphanumeric;
use runlake_types::RunState;
use secrecy::SecretString;
use url::Url;

/// Who may ask.
#[derive(Clone, Debug)]
pub enum Access {
    /// Whoever has this key. The official SDK takes keys of 40 and more letters, digits, `_` and `-` only
    /// (<https://github.com/wandb/wandb/blob/main/wandb/sdk/lib/wbauth/validation.py>).
    Key(SecretString),
    /// Everybody who reaches the port.
    Open,
}

impl Access {
    /// A key of 43 random letters and digits: about 256 bits.
    pub fn random_key() -> String {
        rand::rng().sample_iter(Alphanumeric).take(43).map(char::from).collect()
    }
}

/// Which runs' histories are served as Parquet exports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExportedRuns {
    /// None: every row is live.
    Never,
    /// Runs that have ended, whole; a run that may go on is live, whole. What suits the official SDK: it caches exports for ever
    /// and returns rows twice that are both exported and live.
    #[default]
    Ended,
    /// Runs that have ended, whole; of a run that may go on, all rows but the last tenth (one at least).
    AllButLiveTail,
    /// Every run, whole.
    Always,
}

impl ExportedRuns {
    /// How many of a run's first rows are exported; the rest is live.
    pub(crate) fn exported_rows(self, state: &RunState, rows: usize) -> usize {
        match self {
            Self::Never => 0,
            Self::Ended if state.is_live() => 0,
            Self::AllButLiveTail if state.is_live() => rows - rows.div_ceil(10),
            Self::Ended | Self::AllButLiveTail | Self::Always => rows,
        }
    }
}

/// The order of an export's columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColumnOrder {
    /// By name.
    Alphabetical,
    /// Numbers, booleans and strings first, then dicts and lists, each by name.
    #[default]
    ScalarsFirst,
}

/// What is exported, and how the files look.
#[derive(Clone, Debug)]
pub struct ExportPolicy {
    /// Which runs. Default: those that have ended.
    pub runs: ExportedRuns,
    /// The most rows of one file. Default: a million.
    pub rows_per_file: usize,
    /// The most rows of one row group. Default: 20,000.
    pub rows_per_group: usize,
    /// Whether `_step` is a double, as in files of the service's older writer, rather than an int64. Default: no.
    pub step_as_double: bool,
    /// The order of the columns. Default: scalars first.
    pub column_order: ColumnOrder,
}

impl Default for ExportPolicy {
    fn default() -> Self {
        Self {
            runs: ExportedRuns::default(),
            rows_per_file: 1_000_000,
            rows_per_group: 20_000,
            step_as_double: false,
            column_order: ColumnOrder::default(),
        }
    }
}

/// Where what is written through the API is kept. The lake itself is only read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StateFolder {
    /// In a temporary folder, which goes with the backend.
    #[default]
    Temporary,
    /// In this folder, which is made if need be. One backend at a time uses it.
    Kept(PathBuf),
}

/// How the backend behaves. The default asks for a random key, which [`ServerOptions::access`] holds.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Who may ask.
    pub access: Access,
    /// Where what is written through the API is kept. Default: a temporary folder, so that it ends with the backend.
    pub state: StateFolder,
    /// Whether nothing may be written: every mutation is answered with "permission denied", and runs say that they are read-only. What
    /// the state holds from before is shown. Default: no.
    pub read_only: bool,
    /// The address under which clients reach the backend, for the URLs in its replies. `None` takes the host that the request names.
    pub public_url: Option<Url>,
    /// What is served as exports.
    pub exports: ExportPolicy,
    /// How long a signed URL is good for. Default: an hour.
    pub signed_url_lifetime: Duration,
    /// The most rows of one reply. A window with more is sampled evenly, as the service does. Default: 100,000.
    pub max_page_rows: usize,
    /// The most bytes of rows in one reply. A window with more is an error. Default: 256 MiB.
    pub max_page_bytes: u64,
    /// Whether paged `history` and `sampledHistory` answer for steps that are exported too. Default: yes.
    pub history_includes_exported: bool,
    /// How many bytes of decoded histories and of exports are kept on disk while the backend runs; those that were not used for the
    /// longest time go first. Default: 8 GiB.
    pub scratch_bytes: u64,
    /// For how long what is known of the lake is taken to be fresh; to look whether it has changed costs some milliseconds. Default: a tenth
    /// of a second.
    pub refresh_after: Duration,
    /// How much later than it could be each answer is sent, to try out clients as if the backend were far. Default: not at all.
    pub latency: Duration,
    /// How many requests are answered in one second; the others are refused with HTTP 429 and `Retry-After`, and every answer has
    /// `RateLimit-Remaining` and `RateLimit-Reset`. Default: all.
    pub requests_per_second: Option<u32>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            access: Access::Key(Access::random_key().into()),
            state: StateFolder::default(),
            read_only: false,
            public_url: None,
            exports: ExportPolicy::default(),
            signed_url_lifetime: Duration::from_hours(1),
            max_page_rows: 100_000,
            max_page_bytes: 256 << 20,
            history_includes_exported: true,
            scratch_bytes: 8 << 30,
            refresh_after: Duration::from_millis(100),
            latency: Duration::ZERO,
            requests_per_second: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_exported() {
        let finished = RunState::Finished;
        for (runs, live, ended) in [
            (ExportedRuns::Never, 0, 0),
            (ExportedRuns::Ended, 0, 25),
            (ExportedRuns::AllButLiveTail, 22, 25),
            (ExportedRuns::Always, 25, 25),
        ] {
            assert_eq!((runs.exported_rows(&RunState::Running, 25), runs.exported_rows(&finished, 25)), (live, ended), "{runs:?}");
        }
        assert_eq!(ExportedRuns::AllButLiveTail.exported_rows(&RunState::Running, 1), 0);
    }

    #[test]
    fn a_random_key_is_one_that_the_sdk_takes() {
        let key = Access::random_key();
        assert!(key.len() >= 40 && key.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_ne!(key, Access::random_key());
    }
}
