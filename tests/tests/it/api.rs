//! The objects of the library against the embedded backend: what the table of members does not show, such as how many requests a listing
//! costs, and the same objects without an async runtime.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use futures::TryStreamExt as _;
use runlake::blocking;
use runlake::{Api, ConsoleOptions, Error, HistoriesOptions, HistoryOptions, RunsOptions, ScanOptions, WaitOptions};
use runlake_fetch::{Client, Environment, ErrorKind, NewRun};
use runlake_tests::backend::{Backend, KEY};
use runlake_tests::lake::{PROJECT, block_on, sample_lake};
use runlake_types::{Condition, Json, RunState};

/// Passes bytes on to a backend and counts the requests among them.
struct Counter {
    url: String,
    requests: Arc<AtomicUsize>,
}

impl Counter {
    fn before(backend: &Backend) -> Self {
        let target = backend.base_url().trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&requests);
        thread::Builder::new()
            .spawn(move || {
                for client in listener.incoming() {
                    let (client, server) = (client.unwrap(), TcpStream::connect(&target).unwrap());
                    let back = (server.try_clone().unwrap(), client.try_clone().unwrap());
                    let count = Arc::clone(&count);
                    pass_on(client, server, move |bytes| {
                        let posts = bytes.windows(13).filter(|window| window == b"POST /graphql").count();
                        count.fetch_add(posts, Ordering::Relaxed);
                    });
                    pass_on(back.0, back.1, |_| {});
                }
            })
            .unwrap();
        Self { url, requests }
    }

    /// How many requests came since this was last asked.
    fn take(&self) -> usize {
        self.requests.swap(0, Ordering::Relaxed)
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, see: impl Fn(&[u8]) + Send + 'static) {
    let pass = move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            see(&buffer[..length]);
            if to.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
    };
    thread::Builder::new().spawn(pass).unwrap();
}

fn client(url: &str) -> Client {
    Client::builder().with_environment(Environment::default()).with_base_url(url).with_api_key(KEY.into()).build().unwrap()
}

#[test]
fn configs_of_many_runs_come_in_a_few_requests() {
    let backend = Backend::start(&sample_lake());
    let counter = Counter::before(&backend);
    let api = Api::new(client(&counter.url));
    block_on(async {
        let runs = api.runs(PROJECT, RunsOptions::default()).await.unwrap();
        let all = runs.all().await.unwrap();
        assert_eq!((all.len(), counter.take()), (27, 1));
        for run in &all {
            run.config().await.unwrap();
            run.summary().await.unwrap();
        }
        assert_eq!(counter.take(), 2, "25 runs in a request");
        // What was listed once is there, until it is forgotten.
        assert_eq!(api.runs(PROJECT, RunsOptions::default()).await.unwrap().len().await.unwrap(), 27);
        assert_eq!(counter.take(), 0);
        api.flush();
        let full = api.runs(PROJECT, RunsOptions { lazy: false, per_page: 10, ..RunsOptions::default() }).await.unwrap();
        let first: Vec<_> = full.stream().try_collect().await.unwrap();
        first[0].config().await.unwrap();
        assert_eq!(counter.take(), 3);
        let histories = full.histories(&HistoriesOptions::default()).await.unwrap();
        assert!(histories.len() > 1000);
        assert_eq!(counter.take(), 2, "16 runs of 500 samples in a request");
        full.get(3).await.unwrap().unwrap().history(&HistoryOptions::default()).await.unwrap();
        assert_eq!(counter.take(), 1);
    });
}

#[test]
fn an_update_sends_only_what_was_set() {
    let backend = Backend::start(&sample_lake());
    let api = Api::new(client(&backend.base_url()));
    block_on(async {
        let new = NewRun { entity: Some("runlake".to_owned()), project: Some("new".to_owned()), run_id: Some("r".to_owned()), state: None };
        let mut mine = api.create_run(new).await.unwrap();
        let mut theirs = Api::new(client(&backend.base_url())).run("runlake/new/r").await.unwrap();
        theirs.set_notes("theirs");
        theirs.config_mut().await.unwrap().insert("lr".to_owned(), Json::from(0.1));
        theirs.update().await.unwrap();
        mine.set_tags(["mine"]);
        mine.update().await.unwrap();
        // Nothing is set, so nothing is sent.
        mine.update().await.unwrap();
        let found = api.run("runlake/new/r").await.unwrap();
        assert_eq!((found.notes(), found.tags()), (Some("theirs"), ["mine".to_owned()].as_slice()));
        assert_eq!(found.config().await.unwrap().len(), 1);
    });
}

