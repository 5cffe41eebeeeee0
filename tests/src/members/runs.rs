//! The members of `Runs`: `tests/python/member_runs.py`.

use arrow::array::RecordBatch;
use futures::{FutureExt as _, TryStreamExt as _};
use runlake::{Error, HistoriesOptions, HistoryOptions, HistoryStream, Runs, RunsOptions};
use runlake_types::{Filter, Json, Object, Order};

use super::answer::{ToAnswer as _, list};
use super::{Answer, Context, PROJECT, Step};

pub(super) const STEPS: &[(&str, Step)] = &[
    ("Runs: iteration", |context| iteration(context).boxed_local()),
    ("len(Runs)", |context| length(context).boxed_local()),
    ("Runs[index]", |context| index(context).boxed_local()),
    ("Runs: order", |context| order(context).boxed_local()),
    ("Runs: filters", |context| filters(context).boxed_local()),
    ("Runs: per_page", |context| per_page(context).boxed_local()),
    ("Runs: include_sweeps", |context| include_sweeps(context).boxed_local()),
    ("Runs: lazy", |context| lazy(context).boxed_local()),
    ("Runs.upgrade_to_full", |context| upgrade_to_full(context).boxed_local()),
    ("Runs.histories", |context| histories(context).boxed_local()),
    ("Runs.histories: columns", |context| histories_in_columns(context).boxed_local()),
];

async fn runs(context: &Context, options: RunsOptions) -> Result<Runs, Error> {
    context.api().runs(PROJECT, options).await
}

async fn streamed(runs: &Runs) -> Result<Vec<String>, Error> {
    runs.stream().map_ok(|run| run.id().to_owned()).try_collect().await
}

async fn listed(context: &Context, options: RunsOptions) -> Result<Json, Error> {
    Ok(streamed(&runs(context, options).await?).await?.to_answer())
}

async fn iteration(context: Context) -> Answer {
    let runs = runs(&context, RunsOptions { per_page: 4, ..RunsOptions::default() }).await?;
    Ok(list![streamed(&runs).await?, streamed(&runs).await?])
}

