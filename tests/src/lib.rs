//! What the end-to-end tests stand on: the real binary, real HTTP on loopback, the official SDK, and sample runs with what they logged.
//!
//! | to find | look in |
//! |---|---|
//! | the `runlake` binary | [`binary`] |
//! | a call of it, in a clean environment, and what it answered | [`command`] |
//! | `runlake serve` in the background | [`backend`] |
//! | faults between a client and that backend | [`fault`], [`fault_proxy`] |
//! | the lake with the sample runs, and rows out of any lake | [`lake`] |
//! | exports through faults that pass | [`absorbed`] |
//! | chance with a seed, and how often to try it | [`chance`] |
//! | two lakes compared | [`same_lake`] |
//! | a project whose runs the test writes itself | [`service`] |
//! | what the sample runs logged | [`truth`] |
//! | a lake whose runs questions stumble over | [`odd_lake`] |
//! | every member of the run API through runlake, and the table that holds it against the official SDK | [`members`] |
//! | Python with the official SDK and other readers of lakes | [`python`] |
//! | an S3 server | [`object_store`] |
//! | folders that test processes share | [`shared`] |
//!
//! A helper that cannot do its part panics and says why: no test passes because something is missing.

pub mod absorbed;
pub mod backend;
pub mod binary;
pub mod chance;
pub mod command;
pub mod cutting_proxy;
pub mod fault;
pub mod fault_proxy;
pub mod lake;
pub mod members;
pub mod object_store;
pub mod odd_lake;
pub mod python;
pub mod same_lake;
pub mod service;
pub mod shared;
pub mod truth;
