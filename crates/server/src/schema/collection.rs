//! What holds the versions of an artifact, and the types that artifacts are of.

#![expect(clippy::duplicated_attributes, reason = "fields of an interface have arguments of the same names and types")]

use async_graphql::{Context, ID, Interface, Object, SimpleObject};
use runlake_types::{Json, ProjectPath};

use super::artifact::{Artifact, ArtifactAlias, ArtifactConnection, ArtifactDigestAlgorithm, Tag, files};
use super::file::FileConnection;
use super::paging::{Paged, paged};
use super::project::Project;
use super::scalars::{DateTime, JsonString};
use super::{PageInfo, Request, Result, int};
use crate::artifacts::IdOf;
use crate::changes::invalid;
use crate::state::{ArtifactRow, CollectionRow};

/// The type of artifacts of a project. It is there when an artifact of it is.
pub(super) struct ArtifactType {
    project: ProjectPath,
    pub(super) name: String,
    created_at: runlake_types::Timestamp,
}

impl ArtifactType {
    pub(super) fn of(collection: &CollectionRow) -> Self {
        Self { project: collection.project.clone(), name: collection.artifact_type.clone(), created_at: collection.created_at }
    }

    /// The types of a project, by name.
    pub(super) async fn all(context: &Context<'_>, project: &ProjectPath) -> Result<Vec<Self>> {
        let collections = Request::of(context).backend.state.collections(project, None).await?;
        let mut types: Vec<Self> = collections.iter().map(Self::of).collect();
        types.sort_by(|a, b| (&a.name, a.created_at).cmp(&(&b.name, b.created_at)));
        types.dedup_by(|a, b| a.name == b.name);
        Ok(types)
    }
}

#[Object]
impl ArtifactType {
    async fn id(&self) -> ID {
        ID::from(format!("ArtifactType:{}/{}", self.project, self.name))
    }

    async fn name(&self) -> &str {
        &self.name
    }

    async fn description(&self) -> Option<&str> {
        None
    }

    /// When the first artifact of the type was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.created_at)
    }

    async fn artifact_collection(&self, context: &Context<'_>, name: String) -> Result<Option<ArtifactCollection>> {
        let found = Request::of(context).backend.state.collection(&self.project, &name).await?;
        Ok(found.filter(|collection| collection.artifact_type == self.name).map(ArtifactCollection::from))
    }

    async fn artifact_collections(
        &self,
        context: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
        filters: Option<JsonString>,
        order: Option<String>,
    ) -> Result<CollectionConnection> {
        CollectionConnection::page(context, &self.project, Some(&self.name), (first, after), filters, order).await
    }
}

#[derive(SimpleObject)]
pub(super) struct ArtifactTypeConnection {
    edges: Vec<ArtifactTypeEdge>,
    page_info: PageInfo,
}

#[derive(SimpleObject)]
struct ArtifactTypeEdge {
    node: ArtifactType,
    cursor: String,
}

impl ArtifactTypeConnection {
    pub(super) async fn page(context: &Context<'_>, project: &ProjectPath, first: Option<i32>, after: Option<&str>) -> Result<Self> {
        let types = ArtifactType::all(context, project).await?;
        let listing = ["artifact types", &project.to_string()];
        let Paged { items, page_info, .. } = paged(types, &listing, first, after, |kind| kind.name.clone())?;
        Ok(Self { edges: items.into_iter().map(|(node, cursor)| ArtifactTypeEdge { node, cursor }).collect(), page_info })
    }
}

#[derive(SimpleObject)]
pub(super) struct CollectionConnection {
    total_count: i32,
    edges: Vec<CollectionEdge>,
    page_info: PageInfo,
}

#[derive(SimpleObject)]
struct CollectionEdge {
    node: ArtifactCollection,
    cursor: String,
}

