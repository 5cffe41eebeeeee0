//! `runlake demo`: the whole way on sample data, over real HTTP on loopback.

use std::time::Instant;

use anyhow::Context as _;
use runlake_curves::outcome::Goal;
use runlake_fetch::Client;
use runlake_lake::export::{ExportOptions, export};
use runlake_lake::import::{ImportOptions, import};
use runlake_lake::{Lake, Location};
use runlake_query::{Answer, KeyPattern, Origin, OutcomeQuery, Pick, Selection};
use runlake_server::{Access, ServerOptions};
use secrecy::SecretString;

use crate::answer::print_answer;
use crate::arguments::{Demo, PrintOptions};
use crate::commands::import::report_damage;
use crate::exit_code;
use crate::progress::Progress;
use crate::report::{UsageError, say};

pub(crate) async fn demo(options: &Demo) -> anyhow::Result<u8> {
    if !options.data.is_dir() {
        let message = format!("there is no sample data at {}", options.data.display());
        return Err(UsageError {
            message,
            hint: "run it in the project's folder, or name a folder of offline runs with --data".to_owned(),
        }
        .into());
    }
    let started = Instant::now();
    let scratch = tempfile::tempdir().context("cannot make a temporary folder")?;
    let source = Lake::open_or_create(Location::folder(&scratch.path().join("source"))?).await?;
    let imported =
        import(&source, std::slice::from_ref(&options.data), &ImportOptions { with_files: true, ..ImportOptions::default() }, &mut |_| {})
            .await?;
    report_damage(&imported);
    let project = imported.runs.first().map(|run| run.run.project_path()).context("the sample data has no run")?;
    let rows: u64 = imported.runs.iter().map(|run| run.rows).sum();
    say(&format!("1. imported {} offline run logs from {}: {rows} rows", imported.runs.len(), options.data.display()));

    let key = SecretString::from(Access::random_key());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.context("cannot listen on loopback")?;
    let base_url = format!("http://{}", listener.local_addr()?);
    let server = runlake_server::serve(
        source,
        ServerOptions { access: Access::Key(key.clone()), ..ServerOptions::default() },
        listener,
        std::future::pending(),
    );
    let server = tokio::spawn(server);
    say(&format!("2. served them as the W&B API on {base_url}, with a key made for this demo"));

    let client = Client::builder().with_base_url(&base_url).with_api_key(key).build()?;
    let lake = Lake::open_or_create(Location::parse(&options.lake)?).await?;
    let mut progress = Progress::new("exporting", Some(&client));
    let report = export(&client, &project, &lake, &ExportOptions::default(), &mut |event| progress.note(&event)).await;
    progress.finish();
    let report = report?;
    server.abort();
    say(&format!(
        "3. exported {project} through the API into {}: {} runs written, {} unchanged, {} rows",
        lake.location(),
        report.written.len(),
        report.unchanged,
        report.written.iter().map(|run| run.rows).sum::<u64>()
    ));

    say(&format!("4. the best `{}` of each run, from the lake:\n", options.metric));
    let best = OutcomeQuery::new(Selection::of(project.clone()), KeyPattern::exact(&options.metric), Pick::Best(Goal::Maximize));
    let frame = best.read(&lake).await?;
    print_answer(&Answer::of_frame(frame, Origin::of_lake(&lake).await?), &PrintOptions::default()).await?;
    say(&format!("\nThe Parquet lies in {}", lake.location()));
    for file in lake.history_files(&project).await? {
        say(&format!("  {file}"));
    }
    say(&format!(
        "Done in {:.1} s. Next: `runlake info --lake {}`, or open the files with any Parquet reader.",
        started.elapsed().as_secs_f64(),
        options.lake
    ));
    Ok(if report.failed.is_empty() { exit_code::OK } else { exit_code::PARTIAL })
}
