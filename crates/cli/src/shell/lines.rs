//! Lines typed at a terminal, with an editor, a history, and completion.
//!
//! The editor waits for keys, so it has a thread of its own: Ctrl-C from elsewhere ends the command while it waits.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use anyhow::Context as _;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{CompletionType, Config, Context, Editor, Helper, Highlighter, Hinter, Validator};
use tokio::sync::oneshot;

use super::{History, Words};

/// What was typed.
#[derive(Debug)]
pub(crate) enum Typed {
    Line(String),
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D.
    End,
}

enum Request {
    Read { prompt: &'static str, reply: oneshot::Sender<rustyline::Result<String>> },
    Remember(String),
}

/// The lines that are typed, one for each call.
#[derive(Debug)]
pub(crate) struct Lines(SyncSender<Request>);

impl Lines {
    /// Starts the editor.
    pub(crate) fn start(history: History, words: Arc<Words>) -> anyhow::Result<Self> {
        let config = Config::builder().completion_type(CompletionType::List).max_history_size(10_000)?.history_ignore_dups(true)?.build();
        let mut editor: Editor<Completion, FileHistory> = Editor::with_config(config).context("the terminal cannot be read")?;
        editor.set_helper(Some(Completion(words)));
        if let Some(path) = history.path() {
            // The first time there is none.
            let _begun = editor.load_history(path);
        }
        let (sender, requests) = sync_channel(1);
        std::thread::Builder::new().name("lines".to_owned()).spawn(move || answer(&mut editor, &history, &requests))?;
        Ok(Self(sender))
    }

    /// The next line.
    pub(crate) async fn next(&mut self, prompt: &'static str) -> anyhow::Result<Typed> {
        let (reply, line) = oneshot::channel();
        self.0.send(Request::Read { prompt, reply }).context("the terminal cannot be read")?;
        match line.await.context("the terminal cannot be read")? {
            Ok(line) => Ok(Typed::Line(line)),
            Err(ReadlineError::Interrupted) => Ok(Typed::Interrupt),
            Err(ReadlineError::Eof) => Ok(Typed::End),
            Err(error) => Err(error).context("the terminal cannot be read"),
        }
    }

    /// Keeps a statement for the next time, as one entry.
    pub(crate) fn remember(&self, statement: String) {
        // An editor that has ended keeps nothing.
        let _kept = self.0.send(Request::Remember(statement));
    }
}

fn answer(editor: &mut Editor<Completion, FileHistory>, history: &History, requests: &Receiver<Request>) {
    for request in requests {
        match request {
            Request::Read { prompt, reply } => {
                // Nobody waits for the line when the command ends meanwhile.
                let _read = reply.send(editor.readline(prompt));
            }
            Request::Remember(statement) => {
                let is_new = editor.add_history_entry(statement).unwrap_or(false);
                if let Some(path) = history.path().filter(|_| is_new) {
                    // That a history cannot be written stops nobody from asking on.
                    let _saved = editor.append_history(path);
                }
            }
        }
    }
}

#[derive(Helper, Highlighter, Hinter, Validator)]
struct Completion(Arc<Words>);

impl Completer for Completion {
    type Candidate = String;

    fn complete(&self, line: &str, cursor: usize, _context: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.0.complete(line, cursor))
    }
}