impl CollectionConnection {
    /// A page of the collections of a project, or of those of a type. They come by name; `filters` and `order` of other kinds are refused.
    pub(super) async fn page(
        context: &Context<'_>,
        project: &ProjectPath,
        artifact_type: Option<&str>,
        (first, after): (Option<i32>, Option<String>),
        filters: Option<JsonString>,
        order: Option<String>,
    ) -> Result<Self> {
        if let Some((member, _)) = filter_members(filters)?.first() {
            return Err(invalid(format!("collections of artifacts cannot be filtered by `{member}` here")).into());
        }
        let mut collections = Request::of(context).backend.state.collections(project, artifact_type).await?;
        if is_descending(order.as_deref(), &["name", "createdAt", "created_at"])? {
            collections.reverse();
        }
        let listing = ["collections", &project.to_string(), artifact_type.unwrap_or(""), order.as_deref().unwrap_or("")];
        let Paged { items, page_info, total } = paged(collections, &listing, first, after.as_deref(), |item| item.name.clone())?;
        let edges = items.into_iter().map(|(row, cursor)| CollectionEdge { node: ArtifactCollection::from(row), cursor }).collect();
        Ok(Self { total_count: int(total), edges, page_info })
    }
}

/// The members of a filter in Mongo's style.
fn filter_members(filters: Option<JsonString>) -> Result<Vec<(String, Json)>> {
    let Some(filters) = filters.filter(|filters| !filters.0.trim().is_empty() && filters.0 != "null") else { return Ok(Vec::new()) };
    let object = Json::parse_object(&filters.0).map_err(|error| invalid(format!("the filter is not a JSON object: {error}")))?;
    Ok(object.into_iter().collect())
}

/// Whether the order is from the last to the first, by one of the keys that have the same order here.
fn is_descending(order: Option<&str>, keys: &[&str]) -> Result<bool> {
    let Some(order) = order.filter(|order| !order.is_empty()) else { return Ok(false) };
    let key = order.trim_start_matches(['+', '-']);
    if keys.contains(&key) { Ok(order.starts_with('-')) } else { Err(invalid(format!("the order `{order}` is not known here")).into()) }
}

/// What holds the versions of an artifact.
#[derive(Interface)]
#[graphql(
    field(name = "id", ty = "ID"),
    field(name = "name", ty = "String"),
    field(name = "project", ty = "Option<Project>"),
    field(name = "description", ty = "Option<String>"),
    field(name = "created_at", ty = "DateTime"),
    field(name = "updated_at", ty = "Option<DateTime>"),
    field(name = "state", ty = "String"),
    field(name = "default_artifact_type", ty = "ArtifactType"),
    field(name = "tags", ty = "TagConnection"),
    field(name = "aliases", ty = "AliasConnection", arg(name = "after", ty = "Option<String>"), arg(name = "first", ty = "Option<i32>")),
    field(
        name = "artifacts",
        ty = "ArtifactConnection",
        arg(name = "after", ty = "Option<String>"),
        arg(name = "first", ty = "Option<i32>"),
        arg(name = "order", ty = "Option<String>"),
        arg(name = "filters", ty = "Option<JsonString>")
    ),
    field(name = "artifact_membership", ty = "Option<Membership>", arg(name = "alias_name", ty = "String"))
)]
pub(super) enum ArtifactCollection {
    Sequence(ArtifactSequence),
}

impl From<CollectionRow> for ArtifactCollection {
    fn from(row: CollectionRow) -> Self {
        Self::Sequence(ArtifactSequence(row))
    }
}

#[derive(SimpleObject)]
pub(super) struct TagConnection {
    edges: Vec<TagEdge>,
}

#[derive(SimpleObject)]
struct TagEdge {
    node: Tag,
}

#[derive(SimpleObject)]
pub(super) struct AliasConnection {
    edges: Vec<AliasEdge>,
    page_info: PageInfo,
}

#[derive(SimpleObject)]
struct AliasEdge {
    node: ArtifactAlias,
    cursor: String,
}

/// The versions that runs log one after another.
#[derive(Clone)]
pub(super) struct ArtifactSequence(pub(super) CollectionRow);

#[Object]
impl ArtifactSequence {
    async fn id(&self) -> ID {
        ID::from(IdOf::Collection.text(self.0.id))
    }

    async fn name(&self) -> String {
        self.0.name.clone()
    }

    async fn project(&self, context: &Context<'_>) -> Result<Option<Project>> {
        Project::find(&Request::of(context).snapshot, &self.0.project).await
    }

    async fn description(&self) -> Option<String> {
        None
    }

    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    async fn updated_at(&self) -> Option<DateTime> {
        None
    }

    async fn state(&self) -> String {
        "READY".to_owned()
    }

    async fn default_artifact_type(&self) -> ArtifactType {
        ArtifactType::of(&self.0)
    }

    /// Tags are given to versions, not to collections.
    async fn tags(&self) -> TagConnection {
        TagConnection { edges: Vec::new() }
    }

