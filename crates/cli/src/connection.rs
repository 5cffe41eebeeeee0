//! An API client from the options and the environment.

use runlake_fetch::{Client, Environment};
use secrecy::SecretString;

use crate::arguments::Connection;

/// The client that the options describe.
pub(crate) fn connect(connection: &Connection) -> anyhow::Result<Client> {
    let mut builder = Client::builder().with_environment(Environment::from_process()).with_concurrency(connection.concurrency.into());
    if let Some(url) = &connection.base_url {
        builder = builder.with_base_url(url);
    }
    if let Some(key) = &connection.api_key {
        builder = builder.with_api_key(SecretString::from(key.clone()));
    }
    Ok(builder.build()?)
}
