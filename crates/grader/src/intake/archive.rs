//! Zip and tar archives, read into memory.

use std::{
    cell::Cell,
    io::{self, Cursor, Read, Seek, SeekFrom},
    rc::Rc,
};

use flate2::read::MultiGzDecoder;
use zip::{ZipArchive, read::ZipFile, result::ZipError};

use super::{
    HAND_IN,
    options::{Limits, size},
    path,
    tree::{self, Collector},
};
use crate::class::NoContent;

/// The most bytes of a submission's zip that are read for its directory, which holds the names of all its entries.
const DIRECTORY: u64 = 8 << 20;

/// The most bytes of the headers of one entry of a tar that have no fixed length.
const HEADERS: u64 = 1 << 20;

/// The kinds of archives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A zip.
    Zip,
    /// A tar.
    Tar,
    /// A tar, compressed by gzip.
    TarGz,
    /// An archive that can't be read here.
    Unknown,
}

impl Kind {
    /// Returns the kind of an archive by its name. None if it is no archive.
    pub(super) fn of(name: &str) -> Option<Kind> {
        Self::split(name).map(|(_, kind)| kind)
    }

    /// Splits a name into its stem and the kind of archive.
    pub(super) fn split(name: &str) -> Option<(&str, Kind)> {
        const ENDINGS: [(&str, Kind); 11] = [
            (".zip", Kind::Zip),
            (".tar", Kind::Tar),
            (".tar.gz", Kind::TarGz),
            (".tgz", Kind::TarGz),
            (".rar", Kind::Unknown),
            (".7z", Kind::Unknown),
            (".tar.bz2", Kind::Unknown),
            (".tar.xz", Kind::Unknown),
            (".tbz2", Kind::Unknown),
            (".txz", Kind::Unknown),
            (".tar.zst", Kind::Unknown),
        ];
        let lower = name.to_ascii_lowercase();
        let (ending, kind) = ENDINGS.iter().find(|(ending, _)| lower.ends_with(ending))?;
        let stem = &name[..name.len() - ending.len()];
        (!stem.is_empty() && !stem.ends_with('/')).then_some((stem, *kind))
    }
}

/// Unpacks an archive into a collector, below `at`.
///
/// # Errors
///
/// A sentence, if the archive can't be read, is hostile, or exceeds a limit.
pub(super) fn unpack(name: &str, bytes: &[u8], at: &str, collector: &mut Collector) -> Result<(), NoContent> {
    let before = std::mem::replace(&mut collector.inside_archive, true);
    let result = match Kind::of(name) {
        Some(Kind::Zip) => open_zip(Cursor::new(bytes), DIRECTORY)
            .map_err(|error| broken_zip(name, error))
            .and_then(|mut zip| unpack_zip(&mut zip, at, collector)),
        Some(Kind::Tar) => unpack_tar(name, bytes, at, collector),
        Some(Kind::TarGz) => {
            let too_much = Rc::new(Cell::new(false));
            let stream = Metered {
                inner: MultiGzDecoder::new(bytes),
                packed: bytes.len() as u64,
                unpacked: 0,
                limits: collector.limits,
                too_much: Rc::clone(&too_much),
            };
            let limits = collector.limits;
            unpack_tar(name, stream, at, collector)
                .map_err(|why| if too_much.get() { too_large(name, bytes.len() as u64, limits).into() } else { why })
        }
        Some(Kind::Unknown) | None => {
            Err(format!("{name} is an archive of a kind that can't be read. Hand in a .zip or .tar.gz.").into())
        }
    };
    collector.inside_archive = before;
    result
}

fn unpack_zip<R: Read + Seek>(zip: &mut ZipArchive<R>, at: &str, collector: &mut Collector) -> Result<(), NoContent> {
    collector.look_at(zip.len())?;
    for index in 0..zip.len() {
        unpack_zip_entry(zip, index, 0, at, collector)?;
    }
    Ok(())
}

