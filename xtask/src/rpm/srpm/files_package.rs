//! Writes and reads a noarch package of plain files, with the same bytes on every machine. The tags are those of rpmbuild.

use std::io::{Read, Seek};

use anyhow::{Context, Result, ensure};

use crate::base::files;
use crate::base::gzip;
use crate::rpm::header::encode::{LeadKind, TagValue, encode_lead};
use crate::rpm::srpm::dependency::{Dependency, EQUAL};
use crate::rpm::srpm::parts::{BUILD_HOST, RPM_VERSION, SHA256, payload_tags, three_tags, write_headers};
use crate::rpm::srpm::payload::{self, Content, Payload, PayloadOrder, SourceFile};

/// A package; its bytes depend on nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilesPackage<'a> {
    pub name: &'a str,
    pub version: &'a str,
    pub release: &'a str,
    /// One line.
    pub summary: &'a str,
    pub description: &'a str,
    pub license: &'a str,
    /// Also the author of the only entry of the changelog.
    pub packager: &'a str,
    pub files: Vec<PlainFile>,
    /// Its build time, and the time of its files and of its changelog, in seconds since 1970.
    pub seconds: u32,
}

/// A file of the user root, with the mode 0644.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainFile {
    /// From `/` on.
    pub path: String,
    pub content: Vec<u8>,
    /// An edited file is left alone when the package is upgraded: `%config(noreplace)`.
    pub is_editable: bool,
}

/// The bits of `%config(noreplace)`.
const CONFIG_NOREPLACE: u32 = 1 << 0 | 1 << 4;
/// The bit of a dependency that rpmbuild adds for configuration files.
const CONFIG: u32 = 1 << 28;

impl FilesPackage<'_> {
    /// The bytes of the package, without a signature.
    pub fn render(&self) -> Result<Vec<u8>> {
        let mut sorted: Vec<&PlainFile> = self.files.iter().collect();
        sorted.sort_by_key(|file| &file.path);
        let packed: Vec<SourceFile> = sorted.iter().map(|file| file.packed()).collect();
        let order = PayloadOrder { seconds: self.seconds, threads: 1, level: gzip::LEVEL };
        let mut spool = files::spool();
        let payload = payload::write(&packed.iter().collect::<Vec<_>>(), order, &mut spool)?;
        let lead = encode_lead(LeadKind::Binary, &format!("{}-{}-{}", self.name, self.version, self.release));
        let mut bytes = Vec::new();
        write_headers(&lead, self.tags(&sorted, &payload), &payload, &mut bytes)?;
        spool.rewind()?;
        spool.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn tags(&self, files: &[&PlainFile], payload: &Payload) -> Vec<(u32, TagValue)> {
        let evr = format!("{}-{}", self.version, self.release);
        let translated = |text: &str| TagValue::Translated(vec![text.to_owned()]);
        let mut tags = vec![
            (100, TagValue::Texts(vec!["C".to_owned()])),
            (1000, TagValue::text(self.name)),
            (1001, TagValue::text(self.version)),
            (1002, TagValue::text(self.release)),
            (1004, translated(self.summary)),
            (1005, translated(self.description)),
            (1006, TagValue::number(self.seconds)),
            (1007, TagValue::text(BUILD_HOST)),
            (1014, TagValue::text(self.license)),
            (1015, TagValue::text(self.packager)),
            (1016, translated("System Environment/Base")),
            (1021, TagValue::text("linux")),
            (1022, TagValue::text("noarch")),
            (1044, TagValue::text(format!("{}-{evr}.src.rpm", self.name))),
            (1064, TagValue::text(RPM_VERSION)),
            (1080, TagValue::Int32(vec![self.seconds])),
            (1081, TagValue::Texts(vec![format!("{} - {evr}", self.packager)])),
            (1082, TagValue::Texts(vec![format!("- {}", self.summary)])),
            (1094, TagValue::text(format!("{BUILD_HOST} {}", self.seconds))),
            (1132, TagValue::text("noarch-redhat-linux-gnu")),
            (5062, TagValue::text("utf-8")),
        ];
        tags.extend(payload_tags(payload));
        tags.extend(self.file_tags(files, payload));
        let own = Dependency { name: self.name.to_owned(), version: evr.clone(), flags: EQUAL };
        let config = Dependency { name: format!("config({})", self.name), version: evr, flags: EQUAL | CONFIG };
        let mut requires = vec![
            Dependency::on_rpm("CompressedFileNames", "3.0.4-1"),
            Dependency::on_rpm("FileDigests", "4.6.0-1"),
            Dependency::on_rpm("PayloadFilesHavePrefix", "4.0-1"),
        ];
        let mut provides = vec![own];
        if files.iter().any(|file| file.is_editable) {
            requires.insert(0, config.clone());
            provides.insert(0, config);
        }
        provides.sort();
        tags.extend(three_tags([1049, 1050, 1048], requires));
        tags.extend(three_tags([1047, 1113, 1112], provides));
        tags
    }

    fn file_tags(&self, files: &[&PlainFile], payload: &Payload) -> Vec<(u32, TagValue)> {
        const VERIFY_ALL: u32 = u32::MAX;
        let packed = &payload.files;
        let each = |number: u32| TagValue::Int32(vec![number; files.len()]);
        let each_text = |text: &str| TagValue::Texts(vec![text.to_owned(); files.len()]);
        let mut folders: Vec<String> = files.iter().map(|file| file.split().0.to_owned()).collect();
        folders.dedup();
        let index = |folder: &str| folders.iter().position(|one| one == folder).unwrap_or_default();
        let indexes = files.iter().map(|file| u32::try_from(index(file.split().0)).unwrap_or_default());
        let flags = files.iter().map(|file| if file.is_editable { CONFIG_NOREPLACE } else { 0 });
        let total = packed.iter().map(|file| u64::from(file.size)).sum::<u64>();
        vec![
            (1009, TagValue::number(u32::try_from(total).unwrap_or(u32::MAX))), // `payload::write` refuses more
            (1028, TagValue::Int32(packed.iter().map(|file| file.size).collect())),
            (1030, TagValue::Int16(packed.iter().map(|file| file.mode).collect())),
            (1033, TagValue::Int16(vec![0; files.len()])),
            (1034, each(self.seconds)),
            (1035, TagValue::Texts(packed.iter().map(|file| file.digest.to_string()).collect())),
            (1036, each_text("")),
            (1037, TagValue::Int32(flags.collect())),
            (1039, each_text("root")),
            (1040, each_text("root")),
            (1045, each(VERIFY_ALL)),
            (1095, each(1)),
            (1096, TagValue::Int32((1..).take(files.len()).collect())),
            (1097, each_text("")),
            (1116, TagValue::Int32(indexes.collect())),
            (1117, TagValue::Texts(files.iter().map(|file| file.split().1.to_owned()).collect())),
            (1118, TagValue::Texts(folders.clone())),
            (5011, TagValue::number(SHA256)),
        ]
    }
}

