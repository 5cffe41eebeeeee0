//! Statements over the sample runs.

use std::path::Path;

use runlake_lake::import::{ImportOptions, import};
use runlake_lake::{Lake, Location};

use super::*;

async fn sample(folder: &Path) -> Lake {
    let lake = Lake::open_or_create(Location::folder(folder).unwrap()).await.unwrap();
    let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/digits");
    import(&lake, &[logs], &ImportOptions::default(), &mut |_| {}).await.unwrap();
    lake
}

#[tokio::test]
async fn explore() {
    let folder = tempfile::tempdir().unwrap();
    let lake = sample(folder.path()).await;
    let session = SqlSession::open(&lake, &[]).await.unwrap();
    for sql in fs_err::read_to_string("/tmp/h/explore.sql").unwrap().split("\n") {
        if sql.trim().is_empty() { continue }
        println!("=== {sql}");
        match session.query(sql).await {
            Ok(query) => match query.collect().await {
                Ok(frame) => println!("{frame}"),
                Err(error) => println!("COLLECT {error}\n{:?}", error.hint()),
            },
            Err(error) => println!("PLAN {error}\n{:?} {:?}", error.hint(), std::error::Error::source(&error).map(ToString::to_string)),
        }
    }
}
