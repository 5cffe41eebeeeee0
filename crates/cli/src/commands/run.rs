//! `runlake run`: one run shown, changed, deleted, waited for.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::time::Duration;

use futures::TryStreamExt as _;
use runlake::{Api, ConsoleOptions, Run, WaitOptions};
use runlake_fetch::NewRun;
use runlake_types::{HistoryKeys, Json, Object, RunState};

use crate::arguments::run::{
    ConfigOf, Console, Create, Delete, Fields, Html, OneRun, Place, Run as Arguments, RunCommand, SetState, SettableState, Update, Wait,
};
use crate::arguments::{Format, Print};
use crate::commands::runs::record_object;
use crate::commands::{artifact, run_files};
use crate::connection::connect;
use crate::exit_code;
use crate::format::{Output, print_object, print_sheet};
use crate::report::{UsageError, say};
use crate::sheet::Sheet;

pub(crate) async fn run(options: &Arguments) -> anyhow::Result<u8> {
    match &options.command {
        RunCommand::Show(options) => show(options).await,
        RunCommand::Config(options) => config(options).await,
        RunCommand::Summary(options) => summary(options).await,
        RunCommand::Keys(options) => keys(options).await,
        RunCommand::Create(options) => create(options).await,
        RunCommand::Update(options) => update(options).await,
        RunCommand::SetState(options) => set_state(options).await,
        RunCommand::Stop(place) => stop(place).await,
        RunCommand::Delete(options) => delete(options).await,
        RunCommand::Wait(options) => wait(options).await,
        RunCommand::Html(options) => html(options).await,
        RunCommand::Console(options) => console(options).await,
        RunCommand::Files(options) => run_files::files(options).await,
        RunCommand::Download(options) => run_files::download(options).await,
        RunCommand::Upload(options) => run_files::upload(options).await,
        RunCommand::DeleteFiles(options) => run_files::delete(options).await,
        RunCommand::Artifacts(options) => artifact::of_run(options).await,
        RunCommand::LogArtifact(options) => artifact::log(options).await,
        RunCommand::UseArtifact(options) => artifact::use_it(options).await,
    }
}

/// The run that a command is about.
pub(super) async fn found(place: &Place) -> anyhow::Result<Run> {
    Ok(Api::new(connect(&place.connection)?).run(&place.run).await?)
}

async fn print_run(run: &Run, print: &Print) -> anyhow::Result<u8> {
    let mut object = record_object(&run.full_record().await?);
    object.insert("url".to_owned(), Json::from(run.url()));
    print_object(&object, print.format()?, print.output())?;
    Ok(exit_code::OK)
}

async fn show(options: &OneRun) -> anyhow::Result<u8> {
    print_run(&found(&options.place).await?, &options.print).await
}

async fn config(options: &ConfigOf) -> anyhow::Result<u8> {
    let run = found(&options.place).await?;
    let config = if options.raw { run.rawconfig().await? } else { run.config().await?.clone() };
    print_object(&config, options.print.format()?, options.print.output())?;
    Ok(exit_code::OK)
}

async fn summary(options: &OneRun) -> anyhow::Result<u8> {
    let run = found(&options.place).await?;
    print_object(run.summary().await?, options.print.format()?, options.print.output())?;
    Ok(exit_code::OK)
}

async fn keys(options: &OneRun) -> anyhow::Result<u8> {
    let run = found(&options.place).await?;
    let mut sheet = Sheet::new(&["key", "numbers", "booleans", "strings", "other"]);
    let count = |count: u64| Json::from(i64::try_from(count).unwrap_or(i64::MAX));
    for (key, counts) in run.history_keys().await?.into_iter().flat_map(HistoryKeys::keys) {
        let counts = [counts.number, counts.boolean, counts.string, counts.json].map(count);
        sheet.rows.push(std::iter::once(Json::from(key)).chain(counts).collect());
    }
    print_sheet(&sheet, options.print.format()?, options.print.output())?;
    Ok(exit_code::OK)
}

