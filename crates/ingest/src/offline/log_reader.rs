//! A log as a sequence of decoded messages: opens it, checks its header, and reports what is no message as damage.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use prost::Message;

use super::damage::{Damage, DamageKind};
use super::error::{Error, ErrorKind};
use super::framing::{FrameReader, Header};

/// Where in the file a record stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    offset: u64,
    file_len: u64,
}

/// Reads the file's header. A file that ends within it is a log without records.
pub(super) fn check_header<R: Read>(frames: &mut FrameReader<R>, path: &Path, damage: &mut Damage) -> Result<(), Error> {
    match frames.read_header() {
        Ok(Header::Known) => Ok(()),
        Ok(Header::Truncated) => {
            damage.add(0, frames.offset(), DamageKind::TruncatedHeader);
            Ok(())
        }
        Ok(Header::Foreign) => Err(Error::not_a_log(path, "it does not begin as one does, with `:W&B`")),
        Ok(Header::Version(version)) => {
            Err(Error::not_a_log(path, format!("its format has version {version}, and only version 0 is known")))
        }
        // Opening a folder succeeds on Linux; the first read fails.
        Err(source) => Err(ErrorKind::Open { path: path.to_owned(), source }.into()),
    }
}

/// Reads one message after another.
#[derive(Debug)]
pub(super) struct LogReader<R> {
    frames: FrameReader<R>,
    path: PathBuf,
    damage: Damage,
}

impl LogReader<File> {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|source| ErrorKind::Open { path: path.to_owned(), source })?;
        Self::new(file, path)
    }
}

impl<R: Read> LogReader<R> {
    /// Reads the header from `source`; `path` is what errors call it. A file that ends within its header is a log
    /// without records.
    pub(super) fn new(source: R, path: &Path) -> Result<Self, Error> {
        let mut log = Self { frames: FrameReader::new(source), path: path.to_owned(), damage: Damage::default() };
        check_header(&mut log.frames, path, &mut log.damage)?;
        Ok(log)
    }

    /// The next record that is a message; `None` at the end.
    pub(super) fn next_message<M: Message + Default>(&mut self) -> Result<Option<(Place, M)>, Error> {
        loop {
            match self.frames.next_record(&mut self.damage) {
                Ok(None) => return Ok(None),
                Ok(Some(frame)) => {
                    let place = Place { offset: frame.offset, file_len: frame.file_len };
                    match M::decode(frame.bytes) {
                        Ok(message) => return Ok(Some((place, message))),
                        Err(_undecodable) => self.damage.add(place.offset, place.file_len, DamageKind::BadRecord),
                    }
                }
                Err(source) => {
                    let offset = self.frames.offset();
                    return Err(ErrorKind::Read { path: self.path.clone(), offset, source }.into());
                }
            }
        }
    }

    /// Notes that a part of the record at `place` was not understood.
    pub(super) fn add_bad_value(&mut self, place: Place) {
        self.damage.add(place.offset, place.file_len, DamageKind::BadValue);
    }

    pub(super) fn damage(&self) -> &Damage {
        &self.damage
    }

    pub(super) fn into_damage(self) -> Damage {
        self.damage
    }
}
