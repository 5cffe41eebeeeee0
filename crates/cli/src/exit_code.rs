//! Exit codes, as `runlake --help` documents them. Usage errors exit with 2, which clap does itself.

/// Everything was done.
pub(crate) const OK: u8 = 0;
/// It could not be done, for a reason that has no code of its own.
pub(crate) const FAILURE: u8 = 1;
/// An argument is not what it should be: a path, a filter, an order, a column.
pub(crate) const USAGE: u8 = 2;
/// No key, or one that the server does not take.
pub(crate) const UNAUTHENTICATED: u8 = 3;
/// The project, run, lake or folder is not there.
pub(crate) const NOT_FOUND: u8 = 4;
/// Some runs or logs could not be read; the rest was done.
pub(crate) const PARTIAL: u8 = 5;
/// `verify` found faults.
pub(crate) const FAULTS: u8 = 6;
/// The server could not be reached, or did not answer as it should.
pub(crate) const SERVER: u8 = 7;
/// Stopped by Ctrl-C; the same command goes on where it stopped.
pub(crate) const INTERRUPTED: u8 = 130;

/// The table in `--help`.
pub(crate) const HELP: &str = "\
Exit codes:
    0  everything was done
    1  it could not be done
    2  wrong usage: an option, path, filter, order or column
    3  no key, or one that the server does not take
    4  the project, run, lake or folder is not there
    5  some runs or logs could not be read, the rest was done
    6  verify found faults
    7  the server could not be reached or did not answer as it should
  130  stopped by Ctrl-C; the same command goes on where it stopped";
