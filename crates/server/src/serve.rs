//! Running the backend on a listener.

use std::sync::Arc;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

use crate::backend::Backend;
use crate::routes::routes;
use crate::{Error, ServerOptions, Source};

/// A backend that is ready: its state is open, and what can go wrong before the first request has not.
#[derive(Clone, Debug)]
pub struct Server {
    routes: Router,
}

impl Server {
    /// Makes a backend over `source`. Opens its state, which blocks for a moment.
    ///
    /// What the backend makes on the way is in a temporary folder, which is removed with it.
    ///
    /// # Errors
    /// [`ErrorKind::StateInUse`](crate::ErrorKind::StateInUse) when another backend uses the state folder, others of the state, and
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when the temporary folder cannot be made.
    pub fn new(source: impl Source, options: ServerOptions) -> Result<Self, Error> {
        Ok(Self { routes: routes(Arc::new(Backend::new(Arc::new(source), options)?)) })
    }

    /// The routes, to be served by the caller.
    pub fn router(&self) -> Router {
        self.routes.clone()
    }

    /// Answers on `listener` until `shutdown` completes and the requests in progress are answered.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when the listener fails.
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "answers may be delayed");
            }
        });
        axum::serve(listener, self.routes).with_graceful_shutdown(shutdown).await.map_err(Error::io("serve requests"))
    }
}

/// The backend's routes over `source`, to be served by the caller.
///
/// # Errors
/// As [`Server::new`].
pub fn router(source: impl Source, options: ServerOptions) -> Result<Router, Error> {
    Ok(Server::new(source, options)?.router())
}

/// Serves `source` on `listener` until `shutdown` completes and the requests in progress are answered.
///
/// # Errors
/// As [`Server::new`] and [`Server::serve`].
pub async fn serve(
    source: impl Source,
    options: ServerOptions,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    Server::new(source, options)?.serve(listener, shutdown).await
}
