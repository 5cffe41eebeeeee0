//! Which files a run has: listed page by page, found by name, counted, and new ones uploaded.

use std::path::{Component, Path, PathBuf};

use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use runlake_types::RunPath;
use serde_json::{Value, json};

use crate::Client;
use crate::error::{Error, ErrorKind};
use crate::file_wire::{
    CREATE_RUN_FILES, CreateRunFilesData, FILE_COUNT, FileCountOfRun, FilesOfProject, MARK_RUN_FILES_UPLOADED, RUN_FILES, WireUploads,
};
use crate::graphql::graphql_int;
use crate::pagination::{Page, pages};
use crate::run_file::RunFile;
use crate::runs::failed;
use crate::signed_url::SignedUrl;
use crate::upload::Contents;
use crate::wire::ProjectData;

/// Which files of a run to list, and how many in one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilesQuery {
    /// Only files of exactly these names. Default: all.
    pub names: Vec<String>,
    /// Only files whose name is like this, in the terms of SQL's `LIKE`: `%` is any text, `_` any character, and a backslash takes the
    /// next character as it is; `%.json` is every file that ends so. Not together with `names`. Default: all.
    pub pattern: Option<String>,
    /// Files per request. Default: 100, twice that of the official client.
    pub per_page: u32,
}

impl Default for FilesQuery {
    fn default() -> Self {
        Self { names: Vec::new(), pattern: None, per_page: 100 }
    }
}

impl FilesQuery {
    /// The files whose name is like `pattern`, as [`FilesQuery::pattern`] says.
    pub fn like(pattern: impl Into<String>) -> Self {
        Self { pattern: Some(pattern.into()), ..Self::default() }
    }

    fn check(&self) -> Result<(), ErrorKind> {
        let is_like = self.pattern.as_ref().is_some_and(|pattern| !pattern.is_empty());
        if !self.names.is_empty() && is_like {
            let reason = "files are asked for either by name or by pattern, not by both".to_owned();
            return Err(ErrorKind::InvalidArgument { message: reason });
        }
        Ok(())
    }
}

/// The files of a run. Nothing is asked for until a method is called.
///
/// ```no_run
/// # async fn example(client: runlake_fetch::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use futures::TryStreamExt as _;
/// use runlake_fetch::{Existing, FilesQuery};
/// use runlake_types::RunPath;
///
/// let files = client.files(&RunPath::parse("team/digits/r1")?, FilesQuery::like("media/%"));
/// let mut stream = std::pin::pin!(files.stream());
/// while let Some(file) = stream.try_next().await? {
///     file.download("downloads", Existing::Keep).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Files {
    client: Client,
    run: RunPath,
    query: FilesQuery,
}

impl Files {
    /// One file after another, page by page, in the service's order, which is by name. An error ends the stream.
    pub fn stream(&self) -> impl Stream<Item = Result<RunFile, Error>> + Send + use<> {
        let operation = "list the files of the run";
        let Self { client, run, query } = self.clone();
        let checked = query.check().map_err(|kind| failed(operation, kind));
        let names: Vec<Option<String>> = query.names.into_iter().map(Some).collect();
        let pages = pages(operation, move |cursor| {
            let (client, run) = (client.clone(), run.clone());
            let variables = json!({
                "entity": run.entity, "project": run.project, "run": run.run_id, "fileNames": names, "fileCursor": cursor,
                "fileLimit": graphql_int(query.per_page.max(1).into()), "pattern": query.pattern,
            });
            async move {
                let data: ProjectData<FilesOfProject> = client.query(operation, RUN_FILES, variables).await?;
                let not_found = || failed(operation, ErrorKind::RunNotFound { path: run.clone() });
                let FilesOfProject { internal_id, run: found } = data.project.ok_or_else(not_found)?;
                let page = Page::of_connection(found.ok_or_else(not_found)?.files, None).map_err(|kind| failed(operation, kind))?;
                let project_number = crate::file_wire::number(internal_id.as_deref());
                let items =
                    page.items.into_iter().map(|wire| RunFile::from_wire(client.clone(), run.clone(), project_number, wire)).collect();
                Ok(Page { items, next: page.next, total: page.total })
            }
        });
        let items = pages.map_ok(|page| stream::iter(page.items).map(Ok)).try_flatten();
        stream::iter(checked.err().map(Err)).chain(items).scan(false, |ended, item| {
            let is_after_error = std::mem::replace(ended, item.is_err());
            std::future::ready((!is_after_error).then_some(item))
        })
    }

