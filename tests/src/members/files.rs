//! `File`, `Files`, and the members of `Run` that give them: `tests/python/member_files.py`.

use std::path::{Path, PathBuf};

use futures::FutureExt as _;
use runlake::{Error, Run};
use runlake_fetch::{Existing, FilesQuery, RunFile, SignedUrl};
use runlake_types::Json;
use tempfile::TempDir;

use super::answer::{ToAnswer, list, outcome};
use super::{Answer, Context, PROJECT, Step, WRITTEN};

pub(super) const STEPS: &[(&str, Step)] = &[
    ("Run.files", |context| files(context).boxed_local()),
    ("len(Files)", |context| len(context).boxed_local()),
    ("Run.files(names)", |context| by_names(context).boxed_local()),
    ("Run.files(pattern)", |context| by_pattern(context).boxed_local()),
    ("Run.files(names, pattern)", |context| by_both(context).boxed_local()),
    ("Run.file", |context| file(context).boxed_local()),
    ("File.size", |context| of_each(context, |file| file.size_bytes.to_answer()).boxed_local()),
    ("File.mimetype", |context| of_each(context, |file| file.mimetype.to_answer()).boxed_local()),
    ("File.md5", |context| of_each(context, |file| file.md5.to_answer()).boxed_local()),
    ("File.updated_at", |context| of_each(context, |file| file.updated_at.to_answer()).boxed_local()),
    ("File.url", |context| of_each(context, |file| path_of(file.url.as_ref())).boxed_local()),
    ("File.direct_url", |context| of_each(context, |file| path_of(file.direct_url.as_ref())).boxed_local()),
    ("File.path_uri", |context| path_uri(context).boxed_local()),
    ("File.download", |context| download(context).boxed_local()),
    ("File.download(replace, exist_ok)", |context| download_over(context).boxed_local()),
    ("Run.upload_file", |context| upload(context).boxed_local()),
    ("Run.upload_file (again)", |context| upload_again(context).boxed_local()),
    ("Run.upload_file of nothing", |context| upload_nothing(context).boxed_local()),
    ("File.delete", |context| delete(context).boxed_local()),
];

async fn media(context: &Context) -> Result<Run, Error> {
    context.run(&format!("{PROJECT}/media")).await
}

/// A folder of its own with one file.
fn folder(name: &str, text: &str) -> (TempDir, PathBuf) {
    let root = tempfile::tempdir().expect("the temporary folder is writable");
    let path = root.path().join(name);
    fs_err::create_dir_all(path.parent().expect("it lies in a folder")).expect("the temporary folder is writable");
    fs_err::write(&path, text).expect("the temporary folder is writable");
    (root, path)
}

fn names(files: &[RunFile]) -> Json {
    files.iter().map(|file| file.name.clone()).collect::<Vec<_>>().to_answer()
}

async fn listed(run: &Run, query: FilesQuery) -> Result<Vec<RunFile>, Error> {
    Ok(run.files(query).collect().await?)
}

async fn files(context: Context) -> Answer {
    let mut answers = Vec::new();
    for per_page in [1, 2, 50] {
        answers.push(names(&listed(&media(&context).await?, FilesQuery { per_page, ..FilesQuery::default() }).await?));
    }
    Ok(answers.to_answer())
}

async fn len(context: Context) -> Answer {
    Ok(media(&context).await?.files(FilesQuery::default()).len().await?.to_answer())
}

async fn by_names(context: Context) -> Answer {
    let wanted = vec!["requirements.txt".to_owned(), "no such file".to_owned()];
    Ok(names(&listed(&media(&context).await?, FilesQuery { names: wanted, ..FilesQuery::default() }).await?))
}

async fn by_pattern(context: Context) -> Answer {
    let mut answers = Vec::new();
    for pattern in ["%.png", "media/images/%", "requirements._xt", "nothing%"] {
        answers.push(names(&listed(&media(&context).await?, FilesQuery::like(pattern)).await?));
    }
    Ok(answers.to_answer())
}

async fn by_both(context: Context) -> Answer {
    let query = FilesQuery { names: vec!["a".to_owned()], ..FilesQuery::like("%") };
    Ok(outcome(listed(&media(&context).await?, query).await.map(|files| names(&files))))
}

async fn file(context: Context) -> Answer {
    let run = media(&context).await?;
    Ok(list![run.file("requirements.txt").await?.name, outcome(run.file("no such file").await.map(|file| file.name))])
}

async fn of_each(context: Context, fact: fn(&RunFile) -> Json) -> Answer {
    Ok(listed(&media(&context).await?, FilesQuery::default()).await?.iter().map(fact).collect::<Vec<_>>().to_answer())
}

/// The path of an address, without the host that the backend happens to have.
fn path_of(url: Option<&SignedUrl>) -> Json {
    url.map(|url| url.expose().path().trim_start_matches('/').to_owned()).to_answer()
}

async fn path_uri(context: Context) -> Answer {
    let uri = media(&context).await?.file("requirements.txt").await?.path_uri();
    Ok(uri.as_deref().and_then(|uri| uri.splitn(4, '/').nth(3)).to_answer())
}

async fn download(context: Context) -> Answer {
    let root = tempfile::tempdir().expect("the temporary folder is writable");
    let image = listed(&media(&context).await?, FilesQuery::like("media/images/%")).await?.remove(0);
    let path = image.download(root.path(), Existing::Refuse).await?;
    let name = path.strip_prefix(root.path()).ok().and_then(Path::to_str).map(str::to_owned);
    Ok(list![name, fs_err::metadata(&path).expect("it was downloaded").len()])
}

async fn download_over(context: Context) -> Answer {
    let (root, path) = folder("requirements.txt", "mine");
    let file = media(&context).await?.file("requirements.txt").await?;
    let refused = outcome(file.download(root.path(), Existing::Refuse).await.map(|_path| ()).map_err(Error::from));
    file.download(root.path(), Existing::Keep).await?;
    let kept = fs_err::read_to_string(&path).expect("it is there");
    file.download(root.path(), Existing::Replace).await?;
    Ok(list![refused, kept, fs_err::metadata(&path).expect("it is there").len() == file.size_bytes])
}

async fn upload(context: Context) -> Answer {
    let (root, path) = folder("sub/ä b.txt", "hello");
    let file = context.create("uploads").await?.upload_file(&path, root.path()).await?;
    let found = listed(&context.written("uploads").await?, FilesQuery::default()).await?;
    Ok(list![file.name, file.size_bytes, file.md5, names(&found)])
}

async fn upload_again(context: Context) -> Answer {
    let (root, path) = folder("sub/ä b.txt", "hello again");
    context.written("uploads").await?.upload_file(&path, root.path()).await?;
    let found = listed(&context.written("uploads").await?, FilesQuery::default()).await?;
    Ok(found.iter().map(|file| list![file.name, file.size_bytes]).collect::<Vec<_>>().to_answer())
}

async fn upload_nothing(context: Context) -> Answer {
    let run = context.create("uploads-of-nothing").await?;
    Ok(outcome(run.upload_file("/nowhere/at/all", "/nowhere").await.map(|file| file.name)))
}

async fn delete(context: Context) -> Answer {
    let (root, path) = folder("a.txt", "a");
    context.create("deletes").await?.upload_file(&path, root.path()).await?.delete().await?;
    Ok(names(&listed(&context.run(&format!("{WRITTEN}/deletes")).await?, FilesQuery::default()).await?))
}
