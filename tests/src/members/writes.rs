//! The members of `Run` that change something: `tests/python/member_writes.py`.

use futures::FutureExt as _;
use runlake::{Error, HistoryOptions, Run, RunsOptions, WaitOptions};
use runlake_fetch::NewRun;
use runlake_types::{Json, Object, RunState};

use super::answer::{ToAnswer as _, list, outcome};
use super::{Answer, Context, Step, WRITTEN, new_run};

pub(super) const STEPS: &[(&str, Step)] = &[
    ("Run.create", |context| create(context).boxed_local()),
    ("Run.name (set)", |context| set_name(context).boxed_local()),
    ("Run.update", |context| update(context).boxed_local()),
    ("Run.save", |context| save(context).boxed_local()),
    ("Run.summary (update)", |context| update_summary(context).boxed_local()),
    ("Run.update of a run of the lake", |context| update_of_the_lake(context).boxed_local()),
    ("Run.delete", |context| delete(context).boxed_local()),
    ("Run.update_state", |context| update_state(context).boxed_local()),
    ("Run.stop", |context| stop(context).boxed_local()),
    ("Run.wait_until_finished", |context| wait_until_finished(context).boxed_local()),
];

fn object(text: &str) -> Object {
    Json::parse_object(text).expect("it is an object")
}

async fn create(context: Context) -> Answer {
    let new = NewRun { state: Some(RunState::Pending), ..new_run(Some("pending")) };
    let made = Run::create(&context.api(), new).await?;
    Ok(list![made.id(), made.state(), context.written("pending").await?.state()])
}

async fn set_name(context: Context) -> Answer {
    context.create("named").await?;
    let mut run = context.written("named").await?;
    run.set_name("A good name");
    run.update().await?;
    Ok(list![run.name(), context.written("named").await?.name()])
}

async fn update(context: Context) -> Answer {
    context.create("updated").await?;
    let mut run = context.written("updated").await?;
    run.set_notes("some notes");
    run.set_description("a description");
    run.set_tags(["one", "two"]);
    run.set_group("the group");
    run.set_job_type("train");
    let values = r#"{"lr":0.1,"net":{"depth":3,"a.b":[1,null]},"value":{"value":7},"big":9007199254740993}"#;
    run.config_mut().await?.extend(object(values));
    run.update().await?;
    let found = context.written("updated").await?;
    let mut run = context.written("updated").await?;
    run.config_mut().await?.insert("lr".to_owned(), Json::from(0.2));
    run.set_tags::<String>([]);
    run.update().await?;
    let last = context.written("updated").await?;
    Ok(list![
        found.notes(),
        found.description(),
        found.tags(),
        found.group(),
        found.job_type(),
        found.config().await?,
        last.config().await?,
        last.tags(),
        last.notes(),
    ])
}

async fn save(context: Context) -> Answer {
    context.create("saved").await?;
    let mut run = context.written("saved").await?;
    run.set_tags(["kept"]);
    run.save().await?;
    Ok(context.written("saved").await?.tags().to_answer())
}

async fn update_summary(context: Context) -> Answer {
    context.create("summed").await?;
    let mut run = context.written("summed").await?;
    run.summary_mut().await?.extend(object(r#"{"acc":0.5,"nested":{"a":{"b":1}},"gone":1}"#));
    run.update().await?;
    let first = context.written("summed").await?.summary().await?.to_answer();
    let mut run = context.written("summed").await?;
    run.summary_mut().await?.remove("gone");
    run.update_summary([("more", "text")]).await?;
    Ok(list![first, context.written("summed").await?.summary().await?])
}

async fn update_of_the_lake(context: Context) -> Answer {
    let path = "runlake/digits/records";
    let mut run = context.run(path).await?;
    run.set_notes("written");
    run.config_mut().await?.insert("added".to_owned(), Json::from(true));
    run.summary_mut().await?.insert("extra".to_owned(), Json::from(1));
    run.update().await?;
    let found = context.run(path).await?;
    let record = found.full_record().await?;
    let summary = found.summary_metrics().await?;
    let version = record.config_internal.as_ref().and_then(Json::as_object).and_then(|internal| internal.get("cli_version").cloned());
    let rows = found.history(&HistoryOptions::default()).await?;
    Ok(list![found.notes(), record.config, summary, version, rows.len()])
}

async fn delete(context: Context) -> Answer {
    let run = context.create("brief").await?;
    run.clone().delete(false).await?;
    context.create("brief-too").await?.delete(true).await?;
    let id = |run: Result<Run, Error>| outcome(run.map(|run| run.id().to_owned()));
    let listed = context.api().runs(WRITTEN, RunsOptions::default()).await?.all().await?;
    let left: Vec<&str> = listed.iter().map(Run::id).filter(|run_id| run_id.starts_with("brief")).collect();
    Ok(list![
        id(context.written("brief").await),
        id(context.create("brief").await),
        outcome(run.delete(false).await),
        id(context.written("brief-too").await),
        left,
    ])
}

async fn update_state(context: Context) -> Answer {
    let mut run = context.create("states").await?;
    let mut answers = Vec::new();
    for state in ["failed", "pending", "finished", "failed", "failed"] {
        answers.push(outcome(run.update_state(RunState::from_name(state)).await));
    }
    answers.push(run.state().to_answer());
    answers.push(context.written("states").await?.state().to_answer());
    Ok(answers.to_answer())
}

async fn stop(context: Context) -> Answer {
    let run = context.create("stopped").await?;
    run.stop().await?;
    run.stop().await?;
    let state = context.written("stopped").await?.state().to_answer();
    run.clone().delete(false).await?;
    Ok(list![state, outcome(run.stop().await)])
}

async fn wait_until_finished(context: Context) -> Answer {
    let mut run = context.create("waited-for").await?;
    run.update_state(RunState::Failed).await?;
    let mut waiting = context.written("waited-for").await?;
    Ok(waiting.wait_until_finished(WaitOptions::default()).await?.to_answer())
}
