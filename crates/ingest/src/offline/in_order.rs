//! Logs decoded batch by batch on all cores, and delivered in their order.
//!
//! The thread that asks for the next batch reads files and checks frames; batches are decoded on rayon's threads, a bounded number at
//! once. Since one log follows the other without a pause, many small logs use all cores as one large log does.

use std::collections::VecDeque;
use std::fs::File;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use super::batch::{Batch, BatchReader};
use super::batch_decoder::{DecodedBatch, decode};
use super::damage::Damage;
use super::error::{Error, ErrorKind};
use super::framing::FrameReader;
use super::log_reader::check_header;

/// How many batches are read ahead for each thread that decodes.
const BATCHES_PER_THREAD: usize = 2;
/// How many small logs may be waited for, for each batch.
const LOGS_PER_BATCH: usize = 4;

/// What comes next of a sequence of logs.
#[derive(Debug)]
pub(super) enum Next {
    /// A log begins, with this damage in its header.
    Begin(Damage),
    /// The next batch of the log that has begun.
    Batch(Batch, Box<DecodedBatch>),
    /// The log that has begun ends.
    End,
    /// The log cannot be read, or not further.
    Failed(Error),
}

#[derive(Debug)]
enum Waiting {
    Decoding(Receiver<(Batch, Box<DecodedBatch>)>),
    Done(Next),
}

/// Decodes one log after another.
#[derive(Debug)]
pub(super) struct InOrder<I> {
    paths: I,
    batch_bytes: usize,
    current: Option<(PathBuf, BatchReader<File>)>,
    waiting: VecDeque<Waiting>,
    decoding: usize,
    spares: Vec<Vec<u8>>,
}

impl<I: Iterator<Item = PathBuf>> InOrder<I> {
    /// Decodes the logs at `paths`, reading `batch_bytes` at once.
    pub(super) fn new(paths: I, batch_bytes: usize) -> Self {
        Self { paths, batch_bytes, current: None, waiting: VecDeque::new(), decoding: 0, spares: Vec::new() }
    }

    /// Gives a batch back when it is done with, so that its memory is used again.
    pub(super) fn recycle(&mut self, batch: Batch) {
        self.spares.push(batch.into_buffer());
    }

    /// Reads ahead as far as is allowed.
    fn read_ahead(&mut self) {
        let limit = BATCHES_PER_THREAD * rayon::current_num_threads();
        while self.decoding < limit && self.waiting.len() < LOGS_PER_BATCH * limit {
            let next = match &mut self.current {
                None => match self.paths.next() {
                    None => return,
                    Some(path) => self.open(path),
                },
                Some((path, reader)) => match reader.next_batch(&mut self.spares) {
                    Ok(Some(batch)) => {
                        self.decoding += 1;
                        Waiting::Decoding(decode_elsewhere(batch))
                    }
                    Ok(None) => {
                        self.current = None;
                        Waiting::Done(Next::End)
                    }
                    Err(source) => {
                        let error = ErrorKind::Read { path: std::mem::take(path), offset: reader.offset(), source };
                        self.current = None;
                        Waiting::Done(Next::Failed(error.into()))
                    }
                },
            };
            self.waiting.push_back(next);
        }
    }

    fn open(&mut self, path: PathBuf) -> Waiting {
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(source) => return Waiting::Done(Next::Failed(ErrorKind::Open { path, source }.into())),
        };
        let mut frames = FrameReader::with_read_bytes(file, self.batch_bytes);
        *frames.spare_mut() = self.spares.pop();
        let mut damage = Damage::default();
        if let Err(error) = check_header(&mut frames, &path, &mut damage) {
            return Waiting::Done(Next::Failed(error));
        }
        self.current = Some((path, BatchReader::new(frames)));
        Waiting::Done(Next::Begin(damage))
    }
}

impl<I: Iterator<Item = PathBuf>> Iterator for InOrder<I> {
    type Item = Next;

    fn next(&mut self) -> Option<Next> {
        self.read_ahead();
        Some(match self.waiting.pop_front()? {
            Waiting::Done(next) => next,
            Waiting::Decoding(receiver) => {
                let (batch, decoded) = wait(&receiver).expect("a decoder delivers");
                self.decoding -= 1;
                Next::Batch(batch, decoded)
            }
        })
    }
}

fn decode_elsewhere(batch: Batch) -> Receiver<(Batch, Box<DecodedBatch>)> {
    let (sender, receiver) = sync_channel(1);
    rayon::spawn(move || {
        let decoded = Box::new(decode(&batch));
        // Nobody waits any more when the logs are given up.
        drop(sender.send((batch, decoded)));
    });
    receiver
}

/// Waits for a decoder. One of rayon's own threads decodes meanwhile, since otherwise all of them could end up waiting.
fn wait<T>(receiver: &Receiver<T>) -> Option<T> {
    loop {
        match receiver.try_recv() {
            Ok(value) => return Some(value),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => match rayon::yield_now() {
                None => return receiver.recv().ok(),
                Some(rayon::Yield::Executed) => {}
                Some(rayon::Yield::Idle) => std::thread::yield_now(),
            },
        }
    }
}
