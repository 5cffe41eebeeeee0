//! Samples of the histories of many runs, several runs in a request.

use runlake_types::{Json, JsonError, Object, ProjectPath};
use serde_json::{Map, json};

use crate::Client;
use crate::batch::Question;
use crate::error::{Error, ErrorKind};
use crate::graphql::graphql_int;
use crate::history::{SampledSpec, sampled_rows, wire_spec};
use crate::runs::failed;
use crate::wire::{EventsOfRun, HistoryOfRun, SampledHistoryOfRun};

/// What is sampled of each run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sample {
    /// At most so many rows of the history, with every key.
    Rows(u64),
    /// Rows that hold all of some keys, with nothing but these.
    Keys(SampledSpec),
    /// At most so many rows of the system metrics.
    SystemMetrics(u64),
}

impl Sample {
    /// Of how many runs one request brings the samples: [`Client::sample_histories`] makes several when it is asked about more.
    pub fn runs_of_a_request(&self) -> usize {
        match self {
            Self::Rows(rows) | Self::SystemMetrics(rows) => largest(*rows),
            Self::Keys(spec) => largest(spec.samples),
        }
    }
}

/// How many rows of samples one request may bring, by which the number of its runs is chosen.
const ROWS_OF_A_REQUEST: u64 = 8000;

const OPERATION: &str = "read samples of histories";

impl Client {
    /// A sample of each run's history, chosen by the service; the outcomes are in the order of `run_ids`.
    ///
    /// # Errors
    /// Each run has its own: [`ErrorKind::RunNotFound`] for one that was deleted meanwhile, and as every call.
    pub async fn sample_histories(&self, project: &ProjectPath, run_ids: &[String], sample: &Sample) -> Vec<Result<Vec<Object>, Error>> {
        let question = |fields, declaration, name: &str, value| Question {
            operation: OPERATION,
            name: "SampleHistories",
            fields,
            declarations: declaration,
            variables: Map::from_iter([(name.to_owned(), value)]),
            largest: sample.runs_of_a_request(),
        };
        match sample {
            Sample::Rows(rows) => {
                let question = question("history(samples: $samples)", &["$samples: Int!"], "samples", json!(graphql_int(*rows)));
                let answers = self.ask_runs::<HistoryOfRun>(&question, project, run_ids).await;
                answers.into_iter().map(|answer| parsed(&answer?.history.unwrap_or_default())).collect()
            }
            Sample::SystemMetrics(rows) => {
                let question = question("events(samples: $samples)", &["$samples: Int!"], "samples", json!(graphql_int(*rows)));
                let answers = self.ask_runs::<EventsOfRun>(&question, project, run_ids).await;
                answers.into_iter().map(|answer| parsed(&answer?.events.unwrap_or_default())).collect()
            }
            Sample::Keys(spec) => {
                let Some(wire) = wire_spec(spec) else { return run_ids.iter().map(|_| Ok(Vec::new())).collect() };
                let question = question("sampledHistory(specs: $specs)", &["$specs: [JSONString!]!"], "specs", json!([wire]));
                let answers = self.ask_runs::<SampledHistoryOfRun>(&question, project, run_ids).await;
                answers.into_iter().map(|answer| sampled_rows(answer?).map_err(invalid_row)).collect()
            }
        }
    }
}

/// As many runs as bring [`ROWS_OF_A_REQUEST`] rows, within reason.
fn largest(rows: u64) -> usize {
    usize::try_from(ROWS_OF_A_REQUEST / rows.max(1)).unwrap_or(usize::MAX).clamp(1, 50)
}

fn parsed(lines: &[String]) -> Result<Vec<Object>, Error> {
    lines.iter().map(|line| Json::parse_object(line)).collect::<Result<_, JsonError>>().map_err(invalid_row)
}

fn invalid_row(source: JsonError) -> Error {
    failed(OPERATION, ErrorKind::InvalidValue { path: "a sampled row".to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_hold_as_many_runs_as_their_rows_allow() {
        assert_eq!([0, 1, 500, 3000, 10_000, u64::MAX].map(largest), [50, 50, 16, 2, 1, 1]);
    }
}
