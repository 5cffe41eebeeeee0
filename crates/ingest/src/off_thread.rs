//! Work that takes the processor for long, kept off the threads that wait for answers.

use tokio::task::spawn_blocking;

/// Does `work` on a thread of the runtime's pool for blocking work. A panic there goes on here.
pub(crate) async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => unreachable!("only a runtime that ends, and with it this task, cancels blocking work: {error}"),
        },
    }
}
