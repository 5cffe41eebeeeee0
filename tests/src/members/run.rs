//! The properties of `Run`, and the ways to read its rows and its console: `tests/python/member_run.py`.

#![expect(clippy::future_not_send, reason = "steps run one after the other on one thread")]

use futures::future::LocalBoxFuture;
use futures::{FutureExt as _, TryStreamExt as _};
use runlake::{ConsoleOptions, Error, HistoryOptions, HistoryStream, Run, RunsOptions, ScanOptions};
use runlake_types::{Json, Object};

use super::answer::{ToAnswer as _, list, outcome};
use super::{Answer, Context, GIVEN, MACHINE, PROJECT, RUN, Step};

/// A run of each sort: finished, with odd values, damaged, under odd names, with the files of a process that was online.
const SORTS: [&str; 7] = [
    "runlake/digits/lr001-seed1",
    "runlake/digits/records",
    "runlake/digits/values",
    "runlake/digits/torn",
    "runlake/digits/epochs",
    "my team/größe 1/sparse",
    MACHINE,
];

/// What `read` gives for a run of each sort, and for one that was made beforehand.
async fn each(context: &Context, read: impl AsyncFn(&Run) -> Answer) -> Answer {
    of_runs(context, &[SORTS.as_slice(), &[GIVEN]].concat(), read).await
}

/// The same without that one, whose times differ from one fresh backend to the next.
async fn each_of_the_lake(context: &Context, read: impl AsyncFn(&Run) -> Answer) -> Answer {
    of_runs(context, &SORTS, read).await
}

async fn of_runs(context: &Context, paths: &[&str], read: impl AsyncFn(&Run) -> Answer) -> Answer {
    let mut answers = Vec::new();
    for path in paths {
        answers.push(read(&context.run(path).await?).await?);
    }
    Ok(answers.to_answer())
}

/// The step of a property: its name, and how it is read off a run.
macro_rules! property {
    ($name:literal, |$run:ident| $read:expr) => {
        ($name, |context: Context| -> LocalBoxFuture<'static, Answer> {
            async move { each(&context, async |$run| Ok($read.to_answer())).await }.boxed_local()
        })
    };
}

pub(super) const STEPS: &[(&str, Step)] = &[
    property!("Run.id", |run| run.id()),
    property!("Run.storage_id", |run| run.storage_id()),
    property!("Run.name", |run| run.name()),
    property!("Run.entity", |run| run.entity()),
    property!("Run.project", |run| run.project()),
    property!("Run.path", |run| run.path()),
    ("Run.url", |context| url(context).boxed_local()),
    property!("Run.state", |run| run.state()),
    property!("Run.tags", |run| run.tags()),
    property!("Run.group", |run| run.group()),
    property!("Run.job_type", |run| run.job_type()),
    property!("Run.notes", |run| run.notes()),
    property!("Run.description", |run| run.description()),
    property!("Run.config", |run| run.config().await?),
    property!("Run.rawconfig", |run| run.rawconfig().await?),
    property!("Run.json_config", |run| Json::parse(&run.json_config().await?).expect("it is JSON")),
    property!("Run.summary", |run| run.summary().await?),
    property!("Run.summary_metrics", |run| run.summary_metrics().await?),
    property!("Run.system_metrics", |run| run.system_metrics().await?),
    property!("Run.metadata", |run| run.metadata().await?),
    property!("Run.history_keys", |run| run.history_keys().await?),
    property!("Run.last_history_step", |run| run.last_history_step().await?),
    ("Run.created_at", |context| created_at(context).boxed_local()),
    ("Run.heartbeat_at", |context| heartbeat_at(context).boxed_local()),
    property!("Run.commit", |run| run.commit()),
    property!("Run.user", |run| run.user()),
    property!("Run.read_only", |run| run.read_only()),
    property!("Run.project_internal_id", |run| run.project_internal_id()),
    property!("Run.sweep", |run| {
        // The configuration is YAML text, here that of an empty dict.
        let is_empty = |config: &String| config.trim() == "{}";
        let config = |config: Option<&String>| config.is_some_and(is_empty).then(|| Json::Object(Object::new()));
        run.sweep().await?.map(|sweep| list![sweep.sweep_id, sweep.state, config(sweep.config.as_ref())])
    }),
    property!("Run.sweep_name", |run| run.sweep_name()),
    ("Run.username", |context| username(context).boxed_local()),
    ("Run.load", |context| load(context).boxed_local()),
    ("Run.load_full_data", |context| load_full_data(context).boxed_local()),
    ("Run.history", |context| history(context).boxed_local()),
    ("Run.scan_history", |context| scan_history(context).boxed_local()),
    ("Run.download_history_exports", |context| download_history_exports(context).boxed_local()),
    ("Run.console_logs", |context| console_logs(context).boxed_local()),
    ("Run.to_html", |context| to_html(context).boxed_local()),
];

async fn url(context: Context) -> Answer {
    each(&context, async |run| Ok(context.local(&run.url()).to_answer())).await
}

async fn created_at(context: Context) -> Answer {
    each_of_the_lake(&context, async |run| Ok(run.created_at().to_answer())).await
}

