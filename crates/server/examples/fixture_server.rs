//! Serves the tests' fixture, for driving it with the official SDK by hand: `fixture_server PORT [ended|tail|never|always] [doubles]`.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a tool for developers")]

#[path = "../tests/it/fixture.rs"]
#[expect(dead_code, clippy::cast_precision_loss, reason = "shared with the tests")]
mod fixture;

use runlake_server::{Access, ExportPolicy, ExportedRuns, ServerOptions, serve};
use runlake_types::RunState;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runs = match arguments.get(1).map(String::as_str) {
        Some("tail") => ExportedRuns::AllButLiveTail,
        Some("never") => ExportedRuns::Never,
        Some("always") => ExportedRuns::Always,
        _ => ExportedRuns::Ended,
    };
    let exports =
        ExportPolicy { runs, rows_per_file: 25, rows_per_group: 10, step_as_double: arguments.len() > 2, ..ExportPolicy::default() };
    let options = ServerOptions { access: Access::Key("k".repeat(40).into()), exports, ..ServerOptions::default() };
    let fixture = fixture::Fixture::demo();
    fixture.put(fixture::FixtureRun::new("long", RunState::Finished, 20_000, 5));
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{}", arguments[0])).await.unwrap();
    println!("serving on {}", listener.local_addr().unwrap());
    let shutdown = async { tokio::signal::ctrl_c().await.unwrap() };
    serve(fixture, options, listener, shutdown).await.unwrap();
}
