//! The result of a question.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use polars::prelude::{CompatLevel, DataFrame, IntoLazy as _, LazyFrame};

use super::handover::on_a_thread;
use super::{Batches, Origin};
use crate::Error;
use crate::bridge::{batches_of_frame, schema_at};

/// The result of a question: rows that are computed when they are asked for, and where they came from. Cheap to clone; each of the ways to
/// the rows runs the query anew.
///
/// ```
/// use polars::df;
/// use polars::prelude::IntoLazy as _;
/// use runlake_query::{Answer, Origin};
/// let best = df!("run_id" => ["a", "b"], "best" => [0.9, 0.8])?;
/// let answer = Answer::new(best.lazy(), Origin::new().with_question("best of val.acc"));
/// assert_eq!(answer.collect()?.height(), 2);
/// assert_eq!(answer.to_batches()?[0].num_columns(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Answer {
    frame: LazyFrame,
    origin: Origin,
}

impl Answer {
    /// The rows of `frame`.
    pub fn new(frame: LazyFrame, origin: Origin) -> Self {
        Self { frame, origin }
    }

    /// The rows of a frame that is in memory.
    pub fn of_frame(frame: DataFrame, origin: Origin) -> Self {
        Self::new(frame.lazy(), origin)
    }

    /// The query, to go on from with Polars.
    pub fn frame(&self) -> &LazyFrame {
        &self.frame
    }

    /// Where the answer came from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The columns, without running the query. Strings are `Utf8View`, as in [`Answer::to_batches`].
    ///
    /// # Errors
    /// [`ErrorKind::Polars`](crate::ErrorKind::Polars) when the query names what is not there.
    pub fn schema(&self) -> Result<SchemaRef, Error> {
        on_a_thread(|| schema_at(&*self.frame.clone().collect_schema()?, CompatLevel::newest()))
    }

    /// The steps that the engine would take, for people: what is read of which files, what is pushed down into them.
    ///
    /// # Errors
    /// As [`Answer::schema`].
    pub fn explain(&self) -> Result<String, Error> {
        on_a_thread(|| Ok(self.frame.explain(true)?))
    }

    /// All rows as a Polars frame, in memory. Waits, and so does not belong on the threads of an async runtime.
    ///
    /// # Errors
    /// [`ErrorKind::Polars`](crate::ErrorKind::Polars) when the query fails.
    pub fn collect(&self) -> Result<DataFrame, Error> {
        on_a_thread(|| Ok(self.frame.clone().collect()?))
    }

    /// All rows as Arrow record batches, in memory: numbers are not copied, strings are `Utf8View`. Waits, as [`Answer::collect`].
    ///
    /// # Errors
    /// As [`Answer::collect`], and [`ErrorKind::Arrow`](crate::ErrorKind::Arrow) for a dtype that arrow-rs does not have.
    pub fn to_batches(&self) -> Result<Vec<RecordBatch>, Error> {
        batches_of_frame(&mut self.collect()?)
    }

    /// The rows while the query runs, for results larger than memory.
    ///
    /// ```
    /// use polars::df;
    /// use polars::prelude::IntoLazy as _;
    /// use runlake_query::{Answer, Origin};
    /// let answer = Answer::new(df!("step" => [1i64, 2, 3])?.lazy(), Origin::new());
    /// let mut rows = 0;
    /// for batch in answer.batches()? {
    ///     rows += batch?.num_rows();
    /// }
    /// assert_eq!(rows, 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Answer::schema`]; what goes wrong later comes in the place of a batch.
    pub fn batches(&self) -> Result<Batches, Error> {
        Batches::start(self.frame.clone(), CompatLevel::newest())
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Answer").field("origin", &self.origin).finish_non_exhaustive()
    }
}