    /// All of them.
    ///
    /// # Errors
    /// [`ErrorKind::RunNotFound`], [`ErrorKind::InvalidArgument`] for names together with a pattern, and as every call.
    pub async fn collect(&self) -> Result<Vec<RunFile>, Error> {
        self.stream().try_collect().await
    }

    /// How many there are. Without names and pattern this is one small request; with them it is a listing, since the count that the
    /// service keeps is of all files.
    ///
    /// # Errors
    /// As [`collect`](Self::collect).
    pub async fn len(&self) -> Result<u64, Error> {
        if !self.query.names.is_empty() || self.query.pattern.is_some() {
            let listed = self.collect().await?.len();
            return Ok(u64::try_from(listed).unwrap_or(u64::MAX));
        }
        let counted: FileCountOfRun = self.client.query_run("count the files of the run", FILE_COUNT, &self.run, json!({})).await?;
        Ok(counted.file_count.unwrap_or(0))
    }

    /// Whether there are none.
    ///
    /// # Errors
    /// As [`collect`](Self::collect).
    pub async fn is_empty(&self) -> Result<bool, Error> {
        Ok(self.len().await? == 0)
    }
}

impl Client {
    /// The files of a run that `query` selects.
    pub fn files(&self, run: &RunPath, query: FilesQuery) -> Files {
        Files { client: self.clone(), run: run.clone(), query }
    }

    /// The file of exactly this name.
    ///
    /// # Errors
    /// [`ErrorKind::FileNotFound`] when the run has none, [`ErrorKind::RunNotFound`] when there is no such run, and as every call.
    pub async fn file(&self, run: &RunPath, name: &str) -> Result<RunFile, Error> {
        let query = FilesQuery { names: vec![name.to_owned()], per_page: 1, ..FilesQuery::default() };
        let mut files = std::pin::pin!(self.files(run, query).stream());
        while let Some(file) = files.try_next().await? {
            if file.name == name {
                return Ok(file);
            }
        }
        Err(failed("find the file", ErrorKind::FileNotFound { run: Box::new(run.clone()), name: name.to_owned() }))
    }

    /// Uploads a local file to a run; a file that the run has of the same name is replaced. In the run it is called by its path relative
    /// to `root`. Relative paths, of both, are taken from the working directory.
    ///
    /// ```no_run
    /// # async fn example(client: runlake_fetch::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use runlake_types::RunPath;
    /// let file = client.upload_file(&RunPath::parse("team/digits/r1")?, "out/plots/loss.png", "out").await?;
    /// assert_eq!(file.name, "plots/loss.png");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::LocalFile`] when the file cannot be read, [`ErrorKind::InvalidArgument`] when it is no file or does not lie below
    /// `root`, [`ErrorKind::RunNotFound`], and as every call.
    pub async fn upload_file(&self, run: &RunPath, path: impl AsRef<Path>, root: impl AsRef<Path>) -> Result<RunFile, Error> {
        let operation = "upload a file";
        let path = path.as_ref();
        let name = name_below(path, root.as_ref()).map_err(|kind| failed(operation, kind))?;
        let contents = Contents::of_file(path).await.map_err(|kind| failed(operation, kind))?;
        let md5 = contents.md5().await.map_err(|kind| failed(operation, kind))?;
        let mut is_first = true;
        loop {
            let (url, headers) = self.upload_url(operation, run, &name).await?;
            match self.upload(operation, &url, &headers, &contents, Some(md5)).await {
                // An address may expire while earlier uploads hold the gate: a new one is asked for, once.
                Err(error) if is_first && matches!(error.kind(), ErrorKind::UrlExpired { .. }) => is_first = false,
                Err(error) => return Err(error),
                Ok(()) => break,
            }
        }
        self.mark_uploaded(operation, run, &name).await?;
        self.file(run, &name).await
    }

