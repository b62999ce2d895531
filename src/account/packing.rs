//! Snapshot files are packed when their name says so (`.gz`, `.zst`), and unpacked by what they begin with. The same
//! content is packed to the same bytes: nothing of the time or the machine goes in.

use std::io::{self, Read, Write as _};
use std::path::Path;

use flate2::{Compression, GzBuilder, read::MultiGzDecoder};

use super::file::NotASnapshot;

/// The largest file, unpacked, in bytes. One of 5,000 users and 1,000 roles has about ten million.
pub const LARGEST: u64 = 128 << 20;

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// As gzip does (RFC 1952).
    Gzip,
    /// As zstd does (RFC 8878).
    Zstd,
}

impl Packing {
    /// Returns what a file's name asks for.
    pub fn named(path: &Path) -> Self {
        match path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase).as_deref() {
            Some("gz") => Self::Gzip,
            Some("zst") => Self::Zstd,
            _ => Self::Plain,
        }
    }

    /// Tells how a file is packed by its first bytes.
    pub fn of(bytes: &[u8]) -> Self {
        match bytes {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            _ => Self::Plain,
        }
    }

    /// Packs.
    ///
    /// # Errors
    ///
    /// The packer failed, which it does for want of memory only.
    pub fn pack(self, text: Vec<u8>) -> io::Result<Vec<u8>> {
        match self {
            Self::Plain => Ok(text),
            Self::Gzip => {
                // 255: an unknown system.
                let builder = GzBuilder::new().mtime(0).operating_system(255);
                let mut packer = builder.write(Vec::new(), Compression::default());
                packer.write_all(&text)?;
                packer.finish()
            }
            Self::Zstd => zstd::bulk::compress(&text, zstd::DEFAULT_COMPRESSION_LEVEL),
        }
    }
}

/// Unpacks a file, however it is packed; no more than [`LARGEST`] bytes of it.
///
/// # Errors
///
/// It is larger, cut off or broken.
pub fn unpack(bytes: Vec<u8>) -> Result<Vec<u8>, NotASnapshot> {
    let packed = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => NotASnapshot::CutOff,
        _ => NotASnapshot::Packed(error.to_string()),
    };
    match Packing::of(&bytes) {
        Packing::Plain => bounded(bytes),
        Packing::Gzip => bounded(up_to_limit(MultiGzDecoder::new(bytes.as_slice())).map_err(packed)?),
        Packing::Zstd => {
            let unpacker = zstd::Decoder::with_buffer(bytes.as_slice()).map_err(packed)?;
            bounded(up_to_limit(unpacker).map_err(packed)?)
        }
    }
}

/// Reads to the end, or one byte past the limit.
fn up_to_limit(from: impl Read) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    from.take(LARGEST + 1).read_to_end(&mut text)?;
    Ok(text)
}

fn bounded(text: Vec<u8>) -> Result<Vec<u8>, NotASnapshot> {
    if u64::try_from(text.len()).is_ok_and(|length| length <= LARGEST) {
        return Ok(text);
    }
    Err(NotASnapshot::TooMuch(format!("it has more than {} MiB", LARGEST >> 20)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_out_again() {
        let text = b"content ".repeat(1000);
        for (name, begins) in
            [("a.json", &b"cont"[..]), ("a.json.gz", &[0x1f, 0x8b]), ("a.ZST", &[0x28, 0xb5])]
        {
            let packed = Packing::named(Path::new(name)).pack(text.clone()).unwrap();
            assert!(packed.starts_with(begins), "{name}");
            assert_eq!(packed, Packing::named(Path::new(name)).pack(text.clone()).unwrap(), "{name}");
            assert_eq!(unpack(packed).unwrap(), text, "{name}");
        }
    }

    #[test]
    fn a_bomb_does_not_go_off() {
        for packing in [Packing::Gzip, Packing::Zstd] {
            let bomb = packing.pack(vec![b' '; usize::try_from(LARGEST).unwrap() + 10]).unwrap();
            assert!(bomb.len() < 1 << 20);
            assert!(unpack(bomb).unwrap_err().to_string().contains("more than 128 MiB"));
        }
    }

    #[test]
    fn what_is_broken_is_told() {
        for packing in [Packing::Gzip, Packing::Zstd] {
            let mut packed = packing.pack(b"content ".repeat(1000)).unwrap();
            packed.truncate(packed.len() - 9);
            assert_eq!(unpack(packed.clone()), Err(NotASnapshot::CutOff));
            packed.truncate(12);
            packed.extend([0xff; 20]);
            assert!(unpack(packed).is_err());
        }
    }
}