async fn create(options: &Create) -> anyhow::Result<u8> {
    let api = Api::new(connect(&options.connection)?);
    let is_project = options.place.trim_matches('/').split('/').count() <= 2 && !options.place.contains(':');
    let (project, run_id) = if is_project {
        (api.project_path(&options.place).await?, None)
    } else {
        let path = api.run_path(&options.place).await?;
        (path.project_path(), Some(path.run_id))
    };
    let state = options.pending.then_some(RunState::Pending);
    let new = NewRun { entity: Some(project.entity), project: Some(project.project), run_id, state };
    let mut run = api.create_run(new).await?;
    set_fields(&mut run, &options.fields).await?;
    run.update().await?;
    // The service fills in the rest, such as a name.
    run.load_full_data(true).await?;
    print_run(&run, &options.print).await
}

async fn update(options: &Update) -> anyhow::Result<u8> {
    let mut run = found(&options.place).await?;
    set_fields(&mut run, &options.fields).await?;
    if !options.add_tags.is_empty() || !options.remove_tags.is_empty() {
        let mut tags: Vec<String> = run.tags().iter().filter(|tag| !options.remove_tags.contains(tag)).cloned().collect();
        tags.extend(options.add_tags.iter().filter(|tag| !run.tags().contains(tag)).cloned());
        run.set_tags(tags);
    }
    if !options.unset_config.is_empty() {
        remove_keys("config", run.config_mut().await?, &options.unset_config)?;
    }
    if !options.unset_summary.is_empty() {
        remove_keys("summary", run.summary_mut().await?, &options.unset_summary)?;
    }
    run.update().await?;
    print_run(&run, &options.print).await
}

/// Sets on `run` what the options name.
async fn set_fields(run: &mut Run, fields: &Fields) -> anyhow::Result<()> {
    let (config, summary) = (key_values(&fields.config)?, key_values(&fields.summary)?);
    if let Some(name) = &fields.name {
        run.set_name(name);
    }
    if let Some(notes) = &fields.notes {
        run.set_notes(notes);
    }
    if let Some(description) = &fields.description {
        run.set_description(description);
    }
    if let Some(group) = &fields.group {
        run.set_group(group);
    }
    if let Some(job_type) = &fields.job_type {
        run.set_job_type(job_type);
    }
    if let Some(tags) = &fields.tags {
        run.set_tags(tags.split(',').map(str::trim).filter(|tag| !tag.is_empty()));
    }
    if !config.is_empty() {
        run.config_mut().await?.extend(config);
    }
    if !summary.is_empty() {
        run.summary_mut().await?.extend(summary);
    }
    Ok(())
}

/// Reads `KEY=VALUE` options, where a value that is no JSON is a text.
fn key_values(options: &[String]) -> anyhow::Result<Object> {
    let pair = |option: &String| {
        let (key, value) = option.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or_else(|| UsageError {
            message: format!("`{option}` is not KEY=VALUE"),
            hint: "write a value such as lr=0.1, name='\"0.1\"' for a text that reads like a number, or opt='{\"name\": \"adam\"}'"
                .to_owned(),
        })?;
        Ok((key.to_owned(), Json::parse(value).unwrap_or_else(|_| Json::from(value))))
    };
    options.iter().map(pair).collect()
}

fn remove_keys(what: &str, object: &mut Object, keys: &[String]) -> anyhow::Result<()> {
    for key in keys {
        if object.remove(key).is_none() {
            let known: Vec<&str> = object.keys().map(String::as_str).collect();
            return Err(UsageError {
                message: format!("the {what} has no key `{key}`"),
                hint: format!("its keys are {}", known.join(", ")),
            }
            .into());
        }
    }
    Ok(())
}

async fn set_state(options: &SetState) -> anyhow::Result<u8> {
    let mut run = found(&options.place).await?;
    let state = match options.state {
        SettableState::Pending => RunState::Pending,
        SettableState::Failed => RunState::Failed,
    };
    let is_changed = run.update_state(state).await?;
    anyhow::ensure!(is_changed, "the service did not change the state of {}", run.run_path());
    say(&format!("{} is {}", run.run_path(), run.state()));
    Ok(exit_code::OK)
}

