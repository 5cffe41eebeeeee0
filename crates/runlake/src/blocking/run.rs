//! [`crate::Run`] without async.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::path::Path;

use futures::TryStreamExt as _;
use futures::stream::BoxStream;
use runlake_fetch::{ConsoleLine, NewRun, Sweep};
use runlake_ingest::ScanReport;
use runlake_types::{HistoryKeys, Json, Object, RunRecord, RunState};

use super::{Api, Executor};
use crate::{ConsoleOptions, Error, HistoryExports, HistoryOptions, ScanOptions, WaitOptions};

/// One run: [`crate::Run`], whose methods have the words on each call.
#[derive(Clone, Debug)]
pub struct Run {
    pub(super) run: crate::Run,
    pub(super) executor: Executor,
}

/// A scan in progress, row by row; after an error it has ended.
#[derive(Debug)]
pub struct HistoryScan {
    scan: crate::HistoryScan,
    page: std::vec::IntoIter<Object>,
    executor: Executor,
    has_failed: bool,
}

/// The lines of a console, fetched as they are asked for. It ends after an error.
pub struct ConsoleLogs {
    lines: BoxStream<'static, Result<ConsoleLine, Error>>,
    executor: Executor,
}

impl Run {
    pub(super) fn new(run: crate::Run, executor: Executor) -> Self {
        Self { run, executor }
    }

    /// [`crate::Run::create`].
    ///
    /// # Errors
    /// As there.
    pub fn create(api: &Api, new: NewRun) -> Result<Self, Error> {
        api.create_run(new)
    }

    /// [`crate::Run::sweep`].
    ///
    /// # Errors
    /// As there.
    pub fn sweep(&self) -> Result<Option<&Sweep>, Error> {
        self.executor.wait(self.run.sweep())
    }

    /// [`crate::Run::config`].
    ///
    /// # Errors
    /// As there.
    pub fn config(&self) -> Result<&Object, Error> {
        self.executor.wait(self.run.config())
    }

    /// [`crate::Run::config_mut`].
    ///
    /// # Errors
    /// As there.
    pub fn config_mut(&mut self) -> Result<&mut Object, Error> {
        self.executor.wait(self.run.config_mut())
    }

    /// [`crate::Run::rawconfig`].
    ///
    /// # Errors
    /// As there.
    pub fn rawconfig(&self) -> Result<Object, Error> {
        self.executor.wait(self.run.rawconfig())
    }

    /// [`crate::Run::json_config`].
    ///
    /// # Errors
    /// As there.
    pub fn json_config(&self) -> Result<String, Error> {
        self.executor.wait(self.run.json_config())
    }

    /// [`crate::Run::summary`].
    ///
    /// # Errors
    /// As there.
    pub fn summary(&self) -> Result<&Object, Error> {
        self.executor.wait(self.run.summary())
    }

    /// [`crate::Run::summary_metrics`].
    ///
    /// # Errors
    /// As there.
    pub fn summary_metrics(&self) -> Result<Object, Error> {
        self.executor.wait(self.run.summary_metrics())
    }

    /// [`crate::Run::summary_mut`].
    ///
    /// # Errors
    /// As there.
    pub fn summary_mut(&mut self) -> Result<&mut Object, Error> {
        self.executor.wait(self.run.summary_mut())
    }

    /// [`crate::Run::update_summary`].
    ///
    /// # Errors
    /// As there.
    pub fn update_summary<K: Into<String>, V: Into<Json>>(&mut self, values: impl IntoIterator<Item = (K, V)> + Send) -> Result<(), Error> {
        self.executor.wait(self.run.update_summary(values))
    }

    /// [`crate::Run::system_metrics`].
    ///
    /// # Errors
    /// As there.
    pub fn system_metrics(&self) -> Result<&Object, Error> {
        self.executor.wait(self.run.system_metrics())
    }

    /// [`crate::Run::history_keys`].
    ///
    /// # Errors
    /// As there.
    pub fn history_keys(&self) -> Result<Option<&HistoryKeys>, Error> {
        self.executor.wait(self.run.history_keys())
    }

    /// [`crate::Run::last_history_step`].
    ///
    /// # Errors
    /// As there.
    pub fn last_history_step(&self) -> Result<Option<i64>, Error> {
        self.executor.wait(self.run.last_history_step())
    }

    /// [`crate::Run::metadata`].
    ///
    /// # Errors
    /// As there.
    pub fn metadata(&self) -> Result<Option<&Object>, Error> {
        self.executor.wait(self.run.metadata())
    }