/// Unpacks one entry of a zip, without the first `above` parts of its path.
pub(super) fn unpack_zip_entry<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    index: usize,
    above: usize,
    at: &str,
    collector: &mut Collector,
) -> Result<(), NoContent> {
    // The name and the kind come from the directory of the zip: a skipped entry is never inflated.
    let (name, is_encrypted, is_link, is_folder, packed) = {
        let entry = zip.by_index_raw(index).map_err(|error| broken_zip("The zip", error))?;
        (zip_name(&entry), entry.encrypted(), is_special(&entry), entry.is_dir(), entry.compressed_size())
    };
    let is_folder = is_folder || name.ends_with(['/', '\\']);
    // The whole name is judged before parts are taken off, so that `..` and `/` are seen.
    path::classify(&name)?;
    let name = without_first(&name, above);
    let name = path::join(at, &name);
    if let path::Place::Skip(skipped, reason) = path::classify(&name)? {
        collector.tree.lay_aside(skipped, reason);
        return Ok(());
    }
    if is_link {
        return collector.other(&name, "a link or device, which is never followed");
    }
    if is_folder {
        return Ok(());
    }
    if is_encrypted {
        return Err("Its zip is protected by a password. Hand in a zip without one.".to_owned().into());
    }
    let mut entry = zip.by_index(index).map_err(|error| broken_zip("The zip", error))?;
    collector.file(&name, Some(packed), &mut entry)
}

fn without_first(name: &str, above: usize) -> String {
    let name = name.replace('\\', "/");
    let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    parts[above.min(parts.len())..].join("/")
}

/// Returns an entry's name. macOS writes UTF-8 without the flag for it, so valid UTF-8 is taken as such.
pub(super) fn zip_name<R: Read>(entry: &ZipFile<'_, R>) -> String {
    match std::str::from_utf8(entry.name_raw()) {
        Ok(name) => name.to_owned(),
        Err(_) => match entry.name() {
            Ok(name) => name.into_owned(),
            Err(_) => String::from_utf8_lossy(entry.name_raw()).into_owned(),
        },
    }
}

/// Returns true if an entry is neither a file nor a folder.
pub(super) fn is_special<R: Read>(entry: &ZipFile<'_, R>) -> bool {
    let kind = entry.unix_mode().unwrap_or(0) & 0o170_000;
    entry.is_symlink() || !matches!(kind, 0 | 0o100_000 | 0o040_000)
}

fn unpack_tar(name: &str, stream: impl Read, at: &str, collector: &mut Collector) -> Result<(), NoContent> {
    let broken = |error: io::Error| {
        format!("{name} can't be read as an archive ({error}). It may have been cut off on its way: hand it in again.")
    };
    let mut tar = tar::Archive::new(stream);
    let mut is_empty = true;
    // The crate would read long names whole, however long they are. As raw entries, they can be bounded here.
    let mut long = None;
    for entry in tar.entries().map_err(broken)?.raw(true) {
        let mut entry = entry.map_err(broken)?;
        collector.look_at(1)?;
        let kind = entry.header().entry_type();
        if kind.is_gnu_longname() || kind.is_pax_local_extensions() {
            let bytes = headers(&mut entry, name)?;
            if kind.is_gnu_longname() {
                let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
                long = Some(String::from_utf8_lossy(&bytes[..end]).into_owned());
            } else {
                let mut fields = tar::PaxExtensions::new(&bytes).flatten();
                let path = fields.find(|field| field.key_bytes() == b"path");
                long = path.map(|path| String::from_utf8_lossy(path.value_bytes()).into_owned()).or(long);
            }
            continue;
        }
        if kind.is_gnu_longlink() || kind.is_pax_global_extensions() {
            continue;
        }
        is_empty = false;
        let name = long.take().unwrap_or_else(|| String::from_utf8_lossy(&entry.path_bytes()).into_owned());
        path::classify(&name)?;
        let name = path::join(at, &name);
        if kind.is_dir() {
            if let path::Place::Skip(skipped, reason) = path::classify(&format!("{name}/"))? {
                collector.tree.lay_aside(skipped, reason);
            }
        } else if kind.is_file() || kind.is_contiguous() {
            collector.file(&name, None, &mut entry)?;
        } else {
            collector.other(&name, "a link or device, which is never followed")?;
        }
    }
    if is_empty {
        return Err(format!("{name} is an empty archive. {HAND_IN}").into());
    }
    Ok(())
}

