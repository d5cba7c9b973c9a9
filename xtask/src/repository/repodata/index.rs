//! Reads the index of repodata, `repomd.xml`.

use crate::base::digest::Digest;
use crate::repository::repodata::xml_reader::{XmlPart, XmlReader};

/// A file that the index lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexRecord {
    /// Such as `primary`.
    pub kind: String,
    /// Relative to the folder of the dist.
    pub href: String,
    /// The digest of the file.
    pub digest: Digest,
    /// The digest of the file when it is unpacked.
    pub open_digest: Option<Digest>,
    /// In bytes.
    pub size: Option<u64>,
    /// The size of the file when it is unpacked, in bytes.
    pub open_size: Option<u64>,
}

/// A record that is being read.
#[derive(Default)]
struct RecordParts {
    kind: String,
    href: Option<String>,
    digest: Option<Digest>,
    open_digest: Option<Digest>,
    size: Option<u64>,
    open_size: Option<u64>,
}

/// Reads the files that an index lists.
///
/// Errors: the text is not an index, or a file has no path or no SHA-256 digest.
pub fn read_index(text: &[u8]) -> Result<Vec<IndexRecord>, String> {
    let mut reader = XmlReader::new(text).map_err(|fault| fault.to_string())?;
    let (mut records, mut parts) = (Vec::new(), RecordParts::default());
    while let Some(part) = reader.next_part().map_err(|fault| fault.to_string())? {
        match part {
            XmlPart::Start(tag) => match reader.open() {
                ["repomd", "data"] => {
                    let kind = tag.attribute("type").unwrap_or_default().into_owned();
                    parts = RecordParts { kind, ..RecordParts::default() };
                }
                ["repomd", "data", "location"] => parts.href = tag.attribute("href").map(|href| href.into_owned()),
                ["repomd", "data", name @ ("checksum" | "open-checksum")] => {
                    let (is_packed, kind) = (*name == "checksum", tag.attribute("type").unwrap_or_default());
                    let digits = reader.text_of_element().map_err(|fault| fault.to_string())?;
                    let digest = read_digest(&parts.kind, &kind, &digits)?;
                    if is_packed {
                        parts.digest = Some(digest);
                    } else {
                        parts.open_digest = Some(digest);
                    }
                }
                ["repomd", "data", name @ ("size" | "open-size")] => {
                    let is_packed = *name == "size";
                    let digits = reader.text_of_element().map_err(|fault| fault.to_string())?;
                    let size =
                        digits.trim().parse().map_err(|_| format!("the size of `{}` is not a number", parts.kind))?;
                    if is_packed {
                        parts.size = Some(size);
                    } else {
                        parts.open_size = Some(size);
                    }
                }
                [root] if *root != "repomd" => return Err("it is not an index of repodata".to_owned()),
                _ => {}
            },
            XmlPart::End("data") => records.push(std::mem::take(&mut parts).finish()?),
            XmlPart::End(_) | XmlPart::Text(_) => {}
        }
    }
    Ok(records)
}

impl RecordParts {
    fn finish(self) -> Result<IndexRecord, String> {
        let RecordParts { kind, href, digest, open_digest, size, open_size } = self;
        let href = href.ok_or_else(|| format!("it does not say where `{kind}` is"))?;
        let digest = digest.ok_or_else(|| format!("it has no checksum of `{kind}`"))?;
        Ok(IndexRecord { kind, href, digest, open_digest, size, open_size })
    }
}

fn read_digest(file: &str, kind: &str, digits: &str) -> Result<Digest, String> {
    if kind != "sha256" {
        return Err(format!("a checksum of `{file}` is not SHA-256"));
    }
    digits.trim().parse().map_err(|_| format!("a checksum of `{file}` is not a SHA-256 digest"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn index(record: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?>\n<repomd xmlns=\"x\"><revision>1</revision><data type=\"other\">{record}</data></repomd>"
        )
    }

    #[test]
    fn records_are_read() {
        let record = format!(
            "<checksum type=\"sha256\">{DIGITS}</checksum><location href=\"repodata/a&amp;b.gz\"/><size>3</size>"
        );
        let records = read_index(index(&record).as_bytes()).unwrap();
        let [IndexRecord { kind, href, size, open_size, open_digest, .. }] = records.as_slice() else { panic!() };
        assert_eq!((kind.as_str(), href.as_str(), *size), ("other", "repodata/a&b.gz", Some(3)));
        assert_eq!((*open_size, *open_digest), (None, None));
    }

    #[test]
    fn an_index_without_what_it_must_have() {
        let location = "<location href=\"repodata/a.gz\"/>";
        for (record, why) in [
            (location.to_owned(), "it has no checksum of `other`"),
            (format!("<checksum type=\"sha256\">{DIGITS}</checksum>"), "it does not say where `other` is"),
            (format!("{location}<checksum type=\"md5\">{DIGITS}</checksum>"), "a checksum of `other` is not SHA-256"),
            (format!("{location}<size>-1</size>"), "the size of `other` is not a number"),
        ] {
            assert_eq!(read_index(index(&record).as_bytes()).unwrap_err(), why);
        }
        assert!(read_index(b"<html/>").is_err());
    }
}
