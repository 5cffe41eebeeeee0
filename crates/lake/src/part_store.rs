//! The store of a table's part files, and where it is quickest to read it and to work on what was read.

use std::sync::Arc;

use futures::executor::block_on;
use object_store::ObjectStore;
use runlake_ingest::off_thread;

use crate::Error;

/// A store in which the paths of part files are relative to their table. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct PartStore {
    pub(crate) store: Arc<dyn ObjectStore>,
    /// Whether it is a folder of this machine.
    pub(crate) is_local: bool,
}

impl PartStore {
    /// Does `read`, which reads the store, and then `work`, which takes the processor, on one of the threads that compute.
    ///
    /// A folder is read by that thread too: then no threads are needed that wait for files, and what is read goes into memory that the thread
    /// has had before, no page of which is new.
    pub(crate) async fn read_and_work<R: Send + 'static, T: Send + 'static>(
        &self,
        read: impl Future<Output = Result<R, Error>> + Send + 'static,
        work: impl FnOnce(R) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        if self.is_local {
            return off_thread(move || work(block_on(read)?)).await;
        }
        let read = read.await?;
        off_thread(move || work(read)).await
    }
}