/// Reads the headers of an entry that have no fixed length: its name, if that is long.
fn headers(entry: &mut tar::Entry<'_, impl Read>, name: &str) -> Result<Vec<u8>, NoContent> {
    let size = entry.size();
    if size > HEADERS {
        return Err(format!("{name} has a name, or data about a file, of {size} bytes. {HAND_IN}").into());
    }
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).map_err(|error| tree::unreadable(name, &error))?;
    Ok(bytes)
}

/// A zip whose directory was read under a limit.
pub(super) type Zip<R> = ZipArchive<Bounded<R>>;

/// Opens a zip, and reads no more than this number of bytes for its directory, which the crate keeps in memory.
///
/// # Errors
///
/// When it is no zip, or its directory is larger.
pub(super) fn open_zip<R: Read + Seek>(inner: R, most: u64) -> Result<Zip<R>, ZipError> {
    let left = Rc::new(Cell::new(Some(most)));
    let zip = ZipArchive::new(Bounded { inner, left: Rc::clone(&left) });
    left.set(None);
    zip
}

/// A reader that ends with an error after a number of bytes.
pub(super) struct Bounded<R> {
    inner: R,
    /// The number of bytes that can still be read; None for all.
    left: Rc<Cell<Option<u64>>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if let Some(left) = self.left.get() {
            let rest = left.checked_sub(read as u64);
            self.left.set(Some(rest.ok_or_else(|| io::Error::other("its list of files is too long"))?));
        }
        Ok(read)
    }
}

impl<R: Seek> Seek for Bounded<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

/// Counts the bytes that a decoder gives, and ends with an error once they are too many.
struct Metered<'a, R> {
    inner: R,
    packed: u64,
    unpacked: u64,
    limits: &'a Limits,
    too_much: Rc<Cell<bool>>,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.unpacked += read as u64;
        if self.unpacked > self.limits.stream_bytes || self.limits.is_bomb(self.packed, self.unpacked) {
            self.too_much.set(true);
            return Err(io::Error::other("it unpacks to too much"));
        }
        Ok(read)
    }
}

fn too_large(name: &str, packed: u64, limits: &Limits) -> String {
    if limits.stream_bytes / packed.max(1) > limits.ratio {
        return tree::bomb(name, limits);
    }
    let most = size(limits.stream_bytes);
    format!("{name} unpacks to more than {most}. Run `cargo clean` before packing, or leave out the folder target.")
}

/// Builds the reason for a zip that can't be read.
pub(super) fn broken_zip(name: &str, error: ZipError) -> NoContent {
    match error {
        ZipError::Io(error) if error.raw_os_error().is_some() => tree::unreadable(name, &error),
        ZipError::UnsupportedArchive(_) => {
            format!("{name} is packed in a way that can't be read ({error}). Hand in a plain zip.").into()
        }
        _ => format!("{name} can't be read as a zip ({error}). It may have been cut off on its way: hand it in again.")
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts the bytes that are read.
    struct Counted<R>(R, u64);

    impl<R: Read> Read for Counted<R> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let read = self.0.read(buffer)?;
            self.1 += read as u64;
            Ok(read)
        }
    }

    #[test]
    fn a_giant_name_in_a_tar_is_refused_before_it_is_read() {
        for kind in [tar::EntryType::GNULongName, tar::EntryType::XHeader] {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(kind);
            header.set_size(1 << 32);
            header.set_cksum();
            let mut stream = Counted(header.as_bytes().chain(io::repeat(b'a').take(1 << 26)), 0);
            let limits = Limits::default();
            let refused = unpack_tar("a.tar", &mut stream, "", &mut Collector::new(&limits)).unwrap_err();
            assert!(refused.to_string().contains("of 4294967296 bytes"), "{refused}");
            assert!(stream.1 < 2 * HEADERS, "{} bytes were read", stream.1);
        }
    }

    #[test]
    fn the_directory_of_a_zip_is_bounded() {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for number in 0..10 {
            zip.start_file(format!("{number}{}", "a".repeat(60_000)), zip::write::SimpleFileOptions::default())
                .unwrap();
        }
        let bytes = zip.finish().unwrap().into_inner();
        assert_eq!(open_zip(Cursor::new(&bytes), DIRECTORY).unwrap().len(), 10);
        let error = open_zip(Cursor::new(&bytes), 300_000).err().unwrap().to_string();
        assert!(error.contains("too long"), "{error}");
    }
}
