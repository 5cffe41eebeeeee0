//! The members of `Api`: `tests/python/member_api.py`.

use futures::FutureExt as _;
use runlake::{Place, RunsOptions};
use runlake_fetch::Environment;

use super::answer::{ToAnswer as _, list, outcome};
use super::{Answer, Context, PROJECT, Step, WRITTEN, new_run};

pub(super) const STEPS: &[(&str, Step)] = &[
    ("Api", |context| connected(context).boxed_local()),
    ("Api(overrides, api_key)", |context| connected(context).boxed_local()),
    ("Api.viewer", |context| viewer(context).boxed_local()),
    ("Api.default_entity", |context| default_entity(context).boxed_local()),
    ("Api.projects", |context| projects(context).boxed_local()),
    ("Api.project", |context| project(context).boxed_local()),
    ("Api.create_project", |context| create_project(context).boxed_local()),
    ("Api.run", |context| run(context).boxed_local()),
    ("paths of runs", |context| paths(context).boxed_local()),
    ("paths from settings", |context| paths_from_settings(context).boxed_local()),
    ("Api.runs", |context| runs(context).boxed_local()),
    ("Api.create_run", |context| create_run(context).boxed_local()),
    ("Api.from_path", |context| from_path(context).boxed_local()),
    ("Api.flush", |context| flush(context).boxed_local()),
];

async fn connected(context: Context) -> Answer {
    Ok(context.run(&format!("{PROJECT}/values")).await?.id().to_answer())
}

async fn viewer(context: Context) -> Answer {
    let api = context.api();
    let viewer = api.viewer().await?;
    let mut teams = viewer.teams.clone();
    teams.sort();
    Ok(list![viewer.username, viewer.entity, teams])
}

async fn default_entity(context: Context) -> Answer {
    Ok(context.api().default_entity().await?.to_answer())
}

async fn projects(context: Context) -> Answer {
    let listed = context.api().projects(Some("runlake")).await?;
    let others = listed.into_iter().filter(|project| !["members", "given"].contains(&project.path.project.as_str()));
    let day = |text: String| text[..10].to_owned();
    let answers = others.map(|project| {
        let created = project.created_at.map(|at| day(at.to_string()));
        list![project.path.entity, project.path.project, created]
    });
    Ok(answers.collect::<Vec<_>>().to_answer())
}

async fn project(context: Context) -> Answer {
    let project = context.api().project(PROJECT).await?;
    Ok(list![project.path.entity, project.path.project, project.storage_id])
}

async fn create_project(context: Context) -> Answer {
    let api = context.api();
    api.create_project("made-entity/made-project").await?;
    let names: Vec<String> = context.api().projects(Some("made-entity")).await?.into_iter().map(|project| project.path.project).collect();
    let runs = api.runs("made-entity/made-project", RunsOptions::default()).await?;
    Ok(list![names, runs.len().await?])
}

async fn run(context: Context) -> Answer {
    let found = context.run(&format!("{PROJECT}/values")).await?;
    let missing = context.run(&format!("{PROJECT}/no-such-run")).await;
    Ok(list![found.id(), outcome(missing.map(|run| run.id().to_owned()))])
}

async fn paths(context: Context) -> Answer {
    let forms = [
        "runlake/digits/values",
        "/runlake/digits/values/",
        "runlake/digits/runs/values",
        "runlake/digits:values",
        "digits/values",
        "digits/runs/values",
        "digits:values",
        "",
        "a/b/c/d/e",
    ];
    let api = context.api_with(Environment::default().with_variable("WANDB_ENTITY", "runlake"));
    let mut answers = Vec::new();
    for form in forms {
        answers.push(outcome(api.run(form).await.map(|run| run.path().join("/"))));
    }
    Ok(answers.to_answer())
}

async fn paths_from_settings(context: Context) -> Answer {
    let environment = Environment::default().with_variable("WANDB_ENTITY", "runlake").with_variable("WANDB_PROJECT", "digits");
    let api = context.api_with(environment);
    let (alone, with_word) = (api.run("values").await?, api.run("/runs/values").await?);
    let runs = api.runs("", RunsOptions::default()).await?;
    Ok(list![alone.path().join("/"), with_word.path().join("/"), runs.len().await?])
}

async fn runs(context: Context) -> Answer {
    let api = context.api();
    let runs = api.runs(PROJECT, RunsOptions::default()).await?.all().await?;
    let ids: Vec<&str> = runs.iter().map(runlake::Run::id).collect();
    let missing = api.runs("runlake/no-such-project", RunsOptions::default()).await?.all().await;
    Ok(list![ids, outcome(missing.map(|runs| runs.len()))])
}

async fn create_run(context: Context) -> Answer {
    let (made, again) = (context.create("made").await?, context.create("made").await?);
    let random = context.api().create_run(new_run(None)).await?;
    let found = context.written(random.id()).await?;
    let refused = context.create("a/b").await;
    Ok(list![
        made.id(),
        made.entity(),
        made.project(),
        made.state(),
        made.storage_id() == again.storage_id(),
        random.id().len(),
        found.state(),
        outcome(refused.map(|run| run.id().to_owned())),
    ])
}

async fn from_path(context: Context) -> Answer {
    let api = context.api_with(Environment::default().with_variable("WANDB_ENTITY", "runlake"));
    let name = async |path: &str| -> Result<String, runlake::Error> {
        Ok(match api.from_path(path).await? {
            Place::Project(project) => project.path.project,
            Place::Run(run) => run.id().to_owned(),
            other => format!("{other:?}"),
        })
    };
    let mut answers = Vec::new();
    for path in ["digits", "runlake/digits", "runlake/digits/values", "runlake/digits/runs/values", "a/b/c/d/e"] {
        answers.push(outcome(name(path).await));
    }
    Ok(answers.to_answer())
}

async fn flush(context: Context) -> Answer {
    context.create("flushed").await?;
    let (api, path) = (context.api(), format!("{WRITTEN}/flushed"));
    let before = api.run(&path).await?.notes().to_answer();
    let mut other = context.written("flushed").await?;
    other.set_notes("written elsewhere");
    other.update().await?;
    let cached = api.run(&path).await?.notes().to_answer();
    api.flush();
    Ok(list![before, cached, api.run(&path).await?.notes()])
}
