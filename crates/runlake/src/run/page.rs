//! The run's page for people, and a frame with it for notebooks.

use super::Run;

/// The height of the frame in pixels when none is given.
const DEFAULT_HEIGHT_PIXELS: u32 = 420;

impl Run {
    /// The address of the run's page.
    pub fn url(&self) -> String {
        self.record.path.page_url(&self.api.pages_url())
    }

    /// HTML with a frame that shows the run's page, `height` pixels high (420 by default). With `hidden`, a button stands in its place
    /// until it is pressed.
    ///
    /// The text is the official client's, so that notebooks show the same:
    /// <https://github.com/wandb/wandb/blob/main/wandb/apis/public/runs.py> (`Run.to_html`).
    pub fn to_html(&self, height: Option<u32>, hidden: bool) -> String {
        let (url, height) = (self.url(), height.unwrap_or(DEFAULT_HEIGHT_PIXELS));
        let (button, display) = if hidden {
            let show = "this.nextSibling.style.display='block';this.style.display='none';";
            (format!("<button onClick=\"{show}\">Display W&B run</button>"), "display:none;")
        } else {
            (String::new(), "")
        };
        format!("{button}<iframe src='{url}?jupyter=true' style='border:none;width:100%;height:{height}px;{display}'></iframe>")
    }
}
