//! How the HTTP clients below a [`crate::Client`] are made.

use std::time::Duration;

use crate::error::ErrorKind;

/// Long enough for a lost packet and its repetition, short enough to learn of a wrong address within seconds.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(8);

/// What two clients for one service have in common.
#[derive(Debug)]
pub(crate) struct HttpSettings {
    pub(crate) timeout: Duration,
    /// Certificates that are trusted beside those of the system.
    pub(crate) certificates: Vec<reqwest::Certificate>,
}

impl HttpSettings {
    /// A client. `limit_of_silence` is how long a server may send nothing.
    pub(crate) fn client(&self, limit_of_silence: Option<Duration>) -> Result<reqwest::Client, ErrorKind> {
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("runlake/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT.min(self.timeout))
            .http2_adaptive_window(true)
            // Redirects are followed by hand, where each hop decides anew whether it may see the key.
            .redirect(reqwest::redirect::Policy::none());
        if let Some(limit) = limit_of_silence {
            http = http.read_timeout(limit);
        }
        for certificate in &self.certificates {
            http = http.add_root_certificate(certificate.clone());
        }
        http.build().map_err(|error| ErrorKind::HttpClient { source: error.without_url() })
    }
}