async fn stop(place: &Place) -> anyhow::Result<u8> {
    let run = found(place).await?;
    run.stop().await?;
    say(&format!("{} is asked to stop", run.run_path()));
    Ok(exit_code::OK)
}

async fn delete(options: &Delete) -> anyhow::Result<u8> {
    let run = found(&options.place).await?;
    let path = run.run_path().clone();
    if !options.yes && !is_confirmed(&format!("delete {path} ({}, made {}) for good?", run.state(), made_at(&run)))? {
        say("nothing was deleted");
        return Ok(exit_code::FAILURE);
    }
    run.delete(options.with_artifacts).await?;
    say(&format!("{path} is deleted"));
    Ok(exit_code::OK)
}

fn made_at(run: &Run) -> String {
    run.created_at().map_or_else(|| "at an unknown time".to_owned(), |at| at.to_string())
}

/// Asks on the terminal. Without one, the question cannot be answered, which is an error.
pub(super) fn is_confirmed(question: &str) -> anyhow::Result<bool> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        let message = "this destroys what cannot be brought back, and nobody is there to confirm it".to_owned();
        return Err(UsageError { message, hint: "say --yes when you are sure".to_owned() }.into());
    }
    let mut stderr = std::io::stderr();
    write!(stderr, "{question} [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

async fn wait(options: &Wait) -> anyhow::Result<u8> {
    let seconds = |name: &str, seconds: f64| {
        Duration::try_from_secs_f64(seconds).map_err(|_out_of_range| UsageError {
            message: format!("--{name} takes seconds, not {seconds}"),
            hint: "write a number that is not negative".to_owned(),
        })
    };
    let poll_interval = seconds("poll-interval", options.poll_interval)?;
    let timeout = options.timeout.map(|timeout| seconds("timeout", timeout)).transpose()?;
    let mut run = found(&options.place).await?;
    let state = run.wait_until_finished(WaitOptions { poll_interval, timeout }).await?.to_string();
    let mut output = Output::open(None)?;
    writeln!(output, "{state}")?;
    output.finish()?;
    Ok(exit_code::OK)
}

async fn html(options: &Html) -> anyhow::Result<u8> {
    let run = found(&options.place).await?;
    let mut output = Output::open(None)?;
    writeln!(output, "{}", run.to_html(Some(options.height), options.hidden))?;
    output.finish()?;
    Ok(exit_code::OK)
}

async fn console(options: &Console) -> anyhow::Result<u8> {
    let run = found(&options.place).await?;
    let mut lines = run.console_logs(ConsoleOptions { per_page: options.per_page, last: options.last });
    let (format, output) = (options.print.format()?, options.print.output());
    if format == Format::Table {
        let mut output = Output::open(output)?;
        while let Some(line) = lines.try_next().await? {
            writeln!(output, "{}", line.content)?;
        }
        output.finish()?;
        return Ok(exit_code::OK);
    }
    let mut sheet = Sheet::new(&["number", "timestamp", "level", "label", "content"]);
    while let Some(line) = lines.try_next().await? {
        let number = Json::from(i64::try_from(line.number).unwrap_or(i64::MAX));
        let timestamp = line.timestamp.map_or(Json::Null, |at| Json::from(at.to_string()));
        sheet.rows.push(vec![number, timestamp, Json::from(line.level), Json::from(line.label), Json::from(line.content)]);
    }
    print_sheet(&sheet, format, output)?;
    Ok(exit_code::OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_json_or_texts() {
        let options = ["lr=0.1", "name=adam", "text=\"0.1\"", "opt={\"a\": [1]}", "eq=a=b", "empty="].map(str::to_owned);
        let values = Json::Object(key_values(&options).unwrap()).to_string();
        assert_eq!(values, r#"{"empty":"","eq":"a=b","lr":0.1,"name":"adam","opt":{"a":[1]},"text":"0.1"}"#);
        for wrong in ["lr", "=1"] {
            assert!(key_values(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }
}
