//! Every member of the official SDK's run API, called through runlake: the counterparts of the steps in `tests/python/member_*.py`.
//!
//! A step is named after its member and answers with JSON that is held against the SDK's answer. Which members there are is in
//! `tests/members.tsv`; comparing and printing is in [`table`].

pub mod answer;
mod api;
mod artifacts;
mod files;
mod run;
mod runs;
pub mod table;
mod writes;

use futures::future::LocalBoxFuture;
use runlake::{Api, Error, Run};
use runlake_fetch::{Client, Environment, NewRun};
use runlake_types::Json;

use crate::backend::{Backend, KEY};

/// What a member answers.
pub type Answer = Result<Json, Error>;

/// The calls of one member.
pub type Step = fn(Context) -> LocalBoxFuture<'static, Answer>;

/// The project of the sample runs.
const PROJECT: &str = "runlake/digits";

/// A finished run of it.
const RUN: &str = "runlake/digits/lr001-seed1";

/// The project for what is written.
const WRITTEN: &str = "runlake/members";

/// A run that is made beforehand with everything that the logs of the sample data lack: a commit, a user, a sweep.
const GIVEN: &str = "runlake/given/given";

/// A run that is imported with the files of a process that was online: its machine and its console.
const MACHINE: &str = "runlake/machine/sparse";

/// The backend that the steps talk to.
#[derive(Clone, Debug)]
pub struct Context {
    base_url: String,
}

/// The steps by the names of their members.
pub fn steps() -> Vec<(&'static str, Step)> {
    [api::STEPS, artifacts::STEPS, files::STEPS, runs::STEPS, run::STEPS, writes::STEPS].concat()
}

impl Context {
    /// Of a backend that is running.
    pub fn of(backend: &Backend) -> Self {
        Self { base_url: backend.base_url() }
    }

    /// An API that has cached nothing.
    fn api(&self) -> Api {
        self.api_with(Environment::default())
    }

    /// One that finds what paths leave out in these variables.
    fn api_with(&self, environment: Environment) -> Api {
        let builder = Client::builder().with_environment(environment).with_base_url(&self.base_url).with_api_key(KEY.into());
        Api::new(builder.build().expect("the address and the key are good"))
    }

    /// The run as an API sees it that has cached nothing.
    async fn run(&self, path: &str) -> Result<Run, Error> {
        self.api().run(path).await
    }

    /// A run of the project for what is written.
    async fn create(&self, run_id: &str) -> Result<Run, Error> {
        self.api().create_run(new_run(Some(run_id))).await
    }

    /// That run as an API sees it that has cached nothing.
    async fn written(&self, run_id: &str) -> Result<Run, Error> {
        self.run(&format!("{WRITTEN}/{run_id}")).await
    }

    /// An address without the host that the backend happens to have.
    fn local(&self, text: &str) -> String {
        text.replace(&self.base_url, "http://backend")
    }
}

fn new_run(run_id: Option<&str>) -> NewRun {
    let (entity, project) = WRITTEN.split_once('/').expect("a project's path has two parts");
    NewRun { entity: Some(entity.to_owned()), project: Some(project.to_owned()), run_id: run_id.map(str::to_owned), ..NewRun::default() }
}
