//! The record batches of a query while it runs.

use std::collections::VecDeque;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::Stream;
use polars::prelude::{CompatLevel, DataFrame, Engine, LazyFrame, PlanCallback};

use super::handover::{Handover, on_a_thread};
use crate::bridge::{batches_at, schema_at};
use crate::{Error, ErrorKind};

/// The record batches of a query, in order, while it runs. The query waits when it is a batch ahead and stops when this is dropped, so
/// results larger than memory pass through. An iterator for threads that may wait; [`Batches::into_stream`] for async code.
#[derive(Debug)]
pub struct Batches {
    schema: SchemaRef,
    frames: Handover<DataFrame>,
    ready: VecDeque<RecordBatch>,
    strings: CompatLevel,
}

impl Batches {
    /// Starts the query. `strings` tells whether strings come as views or as one buffer with offsets.
    pub(crate) fn start(query: LazyFrame, strings: CompatLevel) -> Result<Self, Error> {
        let schema = on_a_thread(|| schema_at(&*query.clone().collect_schema()?, strings))?;
        let frames = Handover::start(move |sender| {
            let hand_over = PlanCallback::new(move |frame: DataFrame| Ok(sender.send(frame).is_err()));
            query.sink_batches(hand_over, true, None)?.collect_with_engine(Engine::Streaming)?;
            Ok(())
        })?;
        Ok(Self { schema, frames, ready: VecDeque::new(), strings })
    }

    /// The columns of every batch, known before the first one and when there is none.
    pub fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }

    /// The same batches for async code. The runtime's threads do not wait for the query. Must be polled within a Tokio runtime.
    pub fn into_stream(self) -> impl Stream<Item = Result<RecordBatch, Error>> + Send + 'static {
        futures::stream::unfold(Some(self), |batches| async {
            let mut batches = batches?;
            let taken = tokio::task::spawn_blocking(move || batches.next().map(|batch| (batch, batches))).await;
            match taken {
                Ok(next) => next.map(|(batch, batches)| (batch, Some(batches))),
                Err(error) => Some((Err(ErrorKind::Panicked { message: error.to_string() }.into()), None)),
            }
        })
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Some(Ok(batch));
            }
            match self.frames.next()? {
                Ok(mut frame) => match batches_at(&mut frame, self.strings) {
                    Ok(batches) => self.ready.extend(batches.into_iter().filter(|batch| batch.num_rows() > 0)),
                    Err(error) => return Some(Err(error)),
                },
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