async fn length(context: Context) -> Answer {
    let finished = RunsOptions { filter: Filter::parse(r#"{"state": "finished"}"#)?, ..RunsOptions::default() };
    Ok(list![runs(&context, RunsOptions::default()).await?.len().await?, runs(&context, finished).await?.len().await?])
}

async fn index(context: Context) -> Answer {
    let runs = runs(&context, RunsOptions { per_page: 3, ..RunsOptions::default() }).await?;
    let id = async |index| Ok::<_, Error>(runs.get(index).await?.map(|run| run.id().to_owned()));
    let slice = [id(2).await?, id(3).await?, id(4).await?];
    // Behind the last there is none; the SDK raises.
    let beyond = id(1000).await?.unwrap_or_else(|| "refused".to_owned());
    Ok(list![id(0).await?, id(7).await?, slice, beyond])
}

async fn order(context: Context) -> Answer {
    let mut answers = Vec::new();
    for order in [
        "+created_at",
        "-created_at",
        "created_at",
        "-heartbeat_at",
        "+config.lr.value",
        "-config.lr.value",
        "+summary_metrics.val.acc",
        "-summary_metrics.train/loss",
    ] {
        answers.push(listed(&context, RunsOptions { order: Order::parse(order)?, ..RunsOptions::default() }).await?);
    }
    Ok(answers.to_answer())
}

async fn filters(context: Context) -> Answer {
    let mut answers = Vec::new();
    for filter in [
        r#"{"state": "finished"}"#,
        r#"{"state": {"$in": ["crashed", "failed"]}}"#,
        r#"{"state": {"$nin": ["finished"]}}"#,
        r#"{"config.lr": {"$gte": 0.01, "$lt": 1}}"#,
        r#"{"config.lr.value": {"$gt": 0.01}}"#,
        r#"{"$or": [{"config.seed": 1}, {"displayName": {"$regex": "^v"}}]}"#,
        r#"{"$and": [{"state": "finished"}, {"config.seed": {"$ne": 1}}]}"#,
        r#"{"$nor": [{"state": "finished"}]}"#,
        r#"{"config.lr": {"$exists": false}}"#,
        r#"{"name": {"$eq": "values"}}"#,
        r#"{"tags": "baseline"}"#,
        r#"{"createdAt": {"$lte": "2100-01-01T00:00:00"}}"#,
        r#"{"summary_metrics.val.acc": {"$gt": 0.5}}"#,
    ] {
        let filter = Filter::parse(filter)?;
        let listed = runs(&context, RunsOptions { filter: filter.clone(), ..RunsOptions::default() }).await?;
        // Evaluated here, the filter gives what the server gives.
        let mut locally = Vec::new();
        for run in runs(&context, RunsOptions { lazy: false, ..RunsOptions::default() }).await?.all().await? {
            if filter.matches(&run.full_record().await?) {
                locally.push(run.id().to_owned());
            }
        }
        let streamed = streamed(&listed).await?;
        assert_eq!(streamed, locally, "{filter}");
        answers.push(list![streamed, listed.len().await?]);
    }
    Ok(answers.to_answer())
}

async fn per_page(context: Context) -> Answer {
    let mut answers = Vec::new();
    for per_page in [1, 5, 1000] {
        answers.push(listed(&context, RunsOptions { per_page, ..RunsOptions::default() }).await?);
    }
    Ok(answers.to_answer())
}

async fn include_sweeps(context: Context) -> Answer {
    let mut answers = Vec::new();
    let options = RunsOptions { include_sweeps: true, ..RunsOptions::default() };
    let mut all = runs(&context, options.clone()).await?.all().await?;
    all.extend(context.api().runs("runlake/given", options).await?.all().await?);
    for run in all {
        answers.push(list![run.id(), run.sweep_name(), run.sweep().await?.map(|sweep| sweep.sweep_id.clone())]);
    }
    Ok(answers.to_answer())
}

async fn configs(context: &Context, lazy: bool) -> Result<Object, Error> {
    let mut configs = Object::new();
    for run in runs(context, RunsOptions { lazy, ..RunsOptions::default() }).await?.all().await? {
        configs.insert(run.id().to_owned(), list![run.config().await?, run.state()]);
    }
    Ok(configs)
}

async fn lazy(context: Context) -> Answer {
    let (lazy, full) = (configs(&context, true).await?, configs(&context, false).await?);
    Ok(list![lazy, lazy == full])
}

async fn upgrade_to_full(context: Context) -> Answer {
    let runs = runs(&context, RunsOptions { per_page: 5, ..RunsOptions::default() }).await?;
    let first = runs.get(0).await?.map(|run| run.id().to_owned());
    runs.upgrade_to_full().await?;
    let mut summaries = Object::new();
    for run in runs.all().await? {
        summaries.insert(run.id().to_owned(), Json::Object(run.summary_metrics().await?));
    }
    Ok(list![first, summaries])
}

async fn seeded(context: &Context) -> Result<Runs, Error> {
    let filter = Filter::parse(r#"{"config.seed": {"$exists": true}}"#)?;
    runs(context, RunsOptions { filter, ..RunsOptions::default() }).await
}

async fn histories(context: Context) -> Answer {
    let runs = seeded(&context).await?;
    let rows = async |history| Ok::<_, Error>(runs.histories(&HistoriesOptions { history, all: false }).await?.rows().collect::<Vec<_>>());
    let losses = |x_axis: &str| HistoryOptions {
        samples: 7,
        keys: vec!["train/loss".to_owned()],
        x_axis: x_axis.to_owned(),
        ..HistoryOptions::default()
    };
    Ok(list![
        rows(HistoryOptions { samples: 3, ..HistoryOptions::default() }).await?,
        rows(losses("_step")).await?,
        rows(losses("_timestamp")).await?,
        rows(HistoryOptions::default()).await?.len(),
        rows(HistoryOptions { samples: 2, stream: HistoryStream::System, ..HistoryOptions::default() }).await?,
    ])
}

async fn histories_in_columns(context: Context) -> Answer {
    let history = HistoryOptions { samples: 3, keys: vec!["train/loss".to_owned()], ..HistoryOptions::default() };
    let histories = seeded(&context).await?.histories(&HistoriesOptions { history, all: false }).await?;
    let batch: RecordBatch = histories.to_record_batch()?;
    let names: Vec<String> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
    Ok(list![names, batch.num_rows(), histories.rows().collect::<Vec<_>>()])
}
