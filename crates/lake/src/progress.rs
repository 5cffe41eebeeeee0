//! What a long job says while it runs.

use runlake_ingest::Completeness;
use runlake_types::RunPath;

/// One thing that happened in an import or an export.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// How many runs there are to do, once that is known.
    Planned {
        /// Runs to read.
        runs: usize,
        /// Rows in them, as far as the source says.
        rows: u64,
    },
    /// A run is being read.
    RunStarted {
        /// Which.
        run: &'a RunPath,
    },
    /// Rows of the current run were read.
    Rows {
        /// How many more.
        rows: u64,
    },
    /// A run was read whole.
    RunFinished {
        /// Which.
        run: &'a RunPath,
        /// Its history rows.
        rows: u64,
        /// How complete they are.
        completeness: Completeness,
    },
    /// A run could not be read; the others go on.
    RunFailed {
        /// Which.
        run: &'a RunPath,
        /// Why.
        error: &'a crate::Error,
    },
    /// Something that the user should know, and that stops nothing.
    Warning {
        /// What, in one line.
        text: String,
    },
}

/// Told of every [`Event`] in order, on the task that runs the job.
pub type Observer<'a> = dyn FnMut(Event<'_>) + Send + 'a;
