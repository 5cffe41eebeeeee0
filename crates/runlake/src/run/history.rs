//! A sample of the run's rows, chosen by the service: for a look, never for figures. [`Run::scan_history`] gives every row.

use runlake_fetch::{Sample, SampledSpec};
use runlake_types::Object;

use super::Run;
use crate::Error;

/// Which of a run's two streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HistoryStream {
    /// The metrics that the run logged.
    #[default]
    Default,
    /// Those of its machine.
    System,
}

/// What is sampled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryOptions {
    /// The most rows. Default: 500.
    pub samples: u64,
    /// Only rows that hold all of these keys, with nothing but these and the x axis. Default: every key.
    pub keys: Vec<String>,
    /// The key that stands for the x axis, when `keys` are given. Default: `_step`.
    pub x_axis: String,
    /// The stream. Default: the metrics that the run logged.
    pub stream: HistoryStream,
}

impl Default for HistoryOptions {
    fn default() -> Self {
        Self { samples: 500, keys: Vec::new(), x_axis: "_step".to_owned(), stream: HistoryStream::default() }
    }
}

impl HistoryOptions {
    /// What the client asks for.
    ///
    /// # Errors
    /// When keys of the system metrics are asked for, of which the service gives all.
    pub(crate) fn sample(&self) -> Result<Sample, Error> {
        match (self.stream, self.keys.is_empty()) {
            (HistoryStream::System, false) => Err(Error::invalid("keys cannot be chosen from the system metrics: leave them out")),
            (HistoryStream::System, true) => Ok(Sample::SystemMetrics(self.samples)),
            (HistoryStream::Default, true) => Ok(Sample::Rows(self.samples)),
            (HistoryStream::Default, false) => {
                let x_axis = (!self.keys.contains(&self.x_axis)).then(|| self.x_axis.clone());
                let keys = x_axis.into_iter().chain(self.keys.iter().cloned()).collect();
                Ok(Sample::Keys(SampledSpec { keys, samples: self.samples, ..SampledSpec::default() }))
            }
        }
    }
}

impl Run {
    /// A sample of the run's rows, in the order of the steps. A run with fewer rows gives them all.
    ///
    /// # Errors
    /// When keys of the system metrics are asked for, and as every call.
    pub async fn history(&self, options: &HistoryOptions) -> Result<Vec<Object>, Error> {
        let (sample, project) = (options.sample()?, self.record.path.project_path());
        let run_id = std::slice::from_ref(&self.record.path.run_id);
        let answer = self.api.client().sample_histories(&project, run_id, &sample).await.pop();
        answer.map_or(Ok(Vec::new()), |rows| Ok(rows?.to_objects()?))
    }
}
