//! The examples of the library run against the embedded backend, and give what they should.

#[path = "../../../crates/runlake/examples/sdk_documentation.rs"]
#[expect(dead_code, unreachable_pub, reason = "it is a program with a `main` of its own")]
mod sdk_documentation;

#[path = "../../../crates/runlake/examples/files_and_artifacts.rs"]
#[expect(dead_code, unreachable_pub, reason = "it is a program with a `main` of its own")]
mod files_and_artifacts;

#[path = "../../../crates/runlake/examples/questions.rs"]
#[expect(dead_code, unreachable_pub, reason = "it is a program with a `main` of its own")]
mod questions;

use runlake::Api;
use runlake_fetch::Client;
use runlake_tests::backend::{Backend, KEY};
use runlake_tests::lake::{PROJECT, block_on, sample_lake};
use sdk_documentation as examples;

#[test]
fn the_examples_of_the_official_sdks_documentation() {
    let backend = Backend::start(&sample_lake());
    let api = Api::new(Client::builder().with_base_url(backend.base_url()).with_api_key(KEY.into()).build().unwrap());
    let run = format!("{PROJECT}/lr001-seed1");
    block_on(async {
        assert!(examples::runs_that_match(&api, PROJECT).await.unwrap() >= 9);
        let counts = examples::runs_by_config(&api, PROJECT).await.unwrap();
        assert!(counts[0] >= 3 && counts[1] > counts[0] && counts[2] >= counts[1], "{counts:?}");
        assert_eq!(examples::runs_by_name(&api, PROJECT).await.unwrap(), 3);
        assert!(examples::runs_by_loss(&api, PROJECT).await.unwrap().is_some());
        assert_eq!(examples::projects_of(&api, "runlake").await.unwrap(), ["digits", "live"]);
        assert!(examples::places(&api, PROJECT, "values").await.unwrap());
        let lines = examples::console(&api, "runlake/digits/records").await.unwrap();
        assert!(lines[0] > 0 && lines[0] == lines[1], "{lines:?}");
        assert_eq!(examples::losses(&api, &run).await.unwrap().len(), 80);
        assert_eq!(examples::pending_run(&api).await.unwrap().state().as_str(), "pending");
        let changed = examples::changed_run(&api, &run).await.unwrap();
        assert!(changed.tags().contains(&"new".to_owned()) && changed.config().await.unwrap().contains_key("foo"));
        examples::stopped_run(&api, "entity/project/my-pending-run").await.unwrap();
    });
}

#[test]
fn the_examples_for_files_and_artifacts() {
    use files_and_artifacts::{files_of, logged_artifact, uploaded_file, used_artifact};

    let backend = Backend::start(&sample_lake());
    let api = Api::new(Client::builder().with_base_url(backend.base_url()).with_api_key(KEY.into()).build().unwrap());
    let (run, folder) = (format!("{PROJECT}/records"), tempfile::tempdir().unwrap());
    let path = folder.path().join("a.txt");
    fs_err::write(&path, "This is a test artifact").unwrap();
    block_on(async {
        assert_eq!(uploaded_file(&api, &run, &path, folder.path()).await.unwrap(), "a.txt");
        let paths = files_of(&api, &run, &folder.path().join("down")).await.unwrap();
        assert!(paths.len() > 3 && paths.iter().all(|path| path.is_file()), "{paths:?}");
        assert_eq!(logged_artifact(&api, &run, &path).await.unwrap(), ["test_artifact"]);
        let artifact = format!("{PROJECT}/test_artifact:latest");
        assert_eq!(used_artifact(&api, &format!("{PROJECT}/media"), &artifact).await.unwrap(), ["test_artifact"]);
    });
}

#[test]
fn the_examples_for_questions() {
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use runlake_tests::lake::open;
    use runlake_types::ProjectPath;

    let (folder, source) = (tempfile::tempdir().unwrap(), sample_lake());
    let (export, picture) = (folder.path().join("rows.parquet"), folder.path().join("groups.svg"));
    block_on(async {
        let (lake, project) = (open(&source).await, ProjectPath::parse(PROJECT).unwrap());
        questions::batch_export(&lake, &project, "val.*", &export).await.unwrap();
        let file = ParquetRecordBatchReaderBuilder::try_new(fs_err::File::open(&export).unwrap().into_parts().0).unwrap();
        let notes = file.metadata().file_metadata().key_value_metadata().cloned().unwrap_or_default();
        assert!(notes.iter().any(|note| note.key == "runlake.question" && note.value.as_deref() == Some("every row with val.*")));
        let exported = usize::try_from(file.metadata().file_metadata().num_rows()).unwrap();
        let label = questions::analysis(&lake, &project, "val.acc", &picture).await.unwrap();
        assert!(label.starts_with("config.lr="), "{label}");
        assert!(fs_err::read_to_string(&picture).unwrap().contains(&label));
        let (sink, mut batches) = tokio::sync::mpsc::channel::<arrow::array::RecordBatch>(2);
        let counted = async {
            let mut rows = 0;
            while let Some(batch) = batches.recv().await {
                rows += batch.num_rows();
            }
            rows
        };
        let (sent, received) = tokio::join!(questions::pipeline(&lake, &project, "val.*", sink), counted);
        assert_eq!(sent.unwrap(), received);
        assert!(received >= exported && exported > 0, "{received} rows of all runs, {exported} of finished ones");
    });
}
