//! The netrc file: passwords by host, in the format that ftp, curl and the official client share
//! (<https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html>).
//!
//! Only an entry for exactly the server's host counts. The catch-all `default` entry is not used: it would send one key to any server
//! that a settings file names.

use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

use crate::ErrorKind;
use crate::environment::{Environment, NETRC};

/// The password of the server's entry; `None` without a file or an entry. Of several entries the first counts.
pub(crate) fn find_key(environment: &Environment, base_url: &Url) -> Result<Option<SecretString>, ErrorKind> {
    let Some(path) = file(environment) else { return Ok(None) };
    match fs_err::read_to_string(path) {
        Ok(text) => Ok(password(&text, base_url).map(SecretString::from)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ErrorKind::UnreadableFile { what: "netrc file", source }),
    }
}

/// `NETRC` alone when it is set; otherwise `~/.netrc` when it exists, or else `~/_netrc`.
fn file(environment: &Environment) -> Option<PathBuf> {
    if let Some(path) = environment.path_variable(NETRC) {
        return Some(path);
    }
    let home = environment.home()?;
    let usual = home.join(".netrc");
    Some(if usual.exists() { usual } else { home.join("_netrc") })
}

fn password(text: &str, base_url: &Url) -> Option<String> {
    let mut tokens = tokens(text).into_iter();
    let mut in_entry = false;
    while let Some(token) = tokens.next() {
        match token.as_str() {
            "machine" => in_entry = tokens.next().is_some_and(|machine| names_host(&machine, base_url)),
            "default" => in_entry = false,
            "login" | "account" => drop(tokens.next()),
            "password" => {
                let password = tokens.next()?;
                if in_entry {
                    return Some(password);
                }
            }
            _ => {}
        }
    }
    None
}

/// Whether `machine` is the host of `base_url`, with its port unless that is the scheme's own.
fn names_host(machine: &str, base_url: &Url) -> bool {
    let Some(host) = base_url.host_str() else { return false };
    let with_port = base_url.port_or_known_default().map(|port| format!("{host}:{port}"));
    let bare_will_do = base_url.port().is_none();
    (bare_will_do && machine.eq_ignore_ascii_case(host)) || with_port.is_some_and(|with_port| machine.eq_ignore_ascii_case(&with_port))
}

/// Words between white space; quotes hold words together, `#` at the start of a word runs to the end of the line, and the body of a
/// `macdef`, which ends at an empty line, is left out.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut in_macro = false;
    for line in text.lines() {
        if in_macro {
            in_macro = !line.trim().is_empty();
            continue;
        }
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            // A password may start with `#`, as in Python's reader.
            if first == '#' && tokens.last().is_none_or(|last| last != "password") {
                break;
            }
            let (token, after) = if let Some(quoted) = rest.strip_prefix('"') { quoted_token(quoted) } else { plain_token(rest) };
            in_macro = token == "macdef";
            tokens.push(token);
            rest = after.trim_start();
            if in_macro {
                break;
            }
        }
    }
    tokens
}

fn plain_token(text: &str) -> (String, &str) {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (text[..end].to_owned(), &text[end..])
}

fn quoted_token(text: &str) -> (String, &str) {
    let mut token = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (token, &text[at + 1..]),
            '\\' => token.extend(characters.next().map(|(_, escaped)| escaped)),
            other => token.push(other),
        }
    }
    (token, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, base_url: &str) -> Option<String> {
        password(text, &Url::parse(base_url).unwrap())
    }

    #[test]
    fn the_host_must_be_the_same_port_included() {
        let text = "machine api.wandb.ai\n  login user\n  password cloud\nmachine 127.0.0.1:8080 login user password local\n";
        assert_eq!(found(text, "https://api.wandb.ai").as_deref(), Some("cloud"));
        assert_eq!(found(text, "https://API.wandb.ai/prefix").as_deref(), Some("cloud"));
        assert_eq!(found(text, "http://127.0.0.1:8080").as_deref(), Some("local"));
        for other in [
            "https://wandb.ai",
            "https://api.wandb.ai.example.org",
            "https://api.wandb.ai:8443",
            "http://127.0.0.1",
            "http://localhost:8080",
        ] {
            assert_eq!(found(text, other), None, "{other}");
        }
        assert_eq!(found("machine h:443 password p", "https://h").as_deref(), Some("p"));
    }

    #[test]
    fn every_form_of_an_entry() {
        for text in [
            "machine h password p",
            "machine h\n\tlogin user\n\taccount a\n\tpassword p\n",
            "# a comment\nmachine h login password password p",
            "machine \"h\" password \"p\"",
            "machine other password q machine h password p",
            "macdef init\nmachine h password wrong\n\nmachine h password p",
            "machine h password p\nmachine h password later",
        ] {
            assert_eq!(found(text, "http://h").as_deref(), Some("p"), "{text}");
        }
        assert_eq!(found("machine h password #p", "http://h").as_deref(), Some("#p"));
        assert_eq!(found(r#"machine h password "a \"b\" c""#, "http://h").as_deref(), Some("a \"b\" c"));
    }

    #[test]
    fn the_default_entry_and_torn_files_give_no_key() {
        for text in ["default login user password p", "machine h", "machine h password", "machine", "", "machine other\ndefault password p"]
        {
            assert_eq!(found(text, "http://h"), None, "{text}");
        }
    }
}
