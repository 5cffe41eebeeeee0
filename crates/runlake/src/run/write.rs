//! Changing a run: what is set is written by `update`; deleting, requeueing and stopping are done at once.

use std::time::Duration;

use runlake_fetch::RunUpdate;
use runlake_types::{Json, Object, RunState};
use tokio::time::{Instant, sleep};

use super::{Details, Edited, Run};
use crate::error::ErrorKind;
use crate::{Api, Error};

/// How a run is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitOptions {
    /// The time between two looks. Default: 5 s, as in the official client.
    pub poll_interval: Duration,
    /// For how long at most. Default: for ever.
    pub timeout: Option<Duration>,
}

impl Default for WaitOptions {
    fn default() -> Self {
        Self { poll_interval: Duration::from_secs(5), timeout: None }
    }
}

impl Run {
    /// Makes a run: [`Api::create_run`], under the name that the official client has for it.
    ///
    /// # Errors
    /// As [`Api::create_run`].
    pub async fn create(api: &Api, new: runlake_fetch::NewRun) -> Result<Self, Error> {
        api.create_run(new).await
    }

    /// Sets the name for people.
    pub fn set_name(&mut self, name: impl Into<String>) {
        self.edited.fields.display_name = Some(name.into());
    }

    /// Sets the notes; an empty text clears them.
    pub fn set_notes(&mut self, notes: impl Into<String>) {
        self.edited.fields.notes = Some(notes.into());
    }

    /// Sets the description; an empty text clears it.
    pub fn set_description(&mut self, description: impl Into<String>) {
        self.edited.fields.description = Some(description.into());
    }

    /// Sets the group; an empty text clears it.
    pub fn set_group(&mut self, group: impl Into<String>) {
        self.edited.fields.group = Some(group.into());
    }

    /// Sets the job type; an empty text clears it.
    pub fn set_job_type(&mut self, job_type: impl Into<String>) {
        self.edited.fields.job_type = Some(job_type.into());
    }

    /// Sets all tags.
    pub fn set_tags<T: Into<String>>(&mut self, tags: impl IntoIterator<Item = T>) {
        self.edited.fields.tags = Some(tags.into_iter().map(Into::into).collect());
    }

    /// The config, to be changed; [`update`](Self::update) writes the whole of it.
    ///
    /// # Errors
    /// As [`config`](Self::config).
    pub async fn config_mut(&mut self) -> Result<&mut Object, Error> {
        self.details().await?;
        self.edited.config = true;
        Ok(&mut self.details_mut().await?.config)
    }

    /// The summary, to be changed; [`update`](Self::update) writes the whole of it.
    ///
    /// # Errors
    /// As [`config`](Self::config).
    pub async fn summary_mut(&mut self) -> Result<&mut Object, Error> {
        self.details().await?;
        self.edited.summary = true;
        Ok(&mut self.details_mut().await?.summary)
    }