    async fn aliases(&self, context: &Context<'_>, after: Option<String>, first: Option<i32>) -> Result<AliasConnection> {
        let aliases = Request::of(context).backend.state.collection_aliases(self.0.id).await?;
        let id = self.0.id.to_string();
        let Paged { items, page_info, .. } = paged(aliases, &["aliases", &id], first, after.as_deref(), Clone::clone)?;
        let edge = |(alias, cursor)| AliasEdge { node: ArtifactAlias::new(&self.0, alias), cursor };
        Ok(AliasConnection { edges: items.into_iter().map(edge).collect(), page_info })
    }

    /// The newest version first, unless `order` says otherwise. Known filters are by `state` and by `tags`.
    async fn artifacts(
        &self,
        context: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
        order: Option<String>,
        filters: Option<JsonString>,
    ) -> Result<ArtifactConnection> {
        let mut versions = Request::of(context).backend.state.versions(self.0.id).await?;
        let text = filters.as_ref().map(|filters| filters.0.clone()).unwrap_or_default();
        for (member, wanted) in filter_members(filters)? {
            match member.as_str() {
                "state" => versions.retain(|version| wanted == Json::from(version.state.as_str())),
                "tags" => {
                    let tags = tags_of(&wanted)?;
                    versions.retain(|version| tags.iter().any(|tag| version.tags.contains(tag)));
                }
                other => return Err(invalid(format!("versions of artifacts cannot be filtered by `{other}` here")).into()),
            }
        }
        if order.as_deref().is_some_and(|order| !order.is_empty())
            && !is_descending(order.as_deref(), &["createdAt", "created_at", "versionIndex"])?
        {
            versions.reverse();
        }
        let id = self.0.id.to_string();
        let listing = ["versions", &id, &text, order.as_deref().unwrap_or("")];
        ArtifactConnection::page(versions, &listing, first, after.as_deref())
    }

    async fn artifact_membership(&self, context: &Context<'_>, alias_name: String) -> Result<Option<Membership>> {
        let state = &Request::of(context).backend.state;
        Ok(state.artifact_by_alias(&self.0.project, &self.0.name, &alias_name).await?.map(Membership))
    }

    async fn digest_algorithm(&self) -> Option<ArtifactDigestAlgorithm> {
        Some(ArtifactDigestAlgorithm::Md5)
    }

    async fn latest_artifact(&self, context: &Context<'_>) -> Result<Option<Artifact>> {
        Ok(Request::of(context).backend.state.versions(self.0.id).await?.into_iter().next().map(Artifact))
    }
}

/// The tags of `{"$in": […]}`, or the one that is given alone.
fn tags_of(wanted: &Json) -> Result<Vec<String>> {
    let list = match wanted {
        Json::String(tag) => return Ok(vec![tag.clone()]),
        Json::Object(operators) if operators.len() == 1 => operators.get("$in"),
        _ => None,
    };
    let Some(Json::Array(list)) = list else { return Err(invalid("tags are filtered by one tag or by `$in`").into()) };
    Ok(list.iter().filter_map(|tag| tag.as_str().map(str::to_owned)).collect())
}

/// A version as one of a collection.
#[derive(Clone)]
pub(super) struct Membership(pub(super) ArtifactRow);

#[Object(name = "ArtifactCollectionMembership")]
impl Membership {
    async fn id(&self) -> ID {
        ID::from(format!("ArtifactCollectionMembership:{}", self.0.id))
    }

    async fn version_index(&self) -> Option<i32> {
        self.0.version_index.and_then(|index| i32::try_from(index).ok())
    }

    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    async fn aliases(&self) -> Vec<ArtifactAlias> {
        ArtifactAlias::all(&self.0)
    }

    async fn artifact_collection(&self) -> Option<ArtifactCollection> {
        Some(ArtifactCollection::from(self.0.collection.clone()))
    }

    async fn artifact(&self) -> Option<Artifact> {
        Some(Artifact(self.0.clone()))
    }

    async fn files(
        &self,
        context: &Context<'_>,
        names: Option<Vec<String>>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<FileConnection> {
        files(context, &self.0, names, first, after.as_deref()).await
    }
}

#[derive(SimpleObject)]
pub(super) struct MembershipConnection {
    pub(super) edges: Vec<MembershipEdge>,
}

#[derive(SimpleObject)]
pub(super) struct MembershipEdge {
    pub(super) node: Membership,
}
