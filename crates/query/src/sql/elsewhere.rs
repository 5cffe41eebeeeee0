//! Work on a thread of its own. Polars waits for its own runtime, and refuses to on some threads of a caller's.

/// Does `work` on a new thread of this name, and waits for it. `None` when it panics, or there is no thread to be had.
pub(super) fn elsewhere<T: Send>(name: &str, work: impl FnOnce() -> T + Send) -> Option<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, work).ok()?;
        thread.join().ok()
    })
}
