//! `runlake run files|download|upload|delete-files`.

use std::path::PathBuf;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use runlake::Run;
use runlake_fetch::{Existing, FilesQuery, RunFile};
use runlake_types::Json;

use crate::arguments::artifact::{DeleteFiles, Download, Files, Upload, Which};
use crate::commands::run::{found, is_confirmed};
use crate::exit_code;
use crate::format::print_sheet;
use crate::report::{UsageError, say};
use crate::sheet::Sheet;

/// How many files are on their way at once; the client's limit on requests applies to them too.
const AT_ONCE: usize = 16;

/// The files that the arguments name, each of which must be there.
async fn selected(run: &Run, which: &Which) -> anyhow::Result<Vec<RunFile>> {
    let query = FilesQuery { names: which.names.clone(), pattern: which.pattern.clone(), ..FilesQuery::default() };
    let files = run.files(query).collect().await?;
    for name in &which.names {
        if !files.iter().any(|file| file.name == *name) {
            // The error of a file that is not there, as if it had been asked for alone.
            run.file(name).await?;
        }
    }
    Ok(files)
}

fn row(file: &RunFile) -> Vec<Json> {
    vec![
        Json::from(file.name.clone()),
        Json::from(i64::try_from(file.size_bytes).unwrap_or(i64::MAX)),
        file.mimetype.clone().map_or(Json::Null, Json::from),
        file.md5.clone().map_or(Json::Null, Json::from),
        file.updated_at.map_or(Json::Null, |at| Json::from(at.to_string())),
    ]
}

const COLUMNS: [&str; 5] = ["name", "size_bytes", "mimetype", "md5", "updated_at"];

pub(crate) async fn files(options: &Files) -> anyhow::Result<u8> {
    let run = found(&options.place).await?;
    let mut sheet = Sheet::new(&COLUMNS);
    sheet.rows = selected(&run, &options.which).await?.iter().map(row).collect();
    print_sheet(&sheet, options.print.format()?, options.print.output())?;
    Ok(exit_code::OK)
}

pub(crate) async fn download(options: &Download) -> anyhow::Result<u8> {
    let run = found(&options.place).await?;
    let existing = match (options.replace, options.exist_ok) {
        (true, _) => Existing::Replace,
        (false, true) => Existing::Keep,
        (false, false) => Existing::Refuse,
    };
    let files = selected(&run, &options.which).await?;
    let downloads = files.iter().map(|file| async move {
        let path = file.download(&options.root, existing).await?;
        Ok::<_, runlake_fetch::Error>((file, path))
    });
    let downloaded: Vec<(&RunFile, PathBuf)> = stream::iter(downloads).buffered(AT_ONCE).try_collect().await?;
    let mut sheet = Sheet::new(&["name", "size_bytes", "path"]);
    for (file, path) in downloaded {
        let size_bytes = Json::from(i64::try_from(file.size_bytes).unwrap_or(i64::MAX));
        sheet.rows.push(vec![Json::from(file.name.clone()), size_bytes, Json::from(path.display().to_string())]);
    }
    print_sheet(&sheet, options.print.format()?, options.print.output())?;
    Ok(exit_code::OK)
}

pub(crate) async fn upload(options: &Upload) -> anyhow::Result<u8> {
    let run = found(&options.place).await?;
    let uploads = options.files.iter().map(|path| run.upload_file(path, &options.root));
    let uploaded: Vec<RunFile> = stream::iter(uploads).buffered(AT_ONCE).try_collect().await?;
    let mut sheet = Sheet::new(&COLUMNS);
    sheet.rows = uploaded.iter().map(row).collect();
    print_sheet(&sheet, options.print.format()?, options.print.output())?;
    Ok(exit_code::OK)
}

pub(crate) async fn delete(options: &DeleteFiles) -> anyhow::Result<u8> {
    if options.which.names.is_empty() && options.which.pattern.is_none() {
        let message = "no files are named".to_owned();
        return Err(UsageError { message, hint: "name them, or say --pattern '%' for all".to_owned() }.into());
    }
    let run = found(&options.place).await?;
    let files = selected(&run, &options.which).await?;
    if !options.yes && !is_confirmed(&format!("delete {} files of {} for good?", files.len(), run.run_path()))? {
        say("nothing was deleted");
        return Ok(exit_code::FAILURE);
    }
    for file in &files {
        file.delete().await?;
        say(&format!("{} is deleted", file.name));
    }
    Ok(exit_code::OK)
}
