//! The Parquet library panics on some damaged files. Whoever reads foreign files calls it through here, where a panic becomes an error like
//! any other.
//!
//! A panic hook still runs. [`panic_is_caught`] tells it which panics need not be shown.

use std::cell::Cell;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use parquet::errors::ParquetError;

thread_local! {
    static IS_CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic of this thread would become an error now. For panic hooks, which run before that:
///
/// ```
/// let show = std::panic::take_hook();
/// std::panic::set_hook(Box::new(move |panic| {
///     if !runlake_ingest::panic_is_caught() {
///         show(panic);
///     }
/// }));
/// ```
pub fn panic_is_caught() -> bool {
    IS_CAUGHT.get()
}

/// Does `work` of the Parquet library.
///
/// # Errors
/// [`ParquetError::General`] when it panics.
pub fn without_panic<T>(work: impl FnOnce() -> T) -> Result<T, ParquetError> {
    let before = IS_CAUGHT.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    IS_CAUGHT.set(before);
    done.map_err(|_panic| ParquetError::General("the file is damaged".to_owned()))
}

/// As [`without_panic`], for work that waits.
///
/// # Errors
/// Those of `work`, and [`ParquetError::General`] when it panics.
pub async fn polled_without_panic<T>(work: impl Future<Output = Result<T, ParquetError>>) -> Result<T, ParquetError> {
    let mut work = pin!(work);
    poll_fn(|context| without_panic(|| work.as_mut().poll(context)).unwrap_or_else(|damage| Poll::Ready(Err(damage)))).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_and_known_to_be_one() {
        assert!(!panic_is_caught());
        assert!(without_panic(panic_is_caught).unwrap());
        let damaged = without_panic(|| -> u32 { panic!("out of bounds") }).unwrap_err();
        assert_eq!(damaged.to_string(), "Parquet error: the file is damaged");
        assert!(!panic_is_caught());
        let damaged =
            futures::executor::block_on(polled_without_panic(async { Err::<u32, _>(without_panic(|| panic!("inner")).unwrap_err()) }));
        assert_eq!(damaged.unwrap_err().to_string(), "Parquet error: the file is damaged");
        assert!(futures::executor::block_on(polled_without_panic(async { Ok(panic_is_caught()) })).unwrap());
    }
}