    async fn upload_url(&self, operation: &'static str, run: &RunPath, name: &str) -> Result<(SignedUrl, Vec<String>), Error> {
        let variables = json!({ "entity": run.entity, "project": run.project, "run": run.run_id, "files": [name] });
        let data: CreateRunFilesData = self.query(operation, CREATE_RUN_FILES, variables).await?;
        let not_found = || failed(operation, ErrorKind::RunNotFound { path: run.clone() });
        let WireUploads { run_id, upload_headers, files } = data.create_run_files.ok_or_else(not_found)?;
        run_id.filter(|id| !id.is_empty()).ok_or_else(not_found)?;
        let url = files.into_iter().flatten().find_map(|file| file.upload_url).ok_or_else(|| failed(operation, ErrorKind::NoData))?;
        let url = SignedUrl::read(&url, Some(self.base_url())).map_err(|kind| failed(operation, kind))?;
        Ok((url, upload_headers.unwrap_or_default()))
    }

    /// Tells the service that the contents have arrived, which one with a store of its own does not notice by itself. Services that
    /// notice may not know the call.
    async fn mark_uploaded(&self, operation: &'static str, run: &RunPath, name: &str) -> Result<(), Error> {
        let variables = json!({ "entity": run.entity, "project": run.project, "run": run.run_id, "files": [name] });
        let messages = match self.raw(MARK_RUN_FILES_UPLOADED, variables).await {
            Ok(reply) => error_messages(&reply),
            Err(error) => match error.kind() {
                ErrorKind::GraphQl { messages } => messages.clone(),
                _ => return Err(error),
            },
        };
        if messages.iter().any(|message| message.contains("Cannot query field")) {
            tracing::debug!("the service has no call to confirm uploads: it notices them by itself");
            return Ok(());
        }
        if messages.is_empty() { Ok(()) } else { Err(failed(operation, ErrorKind::GraphQl { messages })) }
    }
}

/// The messages of the errors of a whole reply.
fn error_messages(reply: &Value) -> Vec<String> {
    let errors = reply["errors"].as_array().into_iter().flatten();
    errors.map(|error| error["message"].as_str().unwrap_or_default().to_owned()).collect()
}

/// The name of the file at `path` as one below `root`, with slashes.
fn name_below(path: &Path, root: &Path) -> Result<String, ErrorKind> {
    let absolute = |path: &Path| {
        let absolute =
            std::path::absolute(path).map_err(|source| ErrorKind::LocalFile { operation: "find the working directory", source })?;
        Ok::<_, ErrorKind>(without_dots(&absolute))
    };
    let invalid = |reason: String| ErrorKind::InvalidArgument { message: reason };
    let (path, root) = (absolute(path)?, absolute(root)?);
    let relative =
        path.strip_prefix(&root).map_err(|_outside| invalid(format!("`{}` does not lie below `{}`", path.display(), root.display())))?;
    let parts: Option<Vec<&str>> = relative.iter().map(|part| part.to_str()).collect();
    let parts = parts.ok_or_else(|| invalid(format!("the name of `{}` is not Unicode", path.display())))?;
    if parts.is_empty() {
        return Err(invalid(format!("`{}` is the root itself, not a file below it", path.display())));
    }
    Ok(parts.join("/"))
}

/// Takes `..` out by name alone, as the official client does: a link keeps the name that the user gave it.
fn without_dots(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                out.pop();
            }
            Component::CurDir => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn names_are_relative_to_the_root() {
        let name = |path: &str, root: &str| name_below(Path::new(path), Path::new(root)).map_err(|kind| kind.to_string());
        assert_eq!(name("/a/b/c.txt", "/a"), Ok("b/c.txt".to_owned()));
        assert_eq!(name("x/../out/c.txt", "./out/"), Ok("c.txt".to_owned()));
        assert_eq!(name("/a/c.txt", "/a/b"), Err("`/a/c.txt` does not lie below `/a/b`".to_owned()));
        assert_eq!(name("/a/b/../../c.txt", "/a"), Err("`/c.txt` does not lie below `/a`".to_owned()));
        assert_eq!(name("/a/", "/a"), Err("`/a` is the root itself, not a file below it".to_owned()));
    }
}
