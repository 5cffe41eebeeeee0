//! The GraphQL documents that this crate sends: the fields that are decoded and no others, so that older servers understand them.
//!
//! Field and argument names are those of the documents that wandb 0.31.0 sends
//! (<https://github.com/wandb/wandb/tree/main/wandb/apis/public>; the live history pages are in
//! <https://github.com/wandb/wandb/tree/main/core/internal/runhistoryreader>).

/// What every listing of runs asks for: all but what may be large.
macro_rules! light_run_fields {
    () => {
        "id name projectId displayName state tags group jobType sweepName commit readOnly createdAt heartbeatAt description notes \
         historyLineCount user { name username }"
    };
}

macro_rules! run_fields {
    () => {
        concat!(crate::documents::light_run_fields!(), " config summaryMetrics systemMetrics historyKeys")
    };
}

pub(crate) use {light_run_fields, run_fields};

pub(crate) const VIEWER: &str = "query Viewer { viewer { id name admin entity username email teams { edges { node { name } } } } }";

pub(crate) const PROJECTS: &str = "query GetProjects($entity: String, $cursor: String, $perPage: Int) { \
     models(entityName: $entity, after: $cursor, first: $perPage) { \
     pageInfo { endCursor hasNextPage } edges { node { id name entityName createdAt } cursor } } }";

pub(crate) const PROJECT: &str = "query GetProject($entity: String!, $project: String!) { \
     project(name: $project, entityName: $entity) { id name entityName createdAt } }";

macro_rules! runs_document {
    ($fields:expr) => {
        concat!(
            "query Runs($entity: String!, $project: String!, $cursor: String, $perPage: Int, $order: String, $filters: JSONString) { \
             project(name: $project, entityName: $entity) { runCount(filters: $filters) \
             runs(filters: $filters, after: $cursor, first: $perPage, order: $order) { \
             pageInfo { endCursor hasNextPage } edges { cursor node { ",
            $fields,
            " } } } } }"
        )
    };
}

pub(crate) const RUNS: &str = runs_document!(run_fields!());

pub(crate) const LIGHT_RUNS: &str = runs_document!(light_run_fields!());

pub(crate) const RUN_COUNT: &str = "query RunCount($entity: String!, $project: String!, $filters: JSONString) { \
     project(name: $project, entityName: $entity) { runCount(filters: $filters) } }";

macro_rules! run_document {
    ($fields:expr) => {
        concat!(
            "query Run($entity: String!, $project: String!, $run: String!) { project(name: $project, entityName: $entity) { run(name: $run) { ",
            $fields,
            " } } }"
        )
    };
}

pub(crate) const RUN: &str = run_document!(run_fields!());

pub(crate) const LIGHT_RUN: &str = run_document!(light_run_fields!());

pub(crate) const RUN_STATE: &str = run_document!("state");

pub(crate) const HISTORY_KEYS: &str = run_document!("historyKeys");

pub(crate) const RUN_FILE: &str = "query RunFiles($entity: String!, $project: String!, $run: String!, $names: [String]!) { \
     project(name: $project, entityName: $entity) { run(name: $run) { files(names: $names, first: 1) { edges { node { name url(upload: false) } } } } } }";

pub(crate) const CONSOLE_PAGE: &str = "query RunConsoleLogPage($entity: String!, $project: String!, $run: String!, $first: Int, $after: String) { \
     project(name: $project, entityName: $entity) { run(name: $run) { logLineCount \
     logLines(first: $first, after: $after, useImprovedPagination: true) { \
     edges { node { number timestamp level label line } cursor } pageInfo { endCursor hasNextPage } } } } }";

pub(crate) const CONSOLE_TAIL: &str = "query RunConsoleLogTail($entity: String!, $project: String!, $run: String!, $last: Int!) { \
     project(name: $project, entityName: $entity) { run(name: $run) { logLineCount \
     logLines(last: $last) { edges { node { number timestamp level label line } } } } } }";

pub(crate) const SWEEP: &str = "query Sweep($entity: String!, $project: String!, $sweep: String!) { \
     project(name: $project, entityName: $entity) { sweep(sweepName: $sweep) { \
     id name displayName method state description bestLoss config createdAt updatedAt runCount runCountExpected } } }";

pub(crate) const CREATE_RUN: &str = "mutation UpsertBucket($project: String, $entity: String, $name: String!, $state: String) { \
     upsertBucket(input: { modelName: $project, entityName: $entity, name: $name, state: $state }) { \
     bucket { id name project { name entity { name } } } inserted } }";

pub(crate) const UPDATE_RUN: &str = concat!(
    "mutation UpsertBucket($id: String!, $displayName: String, $description: String, $notes: String, $tags: [String!], \
     $groupName: String, $jobType: String, $config: JSONString, $summaryMetrics: JSONString) { \
     upsertBucket(input: { id: $id, displayName: $displayName, description: $description, notes: $notes, tags: $tags, \
     groupName: $groupName, jobType: $jobType, config: $config, summaryMetrics: $summaryMetrics }) { bucket { ",
    run_fields!(),
    " } } }"
);

pub(crate) const DELETE_RUN: &str = "mutation DeleteRun($id: ID!) { deleteRun(input: { id: $id }) { clientMutationId } }";

pub(crate) const DELETE_RUN_AND_ARTIFACTS: &str = "mutation DeleteRun($id: ID!, $deleteArtifacts: Boolean) { \
     deleteRun(input: { id: $id, deleteArtifacts: $deleteArtifacts }) { clientMutationId } }";

pub(crate) const UPDATE_RUN_STATE: &str =
    "mutation UpdateRunState($input: UpdateRunStateInput!) { updateRunState(input: $input) { success } }";

pub(crate) const STOP_RUN: &str = "mutation StopRun($id: ID!) { stopRun(input: { id: $id }) { success } }";

pub(crate) const CREATE_PROJECT: &str = "mutation CreateProject($input: UpsertModelInput!) { \
     upsertModel(input: $input) { project { id name entityName createdAt } inserted } }";

pub(crate) const HISTORY_PAGE: &str = "query HistoryPage($entity: String!, $project: String!, $run: String!, \
     $minStep: Int64!, $maxStep: Int64!, $samples: Int!) { project(name: $project, entityName: $entity) { run(name: $run) { \
     history(minStep: $minStep, maxStep: $maxStep, samples: $samples) } } }";

pub(crate) const HISTORY_SAMPLED: &str = "query RunFullHistory($entity: String!, $project: String!, $run: String!, $samples: Int!) { \
     project(name: $project, entityName: $entity) { run(name: $run) { history(samples: $samples) } } }";

pub(crate) const EVENTS: &str = "query RunEvents($entity: String!, $project: String!, $run: String!, $samples: Int!) { \
     project(name: $project, entityName: $entity) { run(name: $run) { events(samples: $samples) } } }";

pub(crate) const PARQUET_HISTORY: &str = "query RunParquetHistory($entity: String!, $project: String!, $run: String!, $liveKeys: [String!]!) { \
     project(name: $project, entityName: $entity) { run(name: $run) { parquetHistory(liveKeys: $liveKeys) { parquetUrls liveData } } } }";
