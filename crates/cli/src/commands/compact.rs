//! `runlake compact` and `runlake vacuum`: the upkeep of a lake.

use runlake_lake::compact::{compact as put_together, vacuum as delete_old};
use runlake_lake::{Lake, Location};
use runlake_types::Json;

use crate::arguments::{Compact, Vacuum};
use crate::exit_code;
use crate::format::print_sheet;
use crate::report::say;
use crate::sheet::Sheet;
use crate::time_span::parse_span;

pub(crate) async fn compact(options: &Compact) -> anyhow::Result<u8> {
    let lake = Lake::open(Location::parse(&options.lake)?).await?;
    let done = put_together(&lake).await?;
    say(&format!("{} small part files became {}; `runlake vacuum` deletes the old ones in some days", done.files_before, done.files_after));
    Ok(exit_code::OK)
}

pub(crate) async fn vacuum(options: &Vacuum) -> anyhow::Result<u8> {
    let keep = parse_span(&options.keep)?;
    let lake = Lake::open(Location::parse(&options.lake)?).await?;
    let files = delete_old(&lake, keep, options.dry_run).await?;
    let mut sheet = Sheet::new(&["file"]);
    sheet.rows.extend(files.iter().map(|file| vec![Json::from(file.as_str())]));
    print_sheet(&sheet, options.format, None)?;
    say(&format!("{} part files {}", files.len(), if options.dry_run { "would be deleted" } else { "deleted" }));
    Ok(exit_code::OK)
}