    /// [`crate::Run::full_record`].
    ///
    /// # Errors
    /// As there.
    pub fn full_record(&self) -> Result<RunRecord, Error> {
        self.executor.wait(self.run.full_record())
    }

    /// [`crate::Run::load`].
    ///
    /// # Errors
    /// As there.
    pub fn load(&mut self, force: bool) -> Result<(), Error> {
        self.executor.wait(self.run.load(force))
    }

    /// [`crate::Run::load_full_data`].
    ///
    /// # Errors
    /// As there.
    pub fn load_full_data(&mut self, force: bool) -> Result<(), Error> {
        self.executor.wait(self.run.load_full_data(force))
    }

    /// [`crate::Run::update`].
    ///
    /// # Errors
    /// As there.
    pub fn update(&mut self) -> Result<(), Error> {
        self.executor.wait(self.run.update())
    }

    /// [`crate::Run::save`].
    ///
    /// # Errors
    /// As there.
    pub fn save(&mut self) -> Result<(), Error> {
        self.executor.wait(self.run.save())
    }

    /// [`crate::Run::delete`].
    ///
    /// # Errors
    /// As there.
    pub fn delete(self, delete_artifacts: bool) -> Result<(), Error> {
        self.executor.wait(self.run.delete(delete_artifacts))
    }

    /// [`crate::Run::update_state`].
    ///
    /// # Errors
    /// As there.
    pub fn update_state(&mut self, state: RunState) -> Result<bool, Error> {
        self.executor.wait(self.run.update_state(state))
    }

    /// [`crate::Run::stop`].
    ///
    /// # Errors
    /// As there.
    pub fn stop(&self) -> Result<(), Error> {
        self.executor.wait(self.run.stop())
    }

    /// [`crate::Run::wait_until_finished`].
    ///
    /// # Errors
    /// As there.
    pub fn wait_until_finished(&mut self, options: WaitOptions) -> Result<&RunState, Error> {
        self.executor.wait(self.run.wait_until_finished(options))
    }

    /// [`crate::Run::history`].
    ///
    /// # Errors
    /// As there.
    pub fn history(&self, options: &HistoryOptions) -> Result<Vec<Object>, Error> {
        self.executor.wait(self.run.history(options))
    }

    /// [`crate::Run::scan_history`].
    ///
    /// # Errors
    /// As there.
    pub fn scan_history(&self, options: ScanOptions) -> Result<HistoryScan, Error> {
        let scan = self.executor.wait(self.run.scan_history(options))?;
        Ok(HistoryScan { scan, page: Vec::new().into_iter(), executor: self.executor.clone(), has_failed: false })
    }

    /// [`crate::Run::download_history_exports`].
    ///
    /// # Errors
    /// As there.
    pub fn download_history_exports(
        &self,
        folder: impl AsRef<Path> + Send,
        require_complete_history: bool,
    ) -> Result<HistoryExports, Error> {
        self.executor.wait(self.run.download_history_exports(folder, require_complete_history))
    }

    /// [`crate::Run::console_logs`].
    pub fn console_logs(&self, options: ConsoleOptions) -> ConsoleLogs {
        ConsoleLogs { lines: self.run.console_logs(options), executor: self.executor.clone() }
    }
}

impl HistoryScan {
    /// [`crate::HistoryScan::report`].
    pub fn report(&self) -> &ScanReport {
        self.scan.report()
    }
}

impl Iterator for HistoryScan {
    type Item = Result<Object, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_failed {
            return None;
        }
        if self.page.as_slice().is_empty() {
            match self.executor.wait(self.scan.next_page()) {
                Ok(page) => self.page = page?.into_iter(),
                Err(error) => {
                    self.has_failed = true;
                    return Some(Err(error));
                }
            }
        }
        self.page.next().map(Ok)
    }
}

impl Iterator for ConsoleLogs {
    type Item = Result<ConsoleLine, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.executor.wait(self.lines.try_next()).transpose()
    }
}

impl fmt::Debug for ConsoleLogs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ConsoleLogs").finish_non_exhaustive()
    }
}

/// What needs no waiting.
impl Deref for Run {
    type Target = crate::Run;

    fn deref(&self) -> &crate::Run {
        &self.run
    }
}

/// What needs no waiting, such as setting tags.
impl DerefMut for Run {
    fn deref_mut(&mut self) -> &mut crate::Run {
        &mut self.run
    }
}
