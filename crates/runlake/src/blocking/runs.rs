//! [`crate::Runs`] without async.

use std::ops::Deref;

use super::{Executor, Run};
use crate::{Error, Histories, HistoriesOptions};

/// The runs of a project: [`crate::Runs`], whose methods have the words on each call.
#[derive(Clone, Debug)]
pub struct Runs {
    runs: crate::Runs,
    executor: Executor,
}

impl Runs {
    pub(super) fn new(runs: crate::Runs, executor: Executor) -> Self {
        Self { runs, executor }
    }

    /// [`crate::Runs::len`].
    ///
    /// # Errors
    /// As there.
    pub fn len(&self) -> Result<u64, Error> {
        self.executor.wait(self.runs.len())
    }

    /// [`crate::Runs::is_empty`].
    ///
    /// # Errors
    /// As there.
    pub fn is_empty(&self) -> Result<bool, Error> {
        self.executor.wait(self.runs.is_empty())
    }

    /// [`crate::Runs::get`].
    ///
    /// # Errors
    /// As there.
    pub fn get(&self, index: usize) -> Result<Option<Run>, Error> {
        let run = self.executor.wait(self.runs.get(index))?;
        Ok(run.map(|run| Run::new(run, self.executor.clone())))
    }

    /// Every run from the first on, each page fetched when it is reached. It ends after an error.
    pub fn iter(&self) -> impl Iterator<Item = Result<Run, Error>> + use<'_> {
        let mut next = Some(0);
        std::iter::from_fn(move || {
            let index = next.take()?;
            let run = self.get(index).transpose()?;
            next = run.is_ok().then_some(index + 1);
            Some(run)
        })
    }

    /// [`crate::Runs::all`].
    ///
    /// # Errors
    /// As there.
    pub fn all(&self) -> Result<Vec<Run>, Error> {
        let runs = self.executor.wait(self.runs.all())?;
        Ok(runs.into_iter().map(|run| Run::new(run, self.executor.clone())).collect())
    }

    /// [`crate::Runs::upgrade_to_full`].
    ///
    /// # Errors
    /// As there.
    pub fn upgrade_to_full(&self) -> Result<(), Error> {
        self.executor.wait(self.runs.upgrade_to_full())
    }

    /// [`crate::Runs::histories`].
    ///
    /// # Errors
    /// As there.
    pub fn histories(&self, options: &HistoriesOptions) -> Result<Histories, Error> {
        self.executor.wait(self.runs.histories(options))
    }
}

/// What needs no waiting.
impl Deref for Runs {
    type Target = crate::Runs;

    fn deref(&self) -> &crate::Runs {
        &self.runs
    }
}
