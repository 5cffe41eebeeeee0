//! The sampled rows of one run as they stand in the reply, for those who make columns of them and those who make objects.

use std::collections::HashMap;

use bytes::Bytes;
use runlake_types::{JsonError, Object, ObjectSink, Objects, RunPath, read_object, read_objects};

use crate::batch::RunsByAlias;
use crate::error::{Error, ErrorKind};
use crate::graphql::{Reply, decode_borrowed, read_tracking};
use crate::runs::failed;
use crate::wire::{ProjectData, SampledHistoryOfRun};

/// What errors call asking for samples.
pub(crate) const OPERATION: &str = "read samples of histories";

/// Sampled rows, in the order of the reply, which is by step. They are not looked at before they are read, and may keep the whole reply in
/// memory, which is that of all runs of the request.
#[derive(Clone, Debug)]
pub struct SampledRows {
    run: RunPath,
    text: RowText,
}

#[derive(Clone, Debug)]
pub(crate) enum RowText {
    /// The JSON text of lists of rows.
    Lists(Vec<Bytes>),
    /// The JSON text of a row each.
    Lines(Vec<String>),
}

impl SampledRows {
    pub(crate) fn new(run: RunPath, text: RowText) -> Self {
        Self { run, text }
    }

    /// Hands each row to `sink`, member by member, without an object between.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for what is no JSON object. The rows before it were handed over, and perhaps a part of it, so that `sink`
    /// is not to be used any more.
    pub fn read(&self, sink: &mut impl ObjectSink) -> Result<(), Error> {
        match &self.text {
            RowText::Lists(lists) => lists
                .iter()
                .try_for_each(|list| read_objects(text_of(list)?, sink))
                .map_err(|source| self.invalid("the sampled rows", source)),
            RowText::Lines(lines) => (1..).zip(lines).try_for_each(|(number, line)| {
                read_object(line, sink).map_err(|source| self.invalid(&format!("row {number} of the sample"), source))
            }),
        }
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

    fn invalid(&self, what: &str, source: JsonError) -> Error {
        failed(OPERATION, ErrorKind::InvalidValue { path: format!("{what} of {}", self.run), source })
    }
}

fn text_of(list: &[u8]) -> Result<&str, JsonError> {
    std::str::from_utf8(list).map_err(|error| JsonError { offset: error.valid_up_to(), expected: "UTF-8" })
}

/// Reads a reply whose lists of rows stay where they are: slices of its body, which cost no copy.
pub(crate) fn read_sampled_runs(body: &Bytes) -> Result<RunsByAlias<RowText>, ErrorKind> {
    let (data, errors) = decode_borrowed(body, |body| {
        let Reply { data, errors } = read_tracking::<Reply<RunsByAlias<SampledHistoryOfRun<'_>>>>(body)?;
        let lists = |run: SampledHistoryOfRun<'_>| {
            let lists = run.sampled_history.into_iter().flatten().flatten();
            RowText::Lists(lists.map(|list| body.slice_ref(list.get().as_bytes())).collect())
        };
        let by_alias =
            |runs: HashMap<String, Option<SampledHistoryOfRun<'_>>>| runs.into_iter().map(|(alias, run)| (alias, run.map(lists))).collect();
        Ok((data.map(|data| ProjectData { project: data.project.map(by_alias) }), errors))
    })?;
    Reply { data, errors }.complete()
}
