//! The GraphQL documents that this crate sends: the fields that are decoded and no others, so that older servers understand them.
//!
//! Field and argument names are those of the documents that wandb 0.31.0 sends
//! (<https://github.com/wandb/wandb/tree/main/wandb/apis/public>; the live history pages are in
//! <https://github.com/wandb/wandb/tree/main/core/internal/runhistoryreader>).

macro_rules! run_fields {
    () => {
        "id name displayName state tags group jobType sweepName commit readOnly createdAt heartbeatAt description notes \
         historyLineCount user { name username } config summaryMetrics systemMetrics historyKeys"
    };
}

pub(crate) use run_fields;

pub(crate) const VIEWER: &str = "query Viewer { viewer { entity username email teams { edges { node { name } } } } }";

pub(crate) const PROJECTS: &str = "query GetProjects($entity: String, $cursor: String, $perPage: Int) { \
     models(entityName: $entity, after: $cursor, first: $perPage) { \
     pageInfo { endCursor hasNextPage } edges { node { id name entityName createdAt } cursor } } }";

pub(crate) const PROJECT: &str = "query GetProject($entity: String!, $project: String!) { \
     project(name: $project, entityName: $entity) { id name entityName createdAt } }";

pub(crate) const RUNS: &str = concat!(
    "query Runs($entity: String!, $project: String!, $cursor: String, $perPage: Int, $order: String, $filters: JSONString) { \
     project(name: $project, entityName: $entity) { runCount(filters: $filters) \
     runs(filters: $filters, after: $cursor, first: $perPage, order: $order) { \
     pageInfo { endCursor hasNextPage } edges { cursor node { ",
    run_fields!(),
    " } } } } }"
);

pub(crate) const RUN_COUNT: &str = "query RunCount($entity: String!, $project: String!, $filters: JSONString) { \
     project(name: $project, entityName: $entity) { runCount(filters: $filters) } }";

pub(crate) const RUN: &str = concat!(
    "query Run($entity: String!, $project: String!, $run: String!) { project(name: $project, entityName: $entity) { run(name: $run) { ",
    run_fields!(),
    " } } }"
);

pub(crate) const HISTORY_PAGE: &str = "query HistoryPage($entity: String!, $project: String!, $run: String!, \
     $minStep: Int64!, $maxStep: Int64!, $samples: Int!) { project(name: $project, entityName: $entity) { run(name: $run) { \
     history(minStep: $minStep, maxStep: $maxStep, samples: $samples) } } }";

pub(crate) const HISTORY_SAMPLED: &str = "query RunFullHistory($entity: String!, $project: String!, $run: String!, $samples: Int!) { \
     project(name: $project, entityName: $entity) { run(name: $run) { history(samples: $samples) } } }";

pub(crate) const SAMPLED_HISTORY: &str = "query RunSampledHistory($entity: String!, $project: String!, $run: String!, $specs: [JSONString!]!) { \
     project(name: $project, entityName: $entity) { run(name: $run) { sampledHistory(specs: $specs) } } }";

pub(crate) const EVENTS: &str = "query RunEvents($entity: String!, $project: String!, $run: String!, $samples: Int!) { \
     project(name: $project, entityName: $entity) { run(name: $run) { events(samples: $samples) } } }";

pub(crate) const PARQUET_HISTORY: &str = "query RunParquetHistory($entity: String!, $project: String!, $run: String!, $liveKeys: [String!]!) { \
     project(name: $project, entityName: $entity) { run(name: $run) { parquetHistory(liveKeys: $liveKeys) { parquetUrls liveData } } } }";
