//! `runlake verify`: is a lake sound.

use runlake_lake::verify::verify as check;
use runlake_lake::{Lake, Location};

use crate::arguments::Verify;
use crate::exit_code;
use crate::report::say;

pub(crate) async fn verify(options: &Verify) -> anyhow::Result<u8> {
    let lake = Lake::open(Location::parse(&options.lake)?).await?;
    let verdict = check(&lake).await?;
    verdict.notes.iter().for_each(|note| say(&format!("note: {note}")));
    if !verdict.notes.is_empty() {
        say("note: the same command again takes these rows up; until then they belong to no run");
    }
    verdict.faults.iter().for_each(|fault| say(&format!("fault: {fault}")));
    say(&format!("{} files, {} rows, {} runs: {} faults", verdict.files, verdict.rows, verdict.runs, verdict.faults.len()));
    if verdict.faults.is_empty() {
        return Ok(exit_code::OK);
    }
    say("hint: run the export or import that made the lake again: damaged runs are written anew");
    Ok(exit_code::FAULTS)
}
