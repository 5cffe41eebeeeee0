//! Work that takes the processor for long, done on rayon's threads: as many at once as there are cores, the threads that wait for answers
//! stay free.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use tokio::sync::oneshot;

/// Does `work` on the pool, first come first served. A panic there goes on here.
pub async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (send, done) = oneshot::channel();
    rayon::spawn_fifo(move || {
        // Nobody waits any more when the job was stopped.
        if send.is_closed() {
            return;
        }
        drop(send.send(catch_unwind(AssertUnwindSafe(work))));
    });
    match done.await {
        Ok(Ok(done)) => done,
        Ok(Err(panic)) => resume_unwind(panic),
        Err(_) => unreachable!("the pool does all work that it was given"),
    }
}