#[test]
fn a_deleted_run_says_so_wherever_it_is_touched() {
    let backend = Backend::start(&sample_lake());
    let api = Api::new(client(&backend.base_url()));
    block_on(async {
        let new = |id: &str| NewRun {
            entity: Some("runlake".to_owned()),
            project: Some("gone".to_owned()),
            run_id: Some(id.to_owned()),
            state: None,
        };
        for id in ["a", "b", "c"] {
            api.create_run(new(id)).await.unwrap();
        }
        let runs = api.runs("runlake/gone", RunsOptions::default()).await.unwrap().all().await.unwrap();
        runs[1].clone().delete(false).await.unwrap();
        let not_found = |error: Error| error.is_not_found();
        assert!(runs[1].config().await.is_err_and(not_found), "the others of its page are loaded all the same");
        assert!(runs[2].config().await.is_ok() && runs[0].config().await.is_ok());
        let mut gone = runs[1].clone();
        gone.set_notes("x");
        assert!(gone.update().await.is_err_and(not_found));
        assert!(gone.load(true).await.is_err_and(not_found));
        assert!(gone.stop().await.is_err_and(not_found));
        assert!(gone.update_state(RunState::Failed).await.is_err_and(not_found));
        assert!(gone.wait_until_finished(WaitOptions::default()).await.is_err_and(not_found));
        assert!(gone.history(&HistoryOptions::default()).await.is_err_and(not_found));
        assert!(gone.scan_history(ScanOptions::default()).await.is_err_and(not_found));
        assert!(gone.console_logs(ConsoleOptions::default()).try_next().await.is_err_and(not_found));
        assert!(gone.metadata().await.is_err_and(not_found));
        let error = gone.update_state(RunState::Finished).await.unwrap_err();
        assert!(matches!(error.fetch_kind(), Some(ErrorKind::InvalidArgument { .. })));
    });
}

#[test]
fn the_same_without_async() {
    let backend = Backend::start(&sample_lake());
    let api = blocking::Api::new(Api::new(client(&backend.base_url()))).unwrap();
    let filter = (Condition::field("state").equals("finished") & Condition::field("config.seed").equals(1)).into_filter().unwrap();
    let runs = api.runs(PROJECT, RunsOptions { filter, per_page: 2, ..RunsOptions::default() }).unwrap();
    assert_eq!(runs.len().unwrap(), u64::try_from(runs.iter().map(Result::unwrap).count()).unwrap());
    let run = runs.get(0).unwrap().unwrap();
    assert_eq!((run.id(), run.config().unwrap().contains_key("lr")), ("lr001-seed1", true));
    assert_eq!(run.scan_history(ScanOptions::default()).unwrap().map(Result::unwrap).count(), 80);
    assert_eq!(run.history(&HistoryOptions { samples: 3, ..HistoryOptions::default() }).unwrap().len(), 3);
    let records = api.run("runlake/digits/records").unwrap();
    assert!(records.console_logs(ConsoleOptions::default()).map(Result::unwrap).count() > 0);

    let mut made =
        api.create_run(NewRun { entity: Some("runlake".to_owned()), project: Some("new".to_owned()), ..NewRun::default() }).unwrap();
    made.set_tags(["t"]);
    made.summary_mut().unwrap().insert("acc".to_owned(), Json::from(0.5));
    made.update().unwrap();
    assert!(made.update_state(RunState::Failed).unwrap());
    assert_eq!(*made.wait_until_finished(WaitOptions::default()).unwrap(), RunState::Failed);
    let path = made.run_path().to_string();
    made.delete(false).unwrap();
    assert!(api.run(&path).unwrap_err().is_not_found());
    assert!(matches!(api.from_path(PROJECT).unwrap(), blocking::Place::Project(_)));

    // On a thread of a runtime it would bring that to a halt.
    let error = block_on(async { api.viewer().map(drop).unwrap_err() });
    assert!(error.to_string().contains("a thread of an async runtime"), "{error}");
}
