//! What the end-to-end tests stand on: the real binary, real HTTP on loopback, the official SDK, and sample runs with what they logged.
//!
//! | to find | look in |
//! |---|---|
//! | the `runlake` binary | [`binary`] |
//! | a call of it, in a clean environment, and what it answered | [`command`] |
//! | `runlake serve` in the background | [`backend`] |
//! | the lake with the sample runs, and rows out of any lake | [`lake`] |
//! | what the sample runs logged | [`truth`] |
//! | every member of the run API through runlake, and the table that holds it against the official SDK | [`members`] |
//! | Python with the official SDK and other readers of lakes | [`python`] |
//! | folders that test processes share | [`shared`] |
//!
//! A helper that cannot do its part panics and says why: no test passes because something is missing.

pub mod backend;
pub mod binary;
pub mod command;
pub mod cutting_proxy;
pub mod lake;
pub mod members;
pub mod python;
pub mod shared;
pub mod truth;
