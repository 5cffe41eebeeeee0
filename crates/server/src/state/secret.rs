//! The secret with which addresses of files are signed.

use rusqlite::OptionalExtension as _;

use super::State;
use crate::Error;
use crate::signing::SECRET_BYTES;

impl State {
    /// The secret, made when there is none. Blocks.
    pub(crate) fn signing_secret(&self) -> Result<Vec<u8>, Error> {
        self.database.write_now(|transaction| {
            let known = transaction.query_row("SELECT secret FROM signing", [], |row| row.get(0)).optional()?;
            if let Some(secret) = known {
                return Ok(secret);
            }
            let secret: [u8; SECRET_BYTES] = rand::random();
            transaction.execute("INSERT INTO signing (secret) VALUES (?1)", [secret])?;
            Ok(secret.to_vec())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::StateFolder;

    #[test]
    fn the_secret_stays() {
        let folder = tempfile::tempdir().unwrap();
        let kept = StateFolder::Kept(folder.path().to_owned());
        let secret = State::open(&kept).unwrap().signing_secret().unwrap();
        assert_eq!(State::open(&kept).unwrap().signing_secret().unwrap(), secret);
        assert_ne!(State::open(&StateFolder::Temporary).unwrap().signing_secret().unwrap(), secret);
    }
}
