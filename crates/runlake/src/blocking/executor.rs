//! The threads behind the blocking objects.

use std::sync::Arc;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::Error;
use crate::error::ErrorKind;

/// Threads for requests: they wait for the network, and decode what comes on threads of their own.
const THREADS: usize = 2;

/// Runs futures to their end. Clones share the threads, which end with the last of them.
#[derive(Clone, Debug)]
pub(super) struct Executor(Arc<Threads>);

/// `None` only while it is dropped.
#[derive(Debug)]
struct Threads(Option<Runtime>);

impl Executor {
    pub(super) fn start() -> Result<Self, Error> {
        let runtime = Builder::new_multi_thread().worker_threads(THREADS).thread_name("runlake-api").enable_all().build();
        Ok(Self(Arc::new(Threads(Some(runtime.map_err(|source| ErrorKind::Runtime { source })?)))))
    }

    /// Waits for a call.
    pub(super) fn wait<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        match &self.0.0 {
            Some(runtime) if Handle::try_current().is_err() => runtime.block_on(call),
            _ => Err(Error::invalid("a blocking call was made on a thread of an async runtime: use the async objects there")),
        }
    }
}

impl Drop for Threads {
    /// Does not wait for the threads, which may not be waited for on the thread of another runtime.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
