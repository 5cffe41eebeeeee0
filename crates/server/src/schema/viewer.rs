//! Whose key it is, and the entities. A lake knows no accounts: there is one viewer, who belongs to every entity.

use async_graphql::{ID, SimpleObject};

use super::scalars::{DateTime, JsonString};

/// The name of the one who asks. Keys are not told apart.
pub(crate) const VIEWER_NAME: &str = "runlake";

/// A user. `Run.user` has one always, since the SDK fails on null; what is not known in it is null.
#[derive(Clone, Debug, Default, SimpleObject)]
pub(super) struct User {
    id: ID,
    name: Option<String>,
    username: Option<String>,
    email: Option<String>,
    admin: Option<bool>,
    /// JSON text.
    flags: Option<JsonString>,
    /// The name of the default entity.
    entity: Option<String>,
    deleted_at: Option<DateTime>,
    api_keys: Option<ApiKeyConnection>,
    teams: Option<EntityConnection>,
}

impl User {
    /// The one who asks.
    pub(super) fn viewer(default_entity: String, entities: Vec<String>, read_only: bool) -> Self {
        let name = Some(VIEWER_NAME.to_owned());
        Self {
            id: ID::from(VIEWER_NAME),
            name: name.clone(),
            username: name,
            admin: Some(false),
            flags: Some(JsonString("{}".to_owned())),
            entity: Some(default_entity),
            api_keys: Some(ApiKeyConnection { edges: Vec::new() }),
            teams: Some(EntityConnection {
                edges: entities.into_iter().map(|name| EntityEdge { node: Entity::new(name, read_only) }).collect(),
            }),
            ..Self::default()
        }
    }

    /// The one who made a run.
    pub(super) fn of_run(username: Option<&str>) -> Self {
        let name = username.map(str::to_owned);
        Self { id: ID::from(username.unwrap_or("unknown")), name: name.clone(), username: name, ..Self::default() }
    }
}

#[derive(Clone, Debug, SimpleObject)]
struct ApiKeyConnection {
    edges: Vec<ApiKeyEdge>,
}

#[derive(Clone, Debug, SimpleObject)]
struct ApiKeyEdge {
    node: ApiKey,
}

/// A key's name, never the key. There are none to list.
#[derive(Clone, Debug, SimpleObject)]
struct ApiKey {
    id: ID,
    name: String,
    description: Option<String>,
}

#[derive(Clone, Debug, SimpleObject)]
struct EntityConnection {
    edges: Vec<EntityEdge>,
}

#[derive(Clone, Debug, SimpleObject)]
struct EntityEdge {
    node: Entity,
}

/// A user or team.
#[derive(Clone, Debug, SimpleObject)]
pub(super) struct Entity {
    id: ID,
    name: String,
    is_team: Option<bool>,
    read_only: Option<bool>,
    /// There are none here; processes of the official SDK ask for it.
    organization: Option<Organization>,
}

/// What teams belong to.
#[derive(Clone, Debug, SimpleObject)]
struct Organization {
    name: String,
    core_weave_organization_id: Option<String>,
}

impl Entity {
    pub(super) fn new(name: String, read_only: bool) -> Self {
        Self { id: ID::from(format!("Entity:{name}")), name, is_team: None, read_only: Some(read_only), organization: None }
    }
}