async fn heartbeat_at(context: Context) -> Answer {
    each_of_the_lake(&context, async |run| Ok(run.heartbeat_at().to_answer())).await
}

async fn username(context: Context) -> Answer {
    #[expect(deprecated, reason = "old programs still call it")]
    each(&context, async |run| Ok(run.username().to_answer())).await
}

async fn load(context: Context) -> Answer {
    context.create("loaded").await?;
    let (mut run, mut other) = (context.written("loaded").await?, context.written("loaded").await?);
    other.set_notes("written elsewhere");
    other.update().await?;
    run.load(false).await?;
    let kept = run.notes().to_answer();
    run.load(true).await?;
    Ok(list![kept, run.notes()])
}

async fn load_full_data(context: Context) -> Answer {
    let runs = context.api().runs(PROJECT, RunsOptions::default()).await?.all().await?;
    let mut run = runs.into_iter().find(|run| run.id() == "records").expect("the project has the run");
    run.load_full_data(false).await?;
    let before = run.config().await?.to_answer();
    run.load_full_data(true).await?;
    Ok(list![before, run.config().await?])
}

async fn history(context: Context) -> Answer {
    let run = context.run(RUN).await?;
    let sample = |samples, keys: &[&str], x_axis: &str| HistoryOptions {
        samples,
        keys: keys.iter().map(|&key| key.to_owned()).collect(),
        x_axis: x_axis.to_owned(),
        ..HistoryOptions::default()
    };
    let system = HistoryOptions { samples: 3, stream: HistoryStream::System, ..HistoryOptions::default() };
    let odd = context.run("runlake/digits/values").await?;
    Ok(list![
        run.history(&sample(5, &[], "_step")).await?,
        run.history(&HistoryOptions::default()).await?.len(),
        run.history(&sample(5, &["train/loss"], "_step")).await?,
        run.history(&sample(5, &["train/loss"], "_timestamp")).await?,
        run.history(&sample(5, &["no such key"], "_step")).await?,
        run.history(&system).await?,
        odd.history(&HistoryOptions::default()).await?,
    ])
}

async fn scan_history(context: Context) -> Answer {
    let scan =
        async |path: &str, options| -> Result<Vec<Object>, Error> { context.run(path).await?.scan_history(options).await?.all().await };
    let steps = |keys: &[&str]| ScanOptions {
        keys: keys.iter().map(|&key| key.to_owned()).collect(),
        min_step: Some(3),
        max_step: Some(6),
        ..ScanOptions::default()
    };
    let full = scan(RUN, ScanOptions::default()).await?;
    // With keys, the SDK leaves out the times, which are kept here.
    let mut losses = scan(RUN, steps(&["train/loss"])).await?;
    for row in &mut losses {
        row.retain(|key, _| key == "_step" || key == "train/loss");
    }
    let torn = scan("runlake/digits/torn", ScanOptions::default()).await?;
    let torn_steps: Vec<Json> = torn.iter().map(|row| row["_step"].clone()).collect();
    Ok(list![
        full.len(),
        full[..3],
        full.last(),
        scan(RUN, ScanOptions { page_size: 7, ..ScanOptions::default() }).await?.len(),
        scan(RUN, steps(&[])).await?,
        losses,
        torn_steps,
    ])
}

async fn download_history_exports(context: Context) -> Answer {
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    let finished = context.run(RUN).await?.download_history_exports(folder.path(), true).await?;
    let is_there = |path: &std::path::PathBuf| fs_err::metadata(path).is_ok_and(|metadata| metadata.len() > 0);
    let sizes: Vec<bool> = finished.paths.iter().map(is_there).collect();
    let running = context.run("runlake/live/running").await?;
    let live = running.download_history_exports(folder.path(), true).await;
    let partly = running.download_history_exports(folder.path(), false).await?;
    let paths: Vec<String> = partly.paths.iter().map(|path| path.display().to_string()).collect();
    Ok(list![sizes, finished.contains_live_data, outcome(live.map(|_| ())), paths, partly.contains_live_data])
}

async fn console_logs(context: Context) -> Answer {
    let run = context.run(MACHINE).await?;
    let lines = async |options| -> Result<Vec<Json>, Error> {
        let lines = run.console_logs(options).map_ok(|line| list![line.number, line.level, line.label, line.content]);
        lines.try_collect().await
    };
    let other = context.run("runlake/digits/values").await?;
    let last: Vec<_> = other.console_logs(ConsoleOptions { last: Some(1), ..ConsoleOptions::default() }).try_collect().await?;
    Ok(list![
        lines(ConsoleOptions::default()).await?,
        lines(ConsoleOptions { per_page: 2, last: None }).await?,
        lines(ConsoleOptions { last: Some(2), ..ConsoleOptions::default() }).await?,
        !last.is_empty(),
    ])
}

async fn to_html(context: Context) -> Answer {
    let run = context.run(RUN).await?;
    Ok(list![context.local(&run.to_html(None, false)), context.local(&run.to_html(Some(200), true))])
}
