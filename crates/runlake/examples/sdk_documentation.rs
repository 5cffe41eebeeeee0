//! The examples in the documentation of the official SDK for `Api`, `Runs` and `Run`, in Rust.
//!
//! `cargo run -p runlake --example sdk_documentation -- ENTITY/PROJECT` goes through those that only read, on a project of the server that
//! the usual variables name. The workspace's tests run all of them against the embedded backend.
#![expect(clippy::print_stdout, reason = "examples show what they find")]

use futures::TryStreamExt as _;
use runlake::types::{Condition, Filter, Order, RunState};
use runlake::{Api, ConsoleOptions, Error, HistoryOptions, Place, Run, RunsOptions, ScanOptions};
use runlake_fetch::NewRun;

/// What an example gives.
pub type Shown<T> = Result<T, Error>;

/// "Get runs matching filters", and what a run has: config, metrics, history.
///
/// # Errors
/// As every call.
pub async fn runs_that_match(api: &Api, project: &str) -> Shown<usize> {
    let filter = Filter::parse(r#"{"state": "finished", "config.batch_size": 120}"#)?;
    let runs = api.runs(project, RunsOptions { filter, ..RunsOptions::default() }).await?;
    let mut count = 0;
    let mut each = std::pin::pin!(runs.stream());
    while let Some(run) = each.try_next().await? {
        println!("Run: {:?}", run.name());
        println!("Config: {:?}", run.config().await?);
        println!("Metrics: {:?}", run.summary().await?);
        let keys = vec!["train/loss".to_owned(), "train/acc".to_owned()];
        let history = run.history(&HistoryOptions { keys, ..HistoryOptions::default() }).await?;
        println!("{} rows", history.len());
        count += 1;
    }
    Ok(count)
}

/// "Find runs in project where `config.experiment_name` has been set to foo": one value, one of two, and a pattern.
///
/// # Errors
/// As every call.
pub async fn runs_by_config(api: &Api, project: &str) -> Shown<[u64; 3]> {
    let lr = |value: f64| Condition::field("config.lr").equals(value);
    let conditions = [lr(0.01), lr(0.01) | lr(0.1), Condition::field("config.optimizer.name").matches("s.*")];
    let mut counts = [0; 3];
    for (count, condition) in counts.iter_mut().zip(conditions) {
        *count = api.runs(project, RunsOptions { filter: condition.into_filter()?, ..RunsOptions::default() }).await?.len().await?;
    }
    Ok(counts)
}

/// "Find runs in project where the run name matches a regex".
///
/// # Errors
/// As every call.
pub async fn runs_by_name(api: &Api, project: &str) -> Shown<u64> {
    let filter = Condition::field("display_name").matches("^every").into_filter()?;
    api.runs(project, RunsOptions { filter, ..RunsOptions::default() }).await?.len().await
}

/// "Find runs in project sorted by ascending loss".
///
/// # Errors
/// As every call.
pub async fn runs_by_loss(api: &Api, project: &str) -> Shown<Option<String>> {
    let order = Order::parse("+summary_metrics.train/loss")?;
    let runs = api.runs(project, RunsOptions { order, ..RunsOptions::default() }).await?;
    Ok(runs.get(0).await?.map(|run| run.id().to_owned()))
}

/// "Find projects that belong to this entity".
///
/// # Errors
/// As every call.
pub async fn projects_of(api: &Api, entity: &str) -> Shown<Vec<String>> {
    let projects = api.projects(Some(entity)).await?;
    for project in &projects {
        println!("Project: {}", project.path.project);
        println!("- URL: {}", project.path.page_url(&api.pages_url()));
        println!("- Created at: {:?}", project.created_at);
    }
    Ok(projects.into_iter().map(|project| project.path.project).collect())
}

/// `api.from_path` with the path of a project and of a run.
///
/// # Errors
/// As every call.
pub async fn places(api: &Api, project: &str, run_id: &str) -> Shown<bool> {
    let (of_project, of_run) = (api.from_path(project).await?, api.from_path(&format!("{project}/runs/{run_id}")).await?);
    Ok(matches!((of_project, of_run), (Place::Project(_), Place::Run(_))))
}

/// "Read the whole log, oldest line first", and "Read only the last 100 lines".
///
/// # Errors
/// As every call.
pub async fn console(api: &Api, run: &str) -> Shown<[usize; 2]> {
    let run = api.run(run).await?;
    let mut counts = [0; 2];
    for (count, last) in counts.iter_mut().zip([None, Some(100)]) {
        let mut lines = run.console_logs(ConsoleOptions { last, ..ConsoleOptions::default() });
        while let Some(line) = lines.try_next().await? {
            println!("{:?} {}", line.timestamp, line.content);
            *count += 1;
        }
    }
    Ok(counts)
}

/// "Export all the losses of a run", from `scan_history`.
///
/// # Errors
/// As every call.
pub async fn losses(api: &Api, run: &str) -> Shown<Vec<f64>> {
    let keys = vec!["train/loss".to_owned()];
    let scan = api.run(run).await?.scan_history(ScanOptions { keys, ..ScanOptions::default() }).await?;
    let rows = scan.all().await?;
    Ok(rows.iter().filter_map(|row| row.get("train/loss")?.as_number()).map(runlake::types::Number::as_f64).collect())
}

/// "Creating a pending run for later execution".
///
/// # Errors
/// As every call.
pub async fn pending_run(api: &Api) -> Shown<Run> {
    let new = NewRun {
        run_id: Some("my-pending-run".to_owned()),
        project: Some("project".to_owned()),
        entity: Some("entity".to_owned()),
        state: Some(RunState::Pending),
    };
    Run::create(api, new).await
}

/// "Update metrics for a run after it has finished", "Update config", "Add tags".
///
/// # Errors
/// As every call.
pub async fn changed_run(api: &Api, run: &str) -> Shown<Run> {
    let mut run = api.run(run).await?;
    run.summary_mut().await?.insert("accuracy".to_owned(), 0.9.into());
    run.config_mut().await?.insert("foo".to_owned(), 32.into());
    run.set_tags(run.tags().iter().cloned().chain(["new".to_owned()]).collect::<Vec<_>>());
    run.update().await?;
    Ok(run)
}

/// "Request that this run stop gracefully".
///
/// # Errors
/// As every call.
pub async fn stopped_run(api: &Api, run: &str) -> Shown<()> {
    api.run(run).await?.stop().await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let project = std::env::args().nth(1).ok_or("say which project: ENTITY/PROJECT")?;
    let api = Api::from_environment()?;
    println!("{} runs match", runs_that_match(&api, &project).await?);
    println!("by config: {:?}", runs_by_config(&api, &project).await?);
    println!("by name: {}", runs_by_name(&api, &project).await?);
    println!("the least loss: {:?}", runs_by_loss(&api, &project).await?);
    Ok(())
}
