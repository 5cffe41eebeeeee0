//! Artifacts, which a lake does not keep: types without values, so that documents about them are valid and answered with nothing.

#![expect(unreachable_code, reason = "the macro goes on after resolvers that no value can reach")]

use async_graphql::{Enum, ID, Interface, Object, SimpleObject};

use super::PageInfo;
use super::project::Project;
use super::scalars::{DateTime, Int64, JsonString};

#[derive(Default, SimpleObject)]
pub(super) struct ArtifactConnection {
    total_count: i32,
    page_info: PageInfo,
    edges: Vec<ArtifactEdge>,
}

#[derive(SimpleObject)]
struct ArtifactEdge {
    node: Artifact,
    cursor: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
enum ArtifactState {
    Pending,
    Committed,
    Deleted,
}

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
enum ArtifactDigestAlgorithm {
    #[graphql(name = "MANIFEST_MD5")]
    Md5,
    #[graphql(name = "MANIFEST_XXH128")]
    Xxh128,
}

/// There is none.
pub(super) enum Artifact {}

#[Object]
impl Artifact {
    async fn id(&self) -> ID {
        match *self {}
    }

    async fn artifact_sequence(&self) -> ArtifactSequence {
        match *self {}
    }

    async fn artifact_type(&self) -> ArtifactType {
        match *self {}
    }

    async fn version_index(&self) -> Option<i32> {
        match *self {}
    }

    async fn description(&self) -> Option<String> {
        match *self {}
    }

    async fn metadata(&self) -> Option<JsonString> {
        match *self {}
    }

    async fn ttl_duration_seconds(&self) -> Int64 {
        match *self {}
    }

    async fn ttl_is_inherited(&self) -> bool {
        match *self {}
    }

    async fn tags(&self) -> Vec<Tag> {
        match *self {}
    }

    async fn history_step(&self) -> Option<Int64> {
        match *self {}
    }

    async fn state(&self) -> ArtifactState {
        match *self {}
    }

    async fn size(&self) -> Int64 {
        match *self {}
    }

    async fn digest(&self) -> String {
        match *self {}
    }

    async fn digest_algorithm(&self) -> Option<ArtifactDigestAlgorithm> {
        match *self {}
    }

    async fn commit_hash(&self) -> Option<String> {
        match *self {}
    }

    async fn file_count(&self) -> Int64 {
        match *self {}
    }

    async fn created_at(&self) -> DateTime {
        match *self {}
    }

    async fn updated_at(&self) -> Option<DateTime> {
        match *self {}
    }

    async fn aliases(&self) -> Vec<ArtifactAlias> {
        match *self {}
    }
}

/// There is none.
pub(super) enum ArtifactType {}

#[Object]
impl ArtifactType {
    async fn id(&self) -> ID {
        match *self {}
    }

    async fn name(&self) -> String {
        match *self {}
    }

    async fn artifact_collection(&self, #[graphql(name = "name")] _name: String) -> Option<ArtifactCollection> {
        match *self {}
    }
}

/// What holds the versions of an artifact.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID"), field(name = "name", ty = "String"), field(name = "project", ty = "Option<Project>"))]
enum ArtifactCollection {
    Sequence(ArtifactSequence),
    Portfolio(ArtifactPortfolio),
}

/// There is none.
enum ArtifactSequence {}

#[Object]
impl ArtifactSequence {
    async fn id(&self) -> ID {
        match *self {}
    }

    async fn name(&self) -> String {
        match *self {}
    }

    async fn project(&self) -> Option<Project> {
        match *self {}
    }

    async fn digest_algorithm(&self) -> Option<ArtifactDigestAlgorithm> {
        match *self {}
    }
}

/// There is none.
enum ArtifactPortfolio {}

#[Object]
impl ArtifactPortfolio {
    async fn id(&self) -> ID {
        match *self {}
    }

    async fn name(&self) -> String {
        match *self {}
    }

    async fn project(&self) -> Option<Project> {
        match *self {}
    }
}

/// There is none.
enum ArtifactAlias {}

#[Object]
impl ArtifactAlias {
    async fn id(&self) -> ID {
        match *self {}
    }

    async fn alias(&self) -> String {
        match *self {}
    }

    async fn artifact_collection(&self) -> Option<ArtifactCollection> {
        match *self {}
    }
}

/// There is none.
enum Tag {}

#[Object]
impl Tag {
    async fn id(&self) -> ID {
        match *self {}
    }

    async fn name(&self) -> String {
        match *self {}
    }
}
