//! Queries on threads of their own, which no async runtime knows: Polars panics where it would have to wait on a runtime of one thread.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::{Error, ErrorKind};

const THREAD: &str = "runlake-answer";

/// Pieces of work in progress on another thread. The thread waits while one piece is not taken, and learns from a failed send that nobody
/// wants the rest. A panic of the thread is an error here: never a silent end.
#[derive(Debug)]
pub(crate) struct Handover<T> {
    pieces: Receiver<T>,
    worker: Option<JoinHandle<Result<(), Error>>>,
}

impl<T: Send + 'static> Handover<T> {
    /// Starts `work` on a thread.
    pub(crate) fn start(work: impl FnOnce(SyncSender<T>) -> Result<(), Error> + Send + 'static) -> Result<Self, Error> {
        let (sender, pieces) = sync_channel(1);
        let worker = std::thread::Builder::new().name(THREAD.to_owned()).spawn(move || work(sender));
        Ok(Self { pieces, worker: Some(worker.map_err(ErrorKind::Thread)?) })
    }
}

impl<T> Iterator for Handover<T> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Ok(piece) = self.pieces.recv() {
            return Some(Ok(piece));
        }
        match self.worker.take()?.join() {
            Ok(ended) => ended.err().map(Err),
            Err(panic) => Some(Err(panicked(panic.as_ref()))),
        }
    }
}

/// Does `work` on a thread and waits for it. A panic is an error.
pub(crate) fn on_a_thread<T: Send>(work: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    std::thread::scope(|scope| {
        let worker = std::thread::Builder::new().name(THREAD.to_owned()).spawn_scoped(scope, work);
        worker.map_err(ErrorKind::Thread)?.join().unwrap_or_else(|panic| Err(panicked(panic.as_ref())))
    })
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Error {
    let message = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
    ErrorKind::Panicked { message: message.unwrap_or_default() }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_in_order_and_then_the_error() {
        let mut pieces = Handover::start(|sender| {
            (0..3).try_for_each(|piece| sender.send(piece)).unwrap();
            Err(ErrorKind::UnknownKey { key: "x".to_owned(), near: Vec::new() }.into())
        })
        .unwrap();
        assert_eq!(pieces.by_ref().take(3).map(Result::unwrap).collect::<Vec<i32>>(), [0, 1, 2]);
        assert_eq!(pieces.next().unwrap().unwrap_err().to_string(), "no run has a key `x`");
        assert!(pieces.next().is_none());
    }

    #[test]
    fn a_panic_is_no_end() {
        let mut pieces = Handover::<i32>::start(|_| panic!("the plan is {}", "wrong")).unwrap();
        assert_eq!(pieces.next().unwrap().unwrap_err().to_string(), "the query came to a sudden end: the plan is wrong");
        assert!(pieces.next().is_none());
    }

    #[test]
    fn nobody_listens() {
        let (ended, wait) = std::sync::mpsc::sync_channel(1);
        let pieces = Handover::start(move |sender| {
            while sender.send(0).is_ok() {}
            ended.send(()).unwrap();
            Ok(())
        });
        drop(pieces);
        wait.recv_timeout(std::time::Duration::from_mins(1)).unwrap();
    }
}