    /// Puts values into the summary and writes it at once, with what [`summary_mut`](Self::summary_mut) changed before. Nothing else that
    /// was set is written.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub async fn update_summary<K: Into<String>, V: Into<Json>>(
        &mut self,
        values: impl IntoIterator<Item = (K, V)> + Send,
    ) -> Result<(), Error> {
        let values: Object = values.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        let details = self.details_mut().await?;
        details.summary.extend(values);
        let update = RunUpdate { summary: Some((details.summary.clone(), details.summary_internal.clone())), ..RunUpdate::default() };
        self.edited.summary = true;
        self.write(update).await?;
        self.edited.summary = false;
        Ok(())
    }

    /// Writes what was set since the run was fetched or last written, and nothing else: fields that others changed meanwhile stay as they
    /// made them. When nothing was set, nothing is sent.
    ///
    /// The official client writes all fields, and summary after config in a second request; here it is one, so that a reader sees both or
    /// neither.
    ///
    /// # Errors
    /// When the run was deleted or may not be changed, and as every call. What was set stays set then.
    pub async fn update(&mut self) -> Result<(), Error> {
        let mut update = self.edited.fields.clone();
        if self.edited.config || self.edited.summary {
            let details = self.details().await?;
            update.config = self.edited.config.then(|| (details.config.clone(), details.config_internal.clone()));
            update.summary = self.edited.summary.then(|| (details.summary.clone(), details.summary_internal.clone()));
        }
        if update.is_empty() {
            return Ok(());
        }
        self.write(update).await?;
        *self.edited = Edited::default();
        Ok(())
    }

    /// The same as [`update`](Self::update).
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub async fn save(&mut self) -> Result<(), Error> {
        self.update().await
    }

    /// Deletes the run for good, with the artifacts that it logged if so wished.
    ///
    /// # Errors
    /// When there is no such run any more ([`Error::is_not_found`]), it may not be changed, and as every call.
    pub async fn delete(self, delete_artifacts: bool) -> Result<(), Error> {
        let outcome = self.api.client().delete_run(self.storage_id(), delete_artifacts).await;
        self.api.forget(self.run_path());
        Ok(outcome?)
    }

    /// Requeues the run ([`RunState::Pending`], from running, failed, crashed or preempted) or gives it up ([`RunState::Failed`], from
    /// pending or running). Answers whether the service did so. Runs of sweeps cannot be changed so.
    ///
    /// # Errors
    /// For other states, when the state does not follow on the present one, and as every call.
    pub async fn update_state(&mut self, state: RunState) -> Result<bool, Error> {
        let is_changed = self.api.client().update_run_state(&self.record.path, self.storage_id(), &state).await?;
        if is_changed {
            self.record.state = state;
            self.api.forget(&self.record.path);
        }
        Ok(is_changed)
    }

    /// Asks the run's process to stop, and returns before it does. Asking again, or asking a run that has ended, does nothing.
    ///
    /// # Errors
    /// When there is no such run any more ([`Error::is_not_found`]), and as every call.
    pub async fn stop(&self) -> Result<(), Error> {
        Ok(self.api.client().stop_run(self.storage_id()).await?)
    }

    /// Waits until the run has ended, however it did; the official client waits for ever for one that was killed. Answers with the state.
    ///
    /// # Errors
    /// [`ErrorKind::StillRunning`] when the time is over, and as every call.
    pub async fn wait_until_finished(&mut self, options: WaitOptions) -> Result<&RunState, Error> {
        let started = Instant::now();
        loop {
            let state = self.api.client().run_state(&self.record.path).await?;
            let has_ended = !state.is_live();
            if state != self.record.state {
                self.record.state = state;
                self.api.forget(&self.record.path);
            }
            if has_ended {
                return Ok(&self.record.state);
            }
            let waited = started.elapsed();
            let left = options.timeout.map(|timeout| timeout.saturating_sub(waited));
            if left.is_some_and(|left| left.is_zero()) {
                let (path, state) = (self.record.path.clone(), self.record.state.clone());
                return Err(ErrorKind::StillRunning { path, state, waited }.into());
            }
            sleep(left.map_or(options.poll_interval, |left| left.min(options.poll_interval))).await;
        }
    }

    /// Writes, and takes over what the service says of the run then. Config and summary stay as they are here.
    async fn write(&mut self, update: RunUpdate) -> Result<(), Error> {
        let project = self.record.path.project_path();
        let mut run = self.api.client().update_run(&project, &self.record.storage_id, &update).await?;
        self.api.forget(&self.record.path);
        let written = Details::split_off(&mut run);
        if let Some(details) = self.details.get_mut() {
            details.system_metrics = written.system_metrics;
            details.history_keys = written.history_keys;
        }
        self.project_internal_id = run.project_internal_id.or(self.project_internal_id.take());
        *self.record = run.record;
        Ok(())
    }
}
