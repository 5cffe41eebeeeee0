//! The client against a server that answers from a script: every way in which a network, a server or a proxy can fail it.

mod files;
mod listing;
mod reads;
mod retries;
mod secrets;
mod server;
