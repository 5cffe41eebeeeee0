//! Benchmarks of runlake: the inner loops, and whole jobs beside the official SDK.
//!
//! | to find | look in |
//! |---|---|
//! | the table of whole jobs, row by row | [`table`] |
//! | what each job of runlake is | [`jobs`] |
//! | questions over a lake beside other engines, row by row | [`questions`] |
//! | how runlake answers each of them | [`answers`] |
//! | how a job is run and measured in a process of its own | [`outcome`] |
//! | the same jobs by the official SDK | [`sdk`] |
//! | the data | [`generate`] |
//! | the backend that both sides read from | [`server`], [`backend`] |
//! | whether both sides got the same rows | [`compare`] |
//! | how fast the machine could be | [`floor`] |
//!
//! `README.md` says how to run them and what the rows of the table mean.

pub mod answers;
pub mod backend;
pub mod compare;
pub mod floor;
pub mod generate;
pub mod jobs;
pub mod outcome;
pub mod questions;
pub mod report;
pub mod sdk;
pub mod server;
pub mod table;
