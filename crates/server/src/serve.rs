//! Running the backend on a listener.

use std::sync::Arc;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

use crate::backend::Backend;
use crate::routes::routes;
use crate::{Error, ServerOptions, Source};

/// The backend's routes over `source`, to be served by the caller.
///
/// What the backend makes on the way is in a temporary folder, which is removed with the router.
///
/// # Errors
/// [`ErrorKind::Io`](crate::ErrorKind::Io) when the temporary folder cannot be made.
pub fn router(source: impl Source, options: ServerOptions) -> Result<Router, Error> {
    Ok(routes(Arc::new(Backend::new(Arc::new(source), options)?)))
}

/// Serves `source` on `listener` until `shutdown` completes and the requests in progress are answered.
///
/// # Errors
/// [`ErrorKind::Io`](crate::ErrorKind::Io) when the temporary folder cannot be made or the listener fails.
pub async fn serve(
    source: impl Source,
    options: ServerOptions,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let routes = router(source, options)?;
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "answers may be delayed");
        }
    });
    axum::serve(listener, routes).with_graceful_shutdown(shutdown).await.map_err(Error::io("serve requests"))
}
