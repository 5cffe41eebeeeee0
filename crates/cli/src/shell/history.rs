//! Where the shell keeps what was typed, for the next time.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::variables;

/// The file with the statements that were typed: statements only, so that no key can be in it but one that somebody typed into SQL.
#[derive(Clone, Debug)]
pub(crate) struct History(Option<PathBuf>);

impl History {
    /// `runlake/sql_history` in the user's folder for state. Where there is no home, nothing is kept.
    pub(crate) fn open() -> Self {
        let folder = state_folder(std::env::var_os(variables::XDG_STATE_HOME), std::env::var_os(variables::HOME));
        let made = folder.map(|folder| folder.join("runlake")).filter(|folder| fs_err::create_dir_all(folder).is_ok());
        Self(made.map(|folder| folder.join("sql_history")))
    }

    /// The file, when there is a place for one.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.0.as_deref()
    }
}

/// The folder for what programs keep between runs (<https://specifications.freedesktop.org/basedir-spec/latest/>).
fn state_folder(state: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let absolute = |folder: OsString| Some(PathBuf::from(folder)).filter(|folder| folder.is_absolute());
    state.and_then(absolute).or_else(|| home.and_then(absolute).map(|home| home.join(".local/state")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_the_users() {
        let folder = |state: Option<&str>, home: Option<&str>| state_folder(state.map(OsString::from), home.map(OsString::from));
        assert_eq!(folder(Some("/state"), Some("/home/a")), Some("/state".into()));
        assert_eq!(folder(Some("relative"), Some("/home/a")), Some("/home/a/.local/state".into()));
        assert_eq!(folder(None, None), None);
    }
}
