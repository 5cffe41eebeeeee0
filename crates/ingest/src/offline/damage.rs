//! What of a log could not be read: where, how much, and why.

use std::fmt;

/// How many regions a [`Damage`] lists. Further ones are only counted, so memory is bounded however bad the log is.
pub const MAX_REGIONS: usize = 1000;

/// What of a log could not be read. Everything outside was delivered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Damage {
    /// The damaged regions in the order of the file, at most [`MAX_REGIONS`].
    pub regions: Vec<DamagedRegion>,
    /// How many regions there are, listed or not.
    pub region_count: u64,
    /// How many bytes they hold together, listed or not.
    pub byte_count: u64,
    /// The last region, which may go on.
    last: Option<DamagedRegion>,
}

/// A stretch of a log that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DamagedRegion {
    /// Where it begins, in bytes from the start of the file. For a record over several chunks: its first chunk.
    pub offset: u64,
    /// How many bytes of the file it spans, headers of chunks included.
    pub len: u64,
    /// What is wrong there. Where several things are wrong in a row, the first.
    pub what: DamageKind,
}

/// What is wrong with a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DamageKind {
    /// The file ends within its own header; an empty file too. The run has only just begun.
    TruncatedHeader,
    /// The file ends within a record. Normal for a run that is live or was killed.
    TornEnd,
    /// A chunk whose checksum does not match its bytes.
    BadChecksum,
    /// A chunk of an unknown type, longer than its block, or out of sequence.
    BadFrame,
    /// Zeros where chunks should be, as file systems leave them after a power cut.
    Zeroed,
    /// A record larger than any that the SDK writes.
    OversizedRecord,
    /// A record with a good checksum that is not a message of the protocol.
    BadRecord,
    /// A record of which a part was not understood, such as a value that is not JSON. The rest of it was delivered.
    BadValue,
}

impl DamageKind {
    /// Whether bytes were lost before any record was seen in them. Such regions merge with their neighbours.
    fn is_of_framing(self) -> bool {
        match self {
            Self::TruncatedHeader | Self::TornEnd | Self::BadChecksum | Self::BadFrame | Self::Zeroed | Self::OversizedRecord => true,
            Self::BadRecord | Self::BadValue => false,
        }
    }
}

impl Damage {
    /// Whether all of the log was read.
    pub fn is_clean(&self) -> bool {
        self.region_count == 0
    }

    /// Whether the only damage is an end within a record (or within the header), as live and killed runs leave it.
    pub fn is_torn_end_only(&self) -> bool {
        self.region_count == 1 && self.regions.iter().all(|region| matches!(region.what, DamageKind::TornEnd | DamageKind::TruncatedHeader))
    }

    /// Adds what was found next. A region that begins where the last one ends is the same damage going on, and further
    /// bad parts of one record count once.
    pub(super) fn add(&mut self, offset: u64, len: u64, what: DamageKind) {
        if let Some(last) = &mut self.last {
            if last.offset == offset && last.what == what {
                return;
            }
            if last.offset + last.len == offset && last.what.is_of_framing() && what.is_of_framing() {
                last.len += len;
                self.byte_count += len;
                if self.region_count <= self.regions.len() as u64
                    && let Some(listed) = self.regions.last_mut()
                {
                    *listed = *last;
                }
                return;
            }
        }
        let region = DamagedRegion { offset, len, what };
        self.last = Some(region);
        self.region_count += 1;
        self.byte_count += len;
        if self.regions.len() < MAX_REGIONS {
            self.regions.push(region);
        }
    }
}

/// Takes note of damage in the order of the file.
pub(super) trait DamageSink {
    /// Notes what was found next.
    fn note(&mut self, offset: u64, len: u64, what: DamageKind);
}

impl DamageSink for Damage {
    fn note(&mut self, offset: u64, len: u64, what: DamageKind) {
        self.add(offset, len, what);
    }
}

/// What the framing skipped, to be added to a [`Damage`] later. What goes on is one region here too, so a log of nothing but damage
/// does not fill the memory.
impl DamageSink for Vec<DamagedRegion> {
    fn note(&mut self, offset: u64, len: u64, what: DamageKind) {
        match self.last_mut() {
            Some(last) if last.offset + last.len == offset && last.what.is_of_framing() && what.is_of_framing() => last.len += len,
            _ => self.push(DamagedRegion { offset, len, what }),
        }
    }
}

impl fmt::Display for DamageKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::TruncatedHeader => "the file ends within its header",
            Self::TornEnd => "the file ends within a record",
            Self::BadChecksum => "a checksum does not match",
            Self::BadFrame => "a chunk does not fit its place",
            Self::Zeroed => "zeros in place of records",
            Self::OversizedRecord => "a record is too large",
            Self::BadRecord => "a record is not a message of the protocol",
            Self::BadValue => "a part of a record was not understood",
        })
    }
}

impl fmt::Display for DamagedRegion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({} bytes from byte {})", self.what, self.len, self.offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_that_goes_on_is_one_region() {
        let mut damage = Damage::default();
        damage.add(10, 5, DamageKind::BadChecksum);
        damage.add(15, 5, DamageKind::BadFrame);
        damage.add(20, 5, DamageKind::BadRecord);
        damage.add(40, 9, DamageKind::BadValue);
        damage.add(40, 9, DamageKind::BadValue);
        let listed: Vec<(u64, u64)> = damage.regions.iter().map(|region| (region.offset, region.len)).collect();
        assert_eq!(listed, [(10, 10), (20, 5), (40, 9)]);
        assert_eq!((damage.region_count, damage.byte_count), (3, 24));
        assert_eq!(damage.regions[0].to_string(), "a checksum does not match (10 bytes from byte 10)");
    }

    #[test]
    fn the_list_is_bounded_and_the_count_is_not() {
        let mut damage = Damage::default();
        for at in 0..2000 {
            damage.add(at * 10, 4, DamageKind::BadFrame);
            damage.add(at * 10 + 4, 1, DamageKind::BadFrame);
        }
        assert_eq!((damage.regions.len(), damage.region_count, damage.byte_count), (MAX_REGIONS, 2000, 10_000));
        assert!(damage.regions.iter().all(|region| region.len == 5));
        assert!(!damage.is_clean());
    }
}
