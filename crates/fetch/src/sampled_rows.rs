//! The sampled rows of one run as they stand in the reply, for those who make columns of them and those who make objects.

use std::collections::HashMap;

use bytes::Bytes;
use runlake_types::{Json, JsonError, Object, ObjectSink, read_object, read_objects};

use crate::batch::RunsByAlias;
use crate::error::{Error, ErrorKind};
use crate::graphql::{Reply, decode_borrowed};
use crate::runs::failed;
use crate::wire::{ProjectData, SampledHistoryOfRun};

/// What errors call asking for samples.
pub(crate) const OPERATION: &str = "read samples of histories";

/// Sampled rows, in the order of the reply, which is by step. They are not looked at before they are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SampledRows {
    /// The JSON text of lists of rows.
    lists: Vec<Bytes>,
    /// The JSON text of a row each.
    lines: Vec<String>,
}

impl SampledRows {
    pub(crate) fn of_lines(lines: Option<Vec<String>>) -> Self {
        Self { lists: Vec::new(), lines: lines.unwrap_or_default() }
    }

    /// Hands each row to `sink`, member by member, without an object between.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for what is no JSON object; the rows before it were handed over.
    pub fn read(&self, sink: &mut impl ObjectSink) -> Result<(), Error> {
        self.lists.iter().try_for_each(|list| read_objects(text_of(list)?, sink)).map_err(invalid_row)?;
        self.lines.iter().try_for_each(|line| read_object(line, sink)).map_err(invalid_row)
    }

    /// The rows as objects.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn to_objects(&self) -> Result<Vec<Object>, Error> {
        let mut objects = Objects::default();
        self.read(&mut objects)?;
        Ok(objects.whole)
    }
}

#[derive(Default)]
struct Objects {
    whole: Vec<Object>,
    open: Object,
}

impl ObjectSink for Objects {
    fn member(&mut self, name: &str, value: Json) {
        self.open.insert(name.to_owned(), value);
    }

    fn end_object(&mut self) {
        self.whole.push(std::mem::take(&mut self.open));
    }
}

fn text_of(list: &[u8]) -> Result<&str, JsonError> {
    std::str::from_utf8(list).map_err(|error| JsonError { offset: error.valid_up_to(), expected: "UTF-8" })
}

fn invalid_row(source: JsonError) -> Error {
    failed(OPERATION, ErrorKind::InvalidValue { path: "a sampled row".to_owned(), source })
}

/// Reads a reply whose lists of rows stay where they are: slices of its body, which cost no copy.
pub(crate) fn read_sampled_runs(body: &Bytes) -> Result<RunsByAlias<SampledRows>, ErrorKind> {
    let (data, errors) = decode_borrowed(body, |body| {
        let Reply { data, errors } = serde_json::from_slice::<Reply<RunsByAlias<SampledHistoryOfRun<'_>>>>(body)?;
        let rows = |run: SampledHistoryOfRun<'_>| {
            let lists = run.sampled_history.into_iter().flatten().flatten();
            SampledRows { lists: lists.map(|list| body.slice_ref(list.get().as_bytes())).collect(), lines: Vec::new() }
        };
        let by_alias =
            |runs: HashMap<String, Option<SampledHistoryOfRun<'_>>>| runs.into_iter().map(|(alias, run)| (alias, run.map(rows))).collect();
        Ok((data.map(|data| ProjectData { project: data.project.map(by_alias) }), errors))
    })?;
    Reply { data, errors }.complete()
}
