//! The same question about many runs of one project in one request, with an alias for each run.
//!
//! When the server fails on one, it is asked again in two halves, down to single runs, so that one run that cannot be answered does not
//! take others with it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use runlake_types::ProjectPath;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::Client;
use crate::error::{Error, ErrorKind};
use crate::graphql::{Reply, decode};
use crate::retry::{Retry, RetryPolicy};
use crate::runs::failed;
use crate::wire::ProjectData;

/// Attempts on a request for several runs before it is split.
const ATTEMPTS_BEFORE_SPLIT: u32 = 2;

/// What a reply says of each run, by the run's alias; no run where there is none of that name.
pub(crate) type RunsByAlias<T> = ProjectData<HashMap<String, Option<T>>>;

/// What is asked of each run.
#[derive(Debug)]
pub(crate) struct Question<'a, T> {
    /// As errors name it.
    pub(crate) operation: &'static str,
    /// The name of the document.
    pub(crate) name: &'a str,
    /// The fields of a run.
    pub(crate) fields: &'a str,
    /// The variables that the fields use, as they are declared.
    pub(crate) declarations: &'a [&'a str],
    /// Their values.
    pub(crate) variables: Map<String, Value>,
    /// The most runs in one request.
    pub(crate) largest: usize,
    /// Reads the body of a reply.
    pub(crate) read: fn(&Bytes) -> Result<RunsByAlias<T>, ErrorKind>,
}

/// Reads a reply of which nothing is kept as it stands.
pub(crate) fn read_runs<T: DeserializeOwned>(body: &Bytes) -> Result<RunsByAlias<T>, ErrorKind> {
    decode::<Reply<RunsByAlias<T>>>(body)?.complete()
}

impl Client {
    /// Asks about runs of one project; the outcomes are in the order of `run_ids`.
    pub(crate) async fn ask_runs<T: Send>(
        &self,
        question: &Question<'_, T>,
        project: &ProjectPath,
        run_ids: &[String],
    ) -> Vec<Result<T, Error>> {
        let mut answers = Vec::with_capacity(run_ids.len());
        let mut rest = run_ids;
        while !rest.is_empty() {
            let shrunk = question.largest / self.inner().batch_divisor.load(Ordering::Relaxed).max(1);
            let (now, later) = rest.split_at(shrunk.clamp(1, rest.len()));
            answers.extend(self.ask_or_split(question, project, now).await);
            rest = later;
        }
        answers
    }

    fn ask_or_split<'a, T: Send + 'a>(
        &'a self,
        question: &'a Question<'_, T>,
        project: &'a ProjectPath,
        run_ids: &'a [String],
    ) -> BoxFuture<'a, Vec<Result<T, Error>>> {
        async move {
            match self.ask_in_one(question, project, run_ids).await {
                Ok(answers) => answers,
                Err(error) if run_ids.len() == 1 || concerns_all(error.kind()) => {
                    // An error cannot be shared out: the first run gets it, the others are asked singly.
                    let mut answers = vec![Err(error)];
                    for run_id in &run_ids[1..] {
                        answers.extend(self.ask_or_split(question, project, std::slice::from_ref(run_id)).await);
                    }
                    answers
                }
                Err(error) => {
                    let half = run_ids.len() / 2;
                    tracing::debug!(%error, runs = run_ids.len(), "the server failed on several runs at once: asking in halves");
                    if error.is_retryable() {
                        self.inner().batch_divisor.fetch_max(question.largest / half.max(1), Ordering::Relaxed);
                    }
                    let mut answers = self.ask_or_split(question, project, &run_ids[..half]).await;
                    answers.extend(self.ask_or_split(question, project, &run_ids[half..]).await);
                    answers
                }
            }
        }
        .boxed()
    }

    async fn ask_in_one<T: Send>(
        &self,
        question: &Question<'_, T>,
        project: &ProjectPath,
        run_ids: &[String],
    ) -> Result<Vec<Result<T, Error>>, Error> {
        let Question { operation, name, fields, declarations, .. } = *question;
        let mut document = format!("query {name}($entity: String!, $project: String!");
        for declaration in declarations {
            write!(document, ", {declaration}").expect("writing to a String cannot fail");
        }
        let mut runs = String::new();
        let mut variables = question.variables.clone();
        variables.insert("entity".to_owned(), json!(project.entity));
        variables.insert("project".to_owned(), json!(project.project));
        for (index, run_id) in run_ids.iter().enumerate() {
            write!(document, ", $n{index}: String!").expect("writing to a String cannot fail");
            write!(runs, "r{index}: run(name: $n{index}) {{ {fields} }} ").expect("writing to a String cannot fail");
            variables.insert(format!("n{index}"), json!(run_id));
        }
        write!(document, ") {{ project(name: $project, entityName: $entity) {{ {runs}}} }}").expect("writing to a String cannot fail");
        let policy = &self.inner().retry;
        let hasty = RetryPolicy { attempts: policy.attempts.min(ATTEMPTS_BEFORE_SPLIT), ..policy.clone() };
        let policy = if run_ids.len() > 1 { &hasty } else { policy };
        let variables = Value::Object(variables);
        let data = self.send_until_read(Retry::new(policy, operation), &document, |_failed| variables.clone(), question.read).await?;
        let mut answers = data.project.ok_or_else(|| failed(operation, ErrorKind::ProjectNotFound { path: project.clone() }))?;
        let answer = |(index, run_id): (usize, &String)| {
            let answer = answers.remove(&format!("r{index}")).flatten();
            answer.ok_or_else(|| failed(operation, ErrorKind::RunNotFound { path: project.run(run_id) }))
        };
        Ok(run_ids.iter().enumerate().map(answer).collect())
    }
}

/// Whether a smaller request would fail just so.
fn concerns_all(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Unauthenticated { .. }
            | ErrorKind::PermissionDenied { .. }
            | ErrorKind::ProjectNotFound { .. }
            | ErrorKind::Connect { .. }
    )
}
