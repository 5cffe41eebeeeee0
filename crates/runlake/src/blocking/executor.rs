//! The threads behind the blocking objects.

use std::sync::Arc;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::Error;
use crate::error::ErrorKind;

/// Threads for requests: they wait for the network, and decode what comes on threads of their own.
const THREADS: usize = 2;

/// Runs futures to their end. Clones share the threads, which end with the last of them.
#[derive(Clone, Debug)]
pub(super) struct Executor(Arc<Runtime>);

impl Executor {
    pub(super) fn start() -> Result<Self, Error> {
        let runtime = Builder::new_multi_thread().worker_threads(THREADS).thread_name("runlake-api").enable_all().build();
        Ok(Self(Arc::new(runtime.map_err(|source| ErrorKind::Runtime { source })?)))
    }

    /// Waits for a call.
    pub(super) fn wait<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        if Handle::try_current().is_ok() {
            return Err(Error::invalid("a blocking call was made on a thread of an async runtime: use the async objects there"));
        }
        self.0.block_on(call)
    }
}
