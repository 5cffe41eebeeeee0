//! The shell of SQL: lines in, results out.
//!
//! | to find | look in |
//! |---|---|
//! | what a line does | [`Shell`] |
//! | the commands that begin with a dot | `dot_command` |
//! | lines typed at a terminal, with their history | [`Lines`], [`History`] |
//! | what the tab key offers | [`Words`] |

mod dot_command;
mod history;
mod lines;
mod session;
mod words;

pub(crate) use history::History;
pub(crate) use lines::{Lines, Typed};
pub(crate) use session::Shell;
pub(crate) use words::Words;
