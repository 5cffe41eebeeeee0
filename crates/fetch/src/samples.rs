//! Samples of the histories of many runs, several runs in a request.

use bytes::Bytes;
use runlake_types::ProjectPath;
use serde_json::{Map, Value, json};

use crate::Client;
use crate::batch::{Question, RunsByAlias, read_runs};
use crate::error::{Error, ErrorKind};
use crate::graphql::graphql_int;
use crate::sampled_rows::{OPERATION, RowText, SampledRows, read_sampled_runs};
use crate::wire::{EventsOfRun, HistoryOfRun};

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

/// A sample of the rows that hold all of `keys`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SampledSpec {
    /// The keys that each row holds; nested ones joined with dots.
    pub keys: Vec<String>,
    /// The first step; none for the run's first.
    pub min_step: Option<i64>,
    /// The step after the last; none for the run's end. (On the wire the bound is inclusive; here all bounds are alike.)
    pub max_step: Option<i64>,
    /// The most rows that may come.
    pub samples: u64,
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

impl Client {
    /// A sample of each run's rows, chosen by the service; the outcomes are in the order of `run_ids`.
    ///
    /// # Errors
    /// Each run has its own: [`ErrorKind::RunNotFound`] for one that was deleted meanwhile, and as every call.
    pub async fn sample_histories(&self, project: &ProjectPath, run_ids: &[String], sample: &Sample) -> Vec<Result<SampledRows, Error>> {
        let texts: Vec<Result<RowText, Error>> = match sample {
            Sample::Rows(rows) => {
                let variable = ("samples", json!(graphql_int(*rows)));
                let question = question(sample, "history(samples: $samples)", &["$samples: Int!"], variable, read_runs::<HistoryOfRun>);
                let answers = self.ask_runs(&question, project, run_ids).await;
                answers.into_iter().map(|answer| Ok(RowText::Lines(answer?.history.unwrap_or_default()))).collect()
            }
            Sample::SystemMetrics(rows) => {
                let variable = ("samples", json!(graphql_int(*rows)));
                let question = question(sample, "events(samples: $samples)", &["$samples: Int!"], variable, read_runs::<EventsOfRun>);
                let answers = self.ask_runs(&question, project, run_ids).await;
                answers.into_iter().map(|answer| Ok(RowText::Lines(answer?.events.unwrap_or_default()))).collect()
            }
            Sample::Keys(spec) => match wire_spec(spec) {
                None => run_ids.iter().map(|_| Ok(RowText::Lines(Vec::new()))).collect(),
                Some(spec) => {
                    let variable = ("specs", json!([spec]));
                    let question =
                        question(sample, "sampledHistory(specs: $specs)", &["$specs: [JSONString!]!"], variable, read_sampled_runs);
                    self.ask_runs(&question, project, run_ids).await
                }
            },
        };
        run_ids.iter().zip(texts).map(|(run_id, text)| Ok(SampledRows::new(project.run(run_id), text?))).collect()
    }
}

/// The question for `field` of each run, which has one variable.
fn question<'a, T>(
    sample: &Sample,
    field: &'a str,
    declarations: &'a [&'a str],
    (name, value): (&str, Value),
    read: fn(&Bytes) -> Result<RunsByAlias<T>, ErrorKind>,
) -> Question<'a, T> {
    Question {
        operation: OPERATION,
        name: "SampleHistories",
        fields: field,
        declarations,
        variables: Map::from_iter([(name.to_owned(), value)]),
        largest: sample.runs_of_a_request(),
        read,
    }
}

/// As many runs as bring [`ROWS_OF_A_REQUEST`] rows, within reason.
fn largest(rows: u64) -> usize {
    usize::try_from(ROWS_OF_A_REQUEST / rows.max(1)).unwrap_or(usize::MAX).clamp(1, 50)
}

/// The JSON text of a spec; `None` when its steps are an empty range. The service's `maxStep` is inclusive.
fn wire_spec(spec: &SampledSpec) -> Option<String> {
    let mut wire = json!({ "keys": spec.keys, "samples": graphql_int(spec.samples) });
    if let Some(min_step) = spec.min_step {
        wire["minStep"] = json!(min_step);
    }
    if let Some(max_step) = spec.max_step {
        let last = max_step.checked_sub(1)?;
        if spec.min_step.is_some_and(|min_step| min_step > last) {
            return None;
        }
        wire["maxStep"] = json!(last);
    }
    Some(wire.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_hold_as_many_runs_as_their_rows_allow() {
        assert_eq!([0, 1, 500, 3000, 10_000, u64::MAX].map(largest), [50, 50, 16, 2, 1, 1]);
    }

    #[test]
    fn the_last_step_is_inclusive_on_the_wire() {
        let spec = |min_step, max_step| {
            wire_spec(&SampledSpec { keys: vec!["_step".to_owned(), "loss".to_owned()], min_step, max_step, samples: 10 })
        };
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        let bounded = r#"{"keys":["_step","loss"],"maxStep":59,"minStep":0,"samples":10}"#;
        assert_eq!(json(&spec(Some(0), Some(60)).unwrap()), json(bounded));
        assert_eq!(json(&spec(None, None).unwrap()), json(r#"{"keys":["_step","loss"],"samples":10}"#));
        assert_eq!(spec(Some(5), Some(5)), None);
        assert_eq!(spec(None, Some(i64::MIN)), None);
    }
}
