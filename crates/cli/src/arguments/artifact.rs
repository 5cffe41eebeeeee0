//! `runlake run files|download|upload|delete-files|artifacts|log-artifact|use-artifact` and `runlake artifact …`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Connection;
use super::Print;
use super::run::Place;

/// Which files of a run.
#[derive(Args, Debug)]
pub(crate) struct Which {
    /// Only files of these names.
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// Only files whose name is like this, in SQL's terms: % is any text, _ any character.
    #[arg(long, value_name = "PATTERN", conflicts_with = "names")]
    pub(crate) pattern: Option<String>,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  runlake run files team/digits/abc123\n  runlake run files team/digits/abc123 --pattern 'media/%.png' --format ndjson"
)]
pub(crate) struct Files {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) print: Print,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  runlake run download team/digits/abc123 --root out\n  runlake run download team/digits/abc123 output.log config.yaml --replace"
)]
pub(crate) struct Download {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) which: Which,
    /// The folder that they go to, each under its name with its folders. No name leads out of it.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) root: PathBuf,
    /// Replace files that are there; each is replaced when the new one is whole.
    #[arg(long)]
    pub(crate) replace: bool,
    /// Leave files that are there as they are, rather than fail.
    #[arg(long, conflicts_with = "replace")]
    pub(crate) exist_ok: bool,
    #[command(flatten)]
    pub(crate) print: Print,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  runlake run upload team/digits/abc123 plots/loss.png\n  runlake run upload team/digits/abc123 out/*.json --root out"
)]
pub(crate) struct Upload {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The local files.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The folder that their names in the run are relative to.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) root: PathBuf,
    #[command(flatten)]
    pub(crate) print: Print,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  runlake run delete-files team/digits/abc123 notes.txt --yes\n  runlake run delete-files team/digits/abc123 --pattern '%.tmp'"
)]
pub(crate) struct DeleteFiles {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) which: Which,
    /// Do not ask. Needed where nobody can answer.
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  runlake run artifacts team/digits/abc123\n  runlake run artifacts team/digits/abc123 --used --format json"
)]
pub(crate) struct Artifacts {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Those that the run uses, rather than those that it made.
    #[arg(long)]
    pub(crate) used: bool,
    #[command(flatten)]
    pub(crate) print: Print,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  runlake run log-artifact team/digits/abc123 weights.bin --name weights --type model --alias best\n  runlake run log-artifact team/digits/abc123 data/ --name images --type dataset --metadata '{\"rows\": 60000}'\n  runlake run log-artifact team/digits/abc123 --existing team/digits/weights:v3 --alias chosen"
)]
pub(crate) struct LogArtifact {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Files, which go by their names, and folders, whose contents go by their paths in them.
    #[arg(value_name = "PATH", required_unless_present_any = ["references", "existing"])]
    pub(crate) paths: Vec<PathBuf>,
    /// What the versions share.
    #[arg(long, required_unless_present = "existing")]
    pub(crate) name: Option<String>,
    /// What kind of thing it is, such as dataset or model.
    #[arg(long = "type", value_name = "TYPE", required_unless_present = "existing")]
    pub(crate) artifact_type: Option<String>,
    /// A version that exists already, rather than a new one.
    #[arg(long, value_name = "ARTIFACT", conflicts_with_all = ["paths", "references", "name", "artifact_type", "description", "metadata"])]
    pub(crate) existing: Option<String>,
    /// A reference to what lies outside of the service, such as images=s3://bucket/images. May come several times.
    #[arg(long = "reference", value_name = "PATH=ADDRESS")]
    pub(crate) references: Vec<String>,
    /// A name for this version, which others lose. May come several times; `latest` is given by the service.
    #[arg(long = "alias", value_name = "ALIAS")]
    pub(crate) aliases: Vec<String>,
    /// A tag. May come several times.
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// What people read about it.
    #[arg(long)]
    pub(crate) description: Option<String>,
    /// What is noted with it.
    #[arg(long, value_name = "JSON")]
    pub(crate) metadata: Option<String>,
    #[command(flatten)]
    pub(crate) print: Print,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  runlake run use-artifact team/digits/abc123 team/digits/weights:best\n  runlake run use-artifact team/digits/abc123 team/digits/images:v2 --download data"
)]
pub(crate) struct UseArtifact {
    #[command(flatten)]
    pub(crate) place: Place,
    /// `ENTITY/PROJECT/NAME:ALIAS`, or the address of its page.
    pub(crate) artifact: String,
    /// The part that it plays [default: its name].
    #[arg(long = "as", value_name = "NAME")]
    pub(crate) use_as: Option<String>,
    /// Download it into this folder, too.
    #[arg(long, value_name = "DIR")]
    pub(crate) download: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) print: Print,
}

/// Show a version of an artifact, download it, list its versions, delete it.
///
/// An artifact is `ENTITY/PROJECT/NAME:ALIAS` or the address of its page; without an alias it is the latest version.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  runlake artifact show team/digits/weights:best\n  runlake artifact download team/digits/weights --root weights\n  runlake artifact versions team/digits/weights\n  runlake artifact delete team/digits/weights:v0 --yes"
)]
pub(crate) struct Artifact {
    #[command(subcommand)]
    pub(crate) command: ArtifactCommand,
}

/// What is done with an artifact.
#[derive(Debug, Subcommand)]
pub(crate) enum ArtifactCommand {
    /// Everything that the service says of it.
    Show(OneArtifact),
    /// Its files and references.
    Files(OneArtifact),
    /// Download its files, checked against their digests. What is there with the right contents stays.
    Download(DownloadArtifact),
    /// All of its versions, the newest first.
    Versions(OneArtifact),
    /// Delete this version for good.
    Delete(DeleteArtifact),
}

/// An artifact, and how it is reached.
#[derive(Args, Debug)]
pub(crate) struct ArtifactPlace {
    /// `ENTITY/PROJECT/NAME:ALIAS`, or the address of its page.
    pub(crate) artifact: String,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Args, Debug)]
pub(crate) struct OneArtifact {
    #[command(flatten)]
    pub(crate) place: ArtifactPlace,
    #[command(flatten)]
    pub(crate) print: Print,
}

#[derive(Args, Debug)]
pub(crate) struct DownloadArtifact {
    #[command(flatten)]
    pub(crate) place: ArtifactPlace,
    /// The folder that its files go to. No path leads out of it.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) root: PathBuf,
    #[command(flatten)]
    pub(crate) print: Print,
}

#[derive(Args, Debug)]
pub(crate) struct DeleteArtifact {
    #[command(flatten)]
    pub(crate) place: ArtifactPlace,
    /// Its aliases go with it. Without this, a version that has some stays.
    #[arg(long)]
    pub(crate) with_aliases: bool,
    /// Do not ask. Needed where nobody can answer.
    #[arg(long)]
    pub(crate) yes: bool,
}
