//! The GraphQL schema: what the official SDK (wandb 0.31.0) asks and changes.
//!
//! Names of types, and of the scalars that its documents declare variables with, are forced by those documents; where they leave a
//! choice, fields are nullable. What is missing is `null` without an error, since the SDK drops a reply that has any.

#![expect(clippy::unused_async, reason = "the macro takes async resolvers only")]
#![expect(clippy::used_underscore_binding, reason = "the macro passes on arguments that are not looked at")]

mod artifact;
mod artifact_mutation;
mod collection;
mod file;
mod file_mutation;
mod mutation;
mod paging;
mod project;
mod query;
mod run;
mod scalars;
mod sweep;
mod viewer;

use std::fmt;
use std::sync::Arc;

use async_graphql::{Context, EmptySubscription, MergedObject, SimpleObject};

use artifact_mutation::ArtifactMutation;
use file_mutation::FileMutation;

use mutation::RunMutation;
pub(crate) use query::Query;
pub(crate) use viewer::VIEWER_NAME;

use crate::Error;
use crate::backend::Backend;
use crate::catalog::Snapshot;
use crate::signing::Purpose;
use crate::splice::Splices;

/// Everything that changes something.
#[derive(Default, MergedObject)]
pub(crate) struct Mutation(RunMutation, FileMutation, ArtifactMutation);

/// The schema of one backend.
pub(crate) type Schema = async_graphql::Schema<Query, Mutation, EmptySubscription>;

/// What every resolver of one request shares.
pub(crate) struct Request {
    pub(crate) backend: Arc<Backend>,
    pub(crate) snapshot: Arc<Snapshot>,
    /// The rows that take their places in the reply at the end.
    pub(crate) splices: Arc<Splices>,
    /// The address that the client reached us under, without a slash at the end.
    pub(crate) base_url: String,
}

impl Request {
    fn of<'a>(context: &Context<'a>) -> &'a Self {
        context.data_unchecked::<Self>()
    }

    /// The URL of a path that lets its holder do one thing there.
    fn signed_url(&self, purpose: Purpose, path: &str) -> String {
        format!("{}{}", self.base_url, self.backend.signer.sign(purpose, path))
    }
}

/// How deep a document may nest. The deepest of the SDK's has 10 levels.
const MAX_DEPTH: usize = 30;

/// Makes the schema.
pub(crate) fn schema() -> Schema {
    async_graphql::Schema::build(Query, Mutation::default(), EmptySubscription).limit_depth(MAX_DEPTH).finish()
}

/// An [`Error`] as a client sees it: with its causes, which `Display` leaves out.
#[derive(Debug)]
pub(crate) struct Shown(Error);

impl Shown {
    /// What kind of fault it is, in a word for programs; `None` when the backend is at fault.
    pub(crate) fn code(&self) -> Option<&'static str> {
        self.0.code()
    }
}

type Result<T> = std::result::Result<T, Shown>;

impl From<Error> for Shown {
    fn from(error: Error) -> Self {
        if !error.is_of_request() {
            tracing::error!(error = error.chain(), "a field could not be answered");
        }
        Self(error)
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.chain())
    }
}

/// Where a page ended and whether there is more.
#[derive(Clone, Debug, Default, SimpleObject)]
struct PageInfo {
    end_cursor: Option<String>,
    has_next_page: bool,
}

/// How many items a page has when the client does not say.
const DEFAULT_FIRST: usize = 50;

/// The number of items that `first` asks for.
fn page_size(first: Option<i32>) -> usize {
    first.map_or(DEFAULT_FIRST, |first| usize::try_from(first).unwrap_or(0))
}

/// A count as a GraphQL Int, which ends at 2^31.
fn int(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
