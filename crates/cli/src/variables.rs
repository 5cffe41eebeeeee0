//! The environment variables that the command reads itself. Those of the API client are in `runlake_fetch::Environment`.

/// The key that `serve` asks for; made and printed when unset.
pub(crate) const RUNLAKE_SERVER_KEY: &str = "RUNLAKE_SERVER_KEY";
/// What is logged to stderr, in the syntax of `tracing`, such as `runlake_fetch=debug`.
pub(crate) const RUNLAKE_LOG: &str = "RUNLAKE_LOG";

/// How wide the terminal is, when that is not to be asked of it.
pub(crate) const COLUMNS: &str = "COLUMNS";

/// No colour, whatever the terminal can; when it is not empty (<https://no-color.org>).
pub(crate) const NO_COLOR: &str = "NO_COLOR";

/// Where the user keeps what programs remember: the history of `sql`.
pub(crate) const XDG_STATE_HOME: &str = "XDG_STATE_HOME";
/// The user's home.
pub(crate) const HOME: &str = "HOME";

/// The table in `--help`.
pub(crate) const HELP: &str = "\
Environment variables:
  WANDB_API_KEY       the key of the service, when --api-key is not given
  WANDB_BASE_URL      the service, when --base-url is not given
  WANDB_CONFIG_DIR    where the SDK's settings file is looked for
  NETRC               the netrc file that holds keys, in the place of ~/.netrc
  RUNLAKE_SERVER_KEY  the key that `serve` asks for; made and printed when unset
  RUNLAKE_LOG         what is logged to stderr, such as `runlake_fetch=debug`
  XDG_STATE_HOME      where the history of `sql` is kept [default: ~/.local/state]
  COLUMNS             how wide tables may be [default: as the terminal; 120 elsewhere]
  NO_COLOR            no colour in messages and charts";