impl PlainFile {
    /// The folder with a `/` at its end, and the name.
    fn split(&self) -> (&str, &str) {
        self.path.split_at(self.path.rfind('/').map_or(0, |slash| slash + 1))
    }

    fn packed(&self) -> SourceFile {
        SourceFile { name: format!(".{}", self.path), mode: 0o644, content: Content::Bytes(self.content.clone()) }
    }
}

/// The limit for the content of a file that is read from a payload.
const LARGEST_FILE: u64 = 16 << 20;
/// A header of the cpio format `newc`: a magic number and 13 numbers of eight digits.
const CPIO_HEADER: usize = 110;

/// The content of the file `path` (from `/` on) in the gzip payload of a package; `None` if the payload has no such file.
///
/// Errors: the payload is not that of a package of plain files.
pub fn read_payload_file(payload: impl Read, path: &str) -> Result<Option<Vec<u8>>> {
    let mut archive = gzip::reader(std::io::BufReader::new(payload));
    loop {
        let mut header = [0; CPIO_HEADER];
        archive.read_exact(&mut header).context("the payload ends too early")?;
        ensure!(header.starts_with(b"07070"), "the payload is not a cpio archive");
        let number = |index: usize| {
            let digits = std::str::from_utf8(&header[6 + 8 * index..][..8]).ok();
            digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()).context("a number in the payload is damaged")
        };
        let (size, name_size) = (number(6)?, number(11)?);
        ensure!(size <= LARGEST_FILE && name_size <= 1 << 16, "a file in the payload is too large");
        // Header and name, and the content, are padded to multiples of four bytes.
        let name = take(&mut archive, (CPIO_HEADER as u64 + name_size).next_multiple_of(4) - CPIO_HEADER as u64)?;
        let content = take(&mut archive, size.next_multiple_of(4))?;
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        if name == b"TRAILER!!!" {
            return Ok(None);
        }
        if name.strip_prefix(b".").unwrap_or(name) == path.as_bytes() {
            return Ok(content.get(..usize::try_from(size)?).map(<[u8]>::to_vec));
        }
    }
}

fn take(archive: &mut impl Read, count: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = archive.by_ref().take(count).read_to_end(&mut bytes).context("the payload is damaged")?;
    ensure!(read as u64 == count, "the payload ends too early");
    Ok(bytes)
}
